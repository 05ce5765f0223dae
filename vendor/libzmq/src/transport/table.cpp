// The transports this engine has, in one place. inproc is not here: it moves messages, not bytes, and lives in core/.
#include "transport/ipc.hpp"
#include "transport/tcp.hpp"
#include "transport/tipc.hpp"
#include "transport/tls_tcp.hpp"
#include "transport/transport.hpp"
#include "transport/udp.hpp"
#include "transport/vsock.hpp"
#include "transport/ws.hpp"
#include "transport/wss.hpp"

namespace engine {

namespace {

// Nothing is made at first use: a child of a process that has threads may use it whatever they were doing at the fork.
constexpr const Transport *rows[] = {
  &tcp_transport,     &ipc_transport, &ws_transport, &vsock_transport, &tipc_transport,
#if defined ZMQ_HAVE_TLS
  &tls_tcp_transport, &wss_transport,
#endif
};
constexpr const DatagramTransport *datagram_rows[] = {&udp_transport};

}  // namespace

std::span<const Transport *const> transport_table () noexcept { return rows; }

const Transport *find_transport (std::string_view name) noexcept
{
    for (const Transport *row : rows)
        if (name == row->name)
            return row;
    return nullptr;
}

const DatagramTransport *find_datagram_transport (std::string_view name) noexcept
{
    for (const DatagramTransport *row : datagram_rows)
        if (name == row->name)
            return row;
    return nullptr;
}

}  // namespace engine
