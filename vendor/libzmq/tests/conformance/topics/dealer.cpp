// dealer.cpp - DEALER: round robin out, fair queueing in, frames untouched, PROBE_ROUTER.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("frames pass untouched in both directions")
{
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    b.connect (a.bind ());
    for (const Msg &message : {Msg{"x"}, Msg{""}, Msg{"", ""}, Msg{"", "a", "", "b"}, Msg (100, "p")}) {
        send (b, message);
        CHECK (recv (a) == message);
        send (a, message);
        CHECK (recv (b) == message);
    }
}

TEST_CASE ("without peers a send blocks")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    CHECK (events (dealer) == 0);
    CHECK_ERRNO (try_send (dealer, "x"), EAGAIN);
    CHECK_ERRNO (try_send (dealer, "x", ZMQ_SNDMORE), EAGAIN);
    dealer.bind ();
    CHECK_ERRNO (try_send (dealer, "x"), EAGAIN);
}

TEST_CASE ("messages go to the peers in turn")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    std::vector<Socket> peers;
    for (int i = 0; i < 4; ++i) {
        peers.emplace_back (ctx, ZMQ_DEALER);
        dealer.connect (peers.back ().bind (inproc_name ()));
    }
    for (int i = 0; i < 12; ++i)
        send (dealer, Msg{std::to_string (i), "second frame"});
    for (int i = 0; i < 12; ++i)
        CHECK (recv (peers[static_cast<size_t> (i % 4)]) == Msg{std::to_string (i), "second frame"});
}

TEST_CASE ("messages come from the peers in turn")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    const std::string name = dealer.bind (inproc_name ());
    std::vector<Socket> peers;
    for (int i = 0; i < 3; ++i) {
        peers.emplace_back (ctx, ZMQ_DEALER);
        peers.back ().connect (name);
        for (int k = 0; k < 4; ++k)
            send (peers.back (), Msg{std::to_string (i), std::to_string (k)});
    }
    for (int k = 0; k < 4; ++k) {
        std::vector<int> seen (3);
        for (int i = 0; i < 3; ++i) {
            const Msg message = recv (dealer);
            CHECK (message[1] == std::to_string (k));
            ++seen.at (static_cast<size_t> (std::stoi (message[0])));
        }
        CHECK (seen == std::vector<int> (3, 1));
    }
}

TEST_CASE ("a request to a REP needs an empty frame of one's own")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER), rep (ctx, ZMQ_REP);
    dealer.connect (rep.bind ());
    send (dealer, Msg{"", "q"});
    CHECK (recv (rep) == Msg{"q"});
    send (rep, "a");
    CHECK (recv (dealer) == Msg{"", "a"});
}

TEST_CASE ("the routing id is announced, empty if none is set")
{
    Context ctx;
    for (const std::string &id : {""s, "me"s, "\0\1"s}) {
        Socket dealer (ctx, ZMQ_DEALER);
        if (!id.empty ())
            dealer.set (ZMQ_ROUTING_ID, id);
        Peer peer = Peer::connect (dealer.bind ());
        CHECK (peer.handshake ("DEALER").at ("Identity") == id);
    }
}

TEST_CASE ("PROBE_ROUTER sends an empty message on each new connection")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_PROBE_ROUTER, 1).set (ZMQ_ROUTING_ID, "prober");
    dealer.connect (router.bind ());
    CHECK (recv (router) == Msg{"prober", ""});
    send (dealer, "after");
    CHECK (recv (router) == Msg{"prober", "after"});
}

TEST_CASE ("PROBE_ROUTER probes again after a reconnect, before what was queued meanwhile")
{
    if (oracle ())  // only the first connection
        return;
    for (const int type : {ZMQ_DEALER, ZMQ_REQ, ZMQ_ROUTER}) {
        for (const int immediate : {0, 1}) {
            CAPTURE (type);
            CAPTURE (immediate);
            Context ctx;
            Listener listener;
            Socket prober (ctx, type);
            prober.set (ZMQ_PROBE_ROUTER, 1).set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_IMMEDIATE, immediate);
            Monitor monitor (ctx, prober, ZMQ_EVENT_DISCONNECTED);
            prober.connect (listener.endpoint ());
            for (int round = 0; round < 3; ++round) {
                Peer peer = listener.accept ();
                peer.handshake_as ("ROUTER", "peer");
                CHECK (peer.read_frame () == Frame{0, ""});
                if (round > 0 && type == ZMQ_DEALER && !immediate)
                    CHECK (peer.read_frame () == Frame{0, "queued"});
                peer.close ();
                monitor.wait (ZMQ_EVENT_DISCONNECTED);
                if (type == ZMQ_DEALER && !immediate)
                    send (prober, "queued");
            }
        }
    }
}

TEST_CASE ("PROBE_ROUTER works on accepted connections")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_PROBE_ROUTER, 1).set (ZMQ_ROUTING_ID, "prober");
    router.connect (dealer.bind ());
    CHECK (wait_serving ({dealer}, [&] { return can_recv (router); }));
    CHECK (recv (router) == Msg{"prober", ""});
}

TEST_CASE ("the rest of a message whose peer died is dropped with it, the next message goes elsewhere")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    auto dying = std::make_unique<Socket> (ctx, ZMQ_DEALER);
    dealer.connect (dying->bind (inproc_name ()));
    CHECK (send_frame (dealer, "1", ZMQ_SNDMORE) == 1);
    dying.reset ();
    sleep_ms (20);
    CHECK (send_frame (dealer, "2", ZMQ_SNDMORE) == 1);
    CHECK (send_frame (dealer, "3") == 1);
    Socket other (ctx, ZMQ_DEALER);
    dealer.connect (other.bind (inproc_name ()));
    send (dealer, Msg{"new", "message"});
    CHECK (recv (other) == Msg{"new", "message"});
    CHECK (silent (other, 10));
}

TEST_CASE ("an unfinished message is never delivered")
{
    Context ctx;
    Socket b (ctx, ZMQ_DEALER);
    const std::string endpoint = b.bind ();
    {
        Socket a (ctx, ZMQ_DEALER);
        a.set (ZMQ_LINGER, 100);
        a.connect (endpoint);
        send (a, "whole");
        CHECK (send_frame (a, "half", ZMQ_SNDMORE) == 4);
    }
    CHECK (recv (b) == Msg{"whole"});
    CHECK (silent (b));
}

TEST_CASE ("a peer that closes leaves its messages to be read")
{
    Context ctx;
    Socket b (ctx, ZMQ_DEALER);
    const std::string endpoint = b.bind ();
    {
        Socket a (ctx, ZMQ_DEALER);
        a.set (ZMQ_LINGER, -1);
        a.connect (endpoint);
        for (int i = 0; i < 100; ++i)
            send (a, Msg{std::to_string (i), "part"});
    }
    for (int i = 0; i < 100; ++i)
        CHECK (recv (b) == Msg{std::to_string (i), "part"});
}

TEST_CASE ("large and small messages interleaved keep order over tcp")
{
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    b.connect (a.bind ());
    Background sender ([&] {
        for (int i = 0; i < 200; ++i)
            send (b, Msg{std::to_string (i), std::string (i % 7 == 0 ? 300000 : static_cast<size_t> (i), 'x')});
    });
    for (int i = 0; i < 200; ++i) {
        const Msg message = recv (a);
        REQUIRE (message.size () == 2);
        CHECK (message[0] == std::to_string (i));
        CHECK (message[1].size () == (i % 7 == 0 ? 300000 : static_cast<size_t> (i)));
    }
}
