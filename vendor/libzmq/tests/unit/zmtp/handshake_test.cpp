// The opening of a connection, byte by byte: every version a peer may have, every refusal of the specification, and our own two sides
// against each other.
#include "zmtp/handshake.hpp"

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "mechanism/mechanism.hpp"
#include "message/metadata.hpp"
#include "pattern/socket_type.hpp"

using engine::Framing;
using engine::Handshake;
using engine::HandshakeConfig;
using engine::socket_types;
using engine::SocketType;
namespace zmtp = engine::zmtp;
using State = Handshake::State;
using namespace std::string_literals;

namespace {

HandshakeConfig config (int type, std::string routing_id = {})
{
    HandshakeConfig result;
    result.socket_type = type;
    result.routing_id = std::move (routing_id);
    result.want_peer_routing_id = type == ZMQ_ROUTER || type == ZMQ_REP;
    result.phantom_subscription = type == ZMQ_PUB || type == ZMQ_XPUB;
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

// Feeds bytes in pieces; what was used.
std::size_t feed (Handshake &handshake, const std::string &bytes, std::size_t step = SIZE_MAX)
{
    std::size_t used = 0;
    while (used < bytes.size () && handshake.state () == State::in_progress) {
        const std::size_t count = std::min (step, bytes.size () - used);
        const std::size_t took = handshake.feed ({reinterpret_cast<const std::uint8_t *> (bytes.data ()) + used, count});
        if (handshake.state () == State::in_progress)
            CHECK (took == count);
        used += took;
    }
    return used;
}

std::string number (std::uint64_t value, int size)
{
    std::string text (static_cast<std::size_t> (size), '\0');
    for (std::size_t at = text.size (); at-- > 0; value >>= 8)
        text[at] = static_cast<char> (value);
    return text;
}

std::string signature (std::size_t routing_id_size = 0) { return "\xff" + number (routing_id_size + 1, 8) + "\x7f"; }

std::string rest_of_greeting (std::string mechanism = "NULL", char minor = 1)
{
    mechanism.resize (20);
    return std::string (1, minor) + mechanism + std::string (32, '\0');
}

std::string greeting (const std::string &mechanism = "NULL", char minor = 1, char major = 3)
{
    return signature () + major + rest_of_greeting (mechanism, minor);
}

std::string property (const std::string &name, const std::string &value)
{
    return static_cast<char> (name.size ()) + name + number (value.size (), 4) + value;
}

std::string command (const std::string &body, char flags = 4)
{
    if (body.size () > 255)
        return static_cast<char> (flags | 2) + number (body.size (), 8) + body;
    return flags + std::string (1, static_cast<char> (body.size ())) + body;
}

std::string ready (const std::string &type) { return command ("\5READY" + property ("Socket-Type", type)); }

void check_failure (Handshake &handshake, int event, int value, bool protocol = true)
{
    CHECK (handshake.state () == State::failed);
    CHECK (handshake.failure ().event == event);
    CHECK (handshake.failure ().value == value);
    CHECK (handshake.failure ().protocol == protocol);
    CHECK_FALSE (handshake.mechanism_running ());
}

}  // namespace

TEST_CASE ("a 3.1 peer, whatever the segmentation")
{
    const std::string ours = signature () + "\3" + rest_of_greeting () + "\4\x29\5READY\x0bSocket-Type\0\0\0\6DEALER\x08Identity\0\0\0\0"s;
    const std::string peer = greeting () + ready ("ROUTER");
    for (std::size_t step = 1; step <= peer.size (); ++step) {
        Handshake handshake (config (ZMQ_DEALER));
        CHECK (feed (handshake, peer + "\0\1x"s, step) >= peer.size ());
        CHECK (handshake.state () == State::ready);
        CHECK (take (handshake) == ours);
        CHECK (&handshake.framing () == &zmtp::v3_1);
        CHECK (handshake.greeting_done ());
        CHECK_FALSE (handshake.mechanism_running ());
        CHECK_FALSE (handshake.phantom_subscription ());
        CHECK (handshake.take_cipher () == nullptr);
        REQUIRE (handshake.metadata ());
        CHECK (std::string (handshake.metadata ()->get ("Socket-Type")) == "ROUTER");
    }
}

TEST_CASE ("bytes behind the handshake are left to the frame decoder")
{
    const std::string peer = greeting () + ready ("ROUTER");
    Handshake handshake (config (ZMQ_DEALER));
    const std::string more = peer + "\0\1x\0\1y"s;
    CHECK (handshake.feed ({reinterpret_cast<const std::uint8_t *> (more.data ()), more.size ()}) == peer.size ());
    CHECK (handshake.state () == State::ready);
    CHECK (handshake.feed ({reinterpret_cast<const std::uint8_t *> (more.data ()), 1}) == 0);
}

TEST_CASE ("the greeting is sent in three pieces")
{
    Handshake handshake (config (ZMQ_DEALER, "abc"));
    CHECK (take (handshake) == signature (3));
    feed (handshake, signature ().substr (0, 9));
    CHECK (handshake.output ().empty ());
    feed (handshake, "\x7f");
    CHECK (take (handshake) == "\3");
    feed (handshake, "\3");
    CHECK (take (handshake, 5) + take (handshake) == rest_of_greeting ());
    CHECK_FALSE (handshake.greeting_done ());
    feed (handshake, rest_of_greeting ());
    CHECK (handshake.greeting_done ());
    CHECK (handshake.mechanism_running ());
    CHECK (take (handshake) == "\4\x2c\5READY\x0bSocket-Type\0\0\0\6DEALER\x08Identity\0\0\0\3abc"s);
    CHECK (handshake.state () == State::in_progress);
}

TEST_CASE ("which version a greeting means")
{
    const auto framing_of = [] (char major, char minor) {
        Handshake handshake (config (ZMQ_DEALER));
        feed (handshake, greeting ("NULL", minor, major) + ready ("DEALER"), 7);
        CHECK (handshake.state () == State::ready);
        return &handshake.framing ();
    };
    CHECK (framing_of (3, 0) == &zmtp::v3_0);
    CHECK (framing_of (3, 1) == &zmtp::v3_1);
    CHECK (framing_of (3, 9) == &zmtp::v3_1);
    CHECK (framing_of (2, 0) == &zmtp::v3_1);
    CHECK (framing_of (4, 0) == &zmtp::v3_1);
    CHECK (framing_of ('\xff', 0) == &zmtp::v3_1);
}

TEST_CASE ("what is to be ignored in a greeting is ignored")
{
    std::string odd = "\xff" + std::string (8, '\x55') + "\x01" + "\3" + rest_of_greeting ();
    odd[32] = 1;
    for (std::size_t at = 33; at < 64; ++at)
        odd[at] = 'z';
    Handshake handshake (config (ZMQ_PAIR));
    feed (handshake, odd + ready ("PAIR"));
    CHECK (handshake.state () == State::ready);
}

TEST_CASE ("an unversioned 1.0 peer")
{
    for (const std::string &identity : {""s, "me"s, std::string (254, 'i'), std::string (255, 'j')}) {
        for (const bool long_form : {false, true}) {
            if (!long_form && identity.size () > 253)
                continue;
            const std::string frame =
              (long_form ? "\xff" + number (identity.size () + 1, 8) : std::string (1, static_cast<char> (identity.size () + 1))) + '\0' +
              identity;
            for (std::size_t step = 1; step <= frame.size () + 3; ++step) {
                Handshake handshake (config (ZMQ_ROUTER, "abc"));
                const std::string bytes = frame + "\4\0out"s;
                const std::size_t used = feed (handshake, bytes, step);
                REQUIRE (handshake.state () == State::ready);
                CHECK (used == frame.size ());
                CHECK (take (handshake) == signature (3) + "abc");
                CHECK (&handshake.framing () == &zmtp::v1);
                CHECK (handshake.peer_routing_id () == identity);
                CHECK (handshake.metadata () == nullptr);
                CHECK (handshake.take_cipher () == nullptr);
                CHECK_FALSE (handshake.phantom_subscription ());
            }
        }
    }
    Handshake publisher (config (ZMQ_PUB));
    feed (publisher, "\1\0"s);
    CHECK (publisher.state () == State::ready);
    CHECK (publisher.phantom_subscription ());
    CHECK (publisher.peer_routing_id ().empty ());

    Handshake malformed (config (ZMQ_PULL));
    feed (malformed, "\0"s);
    check_failure (malformed, 0, 0);
}

TEST_CASE ("what is no identity frame of ZMTP 1.0 is refused as soon as that shows")
{
    struct Case
    {
        std::string bytes;
        std::size_t used;  // of them, one at a time
    };
    const Case cases[] = {
      {"\3\1me"s, 2},                                            // flags
      {"\3\x02me"s, 2},                                          //
      {"\3\x80me"s, 2},                                          //
      {"\3\0\0e"s, 3},                                           // an id that begins with a zero
      {"\xff" + number (257, 8) + "\0"s + "x", 10},              // longer than 255 bytes
      {"\xff" + number (3, 8) + "\2"s + "me", 10},               // long form with flags
      {signature () + "\0\3\3\1me"s, 14},                        // versioned 1.0 and 2.0
      {signature () + "\1\3\1\2me"s, 14},                        //
      {"GET / HTTP/1.1\r\n\r\n"s, 2},                            // length 71, flags 69
      {"\x16\x03\x01\x02\0\1\0\1\xfc\x03\x03"s, 2},              // TLS
      {"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"s, 3},  // RDP
      {"*1\r\n$4\r\nPING\r\n"s, 2},                              // redis
      {"\r\n\r\n"s, 2},
    };
    for (const Case &one : cases) {
        CAPTURE (one.bytes);
        for (const int type : {ZMQ_ROUTER, ZMQ_XPUB, ZMQ_PULL}) {
            Handshake slow (config (type));
            CHECK (feed (slow, one.bytes, 1) == one.used);
            check_failure (slow, 0, 0);
            Handshake at_once (config (type));
            feed (at_once, one.bytes);
            check_failure (at_once, 0, 0);
        }
    }
}

TEST_CASE ("an unversioned peer whose bytes do not go on with frames is none")
{
    for (const std::string &rest : {"\0"s, "\2\2x"s, "\3\0ab\2\1c\5\4"s, "\xff"s + number (9, 8) + "\x42"}) {
        Handshake handshake (config (ZMQ_XPUB));
        feed (handshake, "\1\0"s + rest);
        check_failure (handshake, 0, 0);
    }
    for (const std::string &rest : {""s, "\2"s, "\2\1x\1\0"s, "\3\0ab\2\1c\5"s, "\xff"s + number (9, 8)}) {
        Handshake handshake (config (ZMQ_XPUB));
        CHECK (feed (handshake, "\1\0"s + rest) == 2);
        CHECK (handshake.state () == State::ready);
    }
}

TEST_CASE ("a versioned 1.0 peer")
{
    for (const std::string &own : {""s, "abc"s, std::string (254, 'r')}) {
        Handshake handshake (config (ZMQ_REP, own));
        CHECK (feed (handshake, signature () + "\0\3\3\0me"s, 1) == 16);
        CHECK (handshake.state () == State::ready);
        CHECK (&handshake.framing () == &zmtp::v1);
        CHECK (handshake.peer_routing_id () == "me");
        const std::string header =
          own.size () < 254 ? std::string (1, static_cast<char> (own.size () + 1)) : "\xff" + number (own.size () + 1, 8);
        CHECK (take (handshake) == signature (own.size ()) + "\3\4" + header + '\0' + own);
    }
    Handshake publisher (config (ZMQ_XPUB));
    feed (publisher, signature () + "\0\2\1\0"s);
    CHECK (publisher.state () == State::ready);
    CHECK_FALSE (publisher.phantom_subscription ());
}

TEST_CASE ("a 2.0 peer")
{
    for (std::size_t step = 1; step < 20; ++step) {
        Handshake handshake (config (ZMQ_ROUTER, "abc"));
        CHECK (feed (handshake, signature () + "\1\5\0\2me"s, step) == 16);
        CHECK (handshake.state () == State::ready);
        CHECK (&handshake.framing () == &zmtp::v2);
        CHECK (handshake.greeting_done ());
        CHECK (handshake.peer_routing_id () == "me");
        CHECK (take (handshake) == signature (3) + "\3\6\0\3abc"s);
    }
    HandshakeConfig known = config (ZMQ_PULL);
    known.peer_address = "127.0.0.1";
    known.fd = 5;
    Handshake handshake (known);
    feed (handshake, signature () + "\1\x08\0\0"s);
    REQUIRE (handshake.metadata ());
    CHECK (std::string (handshake.metadata ()->get ("Peer-Address")) == "127.0.0.1");
    CHECK (handshake.metadata ()->fd () == 5);
    CHECK (handshake.peer_routing_id ().empty ());
}

TEST_CASE ("a socket with a ZAP domain refuses old peers")
{
    HandshakeConfig secured = config (ZMQ_PULL);
    secured.zap_domain = "global";
    for (const std::string &bytes : {"\1\0"s, signature () + "\0\x08"s, signature () + "\1\x08"s, "\xff\0\0\0\0\0\0\0\1\0"s}) {
        Handshake handshake (secured);
        feed (handshake, bytes, 1);
        check_failure (handshake, 0, 0);
    }
}

TEST_CASE ("another mechanism is a mismatch")
{
    for (const std::string &name : {"PLAIN"s, "null"s, "CURVE"s, "NULLX"s, ""s, "NULL\0x"s, "ABCDEFGHIJKLMNOPQRST"s}) {
        Handshake handshake (config (ZMQ_PUSH));
        feed (handshake, greeting (name), 1);
        check_failure (handshake, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        // The peer must be able to see it as well.
        CHECK (take (handshake) == greeting ());
    }
}

TEST_CASE ("a mechanism that we do not have fails at once")
{
    HandshakeConfig unknown = config (ZMQ_PUSH);
    unknown.mechanism = 3;
    Handshake handshake (unknown);
    check_failure (handshake, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EPROTONOSUPPORT);
    CHECK (handshake.output ().empty ());
    CHECK (feed (handshake, greeting ()) == 0);

    Handshake typeless (config (99));
    check_failure (typeless, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EINVAL);
}

TEST_CASE ("commands of the NULL handshake that are refused")
{
    struct Case
    {
        const char *what;
        std::string command;
        int event;
        int value;
    };
    const int protocol = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    const int auth = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    const int unexpected = ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND;
    const int malformed_error = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR;
    const std::string type = property ("Socket-Type", "PULL");
    const Case cases[] = {
      {"empty", command (""), protocol, unexpected},
      {"unknown", command ("\5HELLO"), protocol, unexpected},
      {"lower case", command ("\5ready" + type), protocol, unexpected},
      {"cut name", command ("\5REA"), protocol, unexpected},
      {"a message", command ("hello", 0), protocol, unexpected},
      {"cut property name", command ("\5READY\x0bSocket"), 0, 0},
      {"cut value length", command ("\5READY\x0bSocket-Type\0\0\0"s), 0, 0},
      {"cut value", command ("\5READY\x0bSocket-Type\0\0\0\6PUL"s), 0, 0},
      {"huge value", command ("\5READY\x0bSocket-Type\xff\xff\xff\xffPULL"s), 0, 0},
      {"one byte left over", command ("\5READY" + type + "\0"s), 0, 0},
      {"wrong type", command ("\5READY" + property ("Socket-Type", "PUB")), 0, 0},
      {"type in lower case", command ("\5READY" + property ("Socket-Type", "pull")), 0, 0},
      {"unknown type", command ("\5READY" + property ("Socket-Type", "")), 0, 0},
      {"ERROR without length", command ("\5ERROR"), protocol, malformed_error},
      {"ERROR with cut reason", command ("\5ERROR\4abc"), protocol, malformed_error},
      {"ERROR, some reason", command ("\5ERROR\3abc"), 0, 0},
      {"ERROR, no reason", command ("\5ERROR\0"s), 0, 0},
      {"ERROR 300",
       command ("\5ERROR\3"
                "300"),
       auth, 300},
      {"ERROR 400",
       command ("\5ERROR\3"
                "400"),
       auth, 400},
      {"ERROR 500 and more",
       command ("\5ERROR\3"
                "500trailing"),
       auth, 500},
      {"ERROR 200",
       command ("\5ERROR\3"
                "200"),
       0, 0},
      {"too large for any handshake", "\6" + number (1u << 30, 8), 0, 0},
    };
    for (const Case &one : cases)
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
            CAPTURE (one.what);
            Handshake handshake (config (ZMQ_PUSH));
            feed (handshake, greeting () + one.command, step);
            check_failure (handshake, one.event, one.value);
        }
}

TEST_CASE ("what is accepted although it looks odd")
{
    for (const std::string &one : {command ("\5READY"),                                                       // no type
                                   command ("\5READY" + property ("socket-type", "PULL")),                    // RFC: names have no case
                                   command ("\5READY" + property ("Socket-Type", "PULL"), 0),                 // COMMAND bit missing
                                   command ("\5READY" + property ("Socket-Type", "PULL"), '\5'),              // MORE
                                   "\6" + number (25 + 1, 8) + "\5READY" + property ("Socket-Type", "PULL"),  // long form
                                   command ("\5READY" + property ("Socket-Type", "PULL") + property ("Socket-Type", "PUB")),
                                   command ("\5READY" + property ("", "x") + property ("Identity", std::string (300, '\0')))})
    {
        Handshake handshake (config (ZMQ_PUSH));
        feed (handshake, greeting () + one, 2);
        CHECK (handshake.state () == State::ready);
        CHECK (handshake.peer_routing_id ().empty ());
    }
}

TEST_CASE ("MAXMSGSIZE holds for handshake frames too")
{
    HandshakeConfig limited = config (ZMQ_PUSH);
    limited.max_message_size = 20;
    Handshake handshake (limited);
    feed (handshake, greeting () + command ("\5READY" + property ("Socket-Type", "PULL")).substr (0, 2));
    check_failure (handshake, 0, 0);
    Handshake old (limited);
    feed (old, "\x20\0"s);
    check_failure (old, 0, 0);
}

TEST_CASE ("metadata of both sides arrives, the connection's own facts first")
{
    HandshakeConfig one = config (ZMQ_DEALER, "client");
    one.metadata = {{"X-Empty", ""}, {"X-Key", std::string ("value\0cut", 9)}};
    HandshakeConfig other = config (ZMQ_ROUTER, "server");
    other.peer_address = "::1";
    other.fd = 9;
    one.metadata.emplace_back ("Peer-Address", "forged");
    std::mt19937 random (5);
    for (int round = 0; round < 200; ++round) {
        Handshake a (one);
        Handshake b (other);
        for (int step = 0; step < 1000 && (a.state () == State::in_progress || b.state () == State::in_progress); ++step) {
            feed (b, take (a, random () % 40), 1 + random () % 40);
            feed (a, take (b, random () % 40), 1 + random () % 40);
        }
        REQUIRE (a.state () == State::ready);
        REQUIRE (b.state () == State::ready);
        CHECK (b.peer_routing_id () == "client");
        CHECK (a.peer_routing_id ().empty ());  // a DEALER does not want it
        CHECK (std::string (a.metadata ()->get ("Identity")) == "server");
        CHECK (std::string (b.metadata ()->get ("X-Key")) == "value");
        CHECK (std::string (b.metadata ()->get ("X-Empty")).empty ());
        CHECK (std::string (b.metadata ()->get ("Peer-Address")) == "::1");
        CHECK (std::string (b.metadata ()->get ("__fd")) == "9");
        CHECK (std::string (b.metadata ()->get ("Socket-Type")) == "DEALER");
    }
}

TEST_CASE ("every pair of types agrees with the specification's table")
{
    const std::pair<int, int> compatible[] = {{ZMQ_PAIR, ZMQ_PAIR},
                                              {ZMQ_PUB, ZMQ_SUB},
                                              {ZMQ_PUB, ZMQ_XSUB},
                                              {ZMQ_XPUB, ZMQ_SUB},
                                              {ZMQ_XPUB, ZMQ_XSUB},
                                              {ZMQ_REQ, ZMQ_REP},
                                              {ZMQ_REQ, ZMQ_ROUTER},
                                              {ZMQ_REP, ZMQ_DEALER},
                                              {ZMQ_DEALER, ZMQ_DEALER},
                                              {ZMQ_DEALER, ZMQ_ROUTER},
                                              {ZMQ_ROUTER, ZMQ_ROUTER},
                                              {ZMQ_PUSH, ZMQ_PULL},
                                              {12, 13},
                                              {14, 15},
                                              {16, 17},
                                              {18, 18},
                                              {19, 19},
                                              {20, 20}};
    for (const SocketType *one_type : socket_types ())
        for (const SocketType *other_type : socket_types ()) {
            if (one_type->raw || other_type->raw)
                continue;
            const int one = one_type->number, other = other_type->number;
            CAPTURE (one);
            CAPTURE (other);
            const bool expected = std::any_of (std::begin (compatible), std::end (compatible), [&] (const auto &pair) {
                return pair == std::pair (one, other) || pair == std::pair (other, one);
            });
            Handshake a (config (one));
            Handshake b (config (other));
            for (int step = 0; step < 10; ++step) {
                feed (b, take (a));
                feed (a, take (b));
            }
            CHECK (a.state () == (expected ? State::ready : State::failed));
            CHECK (b.state () == a.state ());
            if (!expected)
                check_failure (a, 0, 0);
        }
}

TEST_CASE ("random bytes neither crash nor get anyone ready by accident")
{
    std::mt19937 random (4711);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = greeting ("NULL", static_cast<char> (random () % 2)) + ready ("PULL");
        for (auto flips = 1 + random () % 6; flips > 0; --flips)
            bytes[random () % bytes.size ()] = static_cast<char> (random ());
        bytes.resize (random () % (bytes.size () + 1));
        Handshake handshake (config (ZMQ_PUSH));
        CHECK (feed (handshake, bytes, 1 + random () % 100) <= bytes.size ());
    }
}

TEST_CASE ("a handshake that waits for ZAP takes nothing until it is decided, whatever the segmentation")
{
    const std::string peer = greeting () + ready ("DEALER");
    for (const std::size_t step : {1u, 7u, 64u, 1000u}) {
        HandshakeConfig asking = config (ZMQ_DEALER);
        asking.zap_domain = "global";
        asking.peer_address = "10.1.2.3";
        Handshake handshake (asking);
        std::size_t used = 0;
        while (!handshake.waiting ()) {
            const std::size_t count = std::min (step, peer.size () - used);
            REQUIRE (count > 0);
            used += handshake.feed ({reinterpret_cast<const std::uint8_t *> (peer.data ()) + used, count});
        }
        CHECK (used == greeting ().size ());
        CHECK (handshake.feed ({reinterpret_cast<const std::uint8_t *> (peer.data ()) + used, 1}) == 0);
        CHECK (handshake.mechanism_running ());
        CHECK (take (handshake) == signature () + "\3" + rest_of_greeting ());
        CHECK (handshake.zap_request () == std::vector<std::string>{"", "1.0", "1", "global", "10.1.2.3", "", "NULL"});
        handshake.decide ({engine::ZapVerdict::Outcome::allowed, 200, {{"User-Id", "u"}, {"Peer-Address", "elsewhere"}}});
        CHECK_FALSE (handshake.waiting ());
        CHECK (take (handshake).starts_with ("\4\x29\5READY"));
        CHECK (feed (handshake, peer.substr (used), step) == peer.size () - used);
        REQUIRE (handshake.state () == State::ready);
        CHECK (handshake.metadata ()->get ("User-Id") == "u"s);
        CHECK (handshake.metadata ()->get ("Peer-Address") == "10.1.2.3"s);
        CHECK (handshake.metadata ()->get ("Socket-Type") == "DEALER"s);
    }
}

TEST_CASE ("a handshake that was refused says so once, and drops what still comes")
{
    HandshakeConfig asking = config (ZMQ_DEALER);
    asking.zap_domain = "global";
    Handshake handshake (asking);
    feed (handshake, greeting ());
    take (handshake);
    handshake.decide ({engine::ZapVerdict::Outcome::refused, 400, {}});
    CHECK (handshake.state () == State::refused);
    CHECK (handshake.failure ().event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    CHECK (handshake.failure ().value == 400);
    CHECK (take (handshake) == command ("\5"
                                        "ERROR\003"
                                        "400"));
    const std::string more (1000, 'x');
    CHECK (handshake.feed ({reinterpret_cast<const std::uint8_t *> (more.data ()), more.size ()}) == more.size ());
    CHECK (handshake.state () == State::refused);
    CHECK (take (handshake).empty ());
}

TEST_CASE ("a first command that no mechanism could want is refused by its header")
{
    for (const int mechanism : {ZMQ_PLAIN, ZMQ_CURVE}) {
        if (!engine::find_mechanism (mechanism))
            continue;
        HandshakeConfig server = config (ZMQ_DEALER);
        server.mechanism = mechanism;
        server.as_server = true;
        Handshake handshake (server);
        feed (handshake, greeting (mechanism == ZMQ_PLAIN ? "PLAIN" : "CURVE"));
        CHECK (handshake.state () == State::in_progress);
        feed (handshake, "\6" + number (4097, 8));
        check_failure (handshake, 0, 0);
    }
}

TEST_CASE ("metadata may be long, but not endless; a routing id is short")
{
    const auto ready_of = [] (std::size_t size) {
        const std::string before = "\5READY\7X-Large"s;
        const std::size_t rest = size - before.size () - 4;
        return "\6" + number (size, 8) + before + number (rest, 4) + std::string (rest, 'x');
    };
    Handshake most (config (ZMQ_DEALER)), more (config (ZMQ_DEALER));
    feed (most, greeting () + ready_of (65536));
    CHECK (most.state () == State::ready);
    feed (more, greeting () + ready_of (65537).substr (0, 9));
    check_failure (more, 0, 0);
    Handshake old (config (ZMQ_ROUTER));
    feed (old, signature () + "\1\5" + "\2" + number (4097, 8));
    check_failure (old, 0, 0);
}
