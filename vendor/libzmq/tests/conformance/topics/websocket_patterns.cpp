// websocket_patterns.cpp - ws:// (ZWS 2.0) as a transport: names, every pattern and mechanism, reconnecting, linger, monitors, limits.
#include "harness.hpp"
#include "monitor.hpp"
#include "security.hpp"
#include "wire.hpp"

#include <tuple>
#include <vector>

using namespace conf;

namespace {

const std::string anywhere = "ws://127.0.0.1:*";

std::string tcp_of (const std::string &endpoint) { return "tcp" + endpoint.substr (2, endpoint.find ('/', 5) - 2); }

std::string text_of (size_t size)
{
    std::string text (size, '\0');
    for (size_t at = 0; at < size; ++at)
        text[at] = static_cast<char> (at * 31 + at / 253);
    return text;
}

}  // namespace

TEST_CASE ("zmq_has tells of it")
{
    CHECK (zmq_has ("WS") == 1);
    if (!oracle ())
        CHECK (zmq_has ("ws") == 1);
}

TEST_CASE ("names: the path is part of them, and a slash if there is none")
{
    Context ctx;
    for (const auto &[typed, begin, end] :
         {std::tuple ("ws://127.0.0.1:*", "ws://127.0.0.1:", "/"), std::tuple ("ws://127.0.0.1:*/a", "ws://127.0.0.1:", "/a"),
          std::tuple ("ws://*:*/b", "ws://0.0.0.0:", "/b"), std::tuple ("ws://lo:*/", "ws://127.0.0.1:", "/")})
    {
        Socket socket (ctx, ZMQ_PULL);
        const std::string endpoint = socket.bind (typed);
        CHECK (endpoint.starts_with (begin));
        CHECK (endpoint.ends_with (end));
        CHECK (endpoint.find ('*') == std::string::npos);
        CHECK (zmq_unbind (socket, endpoint.c_str ()) == 0);
        CHECK_ERRNO (zmq_unbind (socket, endpoint.c_str ()), ENOENT);
    }
    Socket socket (ctx, ZMQ_PUSH);
    for (const char *wrong : {"ws://", "ws://127.0.0.1", "ws://127.0.0.1/9", "ws://127.0.0.1:*/", "ws://*:9/x", "ws://127.0.0.1:http/"})
        CHECK_ERRNO (zmq_connect (socket, wrong), EINVAL);
    CHECK_ERRNO (zmq_bind (socket, "ws://127.0.0.1/x"), EINVAL);
    CHECK (zmq_connect (socket, "ws://127.0.0.1:9/a") == 0);
    CHECK (socket.text (ZMQ_LAST_ENDPOINT) == "ws://127.0.0.1:9/a");
    CHECK (zmq_disconnect (socket, "ws://127.0.0.1:9/a") == 0);
}

TEST_CASE ("a path that would break the request is refused")
{
    if (oracle ())
        return;  // takes it
    Context ctx;
    Socket socket (ctx, ZMQ_PUSH);
    for (const char *wrong : {"ws://127.0.0.1:9/a b", "ws://127.0.0.1:9/a\r\nX: y", "ws://127.0.0.1:9/#f"})
        CHECK_ERRNO (zmq_connect (socket, wrong), EINVAL);
}

TEST_CASE ("IPv6")
{
    Context ctx;
    Socket server (ctx, ZMQ_REP), client (ctx, ZMQ_REQ);
    server.set (ZMQ_IPV6, 1);
    client.set (ZMQ_IPV6, 1);
    if (zmq_bind (server, "ws://[::1]:*/six") != 0)
        return;  // no IPv6 here
    const std::string endpoint = server.text (ZMQ_LAST_ENDPOINT);
    CHECK (endpoint.starts_with ("ws://[::1]:"));
    client.connect (endpoint);
    send (client, "six");
    CHECK (recv (server) == Msg{"six"});
}

TEST_CASE ("bodies of every form of length, both ways")
{
    Context ctx;
    Socket server (ctx, ZMQ_PAIR), client (ctx, ZMQ_PAIR);
    client.connect (server.bind (anywhere));
    for (const size_t size : {0u, 1u, 33u, 34u, 123u, 124u, 125u, 126u, 255u, 4095u, 4097u, 65533u, 65534u, 65535u, 65536u, 3'000'000u}) {
        CAPTURE (size);
        const std::string body = text_of (size);
        send (client, {body, "tail"});
        CHECK (recv (server) == Msg{body, "tail"});
        send (server, {"head", body});
        CHECK (recv (client) == Msg{"head", body});
    }
}

TEST_CASE ("REQ and REP, DEALER and ROUTER with their ids")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), req (ctx, ZMQ_REQ), dealer (ctx, ZMQ_DEALER);
    const std::string endpoint = router.bind (anywhere + "/path");
    req.set (ZMQ_ROUTING_ID, "asker").connect (endpoint);
    send (req, "question");
    CHECK (recv (router) == Msg{"asker", "", "question"});
    send (router, {"asker", "", "answer"});
    CHECK (recv (req) == Msg{"answer"});
    dealer.set (ZMQ_ROUTING_ID, "d").connect (endpoint);
    send (dealer, Msg{"a", "b"});
    CHECK (recv (router) == Msg{"d", "a", "b"});
}

TEST_CASE ("PUSH to PULL: order, and nothing lost")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.connect (pull.bind (anywhere));
    Background sender ([&] {
        for (int i = 0; i < 20000; ++i)
            send (push, {std::to_string (i), text_of (static_cast<size_t> (i % 500))});
    });
    for (int i = 0; i < 20000; ++i)
        REQUIRE (recv (pull) == Msg{std::to_string (i), text_of (static_cast<size_t> (i % 500))});
}

TEST_CASE ("subscriptions: of SUB, XSUB and XPUB")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB), xpub (ctx, ZMQ_XPUB), xsub (ctx, ZMQ_XSUB);
    sub.subscribe ("a").connect (pub.bind (anywhere));
    publish_until_received (pub, sub, "a1");
    send (pub, "b");
    send (pub, "a2");
    CHECK (recv (sub) == Msg{"a2"});
    xsub.connect (xpub.bind (anywhere));
    send (xsub, "\1topic"s);
    CHECK (recv (xpub) == Msg{"\1topic"s});
    send (xpub, "topic!");
    CHECK (recv (xsub) == Msg{"topic!"});
    send (xsub, "\0topic"s);
    CHECK (recv (xpub) == Msg{"\0topic"s});
}

TEST_CASE ("PLAIN, with ZAP")
{
    Context ctx;
    ZapHandler zap (ctx, [] (const Msg &request) { return ZapHandler::reply (request, request.at (7) == "secret" ? "200" : "400", "me"); });
    Socket server (ctx, ZMQ_REP), client (ctx, ZMQ_REQ), other (ctx, ZMQ_REQ);
    plain_server (server);
    const std::string endpoint = server.bind (anywhere);
    plain_client (client, "me", "secret");
    client.connect (endpoint);
    send (client, "hello");
    CHECK (recv (server) == Msg{"hello"});
    plain_client (other, "me", "wrong");
    other.connect (endpoint);
    CHECK (silent (server));
    const auto requests = zap.requests ();
    REQUIRE_FALSE (requests.empty ());
    CHECK (requests.front ().at (3) == "127.0.0.1");
}

TEST_CASE ("CURVE, with subscriptions")
{
    if (oracle ())
        return;  // its publishers do not understand what its subscribers send there
    Context ctx;
    const Keys server_keys, client_keys;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    curve_server (pub, server_keys);
    curve_client (sub, server_keys, client_keys);
    sub.subscribe ("a").connect (pub.bind (anywhere));
    publish_until_received (pub, sub, "a");
    const std::string large = "a" + text_of (200'000);
    send (pub, {large, "z"});
    CHECK (recv (sub) == Msg{large, "z"});
}

TEST_CASE ("mechanisms that differ do not come together")
{
    Context ctx;
    const Keys keys;
    Socket server (ctx, ZMQ_PULL), client (ctx, ZMQ_PUSH);
    curve_server (server, keys);
    const std::string endpoint = server.bind (anywhere);
    Monitor monitor (ctx, server);
    client.connect (endpoint);
    CHECK (monitor.wait (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL).value == ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
    CHECK (try_send (client, "x") <= 1);
    CHECK (silent (server));
}

TEST_CASE ("monitor: a connection's events")
{
    Context ctx;
    Socket server (ctx, ZMQ_PULL), client (ctx, ZMQ_PUSH);
    Monitor at_server (ctx, server), at_client (ctx, client);
    const std::string endpoint = server.bind (anywhere + "/m");
    CHECK (at_server.wait (ZMQ_EVENT_LISTENING).endpoint == endpoint);
    client.connect (endpoint);
    at_server.wait (ZMQ_EVENT_ACCEPTED);
    at_client.wait (ZMQ_EVENT_CONNECTED);
    at_server.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    at_client.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    send (client, "x");
    CHECK (recv (server) == Msg{"x"});
    client.close ();
    at_server.wait (ZMQ_EVENT_DISCONNECTED);
}

TEST_CASE ("the client comes back when the server does, and what it has sent meanwhile arrives")
{
    Context ctx;
    Socket client (ctx, ZMQ_PUSH);
    std::string endpoint;
    {
        Socket server (ctx, ZMQ_PULL);
        endpoint = server.bind (anywhere + "/again");
        client.set (ZMQ_RECONNECT_IVL, 20).connect (endpoint);
        send (client, "first");
        CHECK (recv (server) == Msg{"first"});
        Monitor monitor (ctx, client);
        zmq_unbind (server, endpoint.c_str ());
        server.close ();
        monitor.wait (ZMQ_EVENT_DISCONNECTED);
    }
    send (client, "second");
    Socket server (ctx, ZMQ_PULL);
    REQUIRE (wait_until ([&] { return zmq_bind (server, endpoint.c_str ()) == 0; }));
    if (oracle ())
        return;  // does not come back
    CHECK (recv (server) == Msg{"second"});
}

TEST_CASE ("linger: what was sent before the end arrives, and the rest of a context's end waits for it")
{
    Context ctx;
    Socket server (ctx, ZMQ_PULL);
    const std::string endpoint = server.bind (anywhere);
    {
        Context other;
        Socket client (other, ZMQ_PUSH);
        client.set (ZMQ_LINGER, patience).connect (endpoint);
        for (int i = 0; i < 100; ++i)
            send (client, {std::to_string (i), text_of (20'000)});
        client.close ();
        CHECK (other.term () == 0);
    }
    for (int i = 0; i < 100; ++i)
        REQUIRE (recv (server) == Msg{std::to_string (i), text_of (20'000)});
}

TEST_CASE ("heartbeats keep a connection that is idle")
{
    Context ctx;
    Socket server (ctx, ZMQ_PAIR), client (ctx, ZMQ_PAIR);
    server.set (ZMQ_HEARTBEAT_IVL, 20).set (ZMQ_HEARTBEAT_TIMEOUT, 2000);
    client.set (ZMQ_HEARTBEAT_IVL, 20).set (ZMQ_HEARTBEAT_TIMEOUT, 2000);
    client.connect (server.bind (anywhere));
    send (client, "1");
    CHECK (recv (server) == Msg{"1"});
    Monitor monitor (ctx, client);
    CHECK (monitor.rest (200).empty ());
    send (server, "2");
    CHECK (recv (client) == Msg{"2"});
}

TEST_CASE ("ZMQ_MAXMSGSIZE is of the message, whatever it travels in")
{
    Context ctx;
    Socket server (ctx, ZMQ_PULL), client (ctx, ZMQ_PUSH);
    server.set (ZMQ_MAXMSGSIZE, int64_t{1000});
    client.connect (server.bind (anywhere));
    send (client, text_of (1000));
    CHECK (recv (server) == Msg{text_of (1000)});
    Monitor monitor (ctx, server);
    send (client, text_of (1001));
    monitor.wait (ZMQ_EVENT_DISCONNECTED);
    CHECK (silent (server));
}

TEST_CASE ("many clients at once")
{
    Context ctx;
    Socket server (ctx, ZMQ_ROUTER);
    const std::string endpoint = server.bind (anywhere);
    std::vector<Socket> clients;
    for (int i = 0; i < 50; ++i) {
        clients.emplace_back (ctx, ZMQ_DEALER);
        clients.back ().connect (endpoint);
        send (clients.back (), std::to_string (i));
    }
    for (int i = 0; i < 50; ++i) {
        Msg request = recv (server);
        REQUIRE (request.size () == 2);
        send (server, {request[0], "to " + request[1]});
    }
    for (int i = 0; i < 50; ++i)
        CHECK (recv (clients[static_cast<size_t> (i)]) == Msg{"to " + std::to_string (i)});
}

TEST_CASE ("ZMTP and WebSocket do not take each other for themselves")
{
    Context ctx;
    Socket ws (ctx, ZMQ_PULL), tcp (ctx, ZMQ_PULL), to_ws (ctx, ZMQ_PUSH), to_tcp (ctx, ZMQ_PUSH);
    to_ws.connect (tcp_of (ws.bind (anywhere)));
    const std::string plain = tcp.bind ();
    to_tcp.connect ("ws" + plain.substr (3));
    try_send (to_ws, "x");
    try_send (to_tcp, "x");
    CHECK (silent (ws, 100));
    if (!oracle ())  // which takes the request for messages of ZMTP 1.0
        CHECK (silent (tcp));
}
