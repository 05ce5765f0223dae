// Handshakes without a greeting, as on a connection where a layer below has agreed on version and mechanism: both sides of every
// mechanism, whatever the segmentation.
#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>
#if defined ZMQ_HAVE_LIBSODIUM
#    include <sodium.h>
#endif

#include "mechanism/frame_cipher.hpp"
#include "mechanism/mechanism.hpp"
#include "message/metadata.hpp"
#include "zmtp/handshake.hpp"

using engine::Framing;
using engine::Handshake;
using engine::HandshakeConfig;
using engine::HandshakeStart;
namespace zmtp = engine::zmtp;
using engine::ZapVerdict;
using State = Handshake::State;
using namespace std::string_literals;

namespace {

HandshakeConfig config (int type, int mechanism = ZMQ_NULL)
{
    HandshakeConfig result;
    result.socket_type = type;
    result.mechanism = mechanism;
    result.want_peer_routing_id = type == ZMQ_ROUTER;
    return result;
}

std::string take (Handshake &handshake, std::size_t most = SIZE_MAX)
{
    const auto bytes = handshake.output ();
    const std::size_t count = std::min (most, bytes.size ());
    std::string text (reinterpret_cast<const char *> (bytes.data ()), count);
    handshake.sent (count);
    return text;
}

std::size_t feed (Handshake &handshake, const std::string &bytes)
{
    return handshake.feed ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()});
}

// Until neither has anything to say; pieces of `step` bytes.
void exchange (Handshake &one, Handshake &other, std::size_t step)
{
    for (bool said = true; said;) {
        said = false;
        for (auto [from, to] : {std::pair (&one, &other), std::pair (&other, &one)}) {
            if (to->waiting ())
                to->decide ({ZapVerdict::Outcome::allowed, 200, {{"User-Id", "somebody"}}});
            const std::string piece = take (*from, step);
            said |= !piece.empty ();
            CHECK (feed (*to, piece) == piece.size ());
        }
    }
}

struct Sides
{
    HandshakeConfig client;
    HandshakeConfig server;
};

Sides sides (int mechanism)
{
    Sides result{config (ZMQ_DEALER, mechanism), config (ZMQ_ROUTER, mechanism)};
    result.client.routing_id = "me";
    result.server.as_server = mechanism != ZMQ_NULL;
    result.client.plain_username = result.client.plain_password = "x";
#if defined ZMQ_HAVE_LIBSODIUM
    engine::CurveKey secret;
    REQUIRE (crypto_box_keypair (result.client.curve_serverkey.data (), secret.data ()) == 0);
    result.server.curve_secretkey = secret;
    REQUIRE (crypto_box_keypair (result.client.curve_publickey.data (), secret.data ()) == 0);
    result.client.curve_secretkey = secret;
#endif
    return result;
}

}  // namespace

TEST_CASE ("without a greeting, both sides of every mechanism get ready")
{
    for (const auto &row : engine::mechanism_table ())
        for (const Framing &wire : std::initializer_list<std::reference_wrapper<const Framing>>{zmtp::v3_0, zmtp::v3_1})
            for (const std::size_t step : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
                CAPTURE (row.name);
                CAPTURE (step);
                Sides with = sides (row.number);
                with.server.zap_domain = "global";
                Handshake client (with.client, HandshakeStart{&wire});
                Handshake server (with.server, HandshakeStart{&wire});
                CHECK (client.greeting_done ());
                CHECK (client.mechanism_running ());
                CHECK (server.mechanism_running ());
                exchange (client, server, step);
                REQUIRE (client.state () == State::ready);
                REQUIRE (server.state () == State::ready);
                CHECK (&client.framing () == &wire);
                CHECK (&server.framing () == &wire);
                CHECK (server.peer_routing_id () == "me");
                CHECK (server.metadata ()->get ("User-Id") == "somebody"s);
                CHECK (client.metadata ()->get ("Socket-Type") == "ROUTER"s);
                CHECK ((client.take_cipher () != nullptr) == (row.number == ZMQ_CURVE));
                CHECK ((server.take_cipher () != nullptr) == (row.number == ZMQ_CURVE));
            }
}

TEST_CASE ("without a greeting, the first bytes are the mechanism's")
{
    Handshake plain (sides (ZMQ_PLAIN).client, HandshakeStart{&zmtp::v3_1});
    CHECK (take (plain) == "\4\x0a\5HELLO\1x\1x"s);
    Handshake null (config (ZMQ_PULL), HandshakeStart{&zmtp::v3_1});
    CHECK (take (null) == "\4\x1a\5READY\x0bSocket-Type\0\0\0\4PULL"s);
    // What is behind the handshake stays for whoever decodes frames.
    CHECK (feed (null, "\4\x1a\5READY\x0bSocket-Type\0\0\0\4PUSH\0\1x"s) == 28);
    CHECK (null.state () == State::ready);
}

TEST_CASE ("without a greeting, one that has to ask ZAP first waits at once")
{
    HandshakeConfig asking = config (ZMQ_PULL);
    asking.zap_domain = "global";
    Handshake handshake (asking, HandshakeStart{&zmtp::v3_1});
    CHECK (handshake.waiting ());
    CHECK (handshake.output ().empty ());
    CHECK (feed (handshake, "\4\x1a\5READY") == 0);
    handshake.decide ({ZapVerdict::Outcome::refused, 400, {}});
    CHECK (handshake.state () == State::refused);
    CHECK (take (handshake) == "\4\x0a\5ERROR\3"s + "400");
}

TEST_CASE ("without a greeting, the limits of handshake frames hold")
{
    for (const auto &row : engine::mechanism_table ()) {
        CAPTURE (row.name);
        Handshake handshake (sides (row.number).server, HandshakeStart{&zmtp::v3_1});
        feed (handshake, "\6\0\0\0\0\1\0\0\0"s);
        CHECK (handshake.state () == State::failed);
        CHECK (handshake.failure ().event == 0);
    }
    HandshakeConfig unknown = config (ZMQ_PULL, 3);
    for (const bool mechanism : {true, false}) {
        Handshake handshake (unknown, HandshakeStart{&zmtp::v3_1, mechanism});
        CHECK (handshake.state () == State::failed);
        CHECK (handshake.failure ().value == EPROTONOSUPPORT);
        CHECK (handshake.output ().empty ());
    }
}

TEST_CASE ("without a mechanism, each side says its routing id and is ready")
{
    for (const std::size_t step : {std::size_t{1}, SIZE_MAX}) {
        HandshakeConfig client_config = config (ZMQ_DEALER);
        client_config.routing_id = "me";
        client_config.peer_address = "::1";
        Handshake client (client_config, HandshakeStart{&zmtp::v2, false});
        Handshake server (config (ZMQ_ROUTER), HandshakeStart{&zmtp::v2, false});
        CHECK_FALSE (client.mechanism_running ());
        exchange (client, server, step);
        CHECK (client.state () == State::ready);
        CHECK (server.state () == State::ready);
        CHECK (server.peer_routing_id () == "me");
        CHECK (client.metadata ()->get ("Peer-Address") == "::1"s);
    }
    // Who wants a mechanism, or ZAP, does not do without.
    HandshakeConfig domain = config (ZMQ_DEALER);
    domain.zap_domain = "global";
    for (const HandshakeConfig &wanting : {domain, sides (ZMQ_PLAIN).client}) {
        Handshake handshake (wanting, HandshakeStart{&zmtp::v2, false});
        CHECK (handshake.state () == State::failed);
        CHECK (handshake.output ().empty ());
    }
}

TEST_CASE ("without a greeting, pieces count towards the frame that they make, and towards no other")
{
    const auto piece = [] (int first, const std::string &body) {
        return std::string (1, static_cast<char> (first)) + static_cast<char> (body.size ()) + body;
    };
    HandshakeConfig limited = sides (ZMQ_PLAIN).server;
    limited.max_message_size = 40;
    Handshake handshake (limited, HandshakeStart{&engine::websocket::client});
    feed (handshake, piece (0x02, "\2\5HEL"s) + piece (0x80, "LO\1x\1x"s));
    if (handshake.waiting ())
        handshake.decide ({ZapVerdict::Outcome::allowed, 200, {}});
    feed (handshake, piece (0x82, "\2\x08"
                                  "INITIATE\x0bSocket-Type\0\0\0\6DEALER"s));
    if (handshake.waiting ())
        handshake.decide ({ZapVerdict::Outcome::allowed, 200, {}});
    CHECK (handshake.state () == State::ready);
}

TEST_CASE ("without a greeting, the peer is told what is wrong where there are words for it")
{
    const auto told = [] (const std::string &bytes) {
        Handshake handshake (config (ZMQ_PULL), HandshakeStart{&engine::websocket::client});
        take (handshake);
        feed (handshake, bytes);
        CHECK (handshake.state () == State::failed);
        const std::string said = take (handshake);
        REQUIRE (said.size () == 8);  // masked
        return (static_cast<unsigned char> (said[6] ^ said[2]) << 8) | static_cast<unsigned char> (said[7] ^ said[3]);
    };
    CHECK (told ("\x81\1x"s) == 1003);
    CHECK (told ("\x82\x7f\0\0\0\1\0\0\0\0\0"s) == 1009);
    CHECK (told ("\xf2\1x"s) == 1002);
}
