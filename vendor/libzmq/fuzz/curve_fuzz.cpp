// Plays the peer of a CURVE connection that has all keys: what is inside its boxes is the input's, so that whatever lies behind the
// cryptography is reached (metadata, flags, commands), in either role. Only well-formed metadata makes anybody ready; of traffic exactly
// what was sealed arrives; and a byte that was altered on its way ends it.
//
// Byte 0 chooses our role and socket type, byte 1 the handshake command that is altered (if any) and 2 where, bytes 3 and 4 say how long
// the metadata is. Behind it frames: flags, size, body; the highest flag alters the frame.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#if defined ZMQ_HAVE_LIBSODIUM

#    include <cstdlib>
#    include <cstring>
#    include <memory>
#    include <span>
#    include <string>
#    include <string_view>
#    include <vector>

#    include <sodium.h>
#    include <zmq.h>

#    include "mechanism/curve_cipher.hpp"
#    include "mechanism/mechanism.hpp"
#    include "zmtp/decoder.hpp"

using namespace engine;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Span = std::span<const std::uint8_t>;

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

struct Keys
{
    explicit Keys (std::uint8_t seed)
    {
        std::uint8_t seeds[crypto_box_SEEDBYTES];
        std::memset (seeds, seed, sizeof seeds);
        crypto_box_seed_keypair (open.data (), secret.data (), seeds);
    }
    CurveKey open, secret;
};

void append (Bytes &to, Span bytes)
{
    for (const std::uint8_t byte : bytes)
        to.push_back (byte);
}
void append (Bytes &to, std::string_view text) { append (to, Span (reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ())); }

Bytes sealed (Span text, std::string_view nonce_text, Span nonce_rest, const CurveKey &theirs, const CurveKey &own)
{
    Bytes nonce, box (text.size () + crypto_box_MACBYTES);
    append (nonce, nonce_text);
    append (nonce, nonce_rest);
    require (crypto_box_easy (box.data (), text.data (), text.size (), nonce.data (), theirs.data (), own.data ()) == 0);
    return box;
}

CurveKey key_at (Span bytes, std::size_t at)
{
    CurveKey key;
    std::copy_n (bytes.begin () + static_cast<std::ptrdiff_t> (at), key.size (), key.begin ());
    return key;
}

constexpr std::uint8_t first[8] = {0, 0, 0, 0, 0, 0, 0, 1}, second[8] = {0, 0, 0, 0, 0, 0, 0, 2};

// A byte of the command is another on its way.
struct Alteration
{
    int command;  // 1: the first that we are told, 2: the second, otherwise none
    std::uint8_t where;

    bool happens () const { return command == 1 || command == 2; }
    void apply (int number, Bytes &body) const
    {
        if (number != command)
            return;
        std::size_t at = where % body.size ();
        if (body.size () == 200 && at >= 8 && at < 80)
            at = 7;  // HELLO's room means nothing
        body[at] ^= 0x10;
    }
};

struct Outcome
{
    std::unique_ptr<Mechanism> ours;
    CurveKey session;  // as the peer knows it
};

HandshakeConfig config_of (int type, bool as_server, const Keys &server, const Keys &client)
{
    HandshakeConfig config;
    config.socket_type = type;
    config.mechanism = ZMQ_CURVE;
    config.as_server = as_server;
    config.curve_secretkey = as_server ? server.secret : client.secret;
    config.curve_publickey = client.open;
    config.curve_serverkey = server.open;
    return config;
}

// The peer is the client.
Outcome run_server (int type, Span metadata, const Alteration &alteration)
{
    const Keys server (1), client (2), own (3);
    Outcome outcome{find_mechanism (ZMQ_CURVE)->make (config_of (type, true, server, client)), {}};
    Mechanism &ours = *outcome.ours;

    Bytes hello;
    append (hello, std::string_view ("\5HELLO\1\0", 8));
    hello.resize (80);
    append (hello, own.open);
    append (hello, first);
    append (hello, sealed (Bytes (64), "CurveZMQHELLO---", first, server.open, own.secret));
    alteration.apply (1, hello);
    ours.process_command (hello);

    Bytes welcome;
    if (!ours.next_command (welcome))
        return outcome;
    Bytes nonce, text (welcome.size () - 24 - crypto_box_MACBYTES);
    append (nonce, "WELCOME-");
    append (nonce, Span (welcome).subspan (8, 16));
    require (crypto_box_open_easy (text.data (), welcome.data () + 24, welcome.size () - 24, nonce.data (), server.open.data (),
                                   own.secret.data ()) == 0);
    const CurveKey theirs = key_at (text, 0);
    require (crypto_box_beforenm (outcome.session.data (), theirs.data (), own.secret.data ()) == 0);

    Bytes vouched, content;
    append (vouched, own.open);
    append (vouched, server.open);
    append (content, client.open);
    const Bytes vouch_nonce (16, 5);
    append (content, vouch_nonce);
    append (content, sealed (vouched, "VOUCH---", vouch_nonce, theirs, client.secret));
    append (content, metadata);
    Bytes initiate;
    append (initiate, std::string_view ("\x08INITIATE", 9));
    append (initiate, Span (text).subspan (32));
    append (initiate, second);
    append (initiate, sealed (content, "CurveZMQINITIATE", second, theirs, own.secret));
    alteration.apply (2, initiate);
    ours.process_command (initiate);
    if (ours.status () == Mechanism::Status::waiting) {
        require (ours.zap_request ().size () == 8);
        ours.decide ({ZapVerdict::Outcome::allowed, 200, {}});
    }
    Bytes ready;
    if (ours.status () == Mechanism::Status::handshaking)
        require (ours.next_command (ready));
    return outcome;
}

// The peer is the server.
Outcome run_client (int type, Span metadata, const Alteration &alteration)
{
    const Keys server (1), client (2), own (3);
    Outcome outcome{find_mechanism (ZMQ_CURVE)->make (config_of (type, false, server, client)), {}};
    Mechanism &ours = *outcome.ours;
    Bytes hello;
    require (ours.next_command (hello) && hello.size () == 200);
    const CurveKey theirs = key_at (hello, 80);
    require (crypto_box_beforenm (outcome.session.data (), theirs.data (), own.secret.data ()) == 0);

    Bytes text, welcome;
    const Bytes nonce (16, 7);
    append (text, own.open);
    append (text, Bytes (96, 'c'));
    append (welcome, std::string_view ("\7WELCOME", 8));
    append (welcome, nonce);
    append (welcome, sealed (text, "WELCOME-", nonce, theirs, server.secret));
    alteration.apply (1, welcome);
    ours.process_command (welcome);
    Bytes initiate;
    if (!ours.next_command (initiate))
        return outcome;

    Bytes ready;
    append (ready, std::string_view ("\5READY", 6));
    append (ready, first);
    append (ready, sealed (metadata, "CurveZMQREADY---", first, theirs, own.secret));
    alteration.apply (2, ready);
    ours.process_command (ready);
    return outcome;
}

struct Sent
{
    bool more, command;
    std::string body;
};

// What the peer sends, sealed by its cipher, comes to our decoder.
void exchange (FrameCipher &ours, FrameCipher &theirs, Span frames)
{
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    decoder.open_with (ours);
    std::vector<Sent> sent;
    bool altered = false;
    while (frames.size () >= 2 && !altered) {
        const std::uint8_t flags = frames[0];
        const std::size_t size = std::min<std::size_t> (frames[1] * (flags & 0x40 ? 64u : 1u), frames.size () - 2);
        const Span body = frames.subspan (2, size);
        frames = frames.subspan (2 + size);
        std::uint8_t header[16];
        const std::size_t wire_size = theirs.overhead () + size;
        const std::size_t header_size = zmtp::v3_1.put_header (header, 0, wire_size);
        Bytes wire (wire_size);
        const bool more = flags & 1, command = flags & 2;
        require (theirs.seal ({more, command, {}, body}, wire.data ()) == 0);
        altered = flags & 0x80;
        if (altered)
            wire[flags % wire.size ()] ^= 0x20;
        else
            sent.push_back ({more, command, std::string (body.begin (), body.end ())});
        require (decoder.append ({header, header_size}) && decoder.append (wire));
    }
    std::size_t at = 0;
    Msg frame;
    Decoder::Result result;
    while ((result = decoder.next (frame)) == Decoder::Result::frame) {
        require (at < sent.size ());
        const Sent &expected = sent[at++];
        if (!expected.command)
            require (frame.kind () == Kind::data && frame.more () == expected.more && frame.view () == expected.body);
        else
            require (frame.kind () != Kind::data && expected.body.ends_with (frame.view ()));
    }
    require (at == sent.size () && (result == Decoder::Result::error) == altered);
}

}  // namespace

#endif

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size < 5)
        return 0;
#if defined ZMQ_HAVE_LIBSODIUM
    constexpr int types = 12;
    if (sodium_init () < 0)
        return 0;
    const bool as_server = data[0] & 1;
    const int type = data[0] / 2 % types;
    const Alteration alteration{data[1] % 8, data[2]};
    const Span bytes (data + 5, size - 5);
    const Span metadata = bytes.first (std::min<std::size_t> (bytes.size (), data[3] | data[4] << 8));
    const Outcome outcome = as_server ? run_server (type, metadata, alteration) : run_client (type, metadata, alteration);
    Properties properties;
    const bool good = parse_properties (metadata, properties) && acceptable_peer (type, properties) && !alteration.happens ();
    require ((outcome.ours->status () == Mechanism::Status::ready) == good);
    if (!good) {
        require (outcome.ours->status () == Mechanism::Status::failed);
        return 0;
    }
    require (outcome.ours->peer_properties () == properties);
    const auto ours = outcome.ours->take_cipher ();
    CurveCipher theirs (outcome.session, !as_server, 2, 2);
    exchange (*ours, theirs, bytes.subspan (metadata.size ()));
#else
    static_cast<void> (data);
#endif
    return 0;
}
