// A stream between a descriptor and a pipe: handshakes in every split, back-pressure both ways, losses at every byte.
#include "io/stream.hpp"

#include <atomic>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>

#include "io/wired_stream.hpp"

using namespace held;

TEST_CASE ("stream: a handshake split anywhere, with a message right behind it")
{
    HeldSocket socket (ZMQ_PULL);
    const std::string bytes = greeting () + ready ("PUSH") + message ({"a", "b"});
    std::string whole;
    for (std::size_t split = 0; split <= bytes.size (); ++split) {
        CAPTURE (split);
        WiredStream stream (socket);
        stream.far.write (bytes.substr (0, split));
        stream.advance ();
        CHECK (stream->established () == (split >= bytes.size () - message ({"a", "b"}).size ()));
        stream.far.write (bytes.substr (split));
        stream.advance ();
        REQUIRE (stream->established ());
        CHECK (socket.recv () == Frames{"a", "b"});
        CHECK (socket.recv ().empty ());
        const std::string ours = stream.far.read ().value ();
        if (split == 0)
            whole = ours;
        CHECK (ours == whole);
        CHECK (ours.substr (0, 16) == greeting ().substr (0, 16));
    }
}

TEST_CASE ("stream: a handshake and traffic, a byte at a time")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket);
    const std::string body (300, 'x');  // a frame with a long length
    for (const char byte : greeting () + ready ("PUSH") + message ({body, "end"}) + message ({"next"})) {
        stream.far.write (std::string (1, byte));
        stream.advance ();
        REQUIRE_FALSE (stream->dead ());
    }
    CHECK (socket.recv () == Frames{body, "end"});
    CHECK (socket.recv () == Frames{"next"});
}

TEST_CASE ("stream: the peer leaves at every byte, and nothing of an unfinished message is delivered")
{
    HeldSocket socket (ZMQ_PULL);
    const std::string opening = greeting () + ready ("PUSH");
    const std::string first = message ({"one", "two"});
    const std::string bytes = opening + first + message ({"half", std::string (300, 'h'), "end"});
    for (std::size_t cut = 0; cut < bytes.size (); ++cut) {
        CAPTURE (cut);
        const zmq_ext_stats_t before = socket.socket ().stats;
        WiredStream stream (socket);
        stream.far.write (bytes.substr (0, cut));
        if (cut % 2)
            stream.advance ();
        // With our greeting unread the peer's end is a reset, otherwise an orderly one.
        if (cut % 3)
            stream.far.read ();
        stream.far.close ();
        for (int i = 0; i < 3; ++i)
            stream.advance ();
        CHECK (stream->dead ());
        CHECK (socket.socket ().stats.disconnects == before.disconnects + 1);
        CHECK (socket.socket ().stats.handshake_failures == before.handshake_failures + (cut < opening.size ()));
        if (cut >= opening.size () + first.size ())
            CHECK (socket.recv () == Frames{"one", "two"});
        CHECK (socket.recv ().empty ());
        CHECK (socket.socket ().inbound_messages == 0);
        socket.next_call ();
        zmq_ext_stats_t after;
        socket.socket ().fill_stats (after);
        CHECK (after.peers == 0);
        CHECK (after.queued_in == 0);
    }
}

TEST_CASE ("stream: a message whose reading has begun stays whole when the connection is lost")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"one", "two", "three"}) + message ({"cut", "off"}).substr (0, 6));
    stream.advance ();
    Msg frame;
    REQUIRE (socket.socket ().try_recv (frame) == 0);
    stream.far.close ();
    stream.advance ();
    CHECK (stream->dead ());
    socket.next_call ();  // reaps
    REQUIRE (socket.socket ().try_recv (frame) == 0);
    CHECK (frame.view () == "two");
    REQUIRE (socket.socket ().try_recv (frame) == 0);
    CHECK (frame.view () == "three");
    CHECK_FALSE (frame.more ());
    CHECK (socket.socket ().try_recv (frame) == EAGAIN);
}

TEST_CASE ("stream: a full pipe stops the reading, room resumes it")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 2;
    WiredStream stream (socket, "PUSH");
    std::string bytes;
    for (int i = 0; i < 7; ++i)
        bytes += message ({"m" + std::to_string (i)});
    stream.far.write (bytes);
    stream.advance ();
    CHECK (stream->paused ());
    CHECK ((stream->interest () & io_in) == 0);
    CHECK (stream.pipe ().inbound_messages () == 2);
    stream.advance ();
    CHECK (stream.pipe ().inbound_messages () == 2);
    for (int i = 0; i < 7; ++i) {
        CHECK (socket.recv () == Frames{"m" + std::to_string (i)});
        stream.advance ();
        CHECK (stream.pipe ().inbound_messages () == static_cast<std::size_t> (std::min (2, 6 - i)));
    }
    CHECK_FALSE (stream->paused ());
    CHECK ((stream->interest () & io_in) != 0);
}

TEST_CASE ("stream: what the kernel does not take waits, then goes on where it stopped")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.sndhwm = 0;
    WiredStream stream (socket, "PULL");
    int sent = 0;
    const auto body = [] (int i) { return std::to_string (i) + std::string (static_cast<std::size_t> (i % 9000), 'b'); };
    while (!stream->blocked () && sent < 100000) {
        REQUIRE (socket.send (body (sent), true) == 0);
        REQUIRE (socket.send ("end") == 0);
        ++sent;
    }
    REQUIRE (stream->blocked ());
    CHECK ((stream->interest () & io_out) != 0);
    CHECK (stream->output_pending ());
    for (int i = 0; i < 100; ++i, ++sent)
        REQUIRE (socket.send (body (sent), true) + socket.send ("end") == 0);
    CHECK_FALSE (stream->flush_inline ());  // not before it is writable again
    const auto messages = messages_in (stream.flush_all ());
    REQUIRE (messages.size () == static_cast<std::size_t> (sent));
    for (int i = 0; i < sent; ++i)
        REQUIRE (messages[static_cast<std::size_t> (i)] == Frames{body (i), "end"});
    CHECK_FALSE (stream->blocked ());
    CHECK_FALSE (stream->output_pending ());
    CHECK ((stream->interest () & io_out) == 0);
}

TEST_CASE ("stream: a peer that reads nothing is no reason to help for ever")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.sndhwm = 0;
    WiredStream stream (socket, "PULL");
    const std::string body (64 * 1024, 'b');
    for (int i = 0; i < 100 && !stream->congested (); ++i)
        REQUIRE (socket.send (body) == 0);
    REQUIRE (stream->congested ());
    stream->give_up_helping (stream->last_write ());  // it has written since: not stalled
    CHECK (stream->congested ());
    stream->give_up_helping (now ());
    CHECK_FALSE (stream->congested ());
    // It reads again: worth helping until the queue is short.
    stream.far.read ();
    stream.advance ();
    CHECK (stream->congested () == (stream->blocked () && stream.pipe ().outbound_bytes () > Stream::congestion));
}

TEST_CASE ("stream: the memory of a direct send may change as soon as the call is over")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.sndhwm = 0;
    WiredStream stream (socket, "PULL");
    std::string lent (3 << 20, 'l');
    const std::string kept = lent;
    Msg frame;
    frame.init_lent (lent.data (), lent.size ());
    REQUIRE (socket.socket ().try_send (frame) == 0);
    REQUIRE (stream->blocked ());
    // Behind it, still in the pipe's ring.
    frame.init_lent (lent.data (), lent.size ());
    REQUIRE (socket.socket ().try_send (frame) == 0);
    REQUIRE (stream->own_output ());
    REQUIRE (stream.pipe ().own_outbound (lent.data ()));
    lent.assign (lent.size (), '!');
    const auto messages = messages_in (stream.flush_all ());
    REQUIRE (messages.size () == 2);
    CHECK ((messages[0] == Frames{kept}));
    CHECK ((messages[1] == Frames{kept}));
}

TEST_CASE ("stream: frames that are too large or no frames at all end the connection")
{
    for (const std::string &bad : {frame (std::string (41, 'x')), "\2\xff\xff\xff\xff\xff\xff\xff\xff"s}) {
        HeldSocket socket (ZMQ_PULL);
        socket.socket ().options.maxmsgsize = 40;
        WiredStream stream (socket, "PUSH");
        stream.far.write (message ({"fine"}) + frame ("part", 1) + bad);
        stream.advance ();
        CHECK (stream->dead ());
        CHECK (socket.recv () == Frames{"fine"});
        CHECK (socket.recv ().empty ());
        CHECK_FALSE (stream.far.read ().has_value ());
    }
}

TEST_CASE ("stream: an incompatible peer is refused, with nothing left behind")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket);
    stream.far.write (greeting () + ready ("REQ"));
    stream.advance ();
    CHECK (stream->dead ());
    CHECK (socket.socket ().stats.handshake_failures == 1);
    zmq_ext_stats_t stats;
    socket.socket ().fill_stats (stats);
    CHECK (stats.peers == 0);
}

TEST_CASE ("stream: the reactor's turn ends though the peer takes all there is, and goes on from there")
{
    constexpr std::size_t size = 1 << 20;
    constexpr int count = 16;
    constexpr std::size_t most = 5 * (std::size_t{256} << 10);  // what a turn may come to
    HeldSocket socket (ZMQ_PUSH);
    WiredStream stream (socket, "PULL");
    static char body[size];
    // The kernel is full, so that all of them are queued.
    for (int i = 0; i < count; ++i) {
        Msg frame;
        frame.init_constant (body, size);
        REQUIRE (socket.socket ().try_send (frame) == 0);
    }
    REQUIRE (stream->blocked ());
    std::atomic<std::size_t> taken{0};
    std::thread peer ([&taken, fd = stream.far.fd ()] {
        static char space[size];
        for (;;) {
            pollfd more{fd, POLLIN, 0};
            if (::poll (&more, 1, 10000) <= 0)
                return;
            const ssize_t part = ::recv (fd, space, sizeof space, 0);
            if (part <= 0)
                return;
            taken += static_cast<std::size_t> (part);
        }
    });
    int turns = 0;
    while (stream->output_pending ()) {
        pollfd room{stream->fd (), POLLOUT, 0};
        REQUIRE (::poll (&room, 1, 10000) == 1);
        const std::size_t before = stream->unsent_bytes ();
        const Strand::Turn turn (socket.strand ());
        stream->flush ();
        CHECK (before - stream->unsent_bytes () <= most);
        CHECK (stream->blocked () == stream->output_pending ());
        ++turns;
    }
    CHECK (turns >= count * static_cast<int> (size) / static_cast<int> (most));
    ::shutdown (stream->fd (), SHUT_WR);
    peer.join ();
    CHECK (taken >= count * size);
}
