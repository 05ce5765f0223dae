// SERVER: numbers of peers, and sending by them; see server.hpp.
#include "pattern/server.hpp"

#include <cerrno>

#include <zmq.h>

#include "pattern/patterns.hpp"

namespace engine {

void ServerPattern::attach (Pipe &pipe)
{
    in_.add (pipe);
    std::uint32_t number = 0;
    while (number == 0 || peers_.contains (number))
        number = next_++;
    peers_.emplace (number, &pipe);
    pipe.number = number;
}

void ServerPattern::detach (Pipe &pipe) noexcept
{
    in_.remove (pipe);
    peers_.erase (pipe.number);
    pipe.number = 0;
}

// Null: there is no such peer, or it has gone.
Pipe *ServerPattern::find (std::uint32_t number) noexcept
{
    const auto found = peers_.find (number);
    return found == peers_.end () || found->second->closing () ? nullptr : found->second;
}

int ServerPattern::send (Msg &frame)
{
    if (frame.more ())
        return EINVAL;
    const std::uint32_t number = frame.routing_id ();
    Pipe *const to = find (number);
    if (!to)
        return EHOSTUNREACH;
    if (to->writable ()) [[likely]] {
        frame.set_routing_id (0);  // means nothing to the peer
        if (to->write (frame)) [[likely]]
            return 0;
        frame.set_routing_id (number);
        if (to->writable ())
            return ENOMEM;
    }
    return to->closing () ? EHOSTUNREACH : EAGAIN;
}

int ServerPattern::disconnect_peer (std::uint32_t number)
{
    Pipe *const peer = find (number);
    if (!peer)
        return EHOSTUNREACH;
    in_.drop_ahead (number);
    peer->terminate ();
    return 0;
}

constinit const SocketType server_row = {
  .number = ZMQ_SERVER,
  .name = "SERVER",
  .compatible = peer_types (ZMQ_CLIENT),
  .sends_hello = true,
  .hears_disconnect = true,
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ServerPattern> (host); },
};

}  // namespace engine
