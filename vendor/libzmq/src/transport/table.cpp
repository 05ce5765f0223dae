// The transports this engine has, in one place. inproc is not here: it moves messages, not bytes, and lives in core/.
#include "transport/ipc.hpp"
#include "transport/tcp.hpp"
#include "transport/transport.hpp"

namespace engine {

std::span<const Transport> transport_table () noexcept
{
    // ws comes here once it exists: tcp's rows with its own address syntax. udp has datagrams, not a byte stream, and will
    // have a table of its own.
    static const Transport table[] = {
      tcp_transport (),
      ipc_transport (),
    };
    return table;
}

const Transport *find_transport (std::string_view name) noexcept
{
    for (const Transport &transport : transport_table ())
        if (name == transport.name)
            return &transport;
    return nullptr;
}

}  // namespace engine
