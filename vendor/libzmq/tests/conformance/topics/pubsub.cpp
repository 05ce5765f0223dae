// pubsub.cpp - PUB and SUB: matching, reference counts of topics, fan-out. XPUB's and XSUB's own rules have their topics.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

namespace {
// An XPUB (a PUB that tells when subscriptions are in effect) and a connected SUB.
struct Line
{
    Context ctx;
    Socket pub{ctx, ZMQ_XPUB}, sub{ctx, ZMQ_SUB};
    explicit Line (const std::string &endpoint = "tcp://127.0.0.1:*") { sub.connect (pub.bind (endpoint)); }
    void subscribe (const std::string &topic)
    {
        sub.subscribe (topic);
        CHECK (recv (pub) == Msg{"\1" + topic});
    }
    void unsubscribe (const std::string &topic)
    {
        sub.unsubscribe (topic);
        CHECK (recv (pub) == Msg{std::string (1, '\0') + topic});
    }
};
}  // namespace

TEST_CASE ("a topic matches by prefix of the first frame")
{
    Line line;
    line.subscribe ("abc");
    for (const char *topic : {"abc", "abcd", "ab", "xabc", "", "ABC", "abcabc"})
        send (line.pub, topic);
    CHECK (recv (line.sub) == Msg{"abc"});
    CHECK (recv (line.sub) == Msg{"abcd"});
    CHECK (recv (line.sub) == Msg{"abcabc"});
    CHECK (silent (line.sub));
}

TEST_CASE ("the empty topic matches everything, also empty messages")
{
    Line line;
    line.subscribe ("");
    send (line.pub, "");
    send (line.pub, "\0"s);
    send (line.pub, "x");
    CHECK (recv (line.sub) == Msg{""});
    CHECK (recv (line.sub) == Msg{"\0"s});
    CHECK (recv (line.sub) == Msg{"x"});
}

TEST_CASE ("later frames do not matter for matching and follow the first")
{
    Line line;
    line.subscribe ("t");
    send (line.pub, Msg{"x", "t"});
    send (line.pub, Msg{"t", "x", "y"});
    CHECK (recv (line.sub) == Msg{"t", "x", "y"});
    CHECK (silent (line.sub));
}

TEST_CASE ("topics are bytes")
{
    Line line;
    line.subscribe ("\0\xff"s);
    send (line.pub, "\0\xff\0"s);
    send (line.pub, "\0"s);
    CHECK (recv (line.sub) == Msg{"\0\xff\0"s});
    CHECK (silent (line.sub));
}

TEST_CASE ("overlapping topics deliver a message once")
{
    Line line;
    line.subscribe ("a");
    line.subscribe ("ab");
    line.subscribe ("");
    send (line.pub, "abc");
    CHECK (recv (line.sub) == Msg{"abc"});
    CHECK (silent (line.sub));
}

TEST_CASE ("without a subscription nothing arrives")
{
    Line line;
    Socket other (line.ctx, ZMQ_SUB);
    line.subscribe ("wanted");
    send (line.pub, "unwanted");
    send (line.pub, "wanted");
    CHECK (recv (line.sub) == Msg{"wanted"});
    CHECK (silent (other, 5));
}

TEST_CASE ("two equal subscriptions need two unsubscribes")
{
    Line line;
    line.subscribe ("a");
    line.sub.subscribe ("a");  // sent, but nothing new for the publisher
    line.subscribe ("marker");
    line.sub.unsubscribe ("a");
    line.subscribe ("second marker");
    send (line.pub, "a1");
    CHECK (recv (line.sub) == Msg{"a1"});
    line.unsubscribe ("a");
    send (line.pub, "a2");
    send (line.pub, "marker");
    CHECK (recv (line.sub) == Msg{"marker"});
}

TEST_CASE ("an unsubscribe of one topic leaves the others")
{
    Line line;
    line.subscribe ("a");
    line.subscribe ("ab");
    line.unsubscribe ("a");
    send (line.pub, "ax");
    send (line.pub, "abx");
    CHECK (recv (line.sub) == Msg{"abx"});
    CHECK (silent (line.sub));
}

TEST_CASE ("an unsubscribe of an unknown topic sends nothing")
{
    Line line;
    line.sub.unsubscribe ("never");
    line.subscribe ("t");
    CHECK (silent (line.pub, 5));
}

TEST_CASE ("subscriptions made before connecting are sent on connecting")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("one").subscribe ("two").subscribe ("one");
    sub.connect (pub.bind ());
    Msg seen{recv (pub)[0], recv (pub)[0]};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen == Msg{"\1one", "\1two"});
    CHECK (silent (pub, 5));
}

TEST_CASE ("many topics before connecting all arrive")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    constexpr int count = 900;  // fewer than the marks: a subscription beyond them may be dropped
    for (int i = 0; i < count; ++i)
        sub.subscribe ("topic " + std::to_string (i));
    sub.connect (pub.bind ());
    std::vector<int> seen (count);
    for (int i = 0; i < count; ++i)
        ++seen.at (static_cast<size_t> (std::stoi (recv (pub)[0].substr (7))));
    CHECK (seen == std::vector<int> (count, 1));
}

TEST_CASE ("each subscriber gets its own topics")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    const std::string endpoint = pub.bind ();
    std::vector<Socket> subs;
    for (int i = 0; i < 8; ++i) {
        subs.emplace_back (ctx, ZMQ_SUB);
        subs.back ().connect (endpoint).subscribe (std::to_string (i));
        CHECK (recv (pub) == Msg{"\1" + std::to_string (i)});
    }
    for (int i = 0; i < 8; ++i)
        send (pub, std::to_string (i) + " hello");
    for (int i = 0; i < 8; ++i) {
        CHECK (recv (subs[static_cast<size_t> (i)]) == Msg{std::to_string (i) + " hello"});
        CHECK (silent (subs[static_cast<size_t> (i)], 2));
    }
}

TEST_CASE ("a subscriber may connect to several publishers")
{
    Context ctx;
    Socket one (ctx, ZMQ_XPUB), two (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("t").connect (one.bind ()).connect (two.bind ());
    CHECK (recv (one) == Msg{"\1t"});
    CHECK (recv (two) == Msg{"\1t"});
    send (one, "t1");
    send (two, "t2");
    Msg seen{recv (sub)[0], recv (sub)[0]};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen == Msg{"t1", "t2"});
}

TEST_CASE ("a subscriber may bind and publishers connect")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB), pub (ctx, ZMQ_XPUB);
    sub.subscribe ("t");
    pub.connect (sub.bind ());
    CHECK (wait_serving ({sub}, [&] { return can_recv (pub); }));
    CHECK (recv (pub) == Msg{"\1t"});
    send (pub, "topic");
    CHECK (recv (sub) == Msg{"topic"});
}

TEST_CASE ("a subscription added later reaches all publishers")
{
    Context ctx;
    Socket one (ctx, ZMQ_XPUB), two (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    sub.connect (one.bind ()).connect (two.bind (inproc_name ()));
    sub.subscribe ("late");
    CHECK (recv (one) == Msg{"\1late"});
    CHECK (recv (two) == Msg{"\1late"});
}

TEST_CASE ("a plain PUB serves subscribers")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("t").connect (pub.bind ());
    publish_until_received (pub, sub, "t0");
    send (pub, Msg{"t1", "body"});
    CHECK (recv (sub) == Msg{"t1", "body"});
}

TEST_CASE ("inproc: the subscription counts as soon as the publisher makes a call")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("t").connect (pub.bind (inproc_name ()));
    settle ({pub});
    send (pub, "t");
    CHECK (recv (sub) == Msg{"t"});
}

TEST_CASE ("what is published before a subscription is lost")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    const std::string endpoint = pub.bind ();
    send (pub, "t early");
    sub.subscribe ("t").connect (endpoint);
    CHECK (recv (pub) == Msg{"\1t"});
    send (pub, "t late");
    CHECK (recv (sub) == Msg{"t late"});
}

TEST_CASE ("INVERT_MATCHING on both ends delivers what does not match")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB), marker (ctx, ZMQ_SUB);
    pub.set (ZMQ_INVERT_MATCHING, 1);
    sub.set (ZMQ_INVERT_MATCHING, 1).subscribe ("no");
    sub.connect (pub.bind (inproc_name ()));
    settle ({pub, sub});
    send (pub, "no thanks");
    send (pub, "yes");
    CHECK (recv (sub) == Msg{"yes"});
    CHECK (silent (sub));
}

TEST_CASE ("the SUB filters by itself what a publisher sends too much")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    sub.subscribe ("good");
    Peer peer = Peer::connect (sub.bind ());
    CHECK (peer.handshake ("PUB")["Socket-Type"] == "SUB");
    peer.send (wire::frame ("bad", 1) + wire::frame ("good body") + wire::frame ("good", 1) + wire::frame ("body"));
    CHECK (recv (sub) == Msg{"good", "body"});
}

TEST_CASE ("POLLIN of a SUB means a matching message")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    sub.subscribe ("good");
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("PUB");
    peer.send (wire::frame ("bad 1") + wire::frame ("bad 2"));
    CHECK (silent (sub));
    peer.send (wire::frame ("good"));
    CHECK (wait_for (sub, ZMQ_POLLIN));
    CHECK (can_recv (sub));
    CHECK (recv (sub) == Msg{"good"});
}

TEST_CASE ("PUB is always writable and never readable, SUB never writable")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    CHECK (events (pub) == ZMQ_POLLOUT);
    CHECK (events (sub) == 0);
    sub.subscribe ("").connect (pub.bind ());
    publish_until_received (pub, sub, "t");
    CHECK (events (pub) == ZMQ_POLLOUT);
    CHECK (events (sub) == 0);
}

TEST_CASE ("a publisher goes on when a subscriber leaves")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), stays (ctx, ZMQ_SUB);
    const std::string endpoint = pub.bind ();
    stays.subscribe ("t").connect (endpoint);
    CHECK (recv (pub) == Msg{"\1t"});
    {
        Socket leaves (ctx, ZMQ_SUB);
        leaves.subscribe ("u").connect (endpoint);
        CHECK (recv (pub) == Msg{"\1u"});
    }
    CHECK (recv (pub) == Msg{"\0u"s});
    send (pub, "t");
    CHECK (recv (stays) == Msg{"t"});
}

TEST_CASE ("subscriptions are sent again after a reconnect")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    sub.set (ZMQ_RECONNECT_IVL, 10);
    sub.subscribe ("a").subscribe ("b").subscribe ("a");
    Listener listener;
    sub.connect (listener.endpoint ());
    for (int round = 0; round < 3; ++round) {
        Peer peer = listener.accept ();
        peer.handshake ("PUB");
        CHECK (wait_serving ({sub}, [&] { return peer.waiting (2); }));
        Msg seen{peer.read_frame ().body, peer.read_frame ().body};
        std::sort (seen.begin (), seen.end ());
        CHECK (seen == Msg{"\tSUBSCRIBEa", "\tSUBSCRIBEb"});
        CHECK (peer.read_available (10).empty ());
    }
}

TEST_CASE ("10,000 messages keep their order")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    pub.set (ZMQ_SNDHWM, 0);
    sub.set (ZMQ_RCVHWM, 0).subscribe ();
    sub.connect (pub.bind ());
    recv (pub);
    for (int i = 0; i < 10000; ++i)
        send (pub, std::to_string (i));
    for (int i = 0; i < 10000; ++i)
        if (recv (sub) != Msg{std::to_string (i)})
            FAIL ("message " << i);
}
