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
            rest_.back ().set_more (false);  // what there is no memory for is lost
            return;
        }
    }
}

int FairQueue::recv_rest (Msg &frame, Pipe *&from)
{
    from = nullptr;
    frame = std::move (rest_.front ());
    rest_.erase (rest_.begin ());
    more_ = frame.more ();
    return 0;
}

}  // namespace engine
