// linger.cpp - LINGER and termination: which unsent messages are delivered, and how long term waits for them.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

// Milliseconds that termination takes with one undeliverable message and this LINGER.
static double term_time (int linger, const std::function<void (Socket &)> &prepare = {})
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, linger).set (ZMQ_RECONNECT_IVL, 20);
    push.connect (unused_endpoint ());
    send (push, "never delivered");
    if (prepare)
        prepare (push);
    const Timer timer;
    push.close ();
    CHECK (ctx.term () == 0);
    return timer.ms ();
}

TEST_CASE ("LINGER 0: term returns at once") { CHECK (term_time (0) < 1000); }

TEST_CASE ("LINGER n: term waits that long and no longer")
{
    const double ms = term_time (150);
    CHECK (ms >= 145);
    CHECK (ms < 2000);
}

TEST_CASE ("the value at the time of close counts")
{
    CHECK (term_time (-1, [] (Socket &push) { push.set (ZMQ_LINGER, 0); }) < 1000);
    CHECK (term_time (0, [] (Socket &push) { push.set (ZMQ_LINGER, 120); }) >= 115);
}

TEST_CASE ("LINGER -1: term waits until a server comes and has got it all")
{
    Context ctx, other;
    const std::string endpoint = unused_endpoint ();
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, -1).set (ZMQ_RECONNECT_IVL, 10);
    push.connect (endpoint);
    for (int i = 0; i < 100; ++i)
        send (push, std::to_string (i));
    push.close ();
    Background terminator ([&] { ctx.term (); });
    CHECK_FALSE (terminator.wait (60));
    Socket pull (other, ZMQ_PULL);
    pull.bind (endpoint);
    for (int i = 0; i < 100; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
    CHECK (terminator.wait ());
}

TEST_CASE ("nothing to send: LINGER -1 does not delay term")
{
    Context ctx, other;
    Socket pull (other, ZMQ_PULL);
    Socket push (ctx, ZMQ_PUSH), idle (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, -1);
    idle.set (ZMQ_LINGER, -1);
    idle.connect (unused_endpoint ());
    push.connect (pull.bind ());
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
    push.close ();
    idle.close ();
    const Timer timer;
    CHECK (ctx.term () == 0);
    CHECK (timer.ms () < 1000);
}

TEST_CASE ("close returns at once whatever LINGER is")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, 200);
    push.connect (unused_endpoint ());
    send (push, "x");
    const Timer timer;
    CHECK (push.close () == 0);
    CHECK (timer.ms () < 150);
}

TEST_CASE ("everything sent before close arrives, small and large, tcp and ipc")
{
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, dir.ipc ()}) {
        Socket pull (ctx, ZMQ_PULL);
        pull.set (ZMQ_RCVHWM, 0);
        const std::string bound = pull.bind (endpoint);
        {
            Socket push (ctx, ZMQ_PUSH);
            push.set (ZMQ_LINGER, -1).set (ZMQ_SNDHWM, 0);
            push.connect (bound);
            for (int i = 0; i < 3000; ++i)
                send (push, std::to_string (i));
            send (push, std::string (20 << 20, 'z'));
        }
        for (int i = 0; i < 3000; ++i)
            if (recv (pull) != Msg{std::to_string (i)})
                FAIL ("message " << i);
        CHECK (recv (pull)[0].size () == 20 << 20);
    }
}

TEST_CASE ("a server's replies are delivered after its close, too")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    {
        Socket router (ctx, ZMQ_ROUTER);
        router.set (ZMQ_LINGER, -1);
        dealer.connect (router.bind ());
        send (dealer, "hi");
        const std::string id = recv (router)[0];
        for (int i = 0; i < 100; ++i)
            send (router, Msg{id, std::to_string (i)});
    }
    for (int i = 0; i < 100; ++i)
        CHECK (recv (dealer) == Msg{std::to_string (i)});
}

TEST_CASE ("LINGER 0 drops what was not yet sent")
{
    const std::string endpoint = unused_endpoint ();
    {
        // A context of its own, ended here: zmq_close may leave the rest to a thread that has not got to it yet.
        Context ctx;
        Socket push (ctx, ZMQ_PUSH);
        push.connect (endpoint);
        send (push, "dropped");
    }
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.bind (endpoint);
    CHECK (silent (pull, 150));
}

TEST_CASE ("disconnect delivers as LINGER allows")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_LINGER, -1);
    const std::string endpoint = pull.bind ();
    push.connect (endpoint);
    for (int i = 0; i < 200; ++i)
        send (push, std::to_string (i));
    CHECK (zmq_disconnect (push, endpoint.c_str ()) == 0);
    for (int i = 0; i < 200; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
}

TEST_CASE ("a peer that does not read holds term only for LINGER")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, 100).set (ZMQ_SNDBUF, 4096);
    Peer peer = Peer::connect (push.bind ());
    peer.handshake ("PULL");
    for (int i = 0; i < 20; ++i)
        send (push, std::string (1 << 20, 'x'));
    const Timer timer;  // LINGER begins with the close
    push.close ();
    CHECK (ctx.term () == 0);
    CHECK (timer.reached (95));
    CHECK (timer.ms () < 2500);
}

TEST_CASE ("sockets that linger count against MAX_SOCKETS until they are gone")
{
    Context ctx;
    ctx.set (ZMQ_MAX_SOCKETS, 2);
    Socket keeps (ctx, ZMQ_PAIR);
    {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_LINGER, 150);
        push.connect (unused_endpoint ());
        send (push, "x");
    }
    CHECK_NULL_ERRNO (zmq_socket (ctx, ZMQ_PAIR), EMFILE);
    void *socket = nullptr;
    CHECK (wait_until ([&] { return (socket = zmq_socket (ctx, ZMQ_PAIR)) != nullptr; }));
    zmq_close (socket);
}
