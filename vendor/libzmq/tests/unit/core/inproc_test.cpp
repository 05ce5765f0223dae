// The two ends of an inproc channel: limits, waiting and waking, leaving, conflating. Each end has its own strand, both held.
#include "core/inproc.hpp"

#include <memory>
#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"
#include "pattern/pattern.hpp"

using namespace held;

namespace {

// Counts what a pipe tells its pattern.
class Recorder final : public Pattern
{
  public:
    using Pattern::Pattern;
    void attach (Pipe &) override {}
    void identified (Pipe &pipe) override { id = pipe.peer_routing_id; }
    void detach (Pipe &) noexcept override {}
    void read_activated (Pipe &) override { ++reads; }
    void write_activated (Pipe &) override { ++writes; }
    int send (Msg &) override { return ENOTSUP; }
    int recv (Msg &) override { return ENOTSUP; }
    bool has_in () override { return false; }
    bool has_out () override { return false; }

    int reads = 0, writes = 0;
    std::string id;
};

struct End
{
    HeldSocket socket{ZMQ_PAIR};
    Recorder pattern{socket.socket ()};
    std::unique_ptr<InprocPipe> pipe;

    bool write (std::string_view body, bool more = false)
    {
        Msg frame;
        frame.init_copy (body.data (), body.size ());
        frame.set_more (more);
        return pipe->write (frame);
    }
    // "+" behind a frame that others follow; "" if there is none.
    std::string read ()
    {
        Msg frame;
        return pipe->read (frame) ? std::string (frame.view ()) + (frame.more () ? "+" : "") : "";
    }
    // What its socket does at the beginning of a call: number of commands.
    int run_mailbox ()
    {
        std::vector<Command> commands;
        socket.strand ().doorbell.take (commands);
        for (const Command &command : commands) {
            if (pipe)
                pipe->peer_active ();
            InprocChannel::of (command).release ();
        }
        return static_cast<int> (commands.size ());
    }
    ~End ()
    {
        pipe.reset ();
        run_mailbox ();
        socket.next_call ();
    }
};

// Side 0 connected, side 1 bound.
struct Joined
{
    explicit Joined (int send_limit = 1000, int receive_limit = 1000, bool conflate = false)
    {
        channel = new InprocChannel;
        channel->conflate = conflate;
        const auto open = [&] (End &end, int side) {
            InprocChannel::Side &own = channel->side[side];
            own.routing_id = side ? "server" : "client";
            own.send_limit = send_limit;
            own.receive_limit = receive_limit;
            own.known = true;
            own.strand = &end.socket.strand ();
            channel->acquire ();
            end.pipe = std::make_unique<InprocPipe> (end.socket.socket (), end.pattern, channel, side);
        };
        open (a, 0);
        open (b, 1);
    }
    ~Joined ()
    {
        a.pipe.reset ();
        b.pipe.reset ();
        a.run_mailbox ();
        b.run_mailbox ();
        channel->release ();
    }
    InprocChannel *channel;
    End a, b;
};

}  // namespace

TEST_CASE ("inproc pipe: messages cross whole, in both directions")
{
    Joined at;
    for (End *from : {&at.a, &at.b}) {
        End *const to = from == &at.a ? &at.b : &at.a;
        CHECK (to->read () == "");
        CHECK (from->write ("one", true));
        CHECK (to->read () == "");
        CHECK (to->run_mailbox () == 0);
        CHECK (from->write ("two"));
        CHECK (to->read () == "one+");
        CHECK (to->pipe->readable ());
        CHECK_FALSE (to->pipe->drained ());
        CHECK (to->read () == "two");
        CHECK (to->pipe->drained ());
        CHECK_FALSE (to->pipe->readable ());
    }
}

TEST_CASE ("inproc pipe: a reader that found nothing is told once, a busy one is not")
{
    Joined at;
    CHECK (at.b.read () == "");
    at.a.write ("1");
    at.a.write ("2");
    at.a.write ("3");
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == 1);
    CHECK (at.b.read () == "1");
    at.a.write ("4");
    CHECK (at.b.run_mailbox () == 0);
    for (const char *expected : {"2", "3", "4", ""})
        CHECK (at.b.read () == expected);
    at.a.write ("5");
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == 2);
}

TEST_CASE ("inproc pipe: a reader that is told of what it has read long ago is told of what comes next all the same")
{
    Joined at;
    CHECK (at.b.read () == "");
    // As a writer that looked whether to wake the reader, was held up, and goes on when its message was read and the reader waits again.
    CHECK (at.channel->direction[0].queue.publish ());
    at.channel->tell (1);
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == 0);

    CHECK (at.a.write ("x"));
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == 1);
    CHECK (at.b.read () == "x");
}

TEST_CASE ("inproc pipe: both sides' high-water marks add up; a writer that found it full is told of room")
{
    Joined at (2, 3);
    int written = 0;
    while (at.a.write ("x"))
        ++written;
    CHECK (written == 5);
    CHECK_FALSE (at.a.pipe->writable ());
    CHECK (at.a.pipe->queued_out () == 5);
    CHECK (at.b.pipe->queued_in () == 5);
    // Told in steps of half the limit.
    CHECK (at.b.read () == "x");
    CHECK (at.b.read () == "x");
    CHECK (at.a.run_mailbox () == 0);
    CHECK (at.b.read () == "x");
    CHECK (at.a.run_mailbox () == 1);
    CHECK (at.a.pattern.writes == 1);
    CHECK (at.a.pipe->writable ());
    for (written = 0; at.a.write ("x");)
        ++written;
    CHECK (written == 3);
}

TEST_CASE ("inproc pipe: what is queued is counted in messages, without what was taken back")
{
    Joined at;
    at.a.write ("a", true);
    at.a.write ("b", true);
    CHECK (at.a.pipe->queued_out () == 0);
    at.a.pipe->rollback ();
    at.a.write ("c");
    at.a.write ("d");
    CHECK (at.a.pipe->queued_out () == 2);
    CHECK (at.b.pipe->queued_in () == 2);
}

TEST_CASE ("inproc pipe: an unfinished message is never stopped by the limit, and the limit counts whole messages")
{
    Joined at (1, 1);
    CHECK (at.a.write ("1"));
    for (int i = 0; i < 20; ++i)
        CHECK (at.a.write ("part", true));
    CHECK (at.a.write ("end"));
    CHECK_FALSE (at.a.write ("3"));
    Msg frame;
    frame.init_copy ("4", 1);
    CHECK (at.a.pipe->write_unlimited (frame));
}

TEST_CASE ("inproc pipe: zero on either side is no limit")
{
    for (const bool first : {true, false}) {
        Joined at (first ? 0 : 1, first ? 1 : 0);
        for (int i = 0; i < 1000; ++i)
            REQUIRE (at.a.write ("x"));
    }
}

TEST_CASE ("inproc pipe: an empty queue is never full, whatever the limits have become")
{
    Joined at (10, 10);
    for (int i = 0; i < 9; ++i)
        REQUIRE (at.a.write ("x"));
    for (int i = 0; i < 9; ++i)
        CHECK (at.b.read () == "x");  // nine of twenty: not told yet
    at.a.pipe->limits_changed (1, 1);
    at.b.pipe->limits_changed (1, 1);
    CHECK (at.a.pipe->writable ());
    CHECK (at.a.write ("y"));
    CHECK (at.b.read () == "y");
}

TEST_CASE ("inproc pipe: a writer for whom the first room was not enough is told again")
{
    Joined at (1, 1);
    for (int i = 0; i < 5; ++i) {
        Msg frame;
        CHECK (at.a.pipe->write_unlimited (frame));
    }
    CHECK_FALSE (at.a.pipe->writable ());
    Msg frame;
    CHECK (at.b.pipe->read (frame));
    CHECK (at.a.run_mailbox () == 1);
    CHECK (at.a.pattern.writes == 0);  // four are left, two is the limit
    while (at.b.pipe->read (frame)) {
    }
    CHECK (at.a.run_mailbox () == 1);
    CHECK (at.a.pattern.writes == 1);
}

TEST_CASE ("inproc pipe: a writer that found it full is told when a limit changes")
{
    Joined at (1, 1);
    while (at.a.write ("x")) {
    }
    SUBCASE ("its peer's is raised")
    {
        at.b.pipe->limits_changed (1, 1000);
        CHECK (at.a.run_mailbox () == 1);
    }
    SUBCASE ("its own is raised") { at.a.pipe->limits_changed (1000, 1); }
    CHECK (at.a.pattern.writes == 1);
    CHECK (at.a.pipe->writable ());
}

TEST_CASE ("inproc pipe: a writer that waits goes on when the queue was read, whatever the limits have become")
{
    Joined at (10, 10);
    while (at.a.write ("x")) {
    }
    at.b.pipe->limits_changed (10, 1);
    while (at.b.read () == "x")
        at.a.run_mailbox ();
    CHECK (at.a.pattern.writes >= 1);
    CHECK (at.a.pipe->writable ());
}

TEST_CASE ("inproc pipe: rollback takes back what was not finished")
{
    Joined at (1, 1);
    at.a.write ("a", true);
    at.a.write ("b", true);
    at.a.pipe->rollback ();
    CHECK (at.a.write ("whole"));
    CHECK (at.b.read () == "whole");
    CHECK (at.b.read () == "");
}

TEST_CASE ("inproc pipe: who leaves is missed after all that was written was read")
{
    Joined at;
    at.a.write ("last", true);
    at.a.write ("words");
    at.a.write ("unfinished", true);
    at.a.pipe.reset ();
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pipe->closing ());
    CHECK_FALSE (at.b.pipe->writable ());
    CHECK_FALSE (at.b.write ("reply"));
    CHECK (at.b.read () == "last+");
    CHECK_FALSE (at.b.pipe->drained ());
    CHECK (at.b.read () == "words");
    CHECK (at.b.pipe->drained ());
    CHECK (at.b.read () == "");
}

TEST_CASE ("inproc pipe: with CONFLATE a reader gets the newest")
{
    Joined at (1, 1, true);
    for (const char *body : {"1", "2", "3"})
        CHECK (at.a.write (body));
    CHECK (at.b.read () == "3");
    CHECK (at.b.read () == "");
    CHECK (at.a.write ("4", true));  // no multipart messages then
    CHECK (at.b.read () == "4");
}

TEST_CASE ("inproc pipe: with CONFLATE only the newest is kept, and who is replaced is released once")
{
    Joined at (1, 1, true);
    int released = 0;
    char body[64] = {};
    for (int i = 0; i < 1000; ++i) {
        Msg frame;
        REQUIRE (frame.init_external (
                   body, sizeof body, [] (void *, void *hint) { ++*static_cast<int *> (hint); }, &released, FreeWhen::at_once) == 0);
        REQUIRE (at.a.pipe->write (frame));
        REQUIRE (at.a.pipe->writable ());
        REQUIRE (released == i);
        REQUIRE (at.a.pipe->queued_out () == 1);
    }
    CHECK (at.b.pipe->queued_in () == 1);
    CHECK (at.b.pipe->readable ());
    CHECK (at.b.read ().size () == sizeof body);
    CHECK (released == 1000);
    CHECK (at.a.pipe->queued_out () == 0);
    CHECK_FALSE (at.b.pipe->readable ());
}

TEST_CASE ("inproc pipe: with CONFLATE a reader that found nothing is told once, whichever way he found out")
{
    Joined at (1, 1, true);
    for (int i = 0; i < 3; ++i) {
        if (i == 1)
            CHECK_FALSE (at.b.pipe->readable ());
        else
            CHECK (at.b.read () == "");
        const int told = at.b.pattern.reads;
        at.a.write ("1");
        at.a.write ("2");
        CHECK (at.b.run_mailbox () == 1);
        CHECK (at.b.pattern.reads == told + 1);
        CHECK (at.b.read () == "2");
        at.a.write ("3");  // he is busy
        CHECK (at.b.run_mailbox () == 0);
        CHECK (at.b.read () == "3");
    }
    // Told of what he has read long ago, he waits on.
    CHECK (at.b.read () == "");
    Msg none;
    CHECK (at.channel->direction[0].newest.put (std::move (none)));
    CHECK (at.channel->direction[0].newest.take (none));
    at.channel->tell (1);
    const int told = at.b.pattern.reads;
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == told);
    at.a.write ("x");
    CHECK (at.b.run_mailbox () == 1);
    CHECK (at.b.pattern.reads == told + 1);
    CHECK (at.b.read () == "x");
}

TEST_CASE ("inproc pipe: with CONFLATE every subscription counts, and so does the newest when the writer has left")
{
    Joined at (1, 1, true);
    CHECK (at.b.read () == "");
    for (const char *topic : {"a", "b"}) {
        Msg frame;
        frame.init_copy (topic, 1);
        frame.set_kind (engine::Kind::subscribe);
        CHECK (at.a.pipe->write_unlimited (frame));
    }
    at.a.write ("old");
    at.a.write ("newest");
    CHECK (at.a.pipe->queued_out () == 3);
    at.a.pipe.reset ();
    at.b.run_mailbox ();
    CHECK (at.b.pattern.reads == 1);
    CHECK (at.b.pipe->closing ());
    CHECK (at.b.read () == "a");
    CHECK (at.b.read () == "b");
    CHECK_FALSE (at.b.pipe->drained ());
    CHECK (at.b.read () == "newest");
    CHECK (at.b.pipe->drained ());
    CHECK (at.b.read () == "");
}

TEST_CASE ("inproc pipe: the connecting side learns the binding side's id with its first sign of life")
{
    Joined at;
    at.b.write ("hello");
    CHECK (at.a.pattern.id.empty ());
    at.a.pipe->peer_active ();
    CHECK (at.a.pattern.id == "server");
    at.a.pattern.id.clear ();
    at.a.pipe->peer_active ();
    CHECK (at.a.pattern.id.empty ());  // once
}

TEST_CASE ("inproc pipe: before anybody has bound, only the own limit counts")
{
    InprocChannel *const channel = new InprocChannel;
    channel->side[0].send_limit = 2;
    channel->side[0].receive_limit = 5;
    channel->side[0].known = true;
    End end;
    channel->side[0].strand = &end.socket.strand ();
    end.pipe = std::make_unique<InprocPipe> (end.socket.socket (), end.pattern, channel, 0);
    int written = 0;
    while (end.write ("x"))
        ++written;
    CHECK (written == 2);
    channel->side[1].receive_limit = 3;
    channel->side[1].known = true;
    while (end.write ("x"))
        ++written;
    CHECK (written == 5);
    end.pipe->peer_active ();
    CHECK (end.pattern.writes == 0);  // it is full again
    end.pipe.reset ();
}

// ---- without memory ----

TEST_CASE ("inproc pipe: news for which there was no memory are not lost")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket reader (ZMQ_PAIR), writer (ZMQ_PAIR, reader.context ());
        REQUIRE (reader.socket ().bind_inproc ("inproc://n") == 0);
        REQUIRE (writer.socket ().connect_inproc ("inproc://n") == 0);
        CHECK (reader.recv ().empty ());
        Msg frame;
        frame.init_copy ("m", 1);
        bool failed = false;
        int error = 0;
        {
            const FailingMemory memory (spare);
            error = writer.socket ().try_send (frame);
            failed = memory.failed ();
        }
        if (!error)
            CHECK (reader.recv () == Frames{"m"});
        CHECK (reader.recv ().empty ());
        CHECK (writer.send ("next") == 0);
        CHECK (reader.recv () == Frames{"next"});
        // The end, too.
        CHECK (reader.recv ().empty ());
        REQUIRE (writer.socket ().end_endpoint ("inproc://n", "") == 0);
        {
            const FailingMemory memory (spare);
            writer.let_go ();
        }
        writer.hold ();
        CHECK (reader.recv ().empty ());
        reader.next_call ();
        zmq_ext_stats_t stats;
        for (HeldSocket *socket : {&reader, &writer}) {
            socket->socket ().fill_stats (stats);
            CHECK (stats.peers == 0);
        }
        if (!failed)
            break;
    }
}

TEST_CASE ("inproc pipe: a connect for which there is no memory says so, and may be tried again")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket bound (ZMQ_PAIR), connecting (ZMQ_PAIR, bound.context ());
        REQUIRE (bound.socket ().bind_inproc ("inproc://n") == 0);
        bool failed = false, refused = false;
        try {
            const std::string name = "inproc://n";
            const FailingMemory memory (spare, [&] { failed = true; });
            connecting.socket ().connect_inproc (name);
        } catch (const std::bad_alloc &) {
            refused = true;
        }
        if (refused)
            REQUIRE (connecting.socket ().connect_inproc ("inproc://n") == 0);
        CHECK (connecting.send ("hello") == 0);
        CHECK (bound.recv () == Frames{"hello"});
        if (!failed)
            break;
    }
}
