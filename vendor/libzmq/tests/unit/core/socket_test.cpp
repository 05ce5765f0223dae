// When what was sent is written (smart batching), and how a socket gets rid of pipes that have ended. The strand is held throughout, so
// that nobody writes but the calls under test. What depends on microseconds is tried until it was seen.
#include "core/socket.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "io/wired_stream.hpp"

using namespace held;

namespace {

// Longer than a stream has to be silent, and than any burst may collect.
void rest () { ::poll (nullptr, 0, 3); }

// Runs it until it is true; false when patience is over.
template <class Attempt>
bool sometime (Attempt &&attempt)
{
    for (const Nanoseconds deadline = now () + patience; now () < deadline;)
        if (attempt ())
            return true;
    return false;
}

std::size_t queued (WiredStream &stream) { return stream.pipe ().outbound_messages (); }

bool silent (WiredStream &stream) { return stream.far.read ().value_or ("(ended)").empty (); }

// Sends until one was left in the queue: a burst has begun. What was written before is read away.
void begin_burst (HeldSocket &socket, WiredStream &stream)
{
    REQUIRE (sometime ([&] {
        REQUIRE (socket.send ("m") == 0);
        return stream.pipe ().in_burst;
    }));
    stream.far.read ();
    REQUIRE (queued (stream) == 1);
}

// A PUB socket with a subscriber to "a" and one to "b"; both get "*".
struct Publisher
{
    Publisher ()
    {
        for (const std::string topic : {"a", "b"}) {
            WiredStream &stream = topic == "a" ? a : b;
            stream.far.write (frame ("\x09SUBSCRIBE" + topic, 4) + frame ("\x09SUBSCRIBE*", 4));
            stream.advance ();
        }
    }
    void send (const char *body) { REQUIRE (socket.send (body) == 0); }
    void begin_burst_of_both ()
    {
        REQUIRE (sometime ([&] {
            send ("*");
            return a.pipe ().in_burst && b.pipe ().in_burst;
        }));
        a.far.read ();
        b.far.read ();
    }

    HeldSocket socket{ZMQ_PUB};
    WiredStream a{socket, "SUB"};
    WiredStream b{socket, "SUB"};
};

zmq_ext_stats_t stats_of (HeldSocket &socket)
{
    zmq_ext_stats_t stats;
    socket.socket ().fill_stats (stats);
    return stats;
}

}  // namespace

// ---- when it is written ----

TEST_CASE ("socket: a message for a silent stream is written at once")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    for (const char *body : {"first", "second", "third"}) {
        rest ();
        CHECK (socket.send (body) == 0);
        CHECK (stream.far.read () == message ({body}));
        CHECK (queued (stream) == 0);
        CHECK_FALSE (stream.pipe ().in_burst);
    }
}

TEST_CASE ("socket: a burst collects; once its window is over, the next sixteenth message writes all of it")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    begin_burst (socket, stream);
    rest ();
    for (int i = 0; i < 15; ++i) {
        CHECK (socket.send (std::to_string (i)) == 0);
        CHECK (silent (stream));
    }
    CHECK (queued (stream) == 16);
    CHECK (stats_of (socket).queued_out == 16);
    CHECK (socket.send ("15") == 0);
    CHECK (queued (stream) == 0);
    CHECK_FALSE (stream.pipe ().in_burst);
    std::string expected = message ({"m"});
    for (int i = 0; i < 16; ++i)
        expected += message ({std::to_string (i)});
    CHECK (stream.far.read () == expected);
    CHECK (stats_of (socket).queued_out == 0);
}

TEST_CASE ("socket: a burst is written when it is large, wherever its window is")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    const std::string body (10000, 'b');
    begin_burst (socket, stream);
    for (int i = 0; i < 6; ++i)
        CHECK (socket.send (body) == 0);
    CHECK (silent (stream));
    CHECK (queued (stream) == 0);  // it is encoded while it collects
    CHECK (stream->output_pending ());
    CHECK (socket.send (body) == 0);
    CHECK_FALSE (stream->output_pending ());
    CHECK (messages_in (stream.flush_all ()).size () == 8);
}

TEST_CASE ("socket: looking for input writes a burst first; taking what is there does not")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    begin_burst (socket, stream);
    socket.socket ().poll_input ();
    CHECK (stream.far.read () == message ({"m"}));
    CHECK_FALSE (stream.pipe ().in_burst);

    stream.far.write (message ({"x"}) + message ({"y"}));
    socket.socket ().poll_input ();
    begin_burst (socket, stream);
    CHECK (socket.recv () == Frames{"x"});
    CHECK (socket.socket ().ready_now (ZMQ_POLLIN) == ZMQ_POLLIN);
    CHECK (silent (stream));
    CHECK (socket.recv () == Frames{"y"});
    CHECK (socket.socket ().ready_now (ZMQ_POLLIN) == 0);
    CHECK (stream.far.read () == message ({"m"}));
}

TEST_CASE ("socket: the reactor writes what the application leaves")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    for (int i = 0; i < 10; ++i) {
        begin_burst (socket, stream);
        CHECK (socket.wait ([&] { return stream.far.read () == message ({"m"}); }));
        CHECK_FALSE (stream.pipe ().in_burst);
    }
    // Asked directly: nothing to do, or a whole burst.
    CHECK (socket.socket ().batching ().flush_backstop () == Batching::Backstop::unneeded);
    begin_burst (socket, stream);
    rest ();
    CHECK (socket.socket ().batching ().flush_backstop () == Batching::Backstop::needed);
    CHECK (stream.far.read () == message ({"m"}));
    CHECK (socket.socket ().batching ().flush_backstop () == Batching::Backstop::unneeded);
}

TEST_CASE ("socket: the backstop leaves a burst that has just begun to its next tick")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    CHECK (sometime ([&] {
        begin_burst (socket, stream);
        const bool left = socket.socket ().batching ().flush_backstop () == Batching::Backstop::waiting && queued (stream) == 1;
        if (!left)
            stream.far.read ();
        return left;
    }));
    CHECK (socket.wait ([&] { return queued (stream) == 0; }));
    CHECK (stream.far.read () == message ({"m"}));
    // The reactor's look was due for an earlier burst; it comes back for this one.
    for (int i = 0; i < 5; ++i) {
        begin_burst (socket, stream);
        socket.socket ().poll_input ();
        rest ();
        begin_burst (socket, stream);
        CHECK (socket.wait ([&] { return queued (stream) == 0; }));
    }
}

TEST_CASE ("socket: a reply is written at once")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    for (int i = 0; i < 100; ++i) {
        stream.far.write (message ({"question"}));
        socket.socket ().poll_input ();
        CHECK (socket.recv () == Frames{"question"});
        CHECK (socket.send ("answer") == 0);
        CHECK (stream.far.read () == message ({"answer"}));
    }
}

TEST_CASE ("socket: replies to several requests at hand go out together, when the next receive finds no more")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    stream.far.write (message ({"1"}) + message ({"2"}) + message ({"3"}));
    socket.socket ().poll_input ();
    rest ();
    for (const char *number : {"1", "2", "3"}) {
        CHECK (socket.recv () == Frames{number});
        CHECK (socket.send (number) == 0);
        CHECK (silent (stream));
    }
    CHECK (queued (stream) == 3);
    socket.socket ().poll_input ();
    CHECK (stream.far.read () == message ({"1"}) + message ({"2"}) + message ({"3"}));
}

TEST_CASE ("socket: one that only sends takes its input meanwhile")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    stream.far.write (message ({"news"}));
    rest ();
    CHECK (socket.socket ().inbound_messages == 0);
    CHECK (socket.send ("m") == 0);
    CHECK (socket.socket ().inbound_messages == 1);
    CHECK (socket.recv () == Frames{"news"});
}

// ---- fan-out ----

TEST_CASE ("socket: a fan-out after silence is written to all at once")
{
    Publisher at;
    for (int i = 0; i < 3; ++i) {
        rest ();
        at.send ("*");
        CHECK (at.a.far.read () == message ({"*"}));
        CHECK (at.b.far.read () == message ({"*"}));
    }
}

TEST_CASE ("socket: a fan-out is one burst: to none that was silent when others were not")
{
    Publisher at;
    CHECK (sometime ([&] {
        at.socket.socket ().poll_input ();
        rest ();
        at.send ("a");  // to one of them
        at.send ("*");
        return at.b.pipe ().in_burst;
    }));
    at.socket.socket ().poll_input ();
    CHECK (at.b.far.read ().value ().ends_with (message ({"*"})));
}

TEST_CASE ("socket: a fan-out is one burst: the window's end writes all of it, to whomever")
{
    Publisher at;
    at.begin_burst_of_both ();
    rest ();
    const std::size_t left = queued (at.b);
    CHECK (left >= 1);
    // Of these only one of them gets any; by the sixteenth it has got as many.
    for (int i = 0; i < 32 && at.a.pipe ().in_burst; ++i)
        at.send ("a");
    CHECK (queued (at.a) == 0);
    CHECK (queued (at.b) == 0);
    CHECK_FALSE (at.a.pipe ().in_burst);
    CHECK_FALSE (at.b.pipe ().in_burst);
    CHECK (messages_in (at.b.far.read ().value ()).size () == left);
}

TEST_CASE ("socket: each sixty-fourth message of a fan-out's burst is encoded ahead, where it lies")
{
    Publisher at;
    CHECK (sometime ([&] {
        at.socket.socket ().poll_input ();
        at.a.far.read ();
        at.begin_burst_of_both ();
        for (int i = 0; i < 66 && at.b.pipe ().in_burst; ++i)
            at.send ("*");
        // The window may have been over before, so that all was written.
        return at.a.pipe ().in_burst && at.b.pipe ().in_burst && queued (at.a) < 20 && queued (at.b) < 20 && silent (at.a) && silent (at.b);
    }));
    at.socket.socket ().poll_input ();
    CHECK (messages_in (at.b.far.read ().value ()).size () > 64);
}

TEST_CASE ("socket: a burst to one is encoded ahead whenever two kilobytes wait")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    const std::string body (1000, 'b');
    begin_burst (socket, stream);
    for (const std::size_t left : {2u, 3u, 0u, 1u}) {
        CHECK (socket.send (body) == 0);
        CHECK (queued (stream) == left);
        CHECK (silent (stream));
        CHECK (stream.pipe ().in_burst);
    }
    socket.socket ().poll_input ();
    CHECK (messages_in (stream.far.read ().value ()) == std::vector<Frames>{{"m"}, {body}, {body}, {body}, {body}});
}

TEST_CASE ("socket: what is conflated is not encoded before it has to be")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.conflate = true;
    WiredStream stream (socket, "PULL");
    begin_burst (socket, stream);
    for (const char letter : {'a', 'b', 'c'}) {
        CHECK (socket.send (std::string (3000, letter)) == 0);
        CHECK (queued (stream) == 1);
    }
    CHECK (silent (stream));
    socket.socket ().poll_input ();
    CHECK (messages_in (stream.far.read ().value ()) == std::vector<Frames>{{std::string (3000, 'c')}});
}

// ---- pipes that end ----

TEST_CASE ("socket: a pipe that is terminated goes with the call, and what it held with it")
{
    HeldSocket socket (ZMQ_DEALER);
    WiredStream keeps (socket, "ROUTER"), goes (socket, "ROUTER");
    goes.far.write (message ({"1"}) + message ({"2"}));
    keeps.far.write (message ({"3"}));
    socket.socket ().poll_input ();
    REQUIRE (socket.socket ().inbound_messages == 3);
    CHECK (stats_of (socket).peers == 2);
    goes.pipe ().terminate ();
    CHECK (socket.socket ().inbound_messages == 3);
    socket.next_call ();
    CHECK (socket.socket ().inbound_messages == 1);
    CHECK (goes->dead ());
    CHECK_FALSE (goes.far.read ().has_value ());
    CHECK (stats_of (socket).peers == 1);
    CHECK (stats_of (socket).queued_in == 1);
    CHECK (socket.recv () == Frames{"3"});
    CHECK (socket.recv ().empty ());
    CHECK (socket.send ("to the other") == 0);
}

TEST_CASE ("socket: looking for input reaps too")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"1"}));
    socket.socket ().poll_input ();
    REQUIRE (socket.socket ().inbound_messages == 1);
    stream.pipe ().terminate ();
    socket.socket ().poll_input ();
    CHECK (socket.socket ().inbound_messages == 0);
    CHECK (stream->dead ());
}

TEST_CASE ("socket: a pipe whose peer has left goes when what it brought was read")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"a", "b"}) + message ({"c"}) + frame ("unfinished", 1));
    stream.far.close ();
    CHECK (socket.wait ([&] { return stream->dead (); }));
    CHECK (stats_of (socket).peers == 0);
    CHECK (stats_of (socket).queued_in == 2);
    CHECK (stats_of (socket).disconnects == 1);
    CHECK (socket.recv () == Frames{"a", "b"});
    socket.next_call ();
    CHECK (socket.recv () == Frames{"c"});
    socket.next_call ();
    CHECK (socket.recv ().empty ());
    CHECK (stats_of (socket).messages_in == 2);
    CHECK (stats_of (socket).bytes_in == 13);  // what came of the unfinished one, too
}

TEST_CASE ("socket: that a pipe is done for is not forgotten for want of memory")
{
    for (const bool terminated : {true, false}) {
        CAPTURE (terminated);
        HeldSocket socket (ZMQ_PULL);
        WiredStream stream (socket, "PUSH");
        stream.far.write (message ({"1"}));
        socket.socket ().poll_input ();
        REQUIRE (socket.socket ().inbound_messages == 1);
        NetworkPipe &pipe = stream.pipe ();
        if (!terminated) {
            stream.far.close ();
            CHECK (socket.wait ([&] { return stream->dead (); }));
        }
        const WatchedBlock last (&pipe);
        {
            Msg frame;
            const FailingMemory memory (0);
            if (terminated)
                pipe.terminate ();
            else
                socket.socket ().try_recv (frame);
        }
        CHECK (last.ends () == 0);
        socket.next_call ();
        CHECK (last.ends () == 1);
    }
}

TEST_CASE ("socket: a pipe may go in the middle of its burst, and of a call that wrote to it")
{
    HeldSocket socket (ZMQ_DEALER);
    WiredStream goes (socket, "ROUTER");
    begin_burst (socket, goes);
    goes.pipe ().terminate ();
    socket.next_call ();
    CHECK (goes->dead ());
    CHECK (stats_of (socket).queued_out == 0);
    CHECK (socket.send ("nobody") == EAGAIN);
    socket.socket ().batching ().flush ();
    rest ();
    socket.socket ().batching ().flush_backstop ();
    socket.next_call ();

    WiredStream other (socket, "ROUTER");
    Msg frame;
    REQUIRE (frame.init_copy ("m", 1) == 0);
    REQUIRE (other.pipe ().write (frame));
    other.pipe ().terminate ();
    socket.socket ().poll_input ();
    CHECK (other->dead ());
    socket.next_call ();
}

TEST_CASE ("socket: the ids that it makes up for its peers begin where no other's do")
{
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) {
        // Whatever the socket's memory held before does not matter.
        void *const memory = ::operator new (sizeof (Socket));
        std::memset (memory, 0x55, sizeof (Socket));
        ::operator delete (memory);
        HeldSocket router (ZMQ_ROUTER);
        WiredStream peer (router, "DEALER");
        peer.far.write (frame ("hello"));
        peer.advance ();
        ids.push_back (router.recv ().at (0));
        CHECK (ids.back ().size () == 5);
    }
    CHECK (ids[0] != ids[1]);
    CHECK (ids[1] != ids[2]);
    CHECK (ids[0] != ids[2]);
}

TEST_CASE ("socket: a body is sent without a copy only to streams")
{
    HeldSocket socket (ZMQ_DEALER);
    CHECK_FALSE (socket.socket ().may_send_direct ());
    WiredStream stream (socket, "ROUTER");
    CHECK (socket.socket ().may_send_direct ());
    REQUIRE (socket.socket ().bind_inproc ("inproc://direct") == 0);
    void *const peer = zmq_socket (socket.context (), ZMQ_DEALER);
    REQUIRE (zmq_connect (peer, "inproc://direct") == 0);
    socket.socket ().run_mailbox ();
    CHECK_FALSE (socket.socket ().may_send_direct ());
    zmq_close (peer);
}
