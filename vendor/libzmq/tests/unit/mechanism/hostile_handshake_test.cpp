// PLAIN and CURVE between our own two sides, with every command altered, truncated, lengthened, repeated, reordered and replayed on its
// way: nobody is let in by it, and the event is of the right kind.
#include <functional>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "mechanism/curve_cipher.hpp"
#include "mechanism/mechanism.hpp"

#if defined ZMQ_HAVE_LIBSODIUM
#    include <sodium.h>
#endif

using namespace engine;
using namespace std::string_literals;
using Status = Mechanism::Status;
using Commands = std::vector<std::string>;

namespace {

struct Sides
{
    HandshakeConfig client, server;
    int mechanism;
};

// What arrives instead of a command; `number` counts all commands, the client's HELLO is 0.
using Change = std::function<Commands (int number, const std::string &body)>;

struct Outcome
{
    std::unique_ptr<Mechanism> client, server;
    Commands said;
    std::vector<std::size_t> limits;  // how long each command might have been
    // The side that the last command, or a changed one, was for.
    Mechanism *struck = nullptr;

    bool both_ready () const { return client->status () == Status::ready && server->status () == Status::ready; }
};

void give (Mechanism &side, const std::string &body)
{
    side.process_command ({reinterpret_cast<const std::uint8_t *> (body.data ()), body.size ()});
    if (side.status () == Status::waiting)
        side.decide ({ZapVerdict::Outcome::allowed, 200, {}});
}

Outcome run (const Sides &sides, const Change &change)
{
    const MechanismRow &row = *find_mechanism (sides.mechanism);
    Outcome outcome{row.make (sides.client), row.make (sides.server), {}, {}};
    for (int number = 0; number < 4; ++number) {
        Mechanism &from = number % 2 == 0 ? *outcome.client : *outcome.server;
        Mechanism &to = number % 2 == 0 ? *outcome.server : *outcome.client;
        std::vector<std::uint8_t> body;
        if (!from.next_command (body))
            break;
        outcome.said.emplace_back (body.begin (), body.end ());
        outcome.limits.push_back (to.command_limit ());
        const Commands arriving = change (number, outcome.said.back ());
        if (arriving != Commands{outcome.said.back ()})
            outcome.struck = &to;
        for (const std::string &command : arriving)
            give (to, command);
    }
    return outcome;
}

Commands unchanged (int, const std::string &body) { return {body}; }

Sides plain ()
{
    Sides sides{{}, {}, ZMQ_PLAIN};
    sides.client.socket_type = sides.server.socket_type = ZMQ_DEALER;
    sides.client.plain_username = "name";
    sides.client.plain_password = "password";
    sides.server.as_server = true;
    return sides;
}

// Nobody has proven anything yet: no more is kept than a command may need that is right, with room for the application's properties.
const std::vector<std::size_t> least_limits{4096, 4096, 65536, 65536};

void check_struck (const Outcome &outcome)
{
    CHECK_FALSE (outcome.both_ready ());
    REQUIRE (outcome.struck);
    CHECK (outcome.struck->status () == Status::failed);
    const HandshakeFailure &failure = outcome.struck->failure ();
    CHECK (failure.protocol);
    CHECK ((failure.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL || failure.event == 0));
    // Nothing more is said.
    std::vector<std::uint8_t> body;
    CHECK_FALSE (outcome.struck->next_command (body));
}

}  // namespace

TEST_CASE ("plain: our two sides understand each other")
{
    const Outcome outcome = run (plain (), unchanged);
    CHECK (outcome.both_ready ());
    CHECK (outcome.limits == least_limits);
    CHECK (outcome.said[0] == "\5HELLO\4name\x08password");
    CHECK (outcome.said[1] == "\7WELCOME");
    CHECK (outcome.said[2].starts_with ("\x08INITIATE\x0bSocket-Type"));
    CHECK (outcome.said[3].starts_with ("\5READY\x0bSocket-Type"));
    CHECK (outcome.client->take_cipher () == nullptr);
}

TEST_CASE ("plain: commands of another length, repeated, or out of order")
{
    const Outcome right = run (plain (), unchanged);
    for (int victim = 0; victim < 4; ++victim) {
        CAPTURE (victim);
        const std::string &body = right.said[static_cast<std::size_t> (victim)];
        for (std::size_t size = 0; size <= body.size () + 1; ++size) {
            // Metadata may be less by a whole property.
            const std::size_t before = victim == 2 ? 9 : 6, socket_type = 22;
            if (size == body.size () || (victim >= 2 && (size == before || size == before + socket_type)))
                continue;
            CAPTURE (size);
            check_struck (run (plain (), [&] (int number, const std::string &said) -> Commands {
                std::string cut = said;
                cut.resize (size, 'x');
                return {number == victim ? cut : said};
            }));
        }
        // Before it was answered a second one is unexpected; after the last one there is nobody to hear it.
        if (victim < 3)
            check_struck (run (plain (), [&] (int number, const std::string &said) {
                return number == victim ? Commands{said, said} : Commands{said};
            }));
        for (int other = 0; other < 4; ++other)
            if (other != victim)
                check_struck (run (plain (), [&] (int number, const std::string &said) {
                    return Commands{number == victim ? right.said[static_cast<std::size_t> (other)] : said};
                }));
    }
}

#if defined ZMQ_HAVE_LIBSODIUM

namespace {

void make_keys (CurveKey &open, CurveKey &secret) { REQUIRE (crypto_box_keypair (open.data (), secret.data ()) == 0); }

Sides curve ()
{
    Sides sides{{}, {}, ZMQ_CURVE};
    sides.client.socket_type = sides.server.socket_type = ZMQ_DEALER;
    CurveKey secret;
    make_keys (sides.client.curve_serverkey, secret);
    sides.server.curve_secretkey = secret;
    sides.server.as_server = true;
    make_keys (sides.client.curve_publickey, secret);
    sides.client.curve_secretkey = secret;
    return sides;
}

std::string sealed (FrameCipher &cipher, const std::string &text, bool more = false, bool command = false)
{
    std::vector<std::uint8_t> body (text.begin (), text.end ());
    std::vector<std::uint8_t> out (cipher.overhead () + text.size ());
    CHECK (cipher.seal ({more, command, {}, body}, out.data ()) == 0);
    return {out.begin (), out.end ()};
}

std::optional<std::string> opened (FrameCipher &cipher, std::string wire, int *code = nullptr)
{
    Opened out;
    const int error = cipher.open ({reinterpret_cast<std::uint8_t *> (wire.data ()), wire.size ()}, out);
    if (code)
        *code = error;
    if (error)
        return std::nullopt;
    return std::string (out.more ? "+" : out.command ? "!" : "-") + std::string (out.payload.begin (), out.payload.end ());
}

}  // namespace

TEST_CASE ("curve: our two sides understand each other, by commands of the sizes of RFC 26")
{
    const Outcome outcome = run (curve (), unchanged);
    REQUIRE (outcome.both_ready ());
    CHECK (outcome.limits == least_limits);
    CHECK (outcome.said[0].size () == 200);
    CHECK (outcome.said[1].size () == 168);
    const std::size_t metadata = 1 + 11 + 4 + 6 + 1 + 8 + 4;
    CHECK (outcome.said[2].size () == 257 + metadata);
    CHECK (outcome.said[3].size () == 30 + metadata);
    CHECK (outcome.server->peer_properties () == Properties{{"Socket-Type", "DEALER"}, {"Identity", ""}});
    const auto client = outcome.client->take_cipher (), server = outcome.server->take_cipher ();
    for (int i = 0; i < 3; ++i) {
        CHECK (opened (*server, sealed (*client, "there", true)) == "+there");
        CHECK (opened (*client, sealed (*server, "back", false, true)) == "!back");
    }
}

TEST_CASE ("curve: every bit of a handshake counts")
{
    const Sides sides = curve ();
    for (int victim = 0; victim < 4; ++victim) {
        CAPTURE (victim);
        const std::size_t size = run (sides, unchanged).said[static_cast<std::size_t> (victim)].size ();
        for (std::size_t at = 0; at < size; ++at) {
            if (victim == 0 && at >= 8 && at < 80)
                continue;  // nothing but room in HELLO
            CAPTURE (at);
            check_struck (run (sides, [&] (int number, const std::string &said) {
                std::string altered = said;
                if (number == victim)
                    altered[at] = static_cast<char> (altered[at] ^ (1 << at % 8));
                return Commands{altered};
            }));
        }
    }
}

TEST_CASE ("curve: commands of another length, repeated, out of order, or of another connection")
{
    const Sides sides = curve ();
    const Outcome another = run (sides, unchanged);
    for (int victim = 0; victim < 4; ++victim) {
        CAPTURE (victim);
        const std::size_t size = another.said[static_cast<std::size_t> (victim)].size ();
        for (std::size_t cut = 0; cut <= size + 300; cut += cut + 1 < size || cut > size ? 7 : 1) {
            if (cut == size)
                continue;
            CAPTURE (cut);
            check_struck (run (sides, [&] (int number, const std::string &said) {
                std::string resized = said;
                resized.resize (cut, '\0');
                return Commands{number == victim ? resized : said};
            }));
        }
        if (victim < 3)
            check_struck (run (sides, [&] (int number, const std::string &said) {
                return number == victim ? Commands{said, said} : Commands{said};
            }));
        for (int other = 0; other < 4; ++other) {
            // The HELLO of another connection is one: what follows it fails.
            if (victim == 0 && other == 0)
                continue;
            check_struck (run (sides, [&] (int number, const std::string &said) {
                return Commands{number == victim ? another.said[static_cast<std::size_t> (other)] : said};
            }));
        }
    }
    // All that a client said, replayed to a new connection of the same server.
    const auto server = find_mechanism (ZMQ_CURVE)->make (sides.server);
    give (*server, another.said[0]);
    std::vector<std::uint8_t> welcome;
    CHECK (server->next_command (welcome));
    give (*server, another.said[2]);
    CHECK (server->status () == Status::failed);
    CHECK (server->failure ().value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
}

TEST_CASE ("curve: keys that are wrong, none, or make no secret")
{
    const Sides right = curve ();
    const auto fails_at = [] (const Sides &sides) {
        const Outcome outcome = run (sides, unchanged);
        CHECK_FALSE (outcome.both_ready ());
        return outcome.said.size ();
    };
    Sides sides = right;
    CurveKey secret;
    make_keys (sides.client.curve_serverkey, secret);
    CHECK (fails_at (sides) == 1);  // the server cannot open HELLO
    sides = right;
    make_keys (sides.client.curve_publickey, secret);
    CHECK (fails_at (sides) == 3);  // nor the vouch
    sides = right;
    sides.client.curve_serverkey = {};
    CHECK (fails_at (sides) == 0);
    sides.client.curve_serverkey = {1};  // of small order
    CHECK (fails_at (sides) == 0);
    sides = right;
    sides.client.curve_publickey = {};
    CHECK (fails_at (sides) == 3);
}

TEST_CASE ("curve: frames of every size, and every part of them counts")
{
    Outcome outcome = run (curve (), unchanged);
    REQUIRE (outcome.both_ready ());
    const auto client = outcome.client->take_cipher (), server = outcome.server->take_cipher ();
    for (const std::size_t size : {0u, 1u, 30u, 31u, 32u, 33u, 63u, 64u, 95u, 96u, 1000u, 16383u, 16384u, 16415u, 16416u, 40'000u}) {
        CAPTURE (size);
        std::string text (size, '\0');
        for (std::size_t at = 0; at < size; ++at)
            text[at] = static_cast<char> (at * 31 + at / 256);
        const std::string wire = sealed (*client, text, true);
        CHECK (wire.starts_with ("\7MESSAGE"));
        CHECK (opened (*server, wire) == "+" + text);
        // Every part of it counts.
        int code = 0;
        for (std::size_t at = 0; at < wire.size (); at += at < 64 ? 1 : 997) {
            std::string altered = sealed (*client, text);
            altered[at] = static_cast<char> (altered[at] ^ 0x40);
            CHECK_FALSE (opened (*server, altered, &code));
        }
        for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{8}, std::size_t{16}, std::size_t{32}, wire.size () - 1}) {
            CHECK_FALSE (opened (*server, sealed (*client, text).substr (0, cut), &code));
            CHECK (code != 0);
        }
    }
}

TEST_CASE ("curve: a frame's box is the one that libsodium makes")
{
    SecretKey shared;
    shared.fill (42);
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size < 1200; ++size)
        sizes.push_back (size);
    // Where a long body's pieces end.
    for (const std::size_t end : {16384u, 32768u, 65536u, 200'000u})
        for (std::size_t size = end - 550; size < end + 550; size += 11)
            sizes.push_back (size);
    for (const std::size_t size : sizes) {
        CAPTURE (size);
        CurveCipher cipher (shared, false, 8, 0), peer (shared, true, 0, 8);
        const std::string text (size, 't');
        const std::string wire = sealed (cipher, text, true);
        std::vector<std::uint8_t> box (16 + 1 + size), plain (1 + size, 't');
        plain[0] = 1;
        const std::string nonce = "CurveZMQMESSAGEC\0\0\0\0\0\0\0\11"s;
        REQUIRE (crypto_box_easy_afternm (box.data (), plain.data (), plain.size (), reinterpret_cast<const std::uint8_t *> (nonce.data ()),
                                          shared.data ()) == 0);
        CHECK (wire == "\7MESSAGE\0\0\0\0\0\0\0\11"s + std::string (box.begin (), box.end ()));
        CHECK (opened (peer, wire) == "+" + text);
    }
}

TEST_CASE ("curve: frames come once, in order, and from the other side")
{
    Outcome outcome = run (curve (), unchanged);
    REQUIRE (outcome.both_ready ());
    const auto client = outcome.client->take_cipher (), server = outcome.server->take_cipher ();
    const std::string first = sealed (*client, "1"), second = sealed (*client, "2"), third = sealed (*client, "3");
    int code = 0;
    CHECK (opened (*server, first) == "-1");
    CHECK_FALSE (opened (*server, first, &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE);
    CHECK (opened (*server, third) == "-3");  // a gap
    CHECK_FALSE (opened (*server, second, &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE);
    // Our own frame, sent back.
    for (int i = 0; i < 9; ++i)
        sealed (*client, "more");
    CHECK_FALSE (opened (*client, sealed (*client, "mirrored"), &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    CHECK_FALSE (opened (*server, "\5READY" + std::string (40, 'x'), &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    CHECK_FALSE (opened (*server, "\7MESSAGE" + std::string (24, 'x'), &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE);
    CHECK_FALSE (opened (*server, "", &code));
    CHECK (code == ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
}

#endif
