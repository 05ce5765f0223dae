// message_properties.cpp - what a received message tells about where it came from.
#include "harness.hpp"
#include "wire.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace conf;

namespace {
struct Received
{
    zmq_msg_t raw;
    explicit Received (void *socket)
    {
        zmq_msg_init (&raw);
        if (zmq_msg_recv (&raw, socket, 0) == -1)
            fail ("zmq_msg_recv");
    }
    ~Received () { zmq_msg_close (&raw); }
    Received (const Received &) = delete;
    Received &operator= (const Received &) = delete;
    std::string gets (const char *name)
    {
        const char *value = zmq_msg_gets (&raw, name);
        return value ? value : "(none)";
    }
};
}  // namespace

TEST_CASE ("tcp: socket type, address and descriptor of the peer")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind ());
    send (push, "x");
    Received message (pull);
    CHECK (message.gets ("Socket-Type") == "PUSH");
    CHECK (message.gets ("Peer-Address") == "127.0.0.1");
    const int fd = zmq_msg_get (&message.raw, ZMQ_SRCFD);
    CHECK (fd >= 0);
    CHECK (fcntl (fd, F_GETFD) != -1);
}

TEST_CASE ("unknown properties are EINVAL, names are exact")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind ());
    send (push, "x");
    Received message (pull);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "No-Such"), EINVAL);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, ""), EINVAL);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "User-Id"), EINVAL);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "Identity"), EINVAL);  // a PUSH announces none
}

TEST_CASE ("Identity is the routing id the peer announced")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_ROUTING_ID, "gerda");
    dealer.connect (router.bind ());
    send (dealer, "x");
    Received id (router);
    Received body (router);
    CHECK (std::string (static_cast<char *> (zmq_msg_data (&id.raw)), zmq_msg_size (&id.raw)) == "gerda");
    CHECK (body.gets ("Identity") == "gerda");
    CHECK (body.gets ("Socket-Type") == "DEALER");
    CHECK (id.gets ("Socket-Type") == "DEALER");  // on the id frame as well
}

TEST_CASE ("inproc messages carry no properties")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind (inproc_name ()));
    send (push, "x");
    Received message (pull);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "Socket-Type"), EINVAL);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "Peer-Address"), EINVAL);
    CHECK_ERRNO (zmq_msg_get (&message.raw, ZMQ_SRCFD), EINVAL);
}

TEST_CASE ("ipc: the address names host, user, group and process")
{
    Context ctx;
    TempDir dir;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind (dir.ipc ()));
    send (push, "x");
    Received message (pull);
    const std::string expected =
      "localhost:" + std::to_string (getuid ()) + ":" + std::to_string (getgid ()) + ":" + std::to_string (getpid ());
    CHECK (message.gets ("Peer-Address") == expected);
}

TEST_CASE ("the connecting side sees properties of the binding side")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    router.set (ZMQ_ROUTING_ID, "central");
    dealer.set (ZMQ_ROUTING_ID, "d");
    dealer.connect (router.bind ());
    send (dealer, "x");
    CHECK (recv (router) == Msg{"d", "x"});
    send (router, Msg{"d", "y"});
    Received message (dealer);
    CHECK (message.gets ("Socket-Type") == "ROUTER");
    CHECK (message.gets ("Identity") == "central");
    CHECK (message.gets ("Peer-Address") == "127.0.0.1");
}

TEST_CASE ("every frame of a message carries the properties")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind ());
    send (push, Msg{"a", "b"});
    Received first (pull);
    Received second (pull);
    CHECK (first.gets ("Socket-Type") == "PUSH");
    CHECK (second.gets ("Socket-Type") == "PUSH");
}

TEST_CASE ("copies keep properties, sending strips them")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH), a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    push.connect (pull.bind ());
    b.connect (a.bind (inproc_name ()));
    send (push, "x");
    Received message (pull);
    zmq_msg_t copy;
    zmq_msg_init (&copy);
    CHECK (zmq_msg_copy (&copy, &message.raw) == 0);
    CHECK (zmq_msg_gets (&copy, "Socket-Type") == "PUSH"s);
    CHECK (zmq_msg_send (&copy, a, 0) == 1);
    Received forwarded (b);
    CHECK_NULL_ERRNO (zmq_msg_gets (&forwarded.raw, "Socket-Type"), EINVAL);
}

TEST_CASE ("properties stay readable after the socket and its peer are gone")
{
    Context ctx;
    zmq_msg_t message;
    zmq_msg_init (&message);
    {
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        push.connect (pull.bind ());
        send (push, "x");
        CHECK (zmq_msg_recv (&message, pull, 0) == 1);
    }
    CHECK (ctx.term () == 0);
    CHECK (zmq_msg_gets (&message, "Socket-Type") == "PUSH"s);
    CHECK (zmq_msg_gets (&message, "Peer-Address") == "127.0.0.1"s);
    zmq_msg_close (&message);
}

TEST_CASE ("a raw peer's own properties can be read")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.send (wire::greeting () + wire::command ("READY", wire::property ("Socket-Type", "PUSH") + wire::property ("X-Colour", "blue") +
                                                             wire::property ("X-Colour", "red") + wire::property ("Resource", "r")));
    peer.read_ready ();
    peer.send (wire::frame ("hello"));
    Received message (pull);
    CHECK (message.gets ("X-Colour") == "blue");  // the first one counts
    CHECK (message.gets ("Resource") == "r");
}

TEST_CASE ("METADATA of the socket reaches the peer")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    REQUIRE (push.try_set (opt_metadata, "X-hello:world") == 0);
    REQUIRE (push.try_set (opt_metadata, "X-hello:again") == 0);
    REQUIRE (push.try_set (opt_metadata, "X-other:1:2") == 0);
    push.connect (pull.bind ());
    send (push, "x");
    Received message (pull);
    CHECK (message.gets ("X-hello") == "world");
    CHECK (message.gets ("X-other") == "1:2");
}

TEST_CASE ("METADATA must be X-name:value")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    CHECK_ERRNO (push.try_set (opt_metadata, "hello:world"), EINVAL);
    CHECK_ERRNO (push.try_set (opt_metadata, "X-hello"), EINVAL);
    CHECK_ERRNO (push.try_set (opt_metadata, "X-hello:"), EINVAL);
    CHECK_ERRNO (push.try_set (opt_metadata, ""), EINVAL);
    CHECK (push.try_set (opt_metadata, "X-:value") == 0);
}

TEST_CASE ("the frames of each pattern that carry properties: all of them")
{
    constexpr int couples[][2] = {{ZMQ_PUSH, ZMQ_PULL},     {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_DEALER, ZMQ_ROUTER},
                                  {ZMQ_REQ, ZMQ_ROUTER},    {ZMQ_REQ, ZMQ_REP},   {ZMQ_DEALER, ZMQ_REP},    {ZMQ_ROUTER, ZMQ_ROUTER},
                                  {ZMQ_ROUTER, ZMQ_DEALER}, {ZMQ_PUB, ZMQ_SUB},   {ZMQ_XPUB, ZMQ_XSUB},     {ZMQ_XPUB, ZMQ_SUB},
                                  {ZMQ_XSUB, ZMQ_XPUB}};
    const char *const names[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"};
    TempDir dir;
    for (const auto &couple : couples)
        for (const std::string &transport : {"tcp://127.0.0.1:*"s, dir.ipc (), "inproc"s}) {
            const int from_type = couple[0], to_type = couple[1];  // clang before 16 captures no structured bindings
            CAPTURE (std::string (names[from_type]));
            CAPTURE (std::string (names[to_type]));
            CAPTURE (transport);
            Context ctx;
            Socket from (ctx, from_type), to (ctx, to_type);
            to.set (ZMQ_ROUTING_ID, "to");
            from.set (ZMQ_ROUTING_ID, "from");
            if (from_type == ZMQ_ROUTER)
                from.set (ZMQ_CONNECT_ROUTING_ID, "to");
            const bool inproc = transport == "inproc";
            from.connect (to.bind (inproc ? inproc_name () : transport));
            if (to_type == ZMQ_SUB)
                to.subscribe ();
            if (to_type == ZMQ_XSUB)
                send (to, "\1");
            if (from_type == ZMQ_XPUB) {
                CHECK (wait_until ([&] {
                    settle ({to});  // over inproc it has to make a call to know of the connection
                    return can_recv (from);
                }));
                CHECK (recv (from) == Msg{"\1"});
            }
            if (from_type == ZMQ_PUB)
                publish_until_received (from, to, "let it begin");
            if (from_type == ZMQ_ROUTER)
                CHECK (send_frame (from, "to", ZMQ_SNDMORE) == 2);
            if (to_type == ZMQ_REP && from_type != ZMQ_REQ)
                CHECK (send_frame (from, "", ZMQ_SNDMORE) == 0);
            send (from, Msg{"first", "second"});
            int frames = 0;
            for (bool more = true; more; ++frames) {
                Received frame (to);
                more = zmq_msg_more (&frame.raw);
                CAPTURE (frames);
                CHECK (frame.gets ("Socket-Type") == (inproc ? "(none)" : names[from_type]));
                CHECK ((frame.gets ("Peer-Address") == "(none)") == inproc);
                const bool announces = from_type == ZMQ_REQ || from_type == ZMQ_DEALER || from_type == ZMQ_ROUTER;
                CHECK (frame.gets ("Identity") == (announces && !inproc ? "from" : "(none)"));
                if (ours ())  // Debian's does not know the newer name
                    CHECK (frame.gets ("Routing-Id") == frame.gets ("Identity"));
                CHECK (frame.gets ("User-Id") == "(none)");
                CHECK ((zmq_msg_get (&frame.raw, ZMQ_SRCFD) == -1) == inproc);
            }
            CHECK (frames == (to_type == ZMQ_ROUTER ? 3 : 2) + (from_type == ZMQ_REQ && to_type == ZMQ_ROUTER));
        }
}

TEST_CASE ("replies carry the properties of who replied")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    send (req, "question");
    recv (rep);
    send (rep, Msg{"a", "b"});
    for (int i = 0; i < 2; ++i) {
        Received frame (req);
        CHECK (frame.gets ("Socket-Type") == "REP");
        CHECK (frame.gets ("Peer-Address") == "127.0.0.1");
    }
}

TEST_CASE ("subscriptions carry the properties of the subscriber, and cancels; what its end cancels does not")
{
    for (const int type : {ZMQ_SUB, ZMQ_XSUB}) {
        Context ctx;
        Socket xpub (ctx, ZMQ_XPUB), sub (ctx, type);
        const auto change = [&] (bool subscribe, const std::string &topic) {
            if (type == ZMQ_XSUB)
                send (sub, (subscribe ? "\1"s : "\0"s) + topic);
            else if (subscribe)
                sub.subscribe (topic);
            else
                sub.unsubscribe (topic);
        };
        sub.connect (xpub.bind ());
        change (true, "one");
        change (true, "two");
        change (false, "one");
        for (const std::string &expected : {"\1one"s, "\1two"s, "\0one"s}) {
            Received frame (xpub);
            CHECK (std::string (static_cast<char *> (zmq_msg_data (&frame.raw)), zmq_msg_size (&frame.raw)) == expected);
            CHECK (frame.gets ("Socket-Type") == (type == ZMQ_SUB ? "SUB" : "XSUB"));
            CHECK (frame.gets ("Peer-Address") == "127.0.0.1");
            CHECK (zmq_msg_get (&frame.raw, ZMQ_SRCFD) >= 0);
        }
        sub.close ();
        Received frame (xpub);
        CHECK (frame.gets ("Peer-Address") == "(none)");
    }
}

TEST_CASE ("raw peers: id and data, and the notices of their beginning and end, carry the address")
{
    for (const int type : {ZMQ_STREAM, ZMQ_ROUTER}) {
        CAPTURE (type);
        Context ctx;
        Socket stream (ctx, type);
        if (type == ZMQ_ROUTER)
            stream.set (ZMQ_ROUTER_RAW, 1);
        Peer peer = Peer::connect (stream.bind ());
        for (const char *const data : {"", "x", ""}) {
            if (*data)
                peer.send (data);
            for (const char *const part : {"id", "data"}) {
                CAPTURE (data);
                CAPTURE (part);
                Received frame (stream);
                CHECK (frame.gets ("Peer-Address") == "127.0.0.1");
                CHECK (frame.gets ("Socket-Type") == "(none)");
                CHECK (zmq_msg_get (&frame.raw, ZMQ_SRCFD) >= 0);
            }
            if (*data)
                peer.close ();
        }
    }
}
