// xsub.cpp - XSUB: what is sent upstream, what is counted, what a new publisher is told.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("a frame starting with 1 subscribes, with 0 cancels, anything else goes up unchanged")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB);
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("XPUB");
    CHECK (wait_until ([&] { return events (sub) >= 0 && try_send (sub, "\1t") == 2 && peer.read_available (5).size () > 0; }));
    send (sub, "user");
    while (peer.read_frame () != Frame{0, "user"}) {
    }
    send (sub, Msg{"two", "frames"});
    CHECK (peer.read_frame () == Frame{1, "two"});
    CHECK (peer.read_frame () == Frame{0, "frames"});
    send (sub, "");
    CHECK (peer.read_frame () == Frame{0, ""});
}

TEST_CASE ("every subscription is sent, a cancel only when the count drops to zero")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB), pub (ctx, ZMQ_XPUB);
    pub.set (ZMQ_XPUB_VERBOSER, 1);
    sub.connect (pub.bind (inproc_name ()));
    send (sub, "\1t");
    send (sub, "\1t");
    CHECK (recv (pub) == Msg{"\1t"});
    CHECK (recv (pub) == Msg{"\1t"});
    send (sub, "\0t"s);
    send (sub, "marker");
    CHECK (recv (pub) == Msg{"marker"});  // the first cancel stayed here
    send (sub, "\0t"s);
    CHECK (recv (pub) == Msg{"\0t"s});
}

TEST_CASE ("a cancel of an unknown topic is swallowed")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB), pub (ctx, ZMQ_XPUB);
    pub.set (ZMQ_XPUB_VERBOSER, 1);
    sub.connect (pub.bind (inproc_name ()));
    send (sub, "\0unknown"s);
    send (sub, "marker");
    CHECK (recv (pub) == Msg{"marker"});
}

TEST_CASE ("XSUB does not filter")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB);
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("PUB");
    peer.send (wire::frame ("anything", 1) + wire::frame ("at all"));
    CHECK (recv (sub) == Msg{"anything", "at all"});
}

TEST_CASE ("each new publisher is told every topic once")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB), pub (ctx, ZMQ_XPUB);
    send (sub, "\1a");
    send (sub, "\1b");
    send (sub, "\1a");
    send (sub, "\1c");
    send (sub, "\0c"s);
    pub.set (ZMQ_XPUB_VERBOSER, 1);
    sub.connect (pub.bind ());
    Msg seen{recv (pub)[0], recv (pub)[0]};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen == Msg{"\1a", "\1b"});
    CHECK (silent (pub, 10));
}

TEST_CASE ("in one message every frame is looked at")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB), pub (ctx, ZMQ_XPUB);
    sub.connect (pub.bind (inproc_name ()));
    send (sub, Msg{"\1a", "\1b"});
    send (pub, "x");
    CHECK (recv (pub) == Msg{"\1a"});
    CHECK (recv (pub) == Msg{"\1b"});
    send (pub, "b");
    CHECK (recv (sub) == Msg{"b"});
}

TEST_CASE ("ONLY_FIRST_SUBSCRIBE: after a user frame the rest is user data")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB), pub (ctx, ZMQ_XPUB);
    REQUIRE (sub.try_set (opt_only_first_subscribe, 1) == 0);
    REQUIRE (pub.try_set (opt_only_first_subscribe, 1) == 0);
    sub.connect (pub.bind (inproc_name ()));
    send (sub, Msg{"user", "\1t"});
    CHECK (recv (pub) == Msg{"user", "\1t"});
    send (pub, "t");
    CHECK (silent (sub, 10));
}

TEST_CASE ("sending is dropped without publishers and always possible")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB);
    CHECK (can_send (sub));
    CHECK (try_send (sub, "\1t") == 2);
    CHECK (try_send (sub, "user") == 4);
}

TEST_CASE ("XSUB and XPUB make a forwarder")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), xsub (ctx, ZMQ_XSUB), xpub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    xsub.connect (pub.bind ());
    sub.subscribe ("t").connect (xpub.bind ());
    send (xsub, recv (xpub));  // the subscription goes up
    CHECK (wait_until ([&] {
        send (pub, "t0");
        return wait_for (xsub, ZMQ_POLLIN, 2);
    }));
    send (xpub, recv (xsub));
    CHECK (recv (sub) == Msg{"t0"});
}

TEST_CASE ("fair queueing between publishers")
{
    Context ctx;
    Socket sub (ctx, ZMQ_XSUB);
    sub.bind ();
    const std::string endpoint = sub.text (ZMQ_LAST_ENDPOINT);
    Peer one = Peer::connect (endpoint), two = Peer::connect (endpoint);
    one.handshake ("PUB");
    two.handshake ("PUB");
    for (int i = 0; i < 10; ++i) {
        one.send (wire::frame ("1"));
        two.send (wire::frame ("2"));
    }
    sleep_ms (quiet);
    int ones = 0;
    for (int i = 0; i < 10; ++i)
        ones += recv (sub) == Msg{"1"};
    CHECK (ones >= 4);
    CHECK (ones <= 6);
}
