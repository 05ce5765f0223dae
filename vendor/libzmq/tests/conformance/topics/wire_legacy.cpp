// wire_legacy.cpp - peers of ZMTP 1.0 (with and without a versioned greeting) and 2.0.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

// Greeting of a 2.0 peer: signature, revision 1, socket type.
static std::string greeting_v2 (int type) { return "\xff" + wire::u64 (1) + "\x7f\x01" + std::string (1, static_cast<char> (type)); }

TEST_CASE ("2.0: signature, version, type, then an identity frame and messages")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Peer peer = Peer::connect (push.bind ());
    peer.send (greeting_v2 (ZMQ_PULL) + "\0\0"s);
    CHECK (wire::hex (peer.read (12)) == "ff 00 00 00 00 00 00 00 01 7f 03 08");
    CHECK (wire::hex (peer.read (2)) == "00 00");
    send (push, Msg{"a", "bc"});
    CHECK (wire::hex (peer.read (3)) == "01 01 61");
    CHECK (wire::hex (peer.read (4)) == "00 02 62 63");
    send (push, std::string (256, 'x'));
    CHECK (wire::hex (peer.read (9)) == "02 00 00 00 00 00 00 01 00");
}

TEST_CASE ("2.0: messages come in, the identity names the peer of a router")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    Peer peer = Peer::connect (router.bind ());
    peer.send (greeting_v2 (ZMQ_DEALER) + wire::frame ("old"));
    peer.read (12);
    peer.send (wire::frame ("a", 1) + wire::frame (std::string (300, 'b')));
    CHECK (recv (router) == Msg{"old", "a", std::string (300, 'b')});
    send (router, Msg{"old", "reply"});
    peer.read (2);
    CHECK (peer.read_frame () == Frame{0, "reply"});
}

TEST_CASE ("2.0: subscriptions are messages in both directions")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB), pub (ctx, ZMQ_XPUB);
    sub.subscribe ("t");
    Peer publisher = Peer::connect (sub.bind ());
    publisher.send (greeting_v2 (ZMQ_PUB) + "\0\0"s);
    publisher.read (14);
    CHECK (wait_serving ({sub}, [&] { return publisher.waiting (2); }));
    CHECK (wire::hex (publisher.read (4)) == "00 02 01 74");
    publisher.send (wire::frame ("t hello"));
    CHECK (recv (sub) == Msg{"t hello"});

    Peer subscriber = Peer::connect (pub.bind ());
    subscriber.send (greeting_v2 (ZMQ_SUB) + "\0\0"s + wire::frame ("\1t"));
    CHECK (recv (pub) == Msg{"\1t"});
    send (pub, "topic");
    subscriber.read (14);
    CHECK (subscriber.read_frame () == Frame{0, "topic"});
}

TEST_CASE ("1.0 without a versioned greeting: an identity frame first")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.send ("\1\0"s);  // anonymous
    peer.send (wire::frame_v1 ("one", 1) + wire::frame_v1 ("two"));
    CHECK (recv (pull) == Msg{"one", "two"});
}

TEST_CASE ("1.0: what is sent to it are v1 frames after the ten bytes and the id")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_ROUTING_ID, "abc");
    Peer peer = Peer::connect (dealer.bind ());
    peer.send ("\1\0"s);
    CHECK (wire::hex (peer.read (10)) == "ff 00 00 00 00 00 00 00 04 7f");
    CHECK (peer.read (3) == "abc");
    send (dealer, Msg{"out", ""});
    CHECK (wire::hex (peer.read (5)) == "04 01 6f 75 74");
    CHECK (wire::hex (peer.read (2)) == "01 00");
    send (dealer, std::string (253, 'x'));
    CHECK (wire::hex (peer.read (2)) == "fe 00");
    CHECK (peer.read (253) == std::string (253, 'x'));
    send (dealer, std::string (254, 'y'));
    CHECK (wire::hex (peer.read (10)) == "ff 00 00 00 00 00 00 00 ff 00");
    CHECK (peer.read (254) == std::string (254, 'y'));
}

TEST_CASE ("1.0: an id names the peer of a router, long frames come in")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    Peer peer = Peer::connect (router.bind ());
    peer.send (wire::frame_v1 ("v1id") + wire::frame_v1 (std::string (1000, 'z')));
    CHECK (recv (router) == Msg{"v1id", std::string (1000, 'z')});
}

TEST_CASE ("1.0: a length of zero ends the connection")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.send ("\1\0"s + "\0"s);
    CHECK (peer.closed ());
}

TEST_CASE ("1.0: a publisher sends everything, for those peers forward no subscriptions")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    Peer peer = Peer::connect (pub.bind ());
    peer.send ("\1\0"s);
    CHECK (recv (pub) == Msg{"\1"});
    send (pub, "anything");
    peer.read (10);
    CHECK (peer.read_frame_v1 () == "anything");
}

TEST_CASE ("a greeting of major version 0 means v1 frames")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Peer peer = Peer::connect (push.bind ());
    peer.send ("\xff" + wire::u64 (1) + "\x7f\0"s + std::string (1, static_cast<char> (ZMQ_PULL)) + "\1\0"s);
    CHECK (wire::hex (peer.read (12)) == "ff 00 00 00 00 00 00 00 01 7f 03 08");
    CHECK (wire::hex (peer.read (2)) == "01 00");
    send (push, "abc");
    CHECK (wire::hex (peer.read (5)) == "04 00 61 62 63");
}

TEST_CASE ("MAXMSGSIZE holds for old peers, too")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_MAXMSGSIZE, int64_t{10});
    const std::string endpoint = pull.bind ();
    Peer one = Peer::connect (endpoint);
    one.send ("\1\0"s + wire::frame_v1 ("0123456789"));
    CHECK (recv (pull) == Msg{"0123456789"});
    one.send (wire::frame_v1 ("0123456789a"));
    CHECK (one.closed ());
    Peer two = Peer::connect (endpoint);
    two.send (greeting_v2 (ZMQ_PUSH) + "\0\0"s + wire::frame ("0123456789a"));
    CHECK (two.closed ());
}

TEST_CASE ("old peers stay connected longer than HANDSHAKE_IVL")
{
    if (oracle ())  // 4.3.4 drops them when the timer ends
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HANDSHAKE_IVL, 50);
    Peer peer = Peer::connect (pull.bind ());
    peer.send (greeting_v2 (ZMQ_PUSH) + "\0\0"s);
    CHECK (peer.open (150));
    peer.send (wire::frame ("x"));
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("a socket with security drops old peers")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_PLAIN_SERVER, 1);
    const std::string endpoint = pull.bind ();
    Peer two = Peer::connect (endpoint);
    two.send (greeting_v2 (ZMQ_PUSH) + "\0\0"s);
    CHECK (two.closed ());
    Peer one = Peer::connect (endpoint);
    one.send ("\1\0"s);
    CHECK (one.closed ());
}
