// The less frequent moves of pipes between the parts of the list; see fan_out.hpp.
#include "pattern/fan_out.hpp"

namespace engine {

void FanOut::add (Pipe &pipe)
{
    pipes_.push_back (&pipe);
    pipe.out_index = size () - 1;
    activate (pipe);
}

void FanOut::remove (Pipe &pipe) noexcept
{
    if (!contains (pipe))
        return;
    unmatch (pipe);
    if (pipe.out_index < ready_)
        swap (pipe.out_index, --ready_);
    swap (pipe.out_index, size () - 1);
    pipes_.pop_back ();
}

void FanOut::activate (Pipe &pipe) noexcept
{
    if (contains (pipe) && pipe.out_index >= ready_)
        swap (pipe.out_index, ready_++);
}

void FanOut::match_full (Pipe &pipe) noexcept
{
    if (pipe.out_index >= ready_ + full_)
        swap (pipe.out_index, ready_ + full_++);
}

void FanOut::match_all () noexcept
{
    matching_ = ready_;
    full_ = size () - ready_;
}

void FanOut::invert () noexcept
{
    std::uint32_t kept = 0;
    for (std::uint32_t at = matching_; at < ready_; ++at)
        swap (at, kept++);
    matching_ = kept;
    kept = 0;
    for (std::uint32_t at = ready_ + full_; at < size (); ++at)
        swap (at, ready_ + kept++);
    full_ = kept;
}

bool FanOut::any_full () noexcept
{
    for (std::uint32_t at = ready_; at < ready_ + full_; ++at)
        if (!pipes_[at]->closing ())
            return true;
    for (std::uint32_t at = 0; at < matching_; ++at)
        if (!pipes_[at]->writable () && !pipes_[at]->closing ())
            return true;
    return false;
}

void FanOut::unmatch (Pipe &pipe) noexcept
{
    if (!contains (pipe) || pipe.out_index >= matching_)
        return;
    pipe.rollback ();
    swap (pipe.out_index, --matching_);
}

// A message begins; who has had no room since an earlier one misses this one too.
void FanOut::skip_full () noexcept
{
    for (std::uint32_t at = ready_; at < ready_ + full_; ++at)
        if (!pipes_[at]->closing ())
            host_.count_dropped (Drop::full);
    full_ = 0;
}

// The message is lost for this pipe.
void FanOut::drop (std::uint32_t index, Drop cause) noexcept
{
    pipes_[index]->rollback ();
    swap (index, --matching_);
    host_.count_dropped (cause);
}

// No room, or the peer has gone. (A pipe that has room is not told of room: it refused for want of memory.)
void FanOut::refused (std::uint32_t index) noexcept
{
    Pipe &pipe = *pipes_[index];
    const bool room = pipe.writable ();
    drop (index, pipe.closing () ? Drop::lost : room ? Drop::memory : Drop::full);
    if (!room)
        swap (matching_, --ready_);
}

}  // namespace engine
