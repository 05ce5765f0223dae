// The socket's endpoints on transports with connections: binding, connecting, ending them; and what happens when connections come and go.
// Those of inproc are in core/socket_inproc.cpp, but for ending them.
#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <unistd.h>

#include "base/make_room.hpp"
#include "core/context.hpp"
#include "core/linger_timer.hpp"
#include "core/monitor.hpp"
#include "core/socket.hpp"
#include "io/connector.hpp"
#include "io/listener.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"
#include "strand/strand.hpp"

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

// ---- stream transports ----

int Socket::use_reactor () noexcept
{
    if (reactor_)
        return 0;
    if (const int error = context_.choose_reactor (options.affinity, reactor_))
        return error;
    // A close must not linger for want of memory.
    linger_timer_.reset (new (std::nothrow) LingerTimer (*this));
    if (!linger_timer_ || !linger_timer_->prepare ()) {
        linger_timer_.reset ();
        reactor_ = nullptr;
        return ENOMEM;
    }
    reactor_->load.fetch_add (1, std::memory_order_relaxed);
    return 0;
}

int Socket::add_listener (const Transport &transport, Listening &&listening, std::shared_ptr<const Options> snapshot) noexcept
{
    const int fd = listening.fd;
    std::string name;
    std::unique_ptr<Listener> listener;
    try {
        name = listening.endpoint;
        make_room (listeners_, listeners_.size () + 1);
        listener = std::make_unique<Listener> (*this, transport, std::move (listening), std::move (snapshot));
    } catch (...) {
        transport.unlisten (listening);  // still ours: moving it cannot fail
        return ENOMEM;
    }
    emit_local (ZMQ_EVENT_LISTENING, static_cast<std::uint64_t> (fd), name);
    if (const int error = listener->start ())
        return error;
    listeners_.push_back (std::move (listener));
    gave_up_ = false;
    options.last_endpoint.swap (name);
    return 0;
}

int Socket::connect_stream (const Transport &transport, const std::string &endpoint, const std::string &address)
{
    if (type_.connects_once)
        for (const auto &connector : connectors_)
            if (!connector->lingering && connector->endpoint () == endpoint)
                return 0;
    if (const int error = pattern_->check_connect ())
        return error;
    auto connector = std::make_unique<Connector> (*this, transport, endpoint, address, snapshot ());
    if (const int error = connector->prepare ())
        return error;
    make_room (connectors_, connectors_.size () + 1);
    make_room (dead_connectors_, dead_connectors_.size () + connectors_.size () + 1);
    std::string name = endpoint;
    if (!options.immediate) {
        NetworkPipe *const pipe = make_pipe ();
        pipe->connected_by_us = true;
        pipe->attached = true;
        try {
            pattern_->attach (*pipe);
        } catch (...) {
            destroy_pipe (*pipe);
            throw;
        }
        connector->pipe = pipe;
    }
    options.last_endpoint.swap (name);
    connectors_.push_back (std::move (connector));
    gave_up_ = false;
    connectors_.back ()->start ();
    return 0;
}

void Socket::emit_bind_failed (int error, const std::string &endpoint) noexcept
{
    emit_local (ZMQ_EVENT_BIND_FAILED, static_cast<std::uint64_t> (error), endpoint);
}

NetworkPipe *Socket::make_pipe ()
{
    pipes_.push_back (std::make_unique<NetworkPipe> (*this, *pattern_, conflate ()));
    return pipes_.back ().get ();
}

// ---- connections ----

void Socket::start_stream (ByteStream bytes, std::shared_ptr<const Options> snapshot, Connector *connector, Listener *listener) noexcept
try {
    make_room (streams_, streams_.size () + 1);
    make_room (dead_streams_, dead_streams_.size () + streams_.size () + 1);
    streams_.push_back (std::make_unique<Stream> (*this, std::move (bytes), std::move (snapshot), connector, listener));
    Stream &held = *streams_.back ();
    if (connector)
        connector->stream = &held;
    held.start ();
} catch (...) {
    if (connector)
        connector->stream_lost (false, false);
}

// First messages of a connection: hello to the peer, notices to ourselves.
void Socket::greet (NetworkPipe &pipe, Stream &stream) noexcept
{
    const Options &fixed = stream.options ();
    if (raw ()) {
        if (fixed.stream_notify)
            put_message (pipe, std::string (), stream);
        return;
    }
    if (!fixed.hello_msg.empty ()) {
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
    stats.dropped_out += old.outbound_messages ();
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
                if (!connector && !fixed.disconnect_msg.empty ())
                    put_message (*pipe, fixed.disconnect_msg, stream);
                if (connector && !fixed.hiccup_msg.empty ())
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
        connector->stream_lost (protocol, in_handshake);
    }
}

void Socket::stream_finished (Stream &stream) noexcept
{
    if (NetworkPipe *const pipe = stream.pipe ()) {
        pipe->stream = nullptr;
        stream.set_pipe (nullptr);
        if (pipe->attached)
            end_pipe (*pipe);
        else
            pipe->terminate ();
    }
    Connector *const connector = stream.connector ();
    retire (stream);
    if (connector) {
        connector->stop ();
        retire (*connector);
    }
}

// Its connection has gone for good; what came is still read.
void Socket::end_pipe (NetworkPipe &pipe) noexcept
{
    pipe.connection_lost ();
    pipe.close_writing ();
    request_reap (pipe);
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
        end_connector (*connector, linger);
    } else {
        if (pipe.attached) {
            pipe.attached = false;
            pattern_->detach (pipe);
            activity_ = true;
        }
        pipe.discard_inbound ();
        if (stream)
            end_stream (*stream, linger);
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

bool Socket::unreachable () const noexcept
{
    return gave_up_ && listeners_.empty () && inproc_bindings_.empty () &&
           std::all_of (inproc_pipes_.begin (), inproc_pipes_.end (), [] (const auto &pipe) { return pipe->for_engine; }) &&
           std::all_of (connectors_.begin (), connectors_.end (),
                        [] (const auto &connector) { return connector->abandoned () || connector->lingering; });
}

// ---- ending endpoints ----

// Lets a stream go: at once, or after what is queued for it was delivered.
void Socket::end_stream (Stream &stream, int linger) noexcept
{
    if ((stream.finishing () || stream.established ()) && linger != 0) {
        if (linger > 0)
            stream.linger_deadline = std::min (stream.linger_deadline, now () + linger * millisecond);
        if (stream.established ())
            stream.linger ();  // finishes, now or when the queue is empty
        return;
    }
    NetworkPipe *const pipe = stream.pipe ();
    stream.close ();
    retire (stream);
    if (pipe) {
        pipe->stream = nullptr;
        if (pipe->attached)
            end_pipe (*pipe);
        else
            pipe->terminate ();
    }
}

// Its listener has gone.
void Socket::end_accepted (Stream &stream, int linger) noexcept
{
    stream.orphan ();
    if (stream.pipe ())
        stream.pipe ()->stop_writing ();
    end_stream (stream, linger);
}

void Socket::end_connector (Connector &connector, int linger) noexcept
{
    NetworkPipe *const pipe = connector.pipe;
    Stream *const stream = connector.stream;
    // The application's side ends at once: nothing is received from it any more.
    NetworkPipe *const seen = stream && stream->pipe () ? stream->pipe () : pipe;
    if (seen && seen->attached) {
        seen->attached = false;
        pattern_->detach (*seen);
        seen->discard_inbound ();
        activity_ = true;
    }
    connector.lingering = true;
    if (linger > 0)
        connector.linger_deadline = std::min (connector.linger_deadline, now () + linger * millisecond);
    if (stream && stream->finishing () && linger != 0)
        return;
    if (stream && stream->established () && linger != 0) {
        stream->linger ();
        return;
    }
    const bool deliver_later = linger != 0 && pipe && !pipe->outbound_empty () && !connector.abandoned ();
    if (deliver_later)
        return;
    if (stream) {
        stream->close ();
        retire (*stream);
    }
    connector.stop ();
    connector.pipe = nullptr;
    retire (connector);
    if (seen) {
        seen->stream = nullptr;
        seen->terminate ();
    }
}

int Socket::end_endpoint (const std::string &endpoint, const std::string &canonical)
{
    const auto matches = [&] (const std::string &name) { return name == endpoint || (!canonical.empty () && name == canonical); };
    bool found = false;
    run_mailbox ();  // what peers did before this counts as before

    // inproc: our bindings of that name, whose connections stay; without one, our connections to it.
    for (std::size_t i = inproc_bindings_.size (); i-- > 0;) {
        if (inproc_bindings_[i].endpoint != endpoint)
            continue;
        context_.registry ().unbind (endpoint, inproc_bindings_[i].id);
        run_mailbox ();  // who has connected through it by now is attached while it is still known
        inproc_bindings_.erase (inproc_bindings_.begin () + static_cast<std::ptrdiff_t> (i));
        found = true;
    }
    const bool bound = found;
    for (const auto &pipe : inproc_pipes_)
        if (!bound && !pipe->for_engine && pipe->side () == 0 && pipe->endpoint == endpoint) {
            pipe->terminate ();
            found = true;
        }

    for (std::size_t i = listeners_.size (); i-- > 0;) {
        if (!matches (listeners_[i]->endpoint ()))
            continue;
        found = true;
        const std::unique_ptr<Listener> listener = std::move (listeners_[i]);
        listeners_.erase (listeners_.begin () + static_cast<std::ptrdiff_t> (i));
        listener->close ();
        // The connections made through it end too, when what was sent has gone out; what they brought stays readable.
        for (std::size_t k = streams_.size (); k-- > 0;)
            if (k < streams_.size () && streams_[k]->listener () == listener.get ())
                end_accepted (*streams_[k], options.linger);
    }
    for (std::size_t i = connectors_.size (); i-- > 0;) {
        if (i >= connectors_.size () || connectors_[i]->lingering || !matches (connectors_[i]->endpoint ()))
            continue;
        found = true;
        end_connector (*connectors_[i], options.linger);
    }
    found |= std::erase_if (finished_endpoints_, matches) > 0;
    arm_linger ();
    return found ? 0 : ENOENT;
}

// ---- closing ----

// Each disconnected endpoint and each ended connection has its own deadline.
void Socket::arm_linger () noexcept
{
    Nanoseconds next = never;
    for (const auto &stream : streams_)
        next = std::min (next, stream->linger_deadline);
    for (const auto &connector : connectors_)
        if (connector->lingering)
            next = std::min (next, connector->linger_deadline);
    if (next != never && reactor_)
        linger_timer_->arm (next);
}

void Socket::linger_expired () noexcept
{
    const Nanoseconds time = now ();
    for (std::size_t i = streams_.size (); i-- > 0;)
        if (i < streams_.size () && streams_[i]->linger_deadline <= time)
            end_stream (*streams_[i], 0);
    for (std::size_t i = connectors_.size (); i-- > 0;)
        if (i < connectors_.size () && connectors_[i]->lingering && connectors_[i]->linger_deadline <= time)
            end_connector (*connectors_[i], 0);
    arm_linger ();
}

void Socket::close () noexcept
{
    if (strand_.doorbell.pending ())
        run_mailbox ();
    closing_ = true;
    batching_.after_send ();
    // Nothing reaches the pattern any more.
    std::vector<Command> left;
    strand_.doorbell.shut (left);
    for (const Command &command : left)
        if (command.what == Command::What::attach)
            refuse_channel (&InprocChannel::of (command));
        else
            InprocChannel::of (command).release ();
    for (const InprocBinding &binding : inproc_bindings_)
        context_.registry ().unbind (binding.endpoint, binding.id);
    inproc_bindings_.clear ();
    // They stay until the streams that came through them have gone.
    for (const auto &listener : listeners_)
        listener->close ();
    for (std::size_t i = inproc_pipes_.size (); i-- > 0;)
        if (!inproc_pipes_[i]->for_engine)
            destroy_pipe (*inproc_pipes_[i]);
    for (const auto &pipe : pipes_) {
        if (pipe->attached) {
            pipe->attached = false;
            pattern_->detach (*pipe);
        }
        pipe->discard_inbound ();
        pipe->rollback ();
    }
    const int linger = options.linger;
    for (std::size_t i = connectors_.size (); i-- > 0;)
        if (i < connectors_.size () && (!connectors_[i]->lingering || connectors_[i]->linger_ends_with_socket))
            end_connector (*connectors_[i], linger);
    for (std::size_t i = streams_.size (); i-- > 0;)
        if (i < streams_.size () && !streams_[i]->connector ())
            end_stream (*streams_[i], linger);
    for (const auto &stream : streams_)
        if (stream->asks_zap ())
            stream->look_for_verdict ();
    if (!(streams_.empty () && connectors_.empty ()))
        arm_linger ();
    // What full pipes had stopped goes on, into nothing; then the reactor has all of it.
    attendance_.poll_input ();
    attendance_.hand_back ();
    // Sleepers find the handle dead.
    strand_.doorbell.ring ();
}

}  // namespace engine
