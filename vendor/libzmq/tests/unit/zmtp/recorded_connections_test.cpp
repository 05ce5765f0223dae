// Whole connections of libzmq's, recorded (record_connections.py) and replayed in either role: with the same keys, and the same bytes in
// place of random ones, ours says what libzmq said, byte for byte, and understands what it was told, however the bytes are cut.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "mechanism/frame_cipher.hpp"
#include "message/metadata.hpp"
#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"
#include "zmtp/handshake.hpp"

#if defined ZMQ_HAVE_LIBSODIUM
#    include <sodium.h>
#endif

using namespace engine;

namespace {

struct Frame
{
    char kind;  // '+': more follow, '-': the last of its message, 'S': a subscription
    std::string body;
    bool operator== (const Frame &) const = default;
};

// All but types are hexadecimal digits.
struct End
{
    int type;
    std::string routing_id, public_key, secret_key;
    std::vector<std::string> draws;  // in the order in which libzmq drew them
    std::vector<Frame> says;         // after the handshake
    std::string wire;
};

struct Recording
{
    const char *title;
    int mechanism;
    int zap_status;  // 0: nobody is asked
    End client, server;
};

std::string bytes_of (std::string_view digits)
{
    const auto value = [] (char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
    std::string bytes;
    for (std::size_t at = 0; at + 1 < digits.size (); at += 2)
        bytes.push_back (static_cast<char> (value (digits[at]) << 4 | value (digits[at + 1])));
    return bytes;
}

const std::vector<Recording> &recordings ()
{
    static const std::vector<Recording> all{
#include "zmtp/recorded_connections.def"
    };
    return all;
}

CurveKey key_of (const std::string &digits)
{
    CurveKey key{};
    const std::string bytes = bytes_of (digits);
    std::copy_n (bytes.begin (), std::min (bytes.size (), key.size ()), key.begin ());
    return key;
}

HandshakeConfig config_of (const Recording &recording, bool as_server)
{
    const End &own = as_server ? recording.server : recording.client;
    HandshakeConfig config;
    config.socket_type = own.type;
    config.routing_id = bytes_of (own.routing_id);
    config.want_peer_routing_id = own.type == ZMQ_ROUTER || own.type == ZMQ_REP;
    config.mechanism = recording.mechanism;
    config.as_server = as_server;
    config.plain_username = "admin";
    config.plain_password = "secret";
    config.curve_publickey = key_of (own.public_key);
    config.curve_secretkey = key_of (own.secret_key);
    config.curve_serverkey = key_of (recording.server.public_key);
    return config;
}

// ---- what is drawn ----

#if defined ZMQ_HAVE_LIBSODIUM

// What libsodium is to draw next: keys and nonces each in their order.
std::deque<std::string> next_keys, next_nonces;

void draw (void *const to, const std::size_t size)
{
    std::deque<std::string> &from = size == 32 ? next_keys : next_nonces;
    REQUIRE_FALSE (from.empty ());
    REQUIRE (from.front ().size () == size);
    from.front ().copy (static_cast<char *> (to), size);
    from.pop_front ();
}

class FixedDraws
{
  public:
    explicit FixedDraws (const std::vector<std::string> &draws)
    {
        REQUIRE (sodium_init () >= 0);
        next_keys.clear ();
        next_nonces.clear ();
        for (const std::string &digits : draws) {
            const std::string bytes = bytes_of (digits);
            if (bytes.size () == 32)
                next_keys.push_back (bytes);
            else
                next_nonces.push_front (bytes);  // libzmq's server draws the cookie's before WELCOME's, ours after it
        }
        static randombytes_implementation fixed{[] { return "fixed"; }, [] { return std::uint32_t{4}; }, nullptr, nullptr, draw, nullptr};
        randombytes_set_implementation (&fixed);
    }
    FixedDraws (const FixedDraws &) = delete;
    FixedDraws &operator= (const FixedDraws &) = delete;
    ~FixedDraws ()
    {
        CHECK (next_keys.empty ());
        CHECK (next_nonces.empty ());
        randombytes_set_implementation (&randombytes_sysrandom_implementation);
    }
};

bool can_replay (const Recording &) { return true; }

#else

struct FixedDraws
{
    explicit FixedDraws (const std::vector<std::string> &) {}
};

bool can_replay (const Recording &recording) { return recording.mechanism != ZMQ_CURVE; }

#endif

// ---- the replay ----

std::string take (Handshake &handshake)
{
    const auto output = handshake.output ();
    std::string bytes (reinterpret_cast<const char *> (output.data ()), output.size ());
    handshake.sent (bytes.size ());
    return bytes;
}

ZapVerdict verdict_of (const Recording &recording)
{
    if (recording.zap_status == 200)
        return {ZapVerdict::Outcome::allowed, 200, {{"User-Id", "the user"}}};
    if (recording.zap_status == 0)
        return {};  // there was no handler
    return {ZapVerdict::Outcome::refused, recording.zap_status, {}};
}

// What our end says while it is told this in pieces; `used`: how much of it was the handshake's.
std::string shake_hands (Handshake &handshake, const Recording &recording, const std::string &told, std::size_t step, std::size_t &used)
{
    std::string said = take (handshake);
    used = 0;
    while (handshake.state () == Handshake::State::in_progress && used < told.size ()) {
        const std::size_t count = std::min (step, told.size () - used);
        used += handshake.feed ({reinterpret_cast<const std::uint8_t *> (told.data ()) + used, count});
        if (handshake.waiting ())
            handshake.decide (verdict_of (recording));
        said += take (handshake);
    }
    return said;
}

std::vector<Frame> decoded (Decoder &decoder, const std::string &told, std::size_t step)
{
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < told.size (); at += step) {
        const std::string piece = told.substr (at, step);
        REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (piece.data ()), piece.size ()}));
        Msg frame;
        while (decoder.next (frame) == Decoder::Result::frame)
            frames.push_back ({frame.kind () == Kind::subscribe ? 'S' : frame.more () ? '+' : '-', std::string (frame.view ())});
    }
    CHECK (decoder.error_code () == 0);
    return frames;
}

std::string encoded (const std::vector<Frame> &frames, const Framing &framing, FrameCipher *cipher)
{
    Encoder encoder (framing);
    Batch batch;
    for (const Frame &said : frames) {
        Msg frame;
        REQUIRE (frame.init_copy (said.body.data (), said.body.size ()) == 0);
        frame.set_more (said.kind == '+');
        if (said.kind == 'S')
            frame.set_kind (Kind::subscribe);
        REQUIRE ((cipher ? encoder.encode_sealed (frame, batch, *cipher) : encoder.encode (frame, batch)) == 0);
    }
    std::string bytes;
    while (!batch.empty ()) {
        iovec piece;
        REQUIRE (batch.fill_iovec (&piece, 1) == 1);
        bytes.append (static_cast<const char *> (piece.iov_base), piece.iov_len);
        batch.written (piece.iov_len);
    }
    return bytes;
}

std::vector<Frame> plain (std::vector<Frame> frames)
{
    for (Frame &frame : frames)
        frame.body = bytes_of (frame.body);
    return frames;
}

void replay (const Recording &recording, bool as_server, std::size_t step)
{
    const End &own = as_server ? recording.server : recording.client, &peer = as_server ? recording.client : recording.server;
    const std::string told = bytes_of (peer.wire), expected = bytes_of (own.wire);
    const FixedDraws draws (own.draws);
    Handshake handshake (config_of (recording, as_server));
    std::size_t used = 0;
    const std::string said = shake_hands (handshake, recording, told, step, used);
    CHECK_MESSAGE (expected.starts_with (said), "we say what libzmq said");
    if (recording.zap_status == 400) {
        CHECK (said.size () == expected.size ());
        CHECK (handshake.state () == (as_server ? Handshake::State::refused : Handshake::State::failed));
        CHECK (handshake.failure ().event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
        CHECK (handshake.failure ().value == 400);
        return;
    }
    REQUIRE (handshake.state () == Handshake::State::ready);
    CHECK (handshake.peer_routing_id () == (config_of (recording, as_server).want_peer_routing_id ? bytes_of (peer.routing_id) : ""));
    const auto cipher = handshake.take_cipher ();
    Decoder decoder (handshake.framing (), -1, true, nullptr);
    if (cipher)
        decoder.open_with (*cipher);
    CHECK (decoded (decoder, told.substr (used), step) == plain (peer.says));
    const bool same = encoded (plain (own.says), handshake.framing (), cipher.get ()) == expected.substr (said.size ());
    CHECK_MESSAGE (same, "and go on as it did");
}

}  // namespace

TEST_CASE ("connections of libzmq's, replayed: the same bytes, whole and byte by byte, as client and as server")
{
    int replayed = 0;
    for (const Recording &recording : recordings ()) {
        if (!can_replay (recording))
            continue;
        const std::string title = recording.title;
        CAPTURE (title);
        for (const bool as_server : {false, true}) {
            CAPTURE (as_server);
            for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{65536}})
                replay (recording, as_server, step);
            ++replayed;
        }
    }
    CHECK (replayed >= 6);
}
