// What a socket's pipes, connections and endpoints leave behind when they end: freed at the end of the call that ended them.
#include "core/context.hpp"
#include "core/socket.hpp"
#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/stream.hpp"

namespace engine {

void Socket::reap () noexcept
{
    if (reaping_)
        return;
    reaping_ = true;
    something_to_reap_ = false;  // what comes meanwhile is taken at once or at the end of the next call
    while (NetworkPipe *const pipe = pipes_to_reap_.take ())
        reap (*pipe);
    while (InprocPipe *const pipe = inproc_pipes_to_reap_.take ())
        reap (*pipe);
    free_retired ();
    reaping_ = false;
}

void Socket::reap (NetworkPipe &pipe) noexcept
{
    if (pipe.stream && pipe.stream->take_pull_request ()) {
        // The peer takes nothing more: reads why. The rest afterwards.
        pipe.stream->pull ();
        request_reap (pipe);
        return;
    }
    if (pipe.take_finish_request () && !pipe.terminate_requested ())
        finish_pipe (pipe);
    else if (pipe.terminate_requested () || (pipe.closing () && pipe.drained () && !pipe.stream && !pipe.datagrams))
        destroy_pipe (pipe);
}

void Socket::reap (InprocPipe &pipe) noexcept
{
    if (pipe.terminate_requested () || (pipe.closing () && pipe.drained ()))
        destroy_pipe (pipe);
}

void Socket::detach (NetworkPipe &pipe) noexcept
{
    if (!pipe.attached)
        return;
    pipe.attached = false;
    pattern_->detach (pipe);
    activity_ = true;
}

void Socket::destroy_pipe (NetworkPipe &pipe) noexcept
{
    detach (pipe);
    if (Stream *const stream = pipe.stream) {
        // The pattern ended it, so its connection goes too; a connecting end tries again.
        Connector *const connector = stream->connector ();
        stream->close ();
        retire (*stream);
        if (connector) {
            if (connector->pipe == &pipe)
                connector->pipe = nullptr;
            connector->stream_lost (false, false);
        }
    }
    if (DatagramEndpoint *const datagrams = pipe.datagrams) {
        datagrams->close ();
        retire (*datagrams);
    }
    for (const auto &connector : connectors_)
        if (connector->pipe == &pipe)
            connector->pipe = nullptr;
    pipe.count_lost ();
    inbound_messages -= pipe.inbound_messages ();
    batching_.forget (pipe);
    std::erase_if (pipes_, [&pipe] (const auto &held) { return held.get () == &pipe; });
}

void Socket::destroy_pipe (InprocPipe &pipe) noexcept
{
    pipe.pattern ().detach (pipe);
    // What was sent to a name that nobody has bound yet waits there for whoever does, whatever ZMQ_LINGER says: it is with the peer
    // already, as what lies in a channel between two sockets.
    pipe.rollback ();
    const InprocChannel &channel = pipe.channel ();
    if (pipe.side () == 0 && channel.direction[0].empty () && !channel.side[1].known.load (std::memory_order_acquire))
        context_.registry ().forget (pipe.endpoint, pipe.channel ());
    activity_ = true;
    std::erase_if (inproc_pipes_, [&pipe] (const auto &held) { return held.get () == &pipe; });
}

}  // namespace engine
