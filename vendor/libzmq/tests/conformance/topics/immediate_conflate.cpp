// immediate_conflate.cpp - IMMEDIATE (queue only for completed connections) and CONFLATE (keep only the newest).
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("IMMEDIATE 0: a connect takes messages at once")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.connect (unused_endpoint ());
    CHECK (can_send (push));
    CHECK (try_send (push, "x") == 1);
}

TEST_CASE ("IMMEDIATE 1: nothing can be sent before the handshake is complete")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_IMMEDIATE, 1);
    Listener listener;
    push.connect (listener.endpoint ());
    CHECK_FALSE (can_send (push));
    Peer peer = listener.accept ();
    peer.send (wire::greeting ());
    peer.read (64);
    sleep_ms (20);
    CHECK_FALSE (can_send (push));
    CHECK_ERRNO (try_send (push, "x"), EAGAIN);
    peer.send (wire::ready ("PULL"));
    CHECK (wait_for (push, ZMQ_POLLOUT));
    send (push, "x");
    peer.read_frame ();
    CHECK (peer.read_frame () == Frame{0, "x"});
}

TEST_CASE ("IMMEDIATE 1: messages go only to servers that are there")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_IMMEDIATE, 1);
    push.connect (unused_endpoint ());
    push.connect (pull.bind ());
    for (int i = 0; i < 20; ++i)
        send (push, std::to_string (i));
    for (int i = 0; i < 20; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
}

TEST_CASE ("IMMEDIATE 0: half of them wait for the server that is not")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (unused_endpoint ());
    push.connect (pull.bind ());
    for (int i = 0; i < 20; ++i)
        send (push, std::to_string (i));
    CHECK (drain (pull) == 10);
}

TEST_CASE ("IMMEDIATE 1: a lost connection stops sending until the next one")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_IMMEDIATE, 1).set (ZMQ_RECONNECT_IVL, 50);
    Listener listener;
    push.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.handshake ("PULL");
        CHECK (wait_for (push, ZMQ_POLLOUT));
    }
    CHECK (wait_until ([&] { return !can_send (push); }));
    CHECK_ERRNO (try_send (push, "x"), EAGAIN);
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    send (push, "y");
    CHECK (peer.read_frame () == Frame{0, "y"});
}

TEST_CASE ("IMMEDIATE 1: a blocked send ends when the connection is complete")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_IMMEDIATE, 1).set (ZMQ_RECONNECT_IVL, 10);
    const std::string endpoint = unused_endpoint ();
    push.connect (endpoint);
    std::atomic<bool> sent{false};
    Background sender ([&] { sent = send_frame (push, "x") == 1; });
    CHECK_FALSE (sender.wait (quiet));
    pull.bind (endpoint);
    CHECK (recv (pull) == Msg{"x"});
    CHECK (sender.wait ());
    CHECK (sent);
}

TEST_CASE ("CONFLATE on the receiver keeps the newest message")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_CONFLATE, 1);
    push.connect (pull.bind ());
    for (int i = 0; i < 100; ++i)
        send (push, std::to_string (i));
    std::string last;
    CHECK (wait_until ([&] {
        if (wait_for (pull, ZMQ_POLLIN, 20))
            last = recv (pull)[0];
        return last == "99";
    }));
    CHECK (silent (pull, 10));
}

TEST_CASE ("CONFLATE on both ends over inproc: one message waits, the newest")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_CONFLATE, 1);
    pull.set (ZMQ_CONFLATE, 1);
    push.connect (pull.bind (inproc_name ()));
    for (int i = 0; i < 50; ++i)
        CHECK (try_send (push, std::to_string (i)) != -1);
    CHECK (recv (pull) == Msg{"49"});
    CHECK (silent (pull, 10));
    send (push, "next");
    CHECK (recv (pull) == Msg{"next"});
}

TEST_CASE ("CONFLATE over inproc: the connecting socket's holds, in both directions, whoever is there first")
{
    struct Types
    {
        int from, to;
        bool both_ways;
    };
    for (const Types types : {Types{ZMQ_PUSH, ZMQ_PULL, false}, Types{ZMQ_DEALER, ZMQ_DEALER, true}})
        for (int choice = 0; choice < 16; ++choice) {
            const bool from_binds = choice & 1, connect_first = choice & 2, from_conflates = choice & 4, to_conflates = choice & 8;
            CAPTURE (types.from);
            CAPTURE (from_binds);
            CAPTURE (connect_first);
            CAPTURE (from_conflates);
            CAPTURE (to_conflates);
            Context ctx;
            Socket from (ctx, types.from), to (ctx, types.to);
            for (Socket *socket : {&from, &to})
                socket->set (ZMQ_SNDHWM, 5).set (ZMQ_RCVHWM, 5);
            from.set (ZMQ_CONFLATE, from_conflates);
            to.set (ZMQ_CONFLATE, to_conflates);
            Socket &binder = from_binds ? from : to, &connecter = from_binds ? to : from;
            const std::string name = inproc_name ();
            if (connect_first)
                connecter.connect (name);
            binder.bind (name);
            if (!connect_first)
                connecter.connect (name);
            const bool conflates = from_binds ? to_conflates : from_conflates;
            const auto check = [&] (Socket &writer, Socket &reader) {
                // Each looks for news first: how often it does by itself differs.
                writer.get (ZMQ_EVENTS);
                reader.get (ZMQ_EVENTS);
                int sent = 0;
                for (int i = 0; i < 50; ++i)
                    sent += try_send (writer, std::to_string (i)) != -1;
                CHECK (can_send (writer) == conflates);
                CHECK (sent == (conflates ? 50 : 10));
                CHECK (wait_for (reader, ZMQ_POLLIN));
                CHECK (recv (reader) == Msg{conflates ? "49" : "0"});
                CHECK (drain (reader) == (conflates ? 0 : 9));
                CHECK_FALSE (wait_for (reader, ZMQ_POLLIN, 0));
            };
            check (from, to);
            if (types.both_ways)
                check (to, from);
        }
}

TEST_CASE ("CONFLATE over inproc: the last message arrives, whatever the reader is doing")
{
    if (oracle ())  // its reader can be left asleep beside the last message, which no call then gives
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_CONFLATE, 1);
    push.connect (pull.bind (inproc_name ()));
    const int rounds = 50, count = 2000;
    std::atomic<int> seen{-1};
    Background sender ([&] {
        unsigned random = 1;
        for (int i = 0; i < rounds * count; ++i) {
            send (push, std::to_string (i));
            random = random * 1664525 + 1013904223;
            for (volatile unsigned pause = random >> 24; pause > 0;)
                pause = pause - 1;
            // Nothing comes after the last of a round until it was read: whoever sleeps too long sleeps for ever.
            if (i % count == count - 1 && !wait_until ([&] { return seen == i; }))
                return;
        }
    });
    int last = -1;
    while (last < rounds * count - 1) {
        REQUIRE (wait_for (pull, ZMQ_POLLIN));
        const int next = std::stoi (recv (pull)[0]);
        REQUIRE (next > last);
        seen = last = next;
    }
    CHECK (sender.wait ());
    CHECK (silent (pull, 0));
}

TEST_CASE ("CONFLATE on an unconnected sender keeps only the newest")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_CONFLATE, 1).set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_SNDHWM, 3);
    const std::string endpoint = unused_endpoint ();
    push.connect (endpoint);
    for (int i = 0; i < 50; ++i)
        CHECK (try_send (push, std::to_string (i)) != -1);  // no mark applies
    Listener listener (endpoint);
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    CHECK (peer.read_frame () == Frame{0, "49"});
    CHECK (peer.read_available ().empty ());
}

TEST_CASE ("CONFLATE SUB gets the newest publication")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    sub.set (ZMQ_CONFLATE, 1).subscribe ("");
    sub.connect (pub.bind ());
    CHECK (recv (pub) == Msg{"\1"});
    for (int i = 0; i < 100; ++i)
        send (pub, std::to_string (i));
    CHECK (wait_until ([&] { return recv (sub) == Msg{"99"}; }));
}

TEST_CASE ("CONFLATE is ignored on types that cannot")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    router.set (ZMQ_CONFLATE, 1);
    dealer.connect (router.bind ());
    for (int i = 0; i < 5; ++i)
        send (dealer, std::to_string (i));
    for (int i = 0; i < 5; ++i)
        CHECK (recv (router)[1] == std::to_string (i));
}
