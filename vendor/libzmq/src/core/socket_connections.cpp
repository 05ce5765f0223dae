// What a socket does when its connections come and go: which pipe they get, what its pattern, the peer and the application hear of it.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/socket.hpp"
#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/stream.hpp"

namespace engine {

namespace {

// What we tell the application of a peer, as if it came from there.
bool put_message (NetworkPipe &pipe, const std::string &body, const Stream &stream) noexcept
{
    Msg message;
    if (message.init_copy (body.data (), body.size ()) != 0)
        return false;
    message.set_metadata (stream.metadata ());
    return pipe.receive (message);
}

}  // namespace

// First messages of a connection: hello to the peer, notices to ourselves.
void Socket::greet (NetworkPipe &pipe, Stream &stream) noexcept
{
    const Options &fixed = stream.options ();
    if (raw ()) {
        if (fixed.stream_notify)
            put_message (pipe, std::string (), stream);
        return;
    }
    if (type_.sends_hello && !fixed.hello_msg.empty ()) {
        Msg hello;
        if (hello.init_copy (fixed.hello_msg.data (), fixed.hello_msg.size ()) == 0)
            stream.send_first (hello);
    }
    if (fixed.router_notify & ZMQ_NOTIFY_CONNECT)
        put_message (pipe, std::string (), stream);
}

// Another peer has answered at the endpoint of an old one, whose pipe ends: what was queued was for it.
NetworkPipe *Socket::replace_pipe (Connector &connector)
{
    NetworkPipe *const fresh = make_pipe ();
    NetworkPipe &old = *std::exchange (connector.pipe, fresh);
    old.close_writing ();
    request_reap (old);
    return fresh;
}

bool Socket::stream_ready (Stream &stream) noexcept
try {
    Connector *const connector = stream.connector ();
    NetworkPipe *pipe = connector ? connector->pipe : nullptr;
    if (pipe && pipe->attached && pipe->identified && stream.handshake () && !stream.lingering () &&
        !pattern_->is_same_peer (*pipe, stream.handshake ()->peer_routing_id ()))
        pipe = replace_pipe (*connector);
    const bool fresh = pipe == nullptr;
    if (fresh) {
        if (closing_)
            return false;
        pipe = make_pipe ();
    }
    pipe->stream = &stream;
    stream.set_pipe (pipe);
    const bool first = !pipe->identified;
    pipe->identified = true;
    if (first && stream.handshake ())
        pipe->peer_routing_id = stream.handshake ()->peer_routing_id ();
    if (raw ())
        pipe->limit_bytes ();
    greet (*pipe, stream);
    if (closing_ || stream.lingering ())
        return true;  // only to deliver what is queued: the pattern does not know it any more
    if (!pipe->attached) {
        pipe->attached = true;
        pattern_->attach (*pipe);
        if (connector)
            pattern_->identified (*pipe);
    } else if (first) {
        pattern_->identified (*pipe);
    } else if (pattern_->probes ()) {
        Msg probe;
        stream.send_first (probe);
    } else if (pattern_->resends_on_reconnect ()) {
        pipe->drop_outbound ();
        pipe->offer_room ();
        pattern_->hiccuped (*pipe);
    }
    note_room ();
    return true;
} catch (...) {
    return false;
}

void Socket::stream_lost (Stream &stream, bool protocol, bool in_handshake, bool reached_greeting) noexcept
{
    Connector *const connector = stream.connector ();
    const Options &fixed = stream.options ();
    NetworkPipe *const pipe = stream.pipe ();
    const NetworkPipe *const known = pipe ? pipe : connector ? connector->pipe : nullptr;
    const bool could_send = known && known->attached && known->would_take ();
    activity_ = true;
    if (pipe) {
        pipe->stream = nullptr;
        stream.set_pipe (nullptr);
        pipe->connection_lost ();
        if (!in_handshake && pipe->attached && !pipe->terminate_requested ()) {
            if (raw ()) {
                if (fixed.stream_notify)
                    put_message (*pipe, std::string (), stream);
            } else {
                if (!connector && type_.hears_disconnect && !fixed.disconnect_msg.empty ())
                    put_message (*pipe, fixed.disconnect_msg, stream);
                if (connector && type_.hears_hiccup && !fixed.hiccup_msg.empty ())
                    put_message (*pipe, fixed.hiccup_msg, stream);
                if ((fixed.router_notify & ZMQ_NOTIFY_DISCONNECT) && reached_greeting)
                    put_message (*pipe, std::string (), stream);
            }
        }
        if (!connector || connector->pipe != pipe)
            end_pipe (*pipe);
    }
    retire (stream);
    if (connector) {
        const bool nothing_left = closing_ && (!connector->pipe || connector->pipe->outbound_empty ());
        if (nothing_left || connector->lingering) {
            // The rest of a stream of bytes means nothing to the next connection.
            if (!connector->pipe || connector->pipe->outbound_empty () || protocol || raw ()) {
                NetworkPipe *const lingering = connector->pipe;
                connector->stop ();
                retire (*connector);
                if (lingering) {
                    lingering->close_writing ();
                    lingering->terminate ();
                }
                return;
            }
        }
        if (connector->stream_lost (protocol, in_handshake) && could_send && unreachable ())
            pattern_->lose_next (true);
    }
}

void Socket::stream_finished (Stream &stream) noexcept
{
    if (NetworkPipe *const pipe = stream.pipe ()) {
        stream.set_pipe (nullptr);
        lose_carrier (*pipe);
    }
    Connector *const connector = stream.connector ();
    retire (stream);
    if (connector) {
        connector->stop ();
        retire (*connector);
    }
}

// The application has ended it, not its endpoint: nothing is received any more, and it goes when what was sent has gone out. ZMQ_LINGER
// limits that if it is more than 0; else the end of the socket does.
void Socket::finish_pipe (NetworkPipe &pipe) noexcept
{
    const int linger = options.linger == 0 ? -1 : options.linger;
    Stream *const stream = pipe.stream;
    Connector *connector = stream ? stream->connector () : nullptr;
    for (const auto &held : connectors_)
        if (held->pipe == &pipe)
            connector = held.get ();
    if (connector) {
        try {
            if (std::find (finished_endpoints_.begin (), finished_endpoints_.end (), connector->endpoint ()) == finished_endpoints_.end ())
                finished_endpoints_.push_back (connector->endpoint ());
        } catch (...) {
            // disconnect will say ENOENT
        }
        connector->linger_ends_with_socket = true;
        connector->end (linger);
    } else {
        detach (pipe);
        pipe.discard_inbound ();
        if (stream)
            stream->end (linger);
        else if (pipe.datagrams)
            pipe.datagrams->end (linger);
        else
            pipe.terminate ();
    }
    if (linger > 0)
        arm_linger ();
}

// A protocol error: what is queued for this peer is lost; the name stays known, so that disconnect finds it.
void Socket::connector_abandoned (Connector &connector) noexcept
{
    if (NetworkPipe *const pipe = connector.pipe) {
        connector.pipe = nullptr;
        pipe->close_writing ();
        request_reap (*pipe);
    }
    if (closing_ || connector.lingering)
        retire (connector);
    else
        gave_up_ = true;
    activity_ = true;
}

// No more attempts are to be made (RECONNECT_IVL, RECONNECT_STOP): as if disconnected.
void Socket::endpoint_ended (Connector &connector) noexcept
{
    connector_abandoned (connector);
    connector.stop ();
    retire (connector);
}

}  // namespace engine
