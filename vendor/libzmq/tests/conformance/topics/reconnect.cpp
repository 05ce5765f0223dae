// reconnect.cpp - what a connecting socket does when nobody is there yet, or the connection is lost.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <atomic>
#include <utility>

using namespace conf;

static std::vector<int> retry_intervals (Context &ctx, Socket &socket, size_t count)
{
    Monitor monitor (ctx, socket, ZMQ_EVENT_CONNECT_RETRIED);
    socket.connect (unused_endpoint ());
    std::vector<int> values;
    while (values.size () < count)
        values.push_back (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value);
    return values;
}

TEST_CASE ("the interval is RECONNECT_IVL plus up to as much again")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10);
    for (const int value : retry_intervals (ctx, push, 8)) {
        CHECK (value >= 10);
        CHECK (value < 20);
    }
}

TEST_CASE ("with RECONNECT_IVL_MAX it doubles up to the maximum")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 5).set (ZMQ_RECONNECT_IVL_MAX, 40);
    const std::vector<int> values = retry_intervals (ctx, push, 6);
    if (ours ()) {
        CHECK (values == std::vector<int>{5, 10, 20, 40, 40, 40});
        return;
    }
    for (size_t i = 0; i < values.size (); ++i) {  // 4.3.4 adds a random part
        const int base = std::min (5 << i, 40);
        CHECK (values[i] >= base);
        CHECK (values[i] < base + 5);
    }
}

TEST_CASE ("RECONNECT_IVL 0: at once, and again and again")
{
    if (oracle ())  // never
        return;
    Context ctx;
    TempDir dir;
    for (const std::string &endpoint : {unused_endpoint (), dir.ipc ()}) {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_RECONNECT_IVL, 0);
        Monitor monitor (ctx, push, ZMQ_EVENT_CONNECT_RETRIED);
        push.connect (endpoint);
        for (int i = 0; i < 10; ++i)
            CHECK (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value == 0);
        Listener listener (endpoint);
        for (int i = 0; i < 3; ++i) {
            Peer peer = listener.accept ();
            peer.handshake ("PULL");
            send (push, "hello");
            CHECK (peer.read_frame () == Frame{0, "hello"});
        }
    }
}

TEST_CASE ("RECONNECT_IVL -1: a failed first attempt is the last")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, -1);
    Monitor monitor (ctx, push);
    push.connect (unused_endpoint ());
    monitor.wait (ZMQ_EVENT_CLOSED);
    CHECK (monitor.rest (100).empty ());
}

TEST_CASE ("RECONNECT_IVL -1: a lost connection is removed")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, -1);
    Listener listener;
    push.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.handshake ("PULL");
        CHECK (wait_for (push, ZMQ_POLLOUT));
    }
    CHECK (wait_until ([&] { return !can_send (push); }));
    CHECK (listener.nobody (50));
    CHECK_ERRNO (zmq_disconnect (push, listener.endpoint ().c_str ()), ENOENT);
}

namespace {

// A peer that was connected and is gone for good, as a monitor has seen.
void gain_and_lose (Context &ctx, Socket &socket, const std::string &peer_type, const std::string &where)
{
    Monitor monitor (ctx, socket, ZMQ_EVENT_DISCONNECTED);
    Listener listener (where);
    socket.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake (peer_type);
    CHECK (wait_for (socket, ZMQ_POLLOUT));
    peer.close ();
    monitor.wait (ZMQ_EVENT_DISCONNECTED);
    zmq_socket_monitor (socket, nullptr, 0);
}

const std::pair<int, const char *> senders[] = {{ZMQ_PUSH, "PULL"}, {ZMQ_DEALER, "DEALER"}, {ZMQ_REQ, "REP"}, {ZMQ_PAIR, "PAIR"}};

}  // namespace

TEST_CASE ("without reconnecting, sending to nobody says so instead of blocking for ever")
{
    if (oracle ())  // blocks for ever
        return;
    TempDir dir;
    for (const auto &[sender, peer_type] : senders) {
        const int type = sender;  // clang before 16 captures no structured bindings
        for (const std::string &where : {unused_endpoint (), dir.ipc (peer_type)}) {
            CAPTURE (type);
            CAPTURE (where);
            Context ctx;
            Socket socket (ctx, type);
            socket.set (ZMQ_RECONNECT_IVL, -1).set (ZMQ_SNDTIMEO, -1);
            gain_and_lose (ctx, socket, peer_type, where);
            CHECK_ERRNO (send_frame (socket, "x"), EHOSTUNREACH);
            // Who asks not to wait, or only for a while, is told what he expects.
            CHECK_ERRNO (send_frame (socket, "x", ZMQ_DONTWAIT), EAGAIN);
            socket.set (ZMQ_SNDTIMEO, 5);
            CHECK_ERRNO (send_frame (socket, "x"), EAGAIN);
            CHECK_FALSE (can_send (socket));
            // A new endpoint is a new chance.
            socket.set (ZMQ_SNDTIMEO, -1);
            Listener listener;
            socket.connect (listener.endpoint ());
            Peer peer = listener.accept ();
            peer.handshake (peer_type);
            send (socket, "x");
        }
    }
}

TEST_CASE ("a first attempt that was the last, and one that RECONNECT_STOP ends, are no different")
{
    if (oracle ())
        return;
    for (const int option : {ZMQ_RECONNECT_IVL, opt_reconnect_stop}) {
        Context ctx;
        Socket push (ctx, ZMQ_PUSH);
        push.set (option, option == ZMQ_RECONNECT_IVL ? -1 : 1).set (ZMQ_SNDTIMEO, -1).set (ZMQ_SNDHWM, 1);
        Monitor monitor (ctx, push, ZMQ_EVENT_CLOSED);
        push.connect (unused_endpoint ());
        monitor.wait (ZMQ_EVENT_CLOSED);
        CHECK_ERRNO (send_frame (push, "x"), EHOSTUNREACH);
    }
}

TEST_CASE ("a peer that is given up for its protocol errors is no different")
{
    if (oracle ())
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_SNDTIMEO, -1);
    Monitor monitor (ctx, push, ZMQ_EVENT_DISCONNECTED);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.send (wire::greeting () + wire::ready ("SUB"));
    monitor.wait (ZMQ_EVENT_DISCONNECTED);
    send (push, "taken, and lost");  // (topic refused)
    CHECK_ERRNO (send_frame (push, "x"), EHOSTUNREACH);
}

TEST_CASE ("a sender that already waits is told when the last peer goes for good")
{
    if (oracle ())
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, -1).set (ZMQ_SNDTIMEO, -1).set (ZMQ_SNDHWM, 1).set (ZMQ_SNDBUF, 4096);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    CHECK (wait_for (push, ZMQ_POLLOUT));
    std::atomic<int> error{0};
    Background sender ([&] {
        const std::string body (100000, 'b');
        while (send_frame (push, body) != -1) {
        }
        error = zmq_errno ();
    });
    CHECK_FALSE (sender.wait (quiet));
    peer.close ();
    CHECK (sender.wait ());
    CHECK (error == EHOSTUNREACH);
}

TEST_CASE ("as long as a peer may come, a sender waits for it")
{
    if (oracle ())
        return;
    const char *const chances[] = {"bound", "bound inproc", "connected inproc", "connected elsewhere", "none yet"};
    for (const std::string chance : chances) {
        CAPTURE (chance);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_RECONNECT_IVL, -1).set (ZMQ_SNDTIMEO, -1);
        const std::string name = inproc_name ();
        std::string late = unused_endpoint ();
        if (chance == "bound")
            late = push.bind ();
        else if (chance == "bound inproc")
            push.bind (late = name);
        else if (chance == "connected elsewhere") {
            push.set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_IMMEDIATE, 1);
            push.connect (late);
            push.set (ZMQ_RECONNECT_IVL, -1).set (ZMQ_IMMEDIATE, 0);
        } else if (chance == "connected inproc") {
            push.set (ZMQ_SNDHWM, 1);
            push.connect (late = name);
            send (push, "fill");
        }
        if (chance != "none yet")
            gain_and_lose (ctx, push, "PULL", unused_endpoint ());
        Background sender ([&] { send (push, "x"); });
        CHECK_FALSE (sender.wait (quiet));
        Socket pull (ctx, ZMQ_PULL);
        if (chance.starts_with ("bound"))
            pull.connect (late);
        else
            pull.bind (late);
        if (chance == "none yet")
            push.connect (late);  // our sockets are any thread's
        if (chance == "connected inproc")
            CHECK (recv (pull) == Msg{"fill"});
        CHECK (recv (pull) == Msg{"x"});
        CHECK (sender.wait ());
    }
}

TEST_CASE ("a server that comes later is found")
{
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {unused_endpoint (), dir.ipc ()}) {
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.set (ZMQ_RECONNECT_IVL, 10);
        push.connect (endpoint);
        send (push, "waiting");
        sleep_ms (30);
        pull.bind (endpoint);
        CHECK (recv (pull) == Msg{"waiting"});
    }
}

TEST_CASE ("a server that restarts is found again, what was queued meanwhile is delivered")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10);
    const std::string endpoint = unused_endpoint ();
    push.connect (endpoint);
    Monitor monitor (ctx, push, ZMQ_EVENT_DISCONNECTED);
    for (int round = 0; round < 3; ++round) {
        Socket pull (ctx, ZMQ_PULL);
        CHECK (wait_until ([&] { return zmq_bind (pull, endpoint.c_str ()) == 0; }));
        if (round > 0)
            CHECK (recv (pull) == Msg{"queued"});
        send (push, std::to_string (round));
        CHECK (recv (pull) == Msg{std::to_string (round)});
        pull.close ();
        monitor.wait (ZMQ_EVENT_DISCONNECTED);
        send (push, "queued");
    }
}

TEST_CASE ("after each established connection the back-off starts anew")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 5).set (ZMQ_RECONNECT_IVL_MAX, 1000);
    const std::string endpoint = unused_endpoint ();
    Monitor monitor (ctx, push, ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CONNECTED);
    push.connect (endpoint);
    for (int i = 0; i < 3; ++i)
        CHECK (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value >= 5);
    Listener listener (endpoint);
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    monitor.wait (ZMQ_EVENT_CONNECTED);
    peer.close ();
    CHECK (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value < 10);
}

TEST_CASE ("a half sent message is sent whole on the new connection, or not at all; later ones are sent")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_SNDBUF, 4096);
    Listener listener;
    push.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.handshake ("PULL");
        send (push, Msg{"head", std::string (8 << 20, 'x'), "tail"});
        CHECK (peer.read_frame () == Frame{1, "head"});
        peer.read (100000);
        peer.reset ();
    }
    Peer next = listener.accept ();
    next.handshake ("PULL");
    send (push, "whole");
    if (ours ()) {  // others drop it
        CHECK (next.read_frame () == Frame{1, "head"});
        CHECK (next.read_frame () == Frame{3, std::string (8 << 20, 'x')});
        CHECK (next.read_frame () == Frame{0, "tail"});
    }
    CHECK (next.read_frame () == Frame{0, "whole"});
}

TEST_CASE ("RECONNECT_STOP on refusal: one attempt")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    REQUIRE (push.try_set (opt_reconnect_stop, 1) == 0);
    push.set (ZMQ_RECONNECT_IVL, 5);
    Monitor monitor (ctx, push);
    push.connect (unused_endpoint ());
    const std::vector<std::string> seen = monitor.rest (100);
    CHECK (std::count (seen.begin (), seen.end (), "CONNECT_RETRIED") == 0);
    CHECK (seen.back () == "CLOSED");
}

TEST_CASE ("RECONNECT_STOP after a failed handshake")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    REQUIRE (push.try_set (opt_reconnect_stop, 2) == 0);
    push.set (ZMQ_RECONNECT_IVL, 5);
    Listener listener;
    Monitor monitor (ctx, push);
    push.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.send (wire::greeting ());
        peer.read (64);
    }
    CHECK (monitor.until (ZMQ_EVENT_DISCONNECTED).back () == "DISCONNECTED");
    CHECK (listener.nobody (60));
}

TEST_CASE ("CONNECT_TIMEOUT ends an attempt that nobody answers")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_CONNECT_TIMEOUT, 50).set (ZMQ_RECONNECT_IVL, 10);
    Monitor monitor (ctx, push);
    push.connect ("tcp://192.0.2.1:9");  // TEST-NET: no answer, or none at all from a host without a route
    CHECK (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value >= 10);
}

TEST_CASE ("a DEALER receives what its peer sent before and after a reconnect")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    dealer.connect (listener.endpoint ());
    for (int i = 0; i < 3; ++i) {
        Peer peer = listener.accept ();
        peer.handshake ("DEALER");
        peer.send (wire::frame (std::to_string (i)));
    }
    for (int i = 0; i < 3; ++i)
        CHECK (recv (dealer) == Msg{std::to_string (i)});
}
