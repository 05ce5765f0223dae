// ZeroMQ over WebSocket as a transport: names, and the layer on both ends of real connections.
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <zmq.h>

#include "transport/byte_stream.hpp"
#include "transport/loopback.hpp"
#include "transport/websocket_layer.hpp"
#include "zmtp/framing.hpp"

using namespace engine;
using namespace loopback;
using namespace std::string_literals;

namespace {

const Transport &ws () { return *find_transport ("ws"); }

// Both ends of a connection, the far one bare.
struct Ends
{
    explicit Ends (const Options &options = {})
    {
        Descriptor client;
        Descriptor server;
        Bound bound ("ws", "127.0.0.1:*", options);
        REQUIRE (connect_to ("ws", bound.address (), options, client) == 0);
        REQUIRE (accept_from ("ws", bound, options, server) == 0);
        near = ByteStream (server.release ());
        far = ByteStream (client.release ());
        REQUIRE (ws ().layers_on_accepted (near, options) == 0);
    }
    void say (const std::string &text)
    {
        REQUIRE (far.write ({reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()}) == static_cast<ssize_t> (text.size ()));
        REQUIRE (wait_for (near.fd (), POLLIN));
    }
    std::string hear ()
    {
        REQUIRE (wait_for (far.fd (), POLLIN));
        std::uint8_t buffer[2048];
        const ssize_t count = far.read (buffer);
        return {reinterpret_cast<const char *> (buffer), count > 0 ? static_cast<std::size_t> (count) : 0};
    }
    ByteStream near, far;
};

}  // namespace

TEST_CASE ("ws: names")
{
    const Options options;
    for (const char *address : {"127.0.0.1:*", "127.0.0.1:*/", "127.0.0.1:*/a", "127.0.0.1:*/a/b?c=d", "*:*/x"}) {
        CAPTURE (address);
        Bound bound ("ws", address, options);
        REQUIRE (bound.error () == 0);
        const std::string typed = address;
        const std::string path = typed.find ('/') == std::string::npos ? "/" : typed.substr (typed.find ('/'));
        CHECK (bound.endpoint ().starts_with (*address == '*' ? "ws://0.0.0.0:" : "ws://127.0.0.1:"));
        CHECK (bound.endpoint ().ends_with (path));
        CHECK (bound.endpoint ().find ('*') == std::string::npos);
        CHECK (ws ().canonical (bound.address (), options) == bound.endpoint ());
    }
    for (const char *address : {"127.0.0.1", "127.0.0.1/x", "127.0.0.1:*/a b", "127.0.0.1:*/a\r\nX: y", "127.0.0.1:*/#a", "/x", ""})
        CHECK (Bound ("ws", address, options).error () == EINVAL);

    for (const char *address : {"127.0.0.1:9", "127.0.0.1:9/a/b", "[::1]:9/", "host:9/?q"})
        CHECK (ws ().check_connect (address, options) == 0);
    for (const char *address : {"127.0.0.1", "127.0.0.1:*/", "127.0.0.1/9", "127.0.0.1:9/a b", "127.0.0.1:9/\n", "127.0.0.1:9/\xc3\xa4"})
        CHECK (ws ().check_connect (address, options) == EINVAL);
    CHECK (ws ().local_endpoint (-1).empty ());
    CHECK (ws ().canonical ("*:5/x", options) == "ws://*:5/x");
}

TEST_CASE ("ws: what a request says of the peer")
{
    const auto said = [] (const std::string &address) {
        std::vector<DialTarget> targets;
        REQUIRE (ws ().resolve (address, {}, targets) == 0);
        return std::pair (targets.front ().http_host, targets.front ().http_path);
    };
    CHECK (said ("127.0.0.1:5555") == std::pair ("127.0.0.1:5555"s, "/"s));
    CHECK (said ("127.0.0.1:80/a/b") == std::pair ("127.0.0.1"s, "/a/b"s));
    CHECK (said ("127.0.0.1:5555garbage/a") == std::pair ("127.0.0.1:5555"s, "/a"s));
    CHECK (said ("127.0.0.1:080") == std::pair ("127.0.0.1"s, "/"s));
    CHECK (said ("127.0.0.1:0;127.0.0.1:5555/a") == std::pair ("127.0.0.1:5555"s, "/a"s));
}

TEST_CASE ("ws: both layers")
{
    const Options options;
    Bound bound ("ws", "127.0.0.1:*/path", options);
    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("ws", bound.address (), options, client) == 0);
    REQUIRE (accept_from ("ws", bound, options, server) == 0);
    CHECK (ws ().peer_address (server.get ()) == "127.0.0.1");
    CHECK (ws ().remote_endpoint (server.get ()) == ws ().local_endpoint (client.get ()));
    ByteStream near (server.release ());
    ByteStream far (client.release ());
    std::vector<DialTarget> targets;
    REQUIRE (ws ().resolve (bound.address (), options, targets) == 0);
    REQUIRE (ws ().layers_on_dialled (far, targets.front (), options) == 0);
    REQUIRE (ws ().layers_on_accepted (near, options) == 0);
    REQUIRE (far.open () == EAGAIN);
    REQUIRE (wait_for (near.fd (), POLLIN));
    REQUIRE (near.open () == 0);
    REQUIRE (wait_for (far.fd (), POLLIN));
    REQUIRE (far.open () == 0);
    CHECK (near.is_plain ());
    CHECK (far.is_plain ());
    REQUIRE (near.agreed ().has_value ());
    CHECK (near.agreed ()->framing == &websocket::server);
    CHECK (near.agreed ()->mechanism);
    CHECK (far.agreed ()->framing == &websocket::client);
    check_exchange (near.fd (), far.fd ());
}

TEST_CASE ("ws: a peer that is no websocket is told so before it is let go")
{
    Ends ends;
    CHECK (ends.near.open () == EAGAIN);
    ends.say ("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK (ends.near.open () == EAGAIN);  // its end is waited for
    CHECK (ends.hear ().starts_with ("HTTP/1.1 426 "));
    CHECK (ends.hear ().empty ());
    ends.say ("more");
    CHECK (ends.near.open () == EAGAIN);
    ends.far.cut ();
    REQUIRE (wait_for (ends.near.fd (), POLLIN));
    CHECK (ends.near.open () == ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
}

TEST_CASE ("ws: a peer that leaves in the middle")
{
    Ends ends;
    ends.say ("GET / HT");
    CHECK (ends.near.open () == EAGAIN);
    ends.far.cut ();
    REQUIRE (wait_for (ends.near.fd (), POLLIN));
    CHECK (ends.near.open () == EPIPE);
}
