// A pipe and a socket made of containers, to drive patterns without any input or output.
//
// FakePipe holds a pattern to the contract of pipe.hpp: it notes activations that are due and fails the test when frames of a message are
// interleaved with others, or when a pipe is used after its end.
#pragma once

#include <cerrno>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "message/msg.hpp"
#include "pattern/pattern.hpp"
#include "pattern/socket_type.hpp"

namespace fakes {

using engine::FrameCheck;
using engine::Kind;
using engine::Msg;
using engine::Pattern;
using Frames = std::vector<std::string>;

inline Msg make_frame (std::string_view body, bool more = false, Kind kind = Kind::data)
{
    Msg frame;
    frame.init_copy (body.data (), body.size ());
    frame.set_more (more);
    frame.set_kind (kind);
    return frame;
}

class FakePipe final : public engine::Pipe
{
  public:
    explicit FakePipe (std::string_view routing_id = {}, std::size_t limit = 1000) : limit_ (limit) { peer_routing_id = routing_id; }

    // ---- the pattern's side ----
    bool readable () noexcept override
    {
        CHECK_FALSE (terminated);
        read_due = in.empty ();
        return !in.empty ();
    }
    bool read (Msg &out) noexcept override
    {
        CHECK_FALSE (terminated);
        read_due = in.empty ();
        if (in.empty ())
            return false;
        out = std::move (in.front ());
        in.pop_front ();
        return true;
    }
    bool writable () noexcept override
    {
        CHECK_FALSE (terminated);
        const bool room = !ended && sent.size () < limit_;
        write_due = !room;
        if (!room && looks_until_room > 0 && --looks_until_room == 0)
            ++limit_;  // as a peer in another thread reads right after this look
        return room;
    }
    bool write (Msg &frame) noexcept override
    {
        CHECK_FALSE (terminated);
        if (partial.empty () && !writable ())
            return false;
        return take (frame);
    }
    bool write_unlimited (Msg &frame) noexcept override
    {
        CHECK_FALSE (terminated);
        CHECK (partial.empty ());
        return take (frame);
    }
    void rollback () noexcept override { partial.clear (); }
    bool closing () const noexcept override { return ended || terminated; }
    void terminate () noexcept override { terminated = true; }

    // ---- the test's side ----
    void put (const Frames &frames)
    {
        for (std::size_t at = 0; at < frames.size (); ++at)
            in.push_back (make_frame (frames[at], at + 1 < frames.size ()));
    }
    void set_limit (std::size_t limit) { limit_ = limit; }
    // The messages written since the last look. A subscription reads "+topic", a cancel "-topic", and so do joins and leaves of groups.
    std::vector<Frames> take_sent () { return std::exchange (sent, {}); }

    std::deque<Msg> in;
    std::vector<Frames> sent;
    Frames partial;
    std::vector<const void *> bodies;  // where the body of each frame was
    std::vector<std::uint32_t> routing_ids;
    Frames groups;            // of each frame
    bool ended = false;       // the peer has gone
    bool terminated = false;  // by the pattern
    bool read_due = false;
    bool write_due = false;
    int looks_until_room = 0;  // how many looks find the pipe full before it has room for one message more; 0: it stays full

  private:
    bool take (Msg &frame) noexcept
    {
        if (ended)
            return false;
        const bool adds = frame.kind () == Kind::subscribe || frame.kind () == Kind::join;
        partial.push_back ((frame.kind () == Kind::data ? "" : adds ? "+" : "-") + std::string (frame.view ()));
        bodies.push_back (frame.data ());
        routing_ids.push_back (frame.routing_id ());
        groups.emplace_back (frame.group ());
        if (!frame.more ())
            sent.push_back (std::exchange (partial, {}));
        frame.reset ();
        return true;
    }
    std::size_t limit_;
};

class FakeHost final : public engine::PatternHost
{
  public:
    void count_dropped (engine::Drop) noexcept override { ++dropped; }
    std::uint32_t random () noexcept override { return 0x01020304; }
    const char *own_routing_id (std::size_t &size) const noexcept override
    {
        size = 0;
        return "";
    }
    unsigned dropped = 0;
};

// A socket of one type, with the duties that the core has towards a pattern.
class FakeSocket
{
  public:
    explicit FakeSocket (int type) : row (*engine::find_socket_type (type)), pattern (row.make (host)) {}

    FakePipe &add (std::string_view routing_id = {}, std::size_t limit = 1000)
    {
        return attach (std::make_unique<FakePipe> (routing_id, limit));
    }
    FakePipe &add_connected (std::size_t limit = 1000)
    {
        auto pipe = std::make_unique<FakePipe> ("", limit);
        pipe->connected_by_us = true;
        return attach (std::move (pipe));
    }
    FakePipe &attach (std::unique_ptr<FakePipe> pipe)
    {
        pipes.push_back (std::move (pipe));
        FakePipe &added = *pipes.back ();
        pattern->attach (added);
        reap ();
        return added;
    }
    void remove (FakePipe &pipe)
    {
        pattern->detach (pipe);
        CHECK (pipe.partial.empty ());
        gone.push_back (&pipe);
    }
    bool has (const FakePipe &pipe) const
    {
        for (const FakePipe *other : gone)
            if (other == &pipe)
                return false;
        return true;
    }
    void reap ()
    {
        for (auto &pipe : pipes)
            if (pipe->terminated && has (*pipe)) {
                pipe->terminated = false;  // what is read in detach is allowed
                pattern->detach (*pipe);
                pipe->terminated = true;
                gone.push_back (pipe.get ());
            }
    }

    // A message arrives.
    void deliver (FakePipe &pipe, const Frames &frames)
    {
        pipe.put (frames);
        activate (pipe);
    }
    void deliver_frame (FakePipe &pipe, Msg frame)
    {
        pipe.in.push_back (std::move (frame));
        activate (pipe);
    }
    void activate (FakePipe &pipe)
    {
        if (std::exchange (pipe.read_due, false))
            pattern->read_activated (pipe);
        reap ();
    }
    // The peer takes what was sent to it.
    std::vector<Frames> drain (FakePipe &pipe)
    {
        auto sent = pipe.take_sent ();
        if (std::exchange (pipe.write_due, false) && !pipe.ended)
            pattern->write_activated (pipe);
        return sent;
    }

    int send (std::string_view body, bool more = false)
    {
        Msg frame = make_frame (body, more);
        const int error = pattern->send (frame);
        CHECK (frame.size () == (error ? body.size () : 0));
        reap ();
        return error;
    }
    int send_message (const Frames &frames)
    {
        for (std::size_t at = 0; at < frames.size (); ++at)
            if (const int error = send (frames[at], at + 1 < frames.size ()))
                return error;
        return 0;
    }
    int recv_error ()
    {
        Msg frame;
        return pattern->recv (frame);
    }
    // The next message, empty if there is none.
    Frames recv ()
    {
        Frames frames;
        Msg frame;
        do {
            if (const int error = pattern->recv (frame)) {
                CHECK (error == EAGAIN);
                CHECK (frames.empty ());
                return {};
            }
            frames.emplace_back (frame.view ());
        } while (frame.more ());
        return frames;
    }
    int set (int option, int value) { return pattern->set_option (option, &value, sizeof value); }
    int set (int option, std::string_view value) { return pattern->set_option (option, value.data (), value.size ()); }
    int get (int option)
    {
        int value = -1;
        std::size_t size = sizeof value;
        return pattern->get_option (option, &value, &size) ? -1 : value;
    }

    FakeHost host;
    const engine::SocketType &row;
    std::vector<std::unique_ptr<FakePipe>> pipes;
    std::vector<const FakePipe *> gone;
    std::unique_ptr<Pattern> pattern;
};

}  // namespace fakes
