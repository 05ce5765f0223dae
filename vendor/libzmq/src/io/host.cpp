#include "io/host.hpp"

#include <algorithm>
#include <utility>

#include "io/connector.hpp"
#include "io/listener.hpp"
#include "io/network_pipe.hpp"
#include "io/stream.hpp"

namespace engine {

namespace {

template <class Held>
void move_out (std::vector<std::unique_ptr<Held>> &from, std::vector<std::unique_ptr<Held>> &to, const Held &object)
{
    const auto at = std::find_if (from.begin (), from.end (), [&object] (const auto &held) { return held.get () == &object; });
    if (at == from.end ())
        return;
    to.push_back (std::move (*at));  // start_stream() and whoever adds a connector have made the room
    *at = std::move (from.back ());
    from.pop_back ();
}

}  // namespace

StreamHost::StreamHost (Strand &strand, const SocketType &type, Options &&its_options, bool background)
    : options (std::move (its_options)), strand_ (strand), type_ (type), attendance_ (*this, background), batching_ (*this)
{}

StreamHost::~StreamHost () = default;

Connector *StreamHost::find_connector (std::uint64_t id) noexcept
{
    for (const auto &connector : connectors_)
        if (connector->id () == id)
            return connector.get ();
    return nullptr;
}

void StreamHost::retire (Stream &stream) noexcept
{
    if (stream.connector () && stream.connector ()->stream == &stream)
        stream.connector ()->stream = nullptr;
    stream.orphan ();
    move_out (streams_, dead_streams_, stream);
}

void StreamHost::retire (Connector &connector) noexcept
{
    if (connector.stream)
        connector.stream->orphan ();
    connector.stream = nullptr;
    move_out (connectors_, dead_connectors_, connector);
}

}  // namespace engine
