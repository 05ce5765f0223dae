// An array of pipes whose first part is "active": the list under fair queueing and load balancing.
//
// Adding, removing, activating and deactivating are O(1): each pipe remembers its position in the field `Index` names. The order rules
// of round robin (a deactivated pipe's place is taken by the last active one, an activated one is appended) live here, so that both
// directions keep the same ones. What active means, and when it changes, is the user's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "pattern/pipe.hpp"

namespace engine {

template <std::uint32_t Pipe::*Index>
class PipeList
{
  public:
    std::uint32_t active () const noexcept { return active_; }
    std::uint32_t size () const noexcept { return static_cast<std::uint32_t> (pipes_.size ()); }
    Pipe &operator[] (std::uint32_t index) const noexcept { return *pipes_[index]; }
    Pipe &current () const noexcept { return *pipes_[current_]; }

    bool contains (const Pipe &pipe) const noexcept { return pipe.*Index < pipes_.size () && pipes_[pipe.*Index] == &pipe; }
    bool is_active (const Pipe &pipe) const noexcept { return contains (pipe) && pipe.*Index < active_; }

    // A new pipe goes to the end of the active part. Throws std::bad_alloc, leaving the list as it was.
    void add (Pipe &pipe)
    {
        pipes_.push_back (&pipe);
        pipe.*Index = size () - 1;
        swap (pipe.*Index, active_);
        ++active_;
    }

    // Does nothing if the pipe is not in the list.
    void remove (Pipe &pipe) noexcept
    {
        if (!contains (pipe))
            return;
        deactivate (pipe);
        swap (pipe.*Index, size () - 1);
        pipes_.pop_back ();
    }

    void activate (Pipe &pipe) noexcept
    {
        if (!contains (pipe) || pipe.*Index < active_)
            return;
        swap (pipe.*Index, active_);
        ++active_;
    }

    void deactivate (Pipe &pipe) noexcept
    {
        const std::uint32_t index = pipe.*Index;
        if (index >= active_)
            return;
        --active_;
        swap (index, active_);
        if (current_ == active_)  // the last one was current: it has moved, or it is the one that left
            current_ = index == active_ ? 0 : index;
    }

    // Round robin: the next active pipe becomes the current one.
    void advance () noexcept
    {
        if (++current_ >= active_)
            current_ = 0;
    }

  private:
    void swap (std::uint32_t a, std::uint32_t b) noexcept
    {
        std::swap (pipes_[a], pipes_[b]);
        pipes_[a]->*Index = a;
        pipes_[b]->*Index = b;
    }

    std::vector<Pipe *> pipes_;
    std::uint32_t active_ = 0;
    std::uint32_t current_ = 0;  // < active_, or 0
};

}  // namespace engine
