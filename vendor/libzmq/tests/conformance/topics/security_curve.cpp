// security_curve.cpp - CURVE: secret, genuine and only for those who know the server's key.
#include "monitor.hpp"
#include "security.hpp"

using namespace conf;

namespace {

std::string binary (const std::string &text)
{
    std::string bytes (text.size () * 4 / 5, '\0');
    zmq_z85_decode (reinterpret_cast<uint8_t *> (bytes.data ()), text.c_str ());
    return bytes;
}

// A pattern's two ends and one message from `from`, which is one of them.
struct Couple
{
    int one, other;
    bool other_sends;
};

}  // namespace

TEST_CASE ("every pair of types, either end server, either end binding, over tcp and ipc")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    TempDir dir;
    const Keys server_keys, client_keys;
    for (const Couple &types : {Couple{ZMQ_PAIR, ZMQ_PAIR, true}, Couple{ZMQ_PUSH, ZMQ_PULL, false}, Couple{ZMQ_PUB, ZMQ_SUB, false},
                                Couple{ZMQ_XPUB, ZMQ_XSUB, false}, Couple{ZMQ_PUB, ZMQ_XSUB, false}, Couple{ZMQ_XPUB, ZMQ_SUB, false},
                                Couple{ZMQ_REQ, ZMQ_REP, false}, Couple{ZMQ_REQ, ZMQ_ROUTER, false}, Couple{ZMQ_DEALER, ZMQ_REP, false},
                                Couple{ZMQ_DEALER, ZMQ_ROUTER, false}, Couple{ZMQ_DEALER, ZMQ_DEALER, true}})
        for (int variant = 0; variant < 8; ++variant) {
            CAPTURE (types.one);
            CAPTURE (types.other);
            CAPTURE (variant);
            Context ctx;
            Socket one (ctx, types.one), other (ctx, types.other);
            Socket &server = variant & 1 ? one : other, &client = variant & 1 ? other : one;
            Socket &binder = variant & 2 ? one : other, &connecter = variant & 2 ? other : one;
            curve_server (server, server_keys);
            curve_client (client, server_keys, client_keys);
            connecter.connect (binder.bind (variant & 4 ? dir.ipc () : "tcp://127.0.0.1:*"));
            if (types.other == ZMQ_SUB || types.other == ZMQ_XSUB) {
                if (types.other == ZMQ_SUB)
                    other.subscribe ("topic");
                else
                    send (other, "\1topic");
                publish_until_received (one, other, "topic");
                continue;
            }
            Socket &from = types.other_sends ? other : one, &to = types.other_sends ? one : other;
            const Msg message = types.one == ZMQ_DEALER && types.other == ZMQ_REP ? Msg{"", "body"} : Msg{"one", "", "three"};
            send (from, message);
            Msg got = recv (to);
            if (types.other == ZMQ_ROUTER)
                got.erase (got.begin (), got.begin () + (types.one == ZMQ_REQ ? 2 : 1));
            CHECK (got == (types.one == ZMQ_DEALER && types.other == ZMQ_REP ? Msg{"body"} : message));
        }
}

TEST_CASE ("bodies of every size, many parts, both ways")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    Context ctx;
    Socket server (ctx, ZMQ_DEALER), client (ctx, ZMQ_DEALER);
    curve_server (server, server_keys);
    curve_client (client, server_keys, client_keys);
    client.connect (server.bind ());
    Msg all;
    for (const size_t size :
         {0u,    1u,    10u,   30u,   31u,   32u,   33u,    63u,    64u,    100u,   222u,     223u,       255u,      256u,
          1000u, 1023u, 1024u, 4096u, 4097u, 8192u, 16351u, 16384u, 16385u, 65536u, 100'000u, 1'000'000u, 5'000'000u})
    {
        CAPTURE (size);
        std::string body;
        for (size_t at = 0; at < size; ++at)
            body.push_back (static_cast<char> (at * 7 + at / 251));
        for (const auto &[from, to] : {std::pair<void *, void *> (client, server), std::pair<void *, void *> (server, client)}) {
            send (from, Msg{body});
            CHECK (recv (to) == Msg{body});
        }
        if (size <= 100'000)
            all.push_back (body);
    }
    for (int round = 0; round < 3; ++round) {
        send (client, all);
        CHECK (recv (server) == all);
    }
    const Msg many (200, "part");
    send (server, many);
    CHECK (recv (client) == many);
    for (int i = 0; i < 2000; ++i)
        send (client, std::to_string (i));
    for (int i = 0; i < 2000; ++i)
        CHECK (recv (server) == Msg{std::to_string (i)});
}

TEST_CASE ("nothing can be read on the wire: bodies, topics, properties, heartbeats")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    Context ctx;
    Socket server (ctx, ZMQ_XPUB), client (ctx, ZMQ_SUB);
    curve_server (server, server_keys);
    curve_client (client, server_keys, client_keys);
    client.set (ZMQ_HEARTBEAT_IVL, 20).set (ZMQ_HEARTBEAT_TIMEOUT, patience);
    if (ours ())
        client.set (opt_metadata, "X-Secret:the-property");
    Tap tap (server.bind ());
    client.subscribe ("the-topic");
    client.connect (tap.endpoint ());
    CHECK (recv (server) == Msg{"\1the-topic"});
    send (server, Msg{"the-topic", "the-body"});
    CHECK (recv (client) == Msg{"the-topic", "the-body"});
    client.unsubscribe ("the-topic");
    CHECK (recv (server) == Msg{"\0the-topic"s});
    const size_t before = tap.bytes ().size ();
    CHECK (wait_until ([&] { return tap.bytes ().size () > before + 200; }));  // PINGs and PONGs
    const std::string seen = tap.bytes ();
    for (const char *hidden : {"the-topic", "the-body", "the-property", "SUBSCRIBE", "CANCEL", "PING", "PONG", "XPUB", "Socket-Type"})
        CHECK_MESSAGE (seen.find (hidden) == seen.npos, hidden);
    for (const std::string &key : {server_keys.secret_key, client_keys.secret_key, client_keys.public_key})
        CHECK (seen.find (binary (key)) == seen.npos);
}

TEST_CASE ("nothing that is said can be read on the wire, whatever the types, in either direction; without CURVE all of it can")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    const std::string large = "the-body" + std::string (70'000, 'l') + "the-end";
    for (const Couple &types : {Couple{ZMQ_PAIR, ZMQ_PAIR, true}, Couple{ZMQ_PUSH, ZMQ_PULL, false}, Couple{ZMQ_PUB, ZMQ_SUB, false},
                                Couple{ZMQ_XPUB, ZMQ_XSUB, false}, Couple{ZMQ_REQ, ZMQ_REP, true}, Couple{ZMQ_DEALER, ZMQ_ROUTER, true}})
        for (const char *mode : {"in clear", "one is the server", "the other is the server"}) {
            CAPTURE (types.one);
            CAPTURE (mode);
            const bool clear = mode == "in clear"s, one_is_server = mode == "one is the server"s;
            Context ctx;
            Socket one (ctx, types.one), other (ctx, types.other);
            if (!clear) {
                curve_server (one_is_server ? one : other, server_keys);
                curve_client (one_is_server ? other : one, server_keys, client_keys);
            }
            if (types.one == ZMQ_REQ || types.one == ZMQ_DEALER)
                one.set (ZMQ_ROUTING_ID, "the-name");
            Tap tap (other.bind ());
            one.connect (tap.endpoint ());
            std::vector<std::string> said{"Socket-Type"};
            if (types.other == ZMQ_SUB || types.other == ZMQ_XSUB) {
                if (types.other == ZMQ_SUB)
                    other.subscribe ("the-topic");
                else
                    send (other, "\1the-topic");
                publish_until_received (one, other, "the-topic");
                said.insert (said.end (), {"the-topic", "SUBSCRIBE"});
            } else {
                send (one, Msg{"the-body", large});
                Msg got = recv (other);
                REQUIRE (got.size () >= 2);
                CHECK (got.back () == large);
                said.insert (said.end (), {"the-body", "the-end"});
                if (types.one == ZMQ_REQ || types.one == ZMQ_DEALER)
                    said.push_back ("the-name");
                if (types.other_sends) {
                    got.back () = "the-answer" + std::string (300, 'a');
                    send (other, got);
                    CHECK (recv (one).back () == got.back ());
                    said.push_back ("the-answer");
                }
            }
            const std::string seen = tap.bytes ();
            for (const std::string &text : said)
                CHECK_MESSAGE ((seen.find (text) != seen.npos) == clear, text);
        }
}

TEST_CASE ("built without CURVE: whoever asks for it cannot bind or connect, and hears why")
{
    if (zmq_has ("curve") || oracle ())
        return;
    CHECK (zmq_has ("curve") == 0);
    for (const bool as_server : {true, false}) {
        Context ctx;
        Socket socket (ctx, ZMQ_DEALER);
        if (as_server)
            socket.set (ZMQ_CURVE_SERVER, 1).set (ZMQ_CURVE_SECRETKEY, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6");
        else
            socket.set (ZMQ_CURVE_SERVERKEY, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
        CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_CURVE);
        CHECK_ERRNO (zmq_bind (socket, "tcp://127.0.0.1:*"), EPROTONOSUPPORT);
        CHECK_ERRNO (zmq_connect (socket, "tcp://127.0.0.1:9"), EPROTONOSUPPORT);
        // inproc knows no security.
        CHECK (zmq_bind (socket, inproc_name ().c_str ()) == 0);
    }
}

TEST_CASE ("the handler is asked about the client's key; its answer counts")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, known, unknown;
    Context ctx;
    ZapHandler handler (ctx, [&] (const Msg &request) {
        return request.at (6) == binary (known.public_key) ? ZapHandler::reply (request, "200", "known")
                                                           : ZapHandler::reply (request, "400");
    });
    Socket server (ctx, ZMQ_DEALER), good (ctx, ZMQ_DEALER), bad (ctx, ZMQ_DEALER);
    curve_server (server, server_keys);
    curve_client (good, server_keys, known);
    curve_client (bad, server_keys, unknown);
    Monitor server_events (ctx, server), bad_events (ctx, bad);
    const std::string where = server.bind ();
    bad.connect (where);
    CHECK (server_events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH).value == 400);
    CHECK (bad_events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH).value == 400);
    CHECK (bad_events.next ().event == ZMQ_EVENT_DISCONNECTED);
    CHECK (bad_events.next (150).event == 0);
    good.connect (where);
    send (good, "one");
    CHECK (property_of_next (server, "User-Id") == "known");
    REQUIRE (handler.requests ().size () == 2);
    CHECK (handler.requests ()[1] == Msg{"1.0", "1", "", "127.0.0.1", "", "CURVE", binary (known.public_key)});
}

TEST_CASE ("whether the handler is asked: domain and enforcement")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    for (const bool domain : {false, true})
        for (const bool enforce : {false, true})
            for (const bool present : {false, true}) {
                CAPTURE (domain);
                CAPTURE (enforce);
                CAPTURE (present);
                Context ctx;
                std::unique_ptr<ZapHandler> handler;
                if (present)
                    handler = std::make_unique<ZapHandler> (ctx, ZapHandler::always ("200", "u"));
                Socket server (ctx, ZMQ_DEALER), client (ctx, ZMQ_DEALER);
                curve_server (server, server_keys);
                curve_client (client, server_keys, client_keys);
                if (domain)
                    server.set (ZMQ_ZAP_DOMAIN, "global");
                server.set (opt_zap_enforce_domain, enforce ? 1 : 0);
                Monitor events (ctx, server);
                client.connect (server.bind ());
                send (client, "one");
                if (domain && enforce && !present) {
                    CHECK (events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL).value == EFAULT);
                    CHECK (silent (server));
                    continue;
                }
                const bool asked = present && (domain || !enforce);
                CHECK (property_of_next (server, "User-Id") == (asked ? "u" : "(none)"));
                CHECK ((handler ? handler->requests ().size () : 0) == (asked ? 1 : 0));
            }
}

TEST_CASE ("the key of another server: the server hears a cryptographic error, the client an end, and tries again")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, other_keys, client_keys;
    Context ctx;
    Socket server (ctx, ZMQ_DEALER), client (ctx, ZMQ_DEALER);
    curve_server (server, server_keys);
    curve_client (client, other_keys, client_keys);
    client.set (ZMQ_RECONNECT_IVL, 20);
    Monitor server_events (ctx, server), client_events (ctx, client);
    client.connect (server.bind ());
    const Event heard = server_events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    CHECK (heard.value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    CHECK (server_events.next ().event == ZMQ_EVENT_DISCONNECTED);
    CHECK (client_events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL).value == EPIPE);
    CHECK (client_events.next ().event == ZMQ_EVENT_DISCONNECTED);
    CHECK (client_events.wait (ZMQ_EVENT_CONNECT_RETRIED).event == ZMQ_EVENT_CONNECT_RETRIED);
}

TEST_CASE ("keys of two pairs mixed up: nobody is let in")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys, other;
    Context ctx;
    Socket server (ctx, ZMQ_DEALER), client (ctx, ZMQ_DEALER);
    curve_server (server, server_keys);
    client.set (ZMQ_CURVE_SERVERKEY, server_keys.public_key)
      .set (ZMQ_CURVE_PUBLICKEY, client_keys.public_key)
      .set (ZMQ_CURVE_SECRETKEY, other.secret_key);
    Monitor events (ctx, server);
    client.connect (server.bind ());
    const Event heard = events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    CHECK (heard.value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    send (client, "one");
    CHECK (silent (server));
}

TEST_CASE ("types that do not talk to each other: the server drops the client")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    Context ctx;
    Socket server (ctx, ZMQ_PULL), client (ctx, ZMQ_PUB);
    curve_server (server, server_keys);
    curve_client (client, server_keys, client_keys);
    Monitor server_events (ctx, server), client_events (ctx, client);
    client.connect (server.bind ());
    CHECK (server_events.until (ZMQ_EVENT_DISCONNECTED) == std::vector<std::string>{"LISTENING", "ACCEPTED", "DISCONNECTED"});
    CHECK (client_events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL).value == EPIPE);
}

TEST_CASE ("what a peer says wrong, and the event that the server's owner hears")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys;
    Context ctx;
    Socket server (ctx, ZMQ_DEALER);
    curve_server (server, server_keys);
    Monitor events (ctx, server, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED);
    const std::string where = server.bind ();
    struct Case
    {
        std::string body;
        int event;
    };
    const std::string hello = "\5HELLO\1\0"s + std::string (192, '\0');
    for (const Case &tried : {
           Case{"", ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED},
           Case{"\5HELL", ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED},
           Case{"\5READYx", ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND},
           Case{"\7MESSAGE" + std::string (40, 'x'), ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND},
           Case{hello.substr (0, 199), ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
           Case{hello + "x", ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
           Case{"\5HELLO\2\0"s + hello.substr (8), ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
           Case{hello, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
         })
    {
        CAPTURE (wire::hex (tried.body));
        Peer peer = Peer::connect (where);
        peer.send (wire::greeting (1, "CURVE") + wire::frame (tried.body, 4));
        const Event heard = events.wait (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
        CHECK (heard.value == tried.event);
        CHECK (events.next ().event == ZMQ_EVENT_DISCONNECTED);
        CHECK (peer.closed ());
    }
}

TEST_CASE ("what a server says wrong, and the event that the client's owner hears")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    struct Case
    {
        std::string said;
        int kind, value;
    };
    const auto command = [] (const std::string &body) { return wire::frame (body, 4); };
    constexpr int protocol = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    const Keys server_keys, client_keys;
    for (const Case &tried : {
           Case{command ("\7WELCOME"), protocol, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
           Case{command ("\7WELCOME" + std::string (160, 'x')), protocol, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
           Case{command ("\7welcome"), protocol, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND},
           Case{command ("\5ERROR"), protocol, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR},
           Case{command ("\5ERROR\003400"), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400},
         })
    {
        CAPTURE (wire::hex (tried.said));
        Context ctx;
        Listener listener;
        Socket client (ctx, ZMQ_DEALER);
        curve_client (client, server_keys, client_keys);
        client.set (ZMQ_RECONNECT_IVL, 10);
        Monitor events (ctx, client, protocol | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED);
        client.connect (listener.endpoint ());
        Peer peer = listener.accept ();
        peer.send (wire::greeting (1, "CURVE"));
        peer.read (64);
        CHECK (peer.read_frame ().body.size () == 200);
        peer.send (tried.said);
        const Event heard = events.next ();
        CHECK (heard.event == tried.kind);
        CHECK (heard.value == tried.value);
        CHECK (events.next ().event == ZMQ_EVENT_DISCONNECTED);
        CHECK (listener.nobody (60));
    }
}

TEST_CASE ("a server that restarts is found again, by new keys of the connection")
{
    if (!zmq_has ("curve"))
        return;  // built without libsodium
    const Keys server_keys, client_keys;
    Context ctx;
    Socket client (ctx, ZMQ_DEALER);
    curve_client (client, server_keys, client_keys);
    client.set (ZMQ_RECONNECT_IVL, 10);
    std::string where;
    for (int life = 0; life < 3; ++life) {
        Socket server (ctx, ZMQ_DEALER);
        curve_server (server, server_keys);
        if (life == 0)
            client.connect (where = server.bind ());
        else
            wait_until ([&] { return zmq_bind (server, where.c_str ()) == 0; });
        send (server, "welcome");
        CHECK (recv (client) == Msg{"welcome"});
        send (client, "thanks");
        CHECK (recv (server) == Msg{"thanks"});
    }
}
