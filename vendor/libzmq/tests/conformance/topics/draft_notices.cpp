// draft_notices.cpp - messages that the engine makes: HELLO_MSG, DISCONNECT_MSG, HICCUP_MSG, ROUTER_NOTIFY; and statistics of pipes.
#include "draft.hpp"
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

namespace {

constexpr int notify_connect = 1, notify_disconnect = 2;
constexpr uint64_t event_pipes_stats = 0x10000;

// The next message as [frames], of a ROUTER without the routing id.
Msg heard (void *socket, bool router)
{
    Msg message = recv (socket);
    if (router)
        message.erase (message.begin ());
    return message;
}

}  // namespace

TEST_CASE ("HELLO_MSG is the first message of each connection, both ways, on the types that have it")
{
    NEEDS_DRAFTS ();
    struct Row
    {
        int bound, connecting;
        bool hello;
    };
    const Row rows[] = {{ZMQ_DEALER, ZMQ_DEALER, true},     {ZMQ_ROUTER, ZMQ_DEALER, true},     {type_server, type_client, true},
                        {type_peer, type_peer, true},       {ZMQ_PULL, ZMQ_PUSH, false},        {ZMQ_PAIR, ZMQ_PAIR, false},
                        {type_gather, type_scatter, false}, {type_channel, type_channel, false}};
    const TempDir folder;
    for (const Row &row : rows)
        for (const std::string &endpoint : every_endpoint (folder)) {
            CAPTURE (row.bound);
            CAPTURE (endpoint);
            Context ctx;
            Socket bound (ctx, row.bound), connecting (ctx, row.connecting);
            bound.set (opt_hello_msg, "from the bound");
            connecting.set (opt_hello_msg, "from the connecting");
            connecting.connect (bound.bind (endpoint));
            if (!row.hello) {
                CHECK (silent (bound));
                continue;
            }
            CHECK (heard (bound, row.bound == ZMQ_ROUTER) == Msg{"from the connecting"});
            CHECK (heard (connecting, false) == Msg{"from the bound"});
            CHECK (silent (bound, 10));
        }
}

// One that makes no call after its bind or connect has said it, too.
TEST_CASE ("HELLO_MSG needs no call of who says it, whoever came first, and comes once")
{
    NEEDS_DRAFTS ();
    struct Row
    {
        int bound, connecting;
    };
    const Row rows[] = {{ZMQ_DEALER, ZMQ_DEALER},   {ZMQ_ROUTER, ZMQ_DEALER},   {ZMQ_DEALER, ZMQ_ROUTER}, {ZMQ_ROUTER, ZMQ_ROUTER},
                        {type_server, type_client}, {type_client, type_server}, {type_peer, type_peer}};
    for (const Row &row : rows)
        for (const bool bound_first : {true, false})
            for (const bool connecting_hears_first : {true, false}) {
                CAPTURE (row.bound);
                CAPTURE (row.connecting);
                CAPTURE (bound_first);
                CAPTURE (connecting_hears_first);
                Context ctx;
                Socket bound (ctx, row.bound), connecting (ctx, row.connecting);
                bound.set (opt_hello_msg, "from the bound");
                connecting.set (opt_hello_msg, "from the connecting");
                const std::string name = inproc_name ();
                if (!bound_first)
                    connecting.connect (name);
                bound.bind (name);
                if (bound_first)
                    connecting.connect (name);
                for (const bool connecting_hears : {connecting_hears_first, !connecting_hears_first}) {
                    if (connecting_hears)
                        CHECK (heard (connecting, row.connecting == ZMQ_ROUTER) == Msg{"from the bound"});
                    else
                        CHECK (heard (bound, row.bound == ZMQ_ROUTER) == Msg{"from the connecting"});
                }
                CHECK (silent (bound, 5));
                CHECK (silent (connecting, 5));
            }
}

TEST_CASE ("HELLO_MSG goes out before what is queued, and again after a reconnect")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (opt_hello_msg, "hello").set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    dealer.connect (listener.endpoint ());
    send (dealer, "queued");
    {
        Peer peer = listener.accept ();
        peer.handshake ("DEALER");
        CHECK (peer.read_frame () == Frame{0, "hello"});
        CHECK (peer.read_frame () == Frame{0, "queued"});
    }
    Peer peer = listener.accept ();
    peer.handshake ("DEALER");
    CHECK (peer.read_frame () == Frame{0, "hello"});
}

TEST_CASE ("HELLO_MSG: an empty value switches it off")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    a.set (opt_hello_msg, "hello").set (opt_hello_msg, "");
    b.connect (a.bind ());
    send (a, "first");
    CHECK (recv (b) == Msg{"first"});
}

TEST_CASE ("DISCONNECT_MSG is received as if from the peer whose connection ended, behind its messages")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const auto &[of, peer_type] :
         {std::pair{ZMQ_ROUTER, +ZMQ_DEALER}, std::pair{+type_server, +type_client}, std::pair{+type_peer, +type_peer}})
        for (const bool closes : {true, false})
            for (const std::string &endpoint : every_endpoint (folder)) {
                const int type = of;  // clang before 16 captures no structured bindings
                CAPTURE (type);
                CAPTURE (endpoint);
                CAPTURE (closes);
                Context ctx;
                Socket socket (ctx, type), peer (ctx, peer_type), other (ctx, peer_type);
                socket.set (opt_disconnect_msg, "gone");
                const std::string bound = socket.bind (endpoint);
                const uint32_t to = peer_type == type_peer ? connect_peer (peer, bound) : 0;
                if (!to)
                    peer.connect (bound);
                peer.set (ZMQ_LINGER, -1);
                for (const char *body : {"one", "two"})
                    send_letter (peer, {body, to});
                if (type == ZMQ_ROUTER) {
                    const std::string id = recv (socket)[0];
                    if (closes)
                        peer.close ();
                    else
                        CHECK (zmq_disconnect (peer, bound.c_str ()) == 0);
                    CHECK (recv (socket) == Msg{id, "two"});
                    CHECK (recv (socket) == Msg{id, "gone"});
                } else {
                    const uint32_t id = recv_letter (socket).routing_id;
                    if (closes)
                        peer.close ();
                    else
                        CHECK (zmq_disconnect (peer, bound.c_str ()) == 0);
                    CHECK (recv_letter (socket) == Letter{"two", id});
                    CHECK (recv_letter (socket) == Letter{"gone", id});
                }
                CHECK (silent (socket, 10));
            }
}

TEST_CASE ("DISCONNECT_MSG: not for a connection that was half a message, a failed handshake, or one we made ourselves")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket server (ctx, type_server);
    server.set (opt_disconnect_msg, "gone");
    const std::string endpoint = server.bind ();
    {
        Peer peer = Peer::connect (endpoint);
        peer.send (wire::greeting () + wire::ready ("PULL"));
        CHECK (peer.closed ());
    }
    CHECK (silent (server));
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("CLIENT");
        peer.send (wire::frame ("whole") + wire::frame ("half", 1));
    }
    CHECK (recv (server) == Msg{"whole"});
    CHECK (recv (server) == Msg{"gone"});
    Listener listener;
    server.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.handshake ("CLIENT");
    }
    CHECK (silent (server));
    // On a type that has none it does nothing.
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    pull.set (opt_disconnect_msg, "gone");
    push.connect (pull.bind ());
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
    push.close ();
    CHECK (silent (pull));
}

TEST_CASE ("HICCUP_MSG is received when a connection that we made is lost")
{
    NEEDS_DRAFTS ();
    for (const auto &[of, name] : {std::pair{ZMQ_DEALER, "DEALER"}, std::pair{+type_client, "SERVER"}, std::pair{+type_peer, "PEER"}}) {
        const int type = of;  // clang before 16 captures no structured bindings
        CAPTURE (type);
        Context ctx;
        Socket socket (ctx, type);
        if (socket.try_set (opt_hiccup_msg, "lost") != 0)
            return;  // before 4.3.5
        socket.set (ZMQ_RECONNECT_IVL, 10);
        Listener listener;
        socket.connect (listener.endpoint ());
        for (int i = 0; i < 2; ++i) {
            Peer peer = listener.accept ();
            peer.handshake (name);
            peer.send (wire::frame ("x"));
            CHECK (recv (socket) == Msg{"x"});
            peer.close ();
            CHECK (recv (socket) == Msg{"lost"});
        }
        Peer unfinished = listener.accept ();
        unfinished.close ();
        CHECK (silent (socket));
    }
    // An accepted connection is no concern of it.
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (opt_hiccup_msg, "lost");
    {
        Peer peer = Peer::connect (dealer.bind ());
        peer.handshake ("DEALER");
    }
    CHECK (silent (dealer));
}

TEST_CASE ("ROUTER_NOTIFY tells of peers that come and go")
{
    NEEDS_DRAFTS ();
    for (const int flags : {0, notify_connect, notify_disconnect, notify_connect | notify_disconnect}) {
        CAPTURE (flags);
        Context ctx;
        Socket router (ctx, ZMQ_ROUTER);
        router.set (opt_router_notify, flags);
        CHECK (router.get (opt_router_notify) == flags);
        const std::string endpoint = router.bind ();
        {
            Peer failing = Peer::connect (endpoint);
            failing.send (wire::greeting () + wire::ready ("PULL"));
            CHECK (failing.closed ());
        }
        {
            Peer peer = Peer::connect (endpoint);
            peer.handshake_as ("DEALER", "id");
            if (flags & notify_connect)
                CHECK (recv (router) == Msg{"id", ""});
            peer.send (wire::frame ("x") + wire::frame ("half", 1));
            CHECK (recv (router) == Msg{"id", "x"});
        }
        if (flags & notify_disconnect)
            CHECK (recv (router) == Msg{"id", ""});
        CHECK (silent (router));
    }
}

TEST_CASE ("statistics of pipes: one event for each, with what is queued")
{
    NEEDS_DRAFTS ();
    auto *monitor = symbol<int (void *, const char *, uint64_t, int, int)> ("zmq_socket_monitor_versioned");
    auto *report = symbol<int (void *)> ("zmq_socket_monitor_pipes_stats");
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), events_of (ctx, ZMQ_PAIR);
    CHECK_ERRNO (report (push), EINVAL);  // not monitored
    const std::string name = inproc_name ();
    REQUIRE (monitor (push, name.c_str (), 0xffff, 2, ZMQ_PAIR) == 0);
    CHECK_ERRNO (report (push), EINVAL);  // not for this
    REQUIRE (monitor (push, name.c_str (), event_pipes_stats, 2, ZMQ_PAIR) == 0);
    events_of.connect (name);
    CHECK_ERRNO (report (push), EAGAIN);  // no pipes
    push.connect (unused_endpoint ());
    for (int i = 0; i < 3; ++i)
        send (push, "x");
    Msg frames;
    const auto number = [&] (size_t at) {
        uint64_t value = 0;
        REQUIRE (frames[at].size () == sizeof value);
        std::memcpy (&value, frames[at].data (), sizeof value);
        return value;
    };
    const auto next_is = [&] (uint64_t out, uint64_t in) {
        frames = recv (events_of);
        REQUIRE (frames.size () == 6);
        CHECK (number (0) == event_pipes_stats);
        CHECK (number (1) == 2);
        CHECK (number (2) == out);
        CHECK (number (3) == in);
    };
    CHECK (report (push) == 0);
    next_is (3, 0);
    // One over inproc, whichever side is asked.
    Socket pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    for (int i = 0; i < 4; ++i)
        send (push, "x");  // to both in turn
    CHECK (report (push) == 0);
    next_is (5, 0);
    next_is (2, 0);
    REQUIRE (monitor (pull, unique_name ("inproc://stats").c_str (), event_pipes_stats, 2, ZMQ_PAIR) == 0);
    CHECK (report (pull) == 0);
    CHECK_ERRNO (report (nullptr), ENOTSOCK);
}
