// xpub.cpp - XPUB: which subscriptions and cancels the application sees in each mode, MANUAL, NODROP, WELCOME_MSG.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

static Msg on (const std::string &topic) { return {"\1" + topic}; }
static Msg off (const std::string &topic) { return {std::string (1, '\0') + topic}; }

namespace {
// An XPUB with two raw subscribers, whose frames arrive in the order they are written.
struct Station
{
    Context ctx;
    Socket pub{ctx, ZMQ_XPUB};
    std::string endpoint = pub.bind ();
    Peer one = subscriber (), two = subscriber ();
    int marks = 0;

    Peer subscriber ()
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("SUB");
        return peer;
    }
    static std::string sub (const std::string &topic) { return wire::command ("SUBSCRIBE", topic); }
    static std::string cancel (const std::string &topic) { return wire::command ("CANCEL", topic); }
    // Everything delivered up to a fresh topic that `peer` subscribes to after its other commands.
    std::vector<Msg> after (Peer &peer, const std::string &commands)
    {
        const std::string mark = "mark " + std::to_string (marks++);
        peer.send (commands + sub (mark));
        std::vector<Msg> seen;
        while (seen.empty () || seen.back () != on (mark))
            seen.push_back (recv (pub));
        seen.pop_back ();
        return seen;
    }
};
using Seen = std::vector<Msg>;
}  // namespace

TEST_CASE ("default: first subscriber in, last one out, and cancels of strangers")
{
    Station s;
    CHECK (s.after (s.one, s.sub ("t")) == Seen{on ("t")});
    CHECK (s.after (s.one, s.sub ("t")) == Seen{});
    CHECK (s.after (s.two, s.sub ("t")) == Seen{});
    CHECK (s.after (s.one, s.cancel ("t")) == Seen{});
    CHECK (s.after (s.two, s.cancel ("t")) == Seen{off ("t")});
    CHECK (s.after (s.one, s.cancel ("unknown")) == Seen{off ("unknown")});
}

TEST_CASE ("VERBOSE: every subscription, cancels as by default")
{
    Station s;
    s.pub.set (ZMQ_XPUB_VERBOSE, 1);
    CHECK (s.after (s.one, s.sub ("t") + s.sub ("t")) == Seen{on ("t"), on ("t")});
    CHECK (s.after (s.two, s.sub ("t")) == Seen{on ("t")});
    CHECK (s.after (s.one, s.cancel ("t")) == Seen{});
    CHECK (s.after (s.two, s.cancel ("t")) == Seen{off ("t")});
}

TEST_CASE ("VERBOSER: every subscription and every cancel")
{
    Station s;
    s.pub.set (ZMQ_XPUB_VERBOSER, 1);
    CHECK (s.after (s.one, s.sub ("t") + s.sub ("t")) == Seen{on ("t"), on ("t")});
    CHECK (s.after (s.two, s.sub ("t")) == Seen{on ("t")});
    CHECK (s.after (s.one, s.cancel ("t")) == Seen{off ("t")});
    CHECK (s.after (s.two, s.cancel ("t")) == Seen{off ("t")});
}

TEST_CASE ("VERBOSER off goes back to the default, VERBOSE after VERBOSER shows no cancels of others")
{
    Station s;
    s.pub.set (ZMQ_XPUB_VERBOSER, 1);
    s.pub.set (ZMQ_XPUB_VERBOSER, 0);
    CHECK (s.after (s.one, s.sub ("t") + s.sub ("t")) == Seen{on ("t")});
    s.pub.set (ZMQ_XPUB_VERBOSER, 1);
    s.pub.set (ZMQ_XPUB_VERBOSE, 1);
    CHECK (s.after (s.two, s.sub ("t")) == Seen{on ("t")});
    CHECK (s.after (s.two, s.cancel ("t")) == Seen{});
}

TEST_CASE ("a peer's identical subscriptions count once: one cancel ends them")
{
    Station s;
    s.after (s.one, s.sub ("t") + s.sub ("t") + s.cancel ("t"));
    send (s.pub, "t not for one");
    send (s.pub, "mark 0 yes");
    CHECK (s.one.read_frame ().body == "mark 0 yes");
}

TEST_CASE ("a leaving peer cancels what it was the last to want")
{
    Station s;
    s.after (s.one, s.sub ("t") + s.sub ("u"));
    s.after (s.two, s.sub ("t"));
    s.one.close ();
    Seen seen{recv (s.pub), recv (s.pub)};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen == Seen{off ("mark 0"), off ("u")});
    CHECK (silent (s.pub, 10));
    send (s.pub, "t");
    CHECK (s.two.read_frame ().body == "t");
}

TEST_CASE ("VERBOSER: a leaving peer cancels all its topics")
{
    Station s;
    s.pub.set (ZMQ_XPUB_VERBOSER, 1);
    s.after (s.one, s.sub ("t"));
    s.after (s.two, s.sub ("t"));
    s.one.close ();
    Seen seen{recv (s.pub), recv (s.pub)};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen == Seen{off ("mark 0"), off ("t")});
}

TEST_CASE ("both wire forms of a subscription look alike to the application")
{
    Station s;
    CHECK (s.after (s.one, wire::frame ("\1old")) == Seen{on ("old")});
    CHECK (s.after (s.one, s.sub ("new")) == Seen{on ("new")});
    CHECK (s.after (s.one, wire::frame ("\0old"s)) == Seen{off ("old")});
}

TEST_CASE ("user messages of a subscriber arrive unchanged with their frames")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_XSUB);
    sub.connect (pub.bind ());
    send (sub, Msg{"hello", "up", "there"});
    CHECK (recv (pub) == Msg{"hello", "up", "there"});
    send (sub, "");
    CHECK (recv (pub) == Msg{""});
    send (sub, "\2no subscription");
    CHECK (recv (pub) == Msg{"\2no subscription"});
}

TEST_CASE ("a PUB discards user messages and goes on")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_XSUB);
    sub.connect (pub.bind ());
    send (sub, "user message");
    send (sub, "\1t");
    publish_until_received (pub, sub, "t");
}

TEST_CASE ("subscriptions of several frames: each frame is looked at, unless ONLY_FIRST_SUBSCRIBE")
{
    Station s;
    s.one.send (wire::frame ("\1a", 1) + wire::frame ("\1b"));
    CHECK (s.after (s.one, "") == Seen{on ("a"), on ("b")});
    s.one.send (wire::frame ("user", 1) + wire::frame ("\1c"));
    const Seen seen = s.after (s.one, "");
    CHECK (seen.size () >= 1);
    send (s.pub, "c");
    CHECK (s.one.read_frame ().body == "c");  // a subscription although not in the first frame
    REQUIRE (s.pub.try_set (opt_only_first_subscribe, 1) == 0);
    s.two.send (wire::frame ("user", 1) + wire::frame ("\1d"));
    CHECK (s.after (s.two, "") == Seen{{"user", "\1d"}});
    send (s.pub, "d");
    CHECK (s.two.read_available (20).empty ());
}

TEST_CASE ("MANUAL: nothing is in effect until the application says so")
{
    Station s;
    s.pub.set (ZMQ_XPUB_MANUAL, 1);
    s.one.send (s.sub ("A"));
    CHECK (recv (s.pub) == on ("A"));
    s.pub.set (ZMQ_SUBSCRIBE, "B"s);
    send (s.pub, "A");
    send (s.pub, "B");
    CHECK (s.one.read_frame ().body == "B");
    s.one.send (s.cancel ("A"));
    CHECK (recv (s.pub) == off ("A"));
    s.pub.set (ZMQ_UNSUBSCRIBE, "B"s);
    send (s.pub, "B");
    s.one.send (s.sub ("C"));
    CHECK (recv (s.pub) == on ("C"));
    s.pub.set (ZMQ_SUBSCRIBE, "C"s);
    send (s.pub, "C");
    CHECK (s.one.read_frame ().body == "C");
}

TEST_CASE ("MANUAL: every repetition is delivered, and acts for the peer of the message received last")
{
    Station s;
    s.pub.set (ZMQ_XPUB_MANUAL, 1);
    s.one.send (s.sub ("t") + s.sub ("t"));
    CHECK (recv (s.pub) == on ("t"));
    CHECK (recv (s.pub) == on ("t"));
    s.pub.set (ZMQ_SUBSCRIBE, "1"s);
    s.two.send (s.sub ("t"));
    CHECK (recv (s.pub) == on ("t"));
    s.pub.set (ZMQ_SUBSCRIBE, "2a"s);
    s.pub.set (ZMQ_SUBSCRIBE, "2b"s);
    for (const char *topic : {"1", "2a", "2b"})
        send (s.pub, topic);
    CHECK (s.one.read_frame ().body == "1");
    CHECK (s.two.read_frame ().body == "2a");
    CHECK (s.two.read_frame ().body == "2b");
    CHECK (s.one.read_available (10).empty ());
}

TEST_CASE ("MANUAL: a leaving peer cancels what it had asked for, not what it was given")
{
    Station s;
    s.pub.set (ZMQ_XPUB_MANUAL, 1);
    s.one.send (s.sub ("asked"));
    CHECK (recv (s.pub) == on ("asked"));
    s.pub.set (ZMQ_SUBSCRIBE, "given"s);
    s.one.close ();
    CHECK (recv (s.pub) == off ("asked"));
    CHECK (silent (s.pub, 10));
}

TEST_CASE ("without MANUAL an XPUB has no SUBSCRIBE option")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    CHECK_ERRNO (pub.try_set (ZMQ_SUBSCRIBE, "t"), EINVAL);
    pub.set (ZMQ_XPUB_MANUAL, 1);
    CHECK (pub.try_set (ZMQ_SUBSCRIBE, "t") == 0);  // nothing received yet: no peer, no effect
    pub.set (ZMQ_XPUB_MANUAL, 0);
    CHECK_ERRNO (pub.try_set (ZMQ_SUBSCRIBE, "t"), EINVAL);
}

TEST_CASE ("NODROP: a full subscriber makes send fail, and nobody gets the message")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), slow (ctx, ZMQ_SUB), quick (ctx, ZMQ_SUB);
    pub.set (ZMQ_XPUB_NODROP, 1).set (ZMQ_SNDHWM, 2);
    slow.set (ZMQ_RCVHWM, 2).subscribe ("s");
    quick.set (ZMQ_RCVHWM, 100).subscribe ("");
    const std::string name = pub.bind (inproc_name ());
    slow.connect (name);
    quick.connect (name);
    settle ({pub});
    CHECK (fill (pub, 100, "s") == 4);
    CHECK (can_send (pub));  // reported all the same
    CHECK (drain (quick, 5) == 4);
    CHECK (try_send (pub, "other") == 5);  // does not match the full one
    CHECK (recv (quick) == Msg{"other"});
    CHECK (drain (slow, 5) == 4);
    CHECK (wait_until ([&] { return try_send (pub, "s") == 1; }));
    CHECK (recv (slow) == Msg{"s"});
}

TEST_CASE ("NODROP: a blocking send waits for room")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    pub.set (ZMQ_XPUB_NODROP, 1).set (ZMQ_SNDHWM, 1);
    sub.set (ZMQ_RCVHWM, 1).subscribe ();
    sub.connect (pub.bind (inproc_name ()));
    settle ({pub});
    CHECK (fill (pub) == 2);
    pub.set (ZMQ_SNDTIMEO, 30);
    CHECK_ERRNO (send_frame (pub, "x"), EAGAIN);
    pub.set (ZMQ_SNDTIMEO, patience);
    std::atomic<int> result{0};
    Background sender ([&] { result = send_frame (pub, "later"); });
    CHECK_FALSE (sender.wait (quiet));
    recv (sub);
    CHECK (sender.wait ());
    CHECK (result == 5);
}

TEST_CASE ("WELCOME_MSG is the first thing each new subscriber gets")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    pub.set (ZMQ_XPUB_WELCOME_MSG, "welcome"s);
    const std::string endpoint = pub.bind ();
    for (int i = 0; i < 3; ++i) {
        Socket sub (ctx, ZMQ_SUB);
        sub.subscribe ("W").subscribe ("wel").connect (endpoint);
        CHECK (wait_serving ({pub}, [&] { return wait_for (sub, ZMQ_POLLIN, 1); }));
        CHECK (recv (sub) == Msg{"welcome"});
    }
    zmq_setsockopt (pub, ZMQ_XPUB_WELCOME_MSG, nullptr, 0);
    Socket sub (ctx, ZMQ_SUB);
    sub.subscribe ("fresh").subscribe ("wel").connect (endpoint);
    CHECK (wait_until ([&] { return recv (pub) == on ("fresh"); }));
    CHECK (silent (sub));
}

TEST_CASE ("the options exist on PUB as well")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    pub.set (ZMQ_XPUB_WELCOME_MSG, "hi"s);
    sub.subscribe ("hi").connect (pub.bind (inproc_name ()));
    settle ({pub, sub});
    CHECK (recv (sub) == Msg{"hi"});
}

TEST_CASE ("XPUB is readable when a subscription waits and always writable")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    CHECK (events (pub) == ZMQ_POLLOUT);
    sub.subscribe ("t").connect (pub.bind ());
    CHECK (wait_for (pub, ZMQ_POLLIN));
    CHECK (events (pub) == (ZMQ_POLLIN | ZMQ_POLLOUT));
    recv (pub);
    CHECK (events (pub) == ZMQ_POLLOUT);
}

TEST_CASE ("the MORE flag is never set on a subscription")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_XSUB);
    sub.connect (pub.bind (inproc_name ()));
    send (sub, Msg{"\1a", "\1b"});
    CHECK (recv (pub) == on ("a"));
    CHECK (recv (pub) == on ("b"));
}
