// Load balancing: each message to one of the pipes that have room, in turn.
//
// All frames of a message go to the same pipe. If that pipe is lost before the last frame, what it was given is rolled back and the
// frames still to come are taken and dropped: a part of a message never reaches anyone, and the message is never given to a second pipe.
// (libzmq reports EAGAIN for one of those frames in one of its cases; the retry of a last frame would then travel alone.)
//
// Who sends to the last peer just after that has refused for good cannot know of it, and libzmq's first call after it does not either:
// one message is then taken whole, and lost with the peer (lose_next).
#pragma once

#include <cerrno>

#include "message/msg.hpp"
#include "pattern/pattern.hpp"
#include "pattern/pipe_list.hpp"

namespace engine {

class LoadBalancer
{
  public:
    explicit LoadBalancer (PatternHost &host) noexcept : host_ (host) {}

    void add (Pipe &pipe) { pipes_.add (pipe); }
    void activate (Pipe &pipe) noexcept { pipes_.activate (pipe); }
    void remove (Pipe &pipe) noexcept
    {
        if (more_ && !dropping_ && pipes_.is_active (pipe) && &pipes_.current () == &pipe)
            drop_message (pipe);
        pipes_.remove (pipe);
    }

    // 0 (the frame is consumed), or EAGAIN or ENOMEM (nothing happened; only for the first frame of a message). `to` gets the pipe that
    // took the frame, null if it was dropped.
    int send (Msg &frame, Pipe *&to)
    {
        if (dropping_) [[unlikely]]
            return send_dropped (frame, to);
        while (pipes_.active () > 0) {
            Pipe &pipe = pipes_.current ();
            const bool more = frame.more ();
            if (pipe.write (frame) || write_again (pipe, frame)) [[likely]] {
                to = &pipe;
                more_ = more;
                if (!more)
                    pipes_.advance ();
                return 0;
            }
            if (more_) [[unlikely]] {
                drop_message (pipe);
                return send_dropped (frame, to);
            }
            if (pipes_.is_active (pipe))
                return ENOMEM;
        }
        return lose_next_ ? send_lost (frame, to) : EAGAIN;
    }
    int send (Msg &frame)
    {
        Pipe *to;
        return send (frame, to);
    }

    bool has_out ()
    {
        if (more_)
            return true;
        while (pipes_.active () > 0) {
            Pipe &pipe = pipes_.current ();
            if (pipe.writable ())
                return true;
            pipes_.deactivate (pipe);
        }
        return lose_next_;
    }

    // See Pattern::lose_next. What is being sent when the peer goes is lost itself, and that is enough.
    void lose_next (bool lose) noexcept { lose_next_ = lose && !more_; }

    // True between the first and the last frame of a message.
    bool in_message () const noexcept { return more_; }

  private:
    // After a refusal, which a peer of another thread may have outdated meanwhile, so what counts is one look: without room then, the pipe
    // leaves the turn until it tells of room (it does, even of room that came since); with room, what it still refuses has no memory,
    // and it stays, for it would not tell when to try again.
    bool write_again (Pipe &pipe, Msg &frame) noexcept
    {
        if (pipe.writable ())
            return pipe.write (frame);
        pipes_.deactivate (pipe);
        return false;
    }
    void drop_message (Pipe &pipe) noexcept
    {
        pipe.rollback ();
        dropping_ = true;
        host_.count_dropped (Drop::lost);
    }
    [[gnu::noinline]] int send_lost (Msg &frame, Pipe *&to) noexcept
    {
        lose_next_ = false;
        host_.count_dropped (Drop::lost);
        return send_dropped (frame, to);
    }
    int send_dropped (Msg &frame, Pipe *&to) noexcept
    {
        to = nullptr;
        more_ = dropping_ = frame.more ();
        frame.reset ();
        return 0;
    }

    PatternHost &host_;
    PipeList<&Pipe::out_index> pipes_;
    bool more_ = false;
    bool dropping_ = false;
    bool lose_next_ = false;
};

}  // namespace engine
