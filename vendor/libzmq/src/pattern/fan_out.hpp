// Fan-out: each message to a chosen set of pipes, never waiting for one of them.
//
// The set is chosen before the first frame (match, match_all, invert) and holds for the whole message. A pipe that refuses a message gets
// nothing more until it has room again and another message begins. Short bodies are copied for each pipe, long ones shared; the last
// pipe gets the message itself. Why a pipe is chosen is the pattern's business.
#pragma once

#include <cstdint>
#include <vector>

#include "message/msg.hpp"
#include "pattern/pattern.hpp"
#include "pattern/pipe.hpp"

namespace engine {

class FanOut
{
  public:
    explicit FanOut (PatternHost &host) noexcept : host_ (host) {}

    // A pipe that comes, or has room again, in mid-message joins with the next one. Throws std::bad_alloc.
    void add (Pipe &pipe);
    void remove (Pipe &pipe) noexcept;
    void activate (Pipe &pipe) noexcept;

    // ---- choosing, not in mid-message; a pipe may be named more than once ----
    void match (Pipe &pipe) noexcept
    {
        const std::uint32_t index = pipe.out_index;
        if (index >= ready_) [[unlikely]]
            match_full (pipe);
        else if (index >= matching_)
            swap (index, matching_++);
    }
    void match_all () noexcept;
    // Exactly those that were not chosen.
    void invert () noexcept;
    // True if a chosen pipe has no room.
    bool any_full () noexcept;
    void clear () noexcept { matching_ = full_ = 0; }
    // In mid-message: takes a pipe out of the set, and back what it was given of the message.
    void unmatch (Pipe &pipe) noexcept;

    // Gives a frame to all in the set and consumes it. The last frame of a message clears the set.
    void send (Msg &frame) noexcept
    {
        const bool more = frame.more ();
        if (full_ > 0) [[unlikely]]
            skip_full ();
        std::uint32_t at = 0;
        while (at + 1 < matching_) {
            Msg copy;
            if (copy.copy_from (frame) != 0) [[unlikely]]
                drop (at, Drop::memory);
            else if (pipes_[at]->write (copy)) [[likely]]
                ++at;
            else
                refused (at);
        }
        if (at < matching_) {
            if (!pipes_[at]->write (frame)) [[unlikely]] {
                refused (at);
                frame.reset ();
            }
        } else {
            frame.reset ();
        }
        in_message_ = more;
        if (!more)
            matching_ = 0;
    }
    bool in_message () const noexcept { return in_message_; }

    // All pipes, in no order that matters.
    std::uint32_t size () const noexcept { return static_cast<std::uint32_t> (pipes_.size ()); }
    Pipe &operator[] (std::uint32_t index) const noexcept { return *pipes_[index]; }
    bool contains (const Pipe &pipe) const noexcept { return pipe.out_index < size () && pipes_[pipe.out_index] == &pipe; }

  private:
    void match_full (Pipe &pipe) noexcept;
    void skip_full () noexcept;
    void drop (std::uint32_t index, Drop cause) noexcept;
    void refused (std::uint32_t index) noexcept;
    void swap (std::uint32_t a, std::uint32_t b) noexcept
    {
        Pipe *const first = pipes_[a];
        pipes_[a] = pipes_[b];
        pipes_[b] = first;
        pipes_[a]->out_index = a;
        pipes_[b]->out_index = b;
    }

    PatternHost &host_;
    // [0, matching_) chosen; [.., ready_) others that have room, as far as we know; [.., ready_ + full_) chosen without room; the rest
    std::vector<Pipe *> pipes_;
    std::uint32_t matching_ = 0;
    std::uint32_t ready_ = 0;
    std::uint32_t full_ = 0;  // not zero only while a set is being chosen
    bool in_message_ = false;
};

}  // namespace engine
