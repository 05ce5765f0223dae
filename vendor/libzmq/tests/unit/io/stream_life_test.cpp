// A stream's time limits and its end: the handshake's, heartbeats, lingering, finishing.
#include <string>
#include <utility>

#if defined(__GLIBC__)
#    include <malloc.h>
#endif

#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "io/stream.hpp"
#include "io/wired_stream.hpp"

using namespace held;

namespace {

// Bytes of the heap that are in use; 0 where nobody knows.
std::size_t heap_used ()
{
#if defined(__GLIBC__)
    const struct mallinfo2 info = ::mallinfo2 ();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

}  // namespace

TEST_CASE ("stream: a peer that does not finish the handshake in time is dropped")
{
    for (const std::string &said : {std::string (), greeting ().substr (0, 11), greeting ()}) {
        HeldSocket socket (ZMQ_PULL);
        socket.socket ().options.handshake_ivl = 20;
        WiredStream stream (socket);
        stream.far.write (said);
        CHECK (socket.wait ([&] { return stream->dead (); }));
        CHECK (socket.socket ().stats.handshake_failures == 1);
        while (const auto left = stream.far.read ())
            if (left->empty ())
                break;
        CHECK_FALSE (stream.far.read ().has_value ());
    }
}

TEST_CASE ("stream: the handshake's time limit ends with the handshake")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.handshake_ivl = 20;
    WiredStream stream (socket, "PUSH");
    const Nanoseconds until = now () + 60 * millisecond;
    CHECK (socket.wait ([&] { return now () > until; }));
    CHECK (stream->established ());
}

TEST_CASE ("stream: a silent peer is sent a PING and then given up")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.heartbeat_ivl = 20;
    socket.socket ().options.heartbeat_timeout = 20;
    WiredStream stream (socket, "PUSH");
    std::string heard;
    CHECK (socket.wait ([&] {
        heard += stream.far.read ().value_or ("");
        return stream->dead ();
    }));
    CHECK (heard.substr (0, 9) == "\4\x07\4PING\0\0"s);
    CHECK (socket.socket ().stats.disconnects == 1);
}

TEST_CASE ("stream: traffic keeps a connection with heartbeats alive, also when our own side does not read")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.heartbeat_ivl = 20;
    socket.socket ().options.heartbeat_timeout = 20;
    socket.socket ().options.rcvhwm = 1;
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"a"}) + message ({"b"}));
    stream.advance ();
    REQUIRE (stream->paused ());
    const Nanoseconds until = now () + 100 * millisecond;
    CHECK (socket.wait ([&] { return now () > until; }));
    CHECK (stream->established ());
}

TEST_CASE ("stream: a PING is answered before what is queued, with its context")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (frame ("\4PING\0\0ctx"s, 4));
    stream.advance ();
    CHECK (stream.far.read () == frame ("\4PONGctx", 4));
}

TEST_CASE ("stream: a PING's time to live runs out when nothing more comes")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (frame ("\4PING\0\1"s, 4));  // a tenth of a second
    stream.advance ();
    const Nanoseconds start = now ();
    CHECK (socket.wait ([&] { return stream->dead (); }));
    CHECK (now () - start > 90 * millisecond);
}

TEST_CASE ("stream: lingering ends when everything was taken, not before")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.sndhwm = 0;
    WiredStream stream (socket, "PULL");
    const std::string body (100000, 'b');
    int sent = 0;
    while (!stream->blocked ()) {
        REQUIRE (socket.send (body) == 0);
        ++sent;
    }
    REQUIRE (socket.send ("last") == 0);
    stream->linger ();
    CHECK (stream->lingering ());
    CHECK (stream->established ());
    std::string all;
    bool ended = false;
    CHECK (socket.wait ([&] {
        all += stream.flush_all (&ended);
        return ended;
    }));
    const auto messages = messages_in (all);
    REQUIRE (messages.size () == static_cast<std::size_t> (sent + 1));
    CHECK (messages.back () == Frames{"last"});
    CHECK (socket.wait ([&] { return stream->dead (); }));
    CHECK (socket.socket ().stats.disconnects == 0);
}

TEST_CASE ("stream: an idle one that is to linger finishes at once")
{
    HeldSocket socket (ZMQ_PUSH);
    WiredStream stream (socket, "PULL");
    stream->linger ();
    CHECK (stream->dead ());
    CHECK_FALSE (stream.far.read ().has_value ());
}

TEST_CASE ("stream: finishing waits for the peer to take what was written, and throws away what it still says")
{
    HeldSocket socket (ZMQ_PUSH);
    WiredStream stream (socket, "PULL");
    REQUIRE (socket.send ("last words") == 0);
    stream->linger ();
    CHECK (stream->finishing ());  // the peer has not read them
    stream.far.write (message ({"not heard"}));
    const Nanoseconds until = now () + 10 * millisecond;
    CHECK (socket.wait ([&] { return now () > until; }));
    CHECK (stream->finishing ());
    CHECK (messages_in (stream.far.read ().value ()) == std::vector<Frames>{{"last words"}});
    CHECK (socket.wait ([&] { return stream->dead (); }));
}

TEST_CASE ("stream: a peer that leaves ends the lingering too")
{
    HeldSocket socket (ZMQ_PUSH);
    socket.socket ().options.sndhwm = 0;
    WiredStream stream (socket, "PULL");
    while (!stream->blocked ())
        REQUIRE (socket.send (std::string (100000, 'b')) == 0);
    stream->linger ();
    stream.far.close ();
    CHECK (socket.wait ([&] { return stream->dead (); }));
    zmq_ext_stats_t stats;
    CHECK (socket.wait ([&] {
        socket.socket ().fill_stats (stats);
        return stats.queued_out == 0;
    }));
}

TEST_CASE ("stream: a closed one has let go of everything")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"unread"}));
    NetworkPipe &pipe = stream.pipe ();
    stream->close ();
    pipe.stream = nullptr;
    pipe.terminate ();
    CHECK (stream->dead ());
    CHECK (stream->fd () == -1);
    CHECK_FALSE (stream->flush ());
    stream->pull ();
    stream->on_io (io_in | io_out | io_error);
    stream->on_timer ();
    CHECK (socket.socket ().attendance ().count () == 0);
    CHECK (socket.socket ().stats.disconnects == 0);
    socket.next_call ();
    CHECK (socket.recv ().empty ());
}

TEST_CASE ("stream: one that has no memory left for finishing ends all the same, once its peer has taken everything")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket socket (ZMQ_PUSH);
        socket.socket ().options.handshake_ivl = 0;  // no timer is left over from the handshake
        WiredStream stream (socket, "PULL");
        REQUIRE (socket.send (std::string (20000, 'x')) == 0);
        bool failed = false;
        {
            const FailingMemory memory (spare);
            stream->linger ();
            failed = memory.failed ();
        }
        CHECK (socket.wait ([&] {
            stream.far.read ();
            return stream->dead ();
        }));
        if (!failed)
            break;
    }
}

TEST_CASE ("stream: to a type of single frames a message of several parts is none, and kept by no part of it")
{
    const std::pair<int, const char *> rows[] = {{ZMQ_SERVER, "CLIENT"},  {ZMQ_CLIENT, "SERVER"},   {ZMQ_PEER, "PEER"},
                                                 {ZMQ_GATHER, "SCATTER"}, {ZMQ_CHANNEL, "CHANNEL"}, {ZMQ_SCATTER, "GATHER"},
                                                 {ZMQ_RADIO, "DISH"}};
    for (const auto &row : rows) {
        const int type = row.first;
        const char *const peer = row.second;
        CAPTURE (peer);
        HeldSocket socket (type);
        WiredStream at (socket, peer);
        const std::string part = frame (std::string (1000, 'p'), 1);
        const std::size_t used = heap_used ();
        for (int i = 0; i < 1000; ++i) {
            at.far.write (part);
            at.far.write (part);
            at.advance ();
        }
        CHECK (heap_used () < used + 1000000);
        CHECK (at.pipe ().inbound_messages () == 0);
        at.far.write (frame ("the last") + frame ("single"));
        at.advance ();
        if (type == ZMQ_SCATTER || type == ZMQ_RADIO)
            continue;
        CHECK (socket.recv () == Frames{"single"});
        CHECK (socket.recv ().empty ());
    }
}
