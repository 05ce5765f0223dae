// heartbeat.cpp - HEARTBEAT_IVL, _TIMEOUT and _TTL on the wire.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <sys/socket.h>

using namespace conf;

static const std::string ping_without_ttl = "\4PING\0\0"s;

TEST_CASE ("without HEARTBEAT_IVL no PING is sent")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.read_available (150).empty ());
}

TEST_CASE ("a PING every interval, not earlier")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 50);
    const Timer timer;  // the engine's own clock begins with the handshake
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    for (int i = 1; i <= 4; ++i) {
        CHECK (peer.read_frame () == Frame{4, ping_without_ttl});
        CHECK (timer.reached (50 * i - 15));
        peer.send (wire::command ("PONG"));
    }
}

TEST_CASE ("PING carries the ttl in tenths of a second")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 20).set (ZMQ_HEARTBEAT_TTL, 12345).set (ZMQ_HEARTBEAT_TIMEOUT, 0);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.read_frame () == Frame{4, "\4PING" + wire::u16 (123)});
}

TEST_CASE ("a peer that answers nothing is dropped after the timeout, not earlier")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 30).set (ZMQ_HEARTBEAT_TIMEOUT, 120);
    Monitor monitor (ctx, pull, ZMQ_EVENT_DISCONNECTED);
    const Timer timer;  // the engine's own clock begins with the handshake
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.closed ());
    CHECK (timer.reached (140));
    CHECK (monitor.next ().event == ZMQ_EVENT_DISCONNECTED);
}

TEST_CASE ("by default the timeout is the interval")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 60);
    const Timer timer;  // the engine's own clock begins with the handshake
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.closed ());
    CHECK (timer.reached (110));
    CHECK (timer.ms () < 2000);
}

TEST_CASE ("any traffic counts as an answer")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 100).set (ZMQ_HEARTBEAT_TIMEOUT, 100);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    for (int i = 0; i < 16; ++i) {
        peer.send (i % 2 ? wire::frame ("message") : wire::command ("UNKNOWN"));
        CHECK (peer.open (25));
    }
    CHECK (drain (pull, 5) == 8);
}

TEST_CASE ("a message that is long on its way counts, too")
{
    if (oracle ())  // counts whole frames
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 400).set (ZMQ_HEARTBEAT_TIMEOUT, 400);
    TempDir dir;
    for (const std::string &where : {"tcp://127.0.0.1:*"s, dir.ipc ()}) {
        Peer peer = Peer::connect (pull.bind (where));
        peer.handshake ("PUSH");
        const std::string bytes = wire::frame (std::string (40000, 'b'));
        for (size_t at = 0; at < bytes.size (); at += 1000) {
            peer.send (bytes.substr (at, 1000));
            CHECK (peer.open (25));
        }
        CHECK (recv (pull) == Msg{std::string (40000, 'b')});
    }
}

TEST_CASE ("the bytes of a large message after a PING with a ttl keep the connection")
{
    if (oracle ())
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    const std::string bytes = wire::frame (std::string (24000, 'b'));
    peer.send (wire::command ("PING", wire::u16 (4)) + bytes.substr (0, 1000));
    for (size_t at = 1000; at < bytes.size (); at += 1000) {
        peer.send (bytes.substr (at, 1000));
        CHECK (peer.open (25));
    }
    CHECK (recv (pull) == Msg{std::string (24000, 'b')});
}

TEST_CASE ("a peer that slowly takes a large message cannot have seen the PING behind it")
{
    if (oracle ())
        return;
    Context ctx;
    TempDir dir;
    for (const std::string &where : {"tcp://127.0.0.1:*"s, dir.ipc ()}) {
        CAPTURE (where);
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_HEARTBEAT_IVL, 400).set (ZMQ_HEARTBEAT_TIMEOUT, 400).set (ZMQ_SNDBUF, 65536);
        Peer peer = Peer::connect (push.bind (where));
        const int size = 16384;
        setsockopt (peer.fd (), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        peer.handshake ("PULL");
        const std::string body (2400000, 'b');
        send (push, body);
        // For more than a second, in steps that let the system's buffers show progress.
        std::string got;
        for (const Timer timer; timer.ms () < 1200 && got.size () < 1600000; sleep_ms (20))
            got += peer.read (32000);
        got += peer.read (body.size () + 9 - got.size ());
        CHECK (got.substr (9) == body);
        // It lives, but now that it has everything it must say so.
        CHECK (peer.closed ());
    }
}

TEST_CASE ("a timeout of 0 never drops")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 20).set (ZMQ_HEARTBEAT_TIMEOUT, 0);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.open (200));
    peer.send (wire::frame ("alive"));
    CHECK (recv (pull) == Msg{"alive"});
}

TEST_CASE ("a ttl in the peer's PING drops it when it falls silent")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const Timer timer;  // the engine's own clock begins with the handshake
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::command ("PING", wire::u16 (1)));
    CHECK (peer.read_frame () == Frame{4, "\4PONG"});
    CHECK (peer.closed ());
    CHECK (timer.reached (90));
    CHECK (timer.ms () < 2000);
}

TEST_CASE ("traffic after a PING with a ttl keeps the connection")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::command ("PING", wire::u16 (1)));
    peer.send (wire::frame ("traffic"));
    CHECK (peer.open (250));
    CHECK (recv (pull) == Msg{"traffic"});
}

TEST_CASE ("a very long ttl does not wrap")
{
    if (oracle ())  // 4.3.4 computes in 16 bits: 656 tenths become 64 ms
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::command ("PING", wire::u16 (656)));
    CHECK (peer.open (200));
}

TEST_CASE ("a connecting socket reconnects after a heartbeat timeout")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_HEARTBEAT_IVL, 30).set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer mute = listener.accept ();
    mute.handshake ("PULL");
    Peer next = listener.accept ();
    next.handshake ("PULL");
    send (push, "x");
    while (next.read_frame () != Frame{0, "x"}) {
    }
}

TEST_CASE ("two engines' heartbeats keep an idle connection")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_HEARTBEAT_IVL, 50).set (ZMQ_HEARTBEAT_TIMEOUT, 500);
    pull.set (ZMQ_HEARTBEAT_IVL, 50).set (ZMQ_HEARTBEAT_TIMEOUT, 500).set (ZMQ_HEARTBEAT_TTL, 1000);
    Monitor monitor (ctx, pull, ZMQ_EVENT_DISCONNECTED);
    push.connect (pull.bind ());
    send (push, "1");
    CHECK (recv (pull) == Msg{"1"});
    CHECK (monitor.rest (400).empty ());
    send (push, "2");
    CHECK (recv (pull) == Msg{"2"});
}

TEST_CASE ("whoever has read what filled his queue, and makes no call afterwards, answers a PING")
{
    for (const bool exported : {false, true}) {
        CAPTURE (exported);
        Context ctx;
        Socket pull (ctx, ZMQ_PULL);
        pull.set (ZMQ_RCVHWM, 1);
        if (exported)
            CHECK (pull.get (ZMQ_FD) >= 0);
        Peer peer = Peer::connect (pull.bind ());
        peer.handshake ("PUSH");
        peer.send (wire::frame ("one") + wire::frame ("two"));
        CHECK (recv (pull) == Msg{"one"});
        CHECK (recv (pull) == Msg{"two"});
        peer.send (wire::frame ("three"));
        CHECK (wait_for (pull, ZMQ_POLLIN));
        CHECK (recv (pull) == Msg{"three"});
        peer.send (wire::command ("PING", wire::u16 (0)));
        CHECK (peer.read_frame () == Frame{4, "\4PONG"});
    }
}

TEST_CASE ("old peers get no PING")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HEARTBEAT_IVL, 20);
    Peer peer = Peer::connect (pull.bind ());
    peer.send ("\1\0"s);
    peer.read (10);
    CHECK (peer.read_available (100).empty ());
    peer.send (wire::frame_v1 ("x"));
    CHECK (recv (pull) == Msg{"x"});
}
