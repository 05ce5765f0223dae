// Who is at the other ends of a socket, and what is left to be sent to them: facts for zmq_ext.h.
#include <algorithm>
#include <cstring>

#include "core/inproc.hpp"
#include "core/socket.hpp"
#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/stream.hpp"

namespace engine {

namespace {

template <std::size_t size>
void put (char (&out)[size], std::string_view text) noexcept
{
    const std::size_t length = std::min (text.size (), size - 1);
    std::copy_n (text.begin (), length, out);
    out[length] = 0;
}

zmq_ext_peer_t blank () noexcept
{
    zmq_ext_peer_t peer;
    std::memset (&peer, 0, sizeof peer);
    return peer;
}

void put_id (zmq_ext_peer_t &out, std::string_view id) noexcept
{
    out.routing_id_size = std::min (id.size (), sizeof out.routing_id);
    std::copy_n (id.begin (), out.routing_id_size, out.routing_id);
}

void put_counters (zmq_ext_peer_t &out, const Pipe &pipe, std::uint64_t messages_in, std::uint64_t messages_out) noexcept
{
    out.messages_in = messages_in;
    out.messages_out = messages_out;
    out.bytes_in = pipe.bytes_in;
    out.bytes_out = pipe.bytes_out;
}

void put_stream (zmq_ext_peer_t &out, const Stream &stream)
{
    out.accepted = stream.accepted ();
    out.state = !stream.established () ? stream.finishing () ? ZMQ_EXT_PEER_ENDING : ZMQ_EXT_PEER_HANDSHAKE
                : stream.lingering ()  ? ZMQ_EXT_PEER_ENDING
                                       : ZMQ_EXT_PEER_UP;
    out.since = stream.up_since ();
    out.unsent = stream.unsent_bytes ();
    put (out.endpoint, stream.endpoint ());
    put (out.address, stream.peer_address ());
    const PeerFacts facts = stream.peer ();
    put_id (out, facts.routing_id);
    put (out.mechanism, facts.mechanism);
    put (out.user_id, facts.user_id);
}

bool other_side_is_there (const InprocPipe &pipe) noexcept
{
    return pipe.channel ().side[1 - pipe.side ()].known.load (std::memory_order_acquire);
}

// Who is behind it is not known, but there is nothing to wait for.
bool is_up (const DatagramEndpoint &datagrams) noexcept { return !datagrams.ending (); }

bool is_up (const NetworkPipe &pipe) noexcept
{
    if (pipe.datagrams)
        return is_up (*pipe.datagrams) && pipe.attached && !pipe.closing ();
    return pipe.attached && pipe.stream && pipe.stream->established () && !pipe.stream->lingering () && !pipe.closing ();
}

// What has left the pipe's queue, and is still here.
bool output_pending (const NetworkPipe &pipe) noexcept
{
    return (pipe.stream && pipe.stream->output_pending ()) || (pipe.datagrams && pipe.datagrams->output_pending ());
}

bool is_up (const InprocPipe &pipe) noexcept { return !pipe.for_engine && !pipe.closing () && other_side_is_there (pipe); }

}  // namespace

std::string_view Socket::id_of (const NetworkPipe &pipe) const noexcept
{
    const std::string_view id = pipe.attached ? pattern_->id_of (pipe) : std::string_view ();
    return id.empty () ? std::string_view (pipe.peer_routing_id) : id;
}

std::vector<zmq_ext_peer_t> Socket::peers () const
{
    std::vector<zmq_ext_peer_t> found;
    for (const auto &pipe : pipes_) {
        zmq_ext_peer_t peer = blank ();
        if (pipe->stream) {
            put_stream (peer, *pipe->stream);
        } else if (const DatagramEndpoint *const datagrams = pipe->datagrams) {
            peer.state = is_up (*datagrams) ? ZMQ_EXT_PEER_UP : ZMQ_EXT_PEER_ENDING;
            peer.accepted = datagrams->bound ();
            peer.unsent = pipe->outbound_bytes ();
            put (peer.endpoint, datagrams->endpoint ());
            put (peer.address, datagrams->peer_address ());
        } else {
            peer.state = pipe->closing () || !pipe->attached ? ZMQ_EXT_PEER_ENDING : ZMQ_EXT_PEER_CONNECTING;
            peer.accepted = !pipe->connected_by_us;
            peer.unsent = pipe->outbound_bytes ();
            put_id (peer, id_of (*pipe));
            for (const auto &connector : connectors_)
                if (connector->pipe == pipe.get ()) {
                    peer.accepted = 0;
                    if (connector->lingering)
                        peer.state = ZMQ_EXT_PEER_ENDING;
                    else if (connector->stream)
                        peer.state = ZMQ_EXT_PEER_HANDSHAKE;
                    put (peer.endpoint, connector->endpoint ());
                }
        }
        peer.queued_in = pipe->inbound_messages ();
        peer.queued_out = pipe->outbound_messages ();
        put_counters (peer, *pipe, pipe->messages_in, pipe->messages_out);
        found.push_back (peer);
    }
    // Those that have no pipe (yet).
    for (const auto &stream : streams_) {
        if (stream->pipe () || stream->dead () || (stream->connector () && stream->connector ()->pipe))
            continue;
        zmq_ext_peer_t peer = blank ();
        put_stream (peer, *stream);
        found.push_back (peer);
    }
    for (const auto &connector : connectors_) {
        if (connector->pipe || connector->stream)
            continue;
        zmq_ext_peer_t peer = blank ();
        peer.state = connector->lingering || connector->abandoned () ? ZMQ_EXT_PEER_ENDING : ZMQ_EXT_PEER_CONNECTING;
        put (peer.endpoint, connector->endpoint ());
        found.push_back (peer);
    }
    for (const auto &pipe : inproc_pipes_) {
        if (pipe->for_engine)
            continue;
        zmq_ext_peer_t peer = blank ();
        peer.state = is_up (*pipe) ? ZMQ_EXT_PEER_UP : pipe->closing () ? ZMQ_EXT_PEER_ENDING : ZMQ_EXT_PEER_CONNECTING;
        peer.accepted = pipe->side () == 1;
        peer.queued_in = pipe->queued_in ();
        peer.queued_out = pipe->queued_out ();
        put_counters (peer, *pipe, pipe->all_messages_in (), pipe->all_messages_out ());
        const std::string_view id = pattern_->id_of (*pipe);
        put_id (peer, id.empty () ? std::string_view (pipe->peer_routing_id) : id);
        put (peer.endpoint, pipe->endpoint);
        found.push_back (peer);
    }
    return found;
}

void Socket::fill_socket (zmq_ext_socket_t &out) const noexcept
{
    std::memset (&out, 0, sizeof out);
    out.socket = &strand_;
    out.type = type_.number;
    out.closed = closing_;
    put (out.endpoint, options.last_endpoint);
    for (const auto &pipe : pipes_) {
        const std::size_t queued = pipe->outbound_messages ();
        out.queued_in += pipe->inbound_messages ();
        out.unsent += queued > 0 ? queued : output_pending (*pipe);
    }
    for (const auto &pipe : inproc_pipes_)
        if (!pipe->for_engine)
            out.queued_in += pipe->queued_in ();
}

std::size_t Socket::peers_up () const noexcept
{
    const auto up = [] (const auto &pipe) { return is_up (*pipe); };
    return static_cast<std::size_t> (std::count_if (pipes_.begin (), pipes_.end (), up) +
                                     std::count_if (inproc_pipes_.begin (), inproc_pipes_.end (), up));
}

bool Socket::anything_unsent () const noexcept
{
    return std::any_of (pipes_.begin (), pipes_.end (),
                        [] (const auto &pipe) { return !pipe->outbound_empty () || output_pending (*pipe); });
}

}  // namespace engine
