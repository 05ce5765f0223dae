// Fair queueing for the types whose messages are single frames: SERVER, CLIENT, PEER, CHANNEL, GATHER.
//
// What a peer of another kind says in several frames (over the network no peer that keeps to the protocol does; inproc asks nobody) is
// dropped whole, and so are subscriptions and the like. Only a message that is left counts as readable, so looking for one reads ahead.
// Each message carries the number of the peer it came from (Pipe::number).
#pragma once

#include <cstdint>
#include <utility>

#include "message/msg.hpp"
#include "pattern/fair_queue.hpp"

namespace engine {

class SingleFrames
{
  public:
    void add (Pipe &pipe) { in_.add (pipe); }
    void activate (Pipe &pipe) noexcept { in_.activate (pipe); }
    // What was read ahead stays to be received.
    void remove (Pipe &pipe) noexcept { in_.remove (pipe); }
    // The peer of that number is to be heard no more.
    void drop_ahead (std::uint32_t number) noexcept
    {
        if (has_first_ && first_.routing_id () == number) {
            first_.reset ();
            has_first_ = false;
        }
    }

    // 0 or EAGAIN.
    int recv (Msg &frame)
    {
        if (!has_first_)
            return find (frame);
        frame = std::move (first_);
        has_first_ = false;
        return 0;
    }

    bool has_in ()
    {
        if (!has_first_)
            has_first_ = find (first_) == 0;
        return has_first_;
    }

  private:
    int find (Msg &frame)
    {
        for (;;) {
            Pipe *from = nullptr;
            if (const int error = in_.recv (frame, from))
                return error;
            if (frame.more ())
                in_.skip_rest ();
            else if (frame.kind () == Kind::data) [[likely]] {
                frame.set_routing_id (from->number);
                return 0;
            }
            frame.reset ();
        }
    }

    FairQueue in_;
    Msg first_;
    bool has_first_ = false;
};

}  // namespace engine
