// Fair queueing: whole messages from many pipes, one message from each in turn.
//
// A message once begun is finished before the next pipe's turn, even if its pipe goes away in between: the frames that are left are
// then kept here, or, when there is no memory for all of them, recv fails in their place. What frames mean is the pattern's business.
#pragma once

#include <cerrno>
#include <cstddef>
#include <vector>

#include "message/msg.hpp"
#include "pattern/pipe_list.hpp"

namespace engine {

class FairQueue
{
  public:
    void add (Pipe &pipe)
    {
        rest_.reserve (1);
        pipes_.add (pipe);
    }
    bool contains (const Pipe &pipe) const noexcept { return pipes_.contains (pipe); }
    void activate (Pipe &pipe) noexcept { pipes_.activate (pipe); }

    // Forgets a pipe. If a message of it is half read, the rest of it stays to be received; without memory for it the next recv, in
    // its place, says ENOMEM.
    void remove (Pipe &pipe) noexcept
    {
        if (more_ && rest_.empty () && pipes_.is_active (pipe) && &pipes_.current () == &pipe)
            keep_rest (pipe);
        pipes_.remove (pipe);
    }

    // 0, EAGAIN, or ENOMEM: the message whose first frames were received is lost, and over. `from` gets the pipe the frame came from,
    // null if that has gone.
    int recv (Msg &frame, Pipe *&from)
    {
        if (!rest_.empty ()) [[unlikely]]
            return recv_rest (frame, from);
        while (pipes_.active () > 0) {
            Pipe &pipe = pipes_.current ();
            if (pipe.read (frame)) [[likely]] {
                from = &pipe;
                more_ = frame.more ();
                if (!more_)
                    pipes_.advance ();
                return 0;
            }
            more_ = false;
            pipes_.deactivate (pipe);
        }
        return EAGAIN;
    }
    int recv (Msg &frame)
    {
        Pipe *from;
        return recv (frame, from);
    }

    // Reads and drops what is left of a message whose first frame was received.
    void skip_rest ()
    {
        Msg frame;
        while (more_ && recv (frame) == 0) {
        }
    }

    bool has_in ()
    {
        if (!rest_.empty ()) [[unlikely]]
            return true;
        while (pipes_.active () > 0) {
            Pipe &pipe = pipes_.current ();
            if (pipe.readable ())
                return true;
            pipes_.deactivate (pipe);
        }
        return false;
    }

    // True between the first and the last frame of a message.
    bool in_message () const noexcept { return more_; }

    // All pipes, in no order that matters.
    std::uint32_t size () const noexcept { return pipes_.size (); }
    Pipe &operator[] (std::uint32_t index) const noexcept { return pipes_[index]; }

  private:
    void keep_rest (Pipe &pipe) noexcept;
    int recv_rest (Msg &frame, Pipe *&from);

    PipeList<&Pipe::in_index> pipes_;
    std::vector<Msg> rest_;  // of a message whose pipe has gone; there is always room for one part
    bool more_ = false;
    bool rest_lost_ = false;  // there was no memory for it: rest_ has one part, which stands for all
};

}  // namespace engine
