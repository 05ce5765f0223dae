// router.cpp - ROUTER: routing ids, unroutable messages, MANDATORY, HANDOVER, probes, CONNECT_ROUTING_ID.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

static Socket dealer (Context &ctx, const std::string &endpoint, const std::string &id = "")
{
    Socket socket (ctx, ZMQ_DEALER);
    if (!id.empty ())
        socket.set (ZMQ_ROUTING_ID, id);
    socket.connect (endpoint);
    return socket;
}

TEST_CASE ("the peer's routing id comes first, on its own frame")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    Socket peer = dealer (ctx, router.bind (), "alice");
    send (peer, Msg{"one", "two"});
    CHECK (recv (router) == Msg{"alice", "one", "two"});
    send (peer, "");
    CHECK (recv (router) == Msg{"alice", ""});
    send (router, Msg{"alice", "back", "again"});
    CHECK (recv (peer) == Msg{"back", "again"});
}

TEST_CASE ("a peer without one gets five bytes starting with 0, different for each")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    Socket a = dealer (ctx, endpoint), b = dealer (ctx, endpoint);
    send (a, "a");
    const Msg first = recv (router);
    send (b, "b");
    const Msg second = recv (router);
    for (const Msg &message : {first, second}) {
        CHECK (message[0].size () == 5);
        CHECK (message[0][0] == '\0');
    }
    CHECK (first[0] != second[0]);
    send (router, Msg{second[0], "to b"});
    send (router, Msg{first[0], "to a"});
    CHECK (recv (a) == Msg{"to a"});
    CHECK (recv (b) == Msg{"to b"});
}

TEST_CASE ("ids may be any bytes, up to 255")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    for (const std::string &id : {"\1"s, "\xff\0z"s, std::string (255, 'i')}) {
        Socket peer = dealer (ctx, endpoint, id);
        send (peer, "x");
        CHECK (recv (router) == Msg{id, "x"});
        send (router, Msg{id, "y"});
        CHECK (recv (peer) == Msg{"y"});
    }
}

TEST_CASE ("unroutable messages are dropped whole")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    Socket peer = dealer (ctx, router.bind (), "p");
    send (peer, "x");
    recv (router);
    CHECK (can_send (router));
    send (router, Msg{"unknown", "a", "b"});
    send (router, Msg{"", "a"});
    CHECK (send_frame (router, "p") == 1);  // an id without a message is ignored
    send (router, Msg{"p", "y"});
    CHECK (recv (peer) == Msg{"y"});
}

TEST_CASE ("MANDATORY: unknown ids are EHOSTUNREACH")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.set (ZMQ_ROUTER_MANDATORY, 1);
    Socket peer = dealer (ctx, router.bind (), "p");
    CHECK_ERRNO (send_frame (router, "unknown", ZMQ_SNDMORE), EHOSTUNREACH);
    CHECK_ERRNO (send_frame (router, "unknown", ZMQ_SNDMORE | ZMQ_DONTWAIT), EHOSTUNREACH);
    send (peer, "x");
    CHECK (recv (router) == Msg{"p", "x"});
    send (router, Msg{"p", "y"});
    CHECK (recv (peer) == Msg{"y"});
}

TEST_CASE ("MANDATORY: a peer that has left is EHOSTUNREACH")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.set (ZMQ_ROUTER_MANDATORY, 1);
    const std::string endpoint = router.bind ();
    {
        Socket peer = dealer (ctx, endpoint, "p");
        send (peer, "x");
        recv (router);
    }
    CHECK (wait_until ([&] {
        events (router);
        return send_frame (router, "p", ZMQ_SNDMORE | ZMQ_DONTWAIT) == -1 ? zmq_errno () == EHOSTUNREACH
                                                                          : (send_frame (router, "z"), false);
    }));
}

TEST_CASE ("MANDATORY: a full peer is EAGAIN on the id frame, and nothing is consumed")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), peer (ctx, ZMQ_DEALER);
    router.set (ZMQ_ROUTER_MANDATORY, 1).set (ZMQ_SNDHWM, 1);
    peer.set (ZMQ_RCVHWM, 1).set (ZMQ_ROUTING_ID, "p");
    peer.connect (router.bind (inproc_name ()));
    settle ({router, peer});
    send (router, Msg{"p", "1"});
    send (router, Msg{"p", "2"});
    CHECK_ERRNO (send_frame (router, "p", ZMQ_SNDMORE | ZMQ_DONTWAIT), EAGAIN);
    CHECK_FALSE (can_send (router));
    router.set (ZMQ_SNDTIMEO, 20);
    CHECK_ERRNO (send_frame (router, "p", ZMQ_SNDMORE), EAGAIN);
    CHECK (recv (peer) == Msg{"1"});
    CHECK (wait_for (router, ZMQ_POLLOUT));
    router.set (ZMQ_SNDTIMEO, patience);
    send (router, Msg{"p", "3"});
    CHECK (recv (peer) == Msg{"2"});
    CHECK (recv (peer) == Msg{"3"});
}

TEST_CASE ("without MANDATORY a full peer loses the whole message")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), peer (ctx, ZMQ_DEALER);
    router.set (ZMQ_SNDHWM, 1);
    peer.set (ZMQ_RCVHWM, 1).set (ZMQ_ROUTING_ID, "p");
    peer.connect (router.bind (inproc_name ()));
    settle ({router, peer});
    for (int i = 0; i < 5; ++i)
        send (router, Msg{"p", std::to_string (i), "tail"});
    CHECK (recv (peer) == Msg{"0", "tail"});
    CHECK (recv (peer) == Msg{"1", "tail"});
    CHECK (silent (peer, 10));
}

TEST_CASE ("a second peer with the same id is ignored")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    Socket first = dealer (ctx, endpoint, "same");
    send (first, "1");
    CHECK (recv (router) == Msg{"same", "1"});
    Socket second = dealer (ctx, endpoint, "same");
    send (second, "2");
    CHECK (silent (router));
    send (router, Msg{"same", "to the first"});
    CHECK (recv (first) == Msg{"to the first"});
    CHECK (silent (second, 10));
    send (first, "3");
    CHECK (recv (router) == Msg{"same", "3"});
}

TEST_CASE ("HANDOVER: the newcomer takes the id")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.set (ZMQ_ROUTER_HANDOVER, 1);
    const std::string endpoint = router.bind ();
    Socket first = dealer (ctx, endpoint, "same");
    send (first, "1");
    CHECK (recv (router) == Msg{"same", "1"});
    Socket second = dealer (ctx, endpoint, "same");
    send (second, "2");
    CHECK (recv (router) == Msg{"same", "2"});
    send (router, Msg{"same", "to the second"});
    CHECK (recv (second) == Msg{"to the second"});
    CHECK (silent (first, 10));
}

TEST_CASE ("an id is free again when its peer has left")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    for (int i = 0; i < 3; ++i) {
        CHECK (wait_until ([&] {
            Socket peer = dealer (ctx, endpoint, "again");
            send (peer, std::to_string (i));
            if (!wait_for (router, ZMQ_POLLIN, 30))
                return false;  // the old one was not gone yet and the newcomer was ignored: a new try
            CHECK (recv (router) == Msg{"again", std::to_string (i)});
            send (router, Msg{"again", "r"});
            return recv (peer) == Msg{"r"};
        }));
    }
}

TEST_CASE ("CONNECT_ROUTING_ID names the next connection and only that")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), one (ctx, ZMQ_DEALER), two (ctx, ZMQ_DEALER);
    one.set (ZMQ_ROUTING_ID, "own name");
    router.set (ZMQ_CONNECT_ROUTING_ID, "my name for it");
    router.connect (one.bind ());
    send (router, Msg{"my name for it", "hello"});  // known at once, before the handshake
    CHECK (recv (one) == Msg{"hello"});
    send (one, "answer");
    CHECK (recv (router) == Msg{"my name for it", "answer"});
    router.connect (two.bind ());
    CHECK (wait_serving ({router}, [&] { return can_send (two); }));
    send (two, "unnamed");
    CHECK (recv (router)[0].size () == 5);
}

TEST_CASE ("two routers: a probe tells each the other's id")
{
    Context ctx;
    Socket a (ctx, ZMQ_ROUTER), b (ctx, ZMQ_ROUTER);
    a.set (ZMQ_ROUTING_ID, "A");
    b.set (ZMQ_ROUTING_ID, "B").set (ZMQ_PROBE_ROUTER, 1);
    b.connect (a.bind ());
    CHECK (recv (a) == Msg{"B", ""});
    send (a, Msg{"B", "hello"});
    CHECK (recv (b) == Msg{"A", "hello"});
}

TEST_CASE ("messages of many peers are fairly mixed")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string name = router.bind (inproc_name ());
    std::vector<Socket> peers;
    for (int i = 0; i < 4; ++i) {
        peers.push_back (dealer (ctx, name, std::string (1, static_cast<char> ('a' + i))));
        for (int k = 0; k < 3; ++k)
            send (peers.back (), Msg{std::to_string (k), "x"});
    }
    for (int k = 0; k < 3; ++k) {
        std::string ids;
        for (int i = 0; i < 4; ++i) {
            const Msg message = recv (router);
            CHECK (message.size () == 3);
            CHECK (message[1] == std::to_string (k));
            ids += message[0];
        }
        std::sort (ids.begin (), ids.end ());
        CHECK (ids == "abcd");
    }
}

TEST_CASE ("a ROUTER talks to a REQ with its envelope")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), req (ctx, ZMQ_REQ);
    req.set (ZMQ_ROUTING_ID, "r");
    req.connect (router.bind ());
    send (req, "q");
    CHECK (recv (router) == Msg{"r", "", "q"});
    send (router, Msg{"r", "", "a"});
    CHECK (recv (req) == Msg{"a"});
}

TEST_CASE ("unread messages of a peer that left keep its id")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    {
        Socket peer = dealer (ctx, endpoint, "gone");
        peer.set (ZMQ_LINGER, -1);
        send (peer, Msg{"1", "x"});
        send (peer, "2");
    }
    CHECK (recv (router) == Msg{"gone", "1", "x"});
    CHECK (recv (router) == Msg{"gone", "2"});
}

TEST_CASE ("the rest of a message to a peer that died in between is dropped")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string name = router.bind (inproc_name ());
    auto dying = std::make_unique<Socket> (dealer (ctx, name, "d"));
    Socket lives = dealer (ctx, name, "l");
    settle ({router});
    CHECK (send_frame (router, "d", ZMQ_SNDMORE) == 1);
    CHECK (send_frame (router, "1", ZMQ_SNDMORE) == 1);
    dying.reset ();
    sleep_ms (20);
    CHECK (send_frame (router, "2", ZMQ_SNDMORE) == 1);
    CHECK (send_frame (router, "3") == 1);
    send (router, Msg{"l", "fine"});
    CHECK (recv (lives) == Msg{"fine"});
}

TEST_CASE ("ids are announced as properties by ROUTER, too")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.set (ZMQ_ROUTING_ID, "central");
    Peer peer = Peer::connect (router.bind ());
    const auto properties = peer.handshake_as ("DEALER", "raw");
    CHECK (properties.at ("Identity") == "central");
    peer.send (wire::frame ("x"));
    CHECK (recv (router) == Msg{"raw", "x"});
}

namespace {
// A ROUTER that connects to one endpoint, behind which the test lets one peer after the other appear.
struct Successors
{
    Context ctx;
    Listener listener;
    Socket router;
    Monitor monitor;

    explicit Successors (int type = ZMQ_ROUTER) : router (ctx, type), monitor (ctx, router, ZMQ_EVENT_DISCONNECTED)
    {
        router.set (ZMQ_RECONNECT_IVL, 10);
        if (type == ZMQ_ROUTER)
            router.set (ZMQ_ROUTER_MANDATORY, 1);
    }
    Peer next (const std::string &id)
    {
        Peer peer = listener.accept ();
        peer.handshake_as ("DEALER", id);
        return peer;
    }
    void end (Peer &peer)
    {
        peer.close ();
        monitor.wait (ZMQ_EVENT_DISCONNECTED);
    }
};
}  // namespace

TEST_CASE ("a connecting ROUTER forgets a peer when another one answers at its endpoint")
{
    if (oracle ())  // it goes on calling the new one by the old one's id
        return;
    Successors at;
    at.router.connect (at.listener.endpoint ());
    Peer a = at.next ("A");
    a.send (wire::frame ("read") + wire::frame ("unread"));
    CHECK (recv (at.router) == Msg{"A", "read"});
    send (at.router, Msg{"A", "to a"});
    CHECK (a.read_frame () == Frame{0, "to a"});
    at.end (a);
    send (at.router, Msg{"A", "queued for a"});

    Peer b = at.next ("B");
    b.send (wire::frame ("from b"));
    CHECK (recv (at.router) == Msg{"A", "unread"});
    CHECK (recv (at.router) == Msg{"B", "from b"});
    CHECK_ERRNO (zmq_send (at.router, "A", 1, ZMQ_SNDMORE), EHOSTUNREACH);
    send (at.router, Msg{"B", "to b"});
    CHECK (b.read_frame () == Frame{0, "to b"});
    at.end (b);
    send (at.router, Msg{"B", "queued for b"});

    // The same one again keeps what was queued for it; and so on, with and without ids.
    Peer again = at.next ("B");
    CHECK (again.read_frame () == Frame{0, "queued for b"});
    at.end (again);

    Peer nameless = at.next ("");
    nameless.send (wire::frame ("from somebody"));
    const Msg named = recv (at.router);
    CHECK (named[0].size () == 5);
    CHECK (named[1] == "from somebody");
    CHECK_ERRNO (zmq_send (at.router, "B", 1, ZMQ_SNDMORE), EHOSTUNREACH);
    at.end (nameless);
    Peer still_nameless = at.next ("");
    send (at.router, Msg{named[0], "to somebody"});
    CHECK (still_nameless.read_frame () == Frame{0, "to somebody"});
    at.end (still_nameless);

    Peer a_again = at.next ("A");
    a_again.send (wire::frame ("back"));
    CHECK (recv (at.router) == Msg{"A", "back"});
    send (at.router, Msg{"A", "welcome"});
    CHECK (a_again.read_frame () == Frame{0, "welcome"});
}

TEST_CASE ("the rest of a message is for the peer that it was begun for")
{
    if (oracle ())
        return;
    Successors at;
    at.router.connect (at.listener.endpoint ());
    Peer a = at.next ("A");
    a.send (wire::frame ("hello"));
    CHECK (recv (at.router) == Msg{"A", "hello"});
    CHECK (send_frame (at.router, "A", ZMQ_SNDMORE) == 1);
    CHECK (send_frame (at.router, "1", ZMQ_SNDMORE) == 1);
    at.end (a);
    Peer b = at.next ("B");
    b.send (wire::frame ("hello"));
    CHECK (wait_until ([&] { return can_recv (at.router); }));
    CHECK (send_frame (at.router, "2") == 1);
    CHECK (recv (at.router) == Msg{"B", "hello"});
    send (at.router, Msg{"B", "whole"});
    CHECK (b.read_frame () == Frame{0, "whole"});
}

TEST_CASE ("an id given by CONNECT_ROUTING_ID is the endpoint's, whoever answers there")
{
    Successors at;
    at.router.set (ZMQ_CONNECT_ROUTING_ID, "mine");
    at.router.connect (at.listener.endpoint ());
    for (const char *id : {"A", "B", ""}) {
        Peer peer = at.next (id);
        peer.send (wire::frame ("hello"));
        CHECK (recv (at.router) == Msg{"mine", "hello"});
        send (at.router, Msg{"mine", id});
        CHECK (peer.read_frame () == Frame{0, id});
        at.end (peer);
    }
}

TEST_CASE ("a peer whose id was taken is served once it comes with another, or the id is free")
{
    if (oracle ())  // not before it connects anew
        return;
    Successors at;
    Socket holder (at.ctx, ZMQ_DEALER);
    holder.set (ZMQ_ROUTING_ID, "A");
    holder.connect (at.router.bind ());
    send (holder, "first");
    CHECK (recv (at.router) == Msg{"A", "first"});
    at.router.connect (at.listener.endpoint ());
    Peer second = at.next ("A");
    second.send (wire::frame ("never seen"));
    CHECK (silent (at.router));
    at.end (second);
    Peer other = at.next ("B");
    other.send (wire::frame ("seen"));
    CHECK (recv (at.router) == Msg{"B", "seen"});
}

TEST_CASE ("a connecting REP answers whoever asks, whatever its id")
{
    Successors at (ZMQ_REP);
    at.router.connect (at.listener.endpoint ());
    for (const char *id : {"A", "B", ""}) {
        Peer peer = at.next (id);
        peer.send (wire::frame ("", 1) + wire::frame (id));
        CHECK (recv (at.router) == Msg{id});
        send (at.router, Msg{"answer"});
        CHECK (peer.read_frame () == Frame{1, ""});
        CHECK (peer.read_frame () == Frame{0, "answer"});
        at.end (peer);
    }
}

TEST_CASE ("a reconnecting peer keeps its id")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    const std::string endpoint = router.bind ();
    for (int i = 0; i < 3; ++i) {
        CHECK (wait_until ([&] {
            events (router);
            Peer peer = Peer::connect (endpoint);
            peer.handshake_as ("DEALER", "raw");
            peer.send (wire::frame (std::to_string (i)));
            if (!wait_for (router, ZMQ_POLLIN, 30))
                return false;
            return recv (router) == Msg{"raw", std::to_string (i)};
        }));
    }
}

TEST_CASE ("events: writable always, with MANDATORY only if some peer has room")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    CHECK (events (router) == ZMQ_POLLOUT);
    router.set (ZMQ_ROUTER_MANDATORY, 1);
    CHECK (events (router) == 0);
    Socket peer = dealer (ctx, router.bind (), "p");
    send (peer, "x");
    CHECK (wait_for (router, ZMQ_POLLIN));
    CHECK (events (router) == (ZMQ_POLLIN | ZMQ_POLLOUT));
}

TEST_CASE ("ROUTER_RAW exchanges bytes with a plain peer")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.set (ZMQ_ROUTER_RAW, 1);
    Peer peer = Peer::connect (router.bind ());
    const Msg opened = recv (router);
    REQUIRE (opened.size () == 2);
    CHECK (opened[0].size () == 5);
    CHECK (opened[1].empty ());
    peer.send ("GET /");
    CHECK (recv (router) == Msg{opened[0], "GET /"});
    send (router, Msg{opened[0], "200 OK"});
    CHECK (peer.read (6) == "200 OK");
    send (router, Msg{opened[0], ""});
    CHECK (wait_serving ({router}, [&] { return peer.closed (2); }));
}
