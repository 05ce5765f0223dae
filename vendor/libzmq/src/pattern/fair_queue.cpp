// The rare half of fair queueing: a pipe that goes while one of its messages is being read.
#include "pattern/fair_queue.hpp"

namespace engine {

void FairQueue::keep_rest (Pipe &pipe) noexcept
{
    bool more = true;
    while (more) {
        // Complete messages only become readable, so read does not fail here; if it does, an empty last frame ends the message
        // rather than letting it run into the next one.
        Msg frame;
        if (!pipe.read (frame))
            frame.reset ();
        more = frame.more ();
        try {
            rest_.push_back (std::move (frame));
        } catch (...) {
            // A part of a message is never taken for the whole: who reads it is told.
            rest_.clear ();
            rest_.emplace_back ();
            rest_lost_ = true;
            return;
        }
    }
}

int FairQueue::recv_rest (Msg &frame, Pipe *&from)
{
    from = nullptr;
    if (rest_lost_) {
        rest_lost_ = more_ = false;
        rest_.clear ();
        return ENOMEM;
    }
    frame = std::move (rest_.front ());
    rest_.erase (rest_.begin ());
    more_ = frame.more ();
    return 0;
}

}  // namespace engine
