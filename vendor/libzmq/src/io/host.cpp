#include "io/host.hpp"

#include <algorithm>
#include <utility>

#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/linger_timer.hpp"
#include "io/listener.hpp"
#include "io/network_pipe.hpp"
#include "io/stream.hpp"

namespace engine {

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

void StreamHost::start_stream (ByteStream bytes, std::shared_ptr<const Options> snapshot, Connector *connector, Listener *listener) noexcept
try {
    Stream &stream = streams_.add (std::make_unique<Stream> (*this, std::move (bytes), std::move (snapshot), connector, listener));
    if (connector)
        connector->stream = &stream;
    stream.start ();
} catch (...) {
    if (connector)
        connector->stream_lost (false, false);
}

// ---- pipes ----

void StreamHost::end_pipe (NetworkPipe &pipe) noexcept
{
    pipe.connection_lost ();
    pipe.close_writing ();
    request_reap (pipe);
}

void StreamHost::lose_carrier (NetworkPipe &pipe) noexcept
{
    pipe.stream = nullptr;
    pipe.datagrams = nullptr;
    if (pipe.attached)
        end_pipe (pipe);
    else
        pipe.terminate ();
}

// ---- the end of endpoints ----

void StreamHost::retire (Stream &stream) noexcept
{
    if (stream.connector () && stream.connector ()->stream == &stream)
        stream.connector ()->stream = nullptr;
    stream.orphan ();
    streams_.retire (stream);
    something_to_reap_ = true;
}

void StreamHost::retire (Connector &connector) noexcept
{
    if (connector.stream)
        connector.stream->orphan ();
    connector.stream = nullptr;
    connectors_.retire (connector);
    something_to_reap_ = true;
}

void StreamHost::retire (Listener &listener) noexcept
{
    listeners_.retire (listener);
    something_to_reap_ = true;
}

void StreamHost::retire (DatagramEndpoint &datagrams) noexcept
{
    datagrams_.retire (datagrams);
    something_to_reap_ = true;
}

void StreamHost::free_retired () noexcept
{
    streams_.free_retired ();
    connectors_.free_retired ();
    listeners_.free_retired ();
    datagrams_.free_retired ();
}

void StreamHost::arm_linger () noexcept
{
    Nanoseconds next = never;
    for (const auto &stream : streams_)
        next = std::min (next, stream->linger_deadline ());
    for (const auto &connector : connectors_)
        next = std::min (next, connector->linger_deadline ());
    for (const auto &datagrams : datagrams_)
        next = std::min (next, datagrams->linger_deadline ());
    if (next != never && linger_timer_)
        linger_timer_->arm (next);
}

void StreamHost::linger_expired () noexcept
{
    const auto expire = [time = now ()] (Endpoint &endpoint) {
        if (endpoint.linger_deadline () <= time)
            endpoint.end (0);
    };
    streams_.visit (expire);
    connectors_.visit (expire);
    datagrams_.visit (expire);
    arm_linger ();
}

void StreamHost::end_endpoints (int linger) noexcept
{
    connectors_.visit ([linger] (Connector &connector) {
        if (!connector.lingering || connector.linger_ends_with_socket)
            connector.end (linger);
    });
    streams_.visit ([linger] (Stream &stream) {
        if (!stream.connector ())
            stream.end (linger);
    });
    streams_.visit ([] (Stream &stream) {
        if (stream.asks_zap ())
            stream.look_for_verdict ();
    });
    datagrams_.visit ([linger] (DatagramEndpoint &datagrams) { datagrams.end (linger); });
    if (!(streams_.empty () && connectors_.empty () && datagrams_.empty ()))
        arm_linger ();
}

}  // namespace engine
