// A box is crypto_box_easy_afternm's: 16 bytes of Poly1305, then what XSalsa20 makes of the text. It is put together here from its
// parts, so that the text is read where it lies (flags, a command's name, a message's body) and written where it is needed, and that
// long bodies pass through the cache once.
#include "mechanism/curve_cipher.hpp"

#if defined ZMQ_HAVE_LIBSODIUM

#    include <algorithm>
#    include <array>
#    include <cstring>

#    include <sodium.h>
#    include <zmq.h>

namespace engine {

namespace {

constexpr std::string_view message_command ("\x07MESSAGE", 8);
constexpr std::size_t nonce_at = message_command.size ();
constexpr std::size_t nonce_size = 8;
constexpr std::size_t mac_at = nonce_at + nonce_size;
constexpr std::size_t mac_size = crypto_onetimeauth_poly1305_BYTES;
constexpr std::size_t text_at = mac_at + mac_size;
constexpr std::size_t flags_size = 1;
constexpr std::size_t longer_by = text_at + flags_size;

enum TextFlag : std::uint8_t
{
    text_more = 1,
    text_command = 2
};

// The stream begins where the frame does: its first 32 bytes, where the header lies, are the key of the authenticator and go over nothing.
// The rest goes over the text.
constexpr std::size_t key_size = crypto_onetimeauth_poly1305_KEYBYTES;
static_assert (key_size == text_at);
constexpr std::size_t block_size = 64;
// libsodium makes eight blocks of the stream at once in less time than two by themselves, but only if they are whole.
constexpr std::size_t stride = 8 * block_size;
// How much is encrypted, or authenticated, before the other is done to it.
constexpr std::size_t piece = 32 * stride;

// A stretch of the stream, wiped where it lay.
struct Stretch : std::array<std::uint8_t, stride>
{
    Stretch () noexcept {}
    Stretch (const Stretch &) = delete;
    Stretch &operator= (const Stretch &) = delete;
    ~Stretch () { wipe (data (), used); }

    std::size_t used = 0;
};

// How much of the stream is best made where so much is needed: at most a stride.
constexpr std::size_t best_size (std::size_t needed) noexcept
{
    return needed <= block_size       ? block_size
           : needed <= 2 * block_size ? 2 * block_size
           : needed <= 4 * block_size ? 4 * block_size
                                      : stride;
}

void put_nonce (std::uint8_t *at, std::uint64_t value) noexcept
{
    for (int byte = 7; byte >= 0; --byte, value >>= 8)
        at[byte] = static_cast<std::uint8_t> (value);
}

std::uint64_t get_nonce (const std::uint8_t *at) noexcept
{
    std::uint64_t value = 0;
    for (int byte = 0; byte < 8; ++byte)
        value = value << 8 | at[byte];
    return value;
}

SecretKey stream_key (const CurveKey &shared, std::string_view nonce_prefix) noexcept
{
    SecretKey key;
    static_cast<void> (
      crypto_core_hsalsa20 (key.data (), reinterpret_cast<const std::uint8_t *> (nonce_prefix.data ()), shared.data (), nullptr));
    return key;
}

using Nonce = const std::uint8_t *;

// The bytes of the stream from `at` on, which is a multiple of a block.
void make_stream (Stretch &out, std::size_t at, std::size_t needed, Nonce nonce, const SecretKey &key) noexcept
{
    out.used = best_size (needed);
    if (out.used <= 2 * block_size) {
        // One or two are cheaper by themselves.
        std::uint8_t input[crypto_core_salsa20_INPUTBYTES];
        std::memcpy (input, nonce, nonce_size);
        for (std::size_t done = 0; done < out.used; done += block_size) {
            std::uint64_t number = (at + done) / block_size;
            for (std::size_t byte = nonce_size; byte < sizeof input; ++byte, number >>= 8)
                input[byte] = static_cast<std::uint8_t> (number);
            static_cast<void> (crypto_core_salsa20 (out.data () + done, input, key.data (), nullptr));
        }
        return;
    }
    std::memset (out.data (), 0, out.used);
    static_cast<void> (crypto_stream_salsa20_xor_ic (out.data (), out.data (), out.used, nonce, at / block_size, key.data ()));
}

void stream_over (std::uint8_t *out, const std::uint8_t *in, std::size_t size, Nonce nonce, std::size_t at, const SecretKey &key) noexcept
{
    static_cast<void> (crypto_stream_salsa20_xor_ic (out, in, size, nonce, at / block_size, key.data ()));
}

// Both may be the same.
void exclusive_or (std::uint8_t *out, const std::uint8_t *in, const std::uint8_t *stream, std::size_t size) noexcept
{
    for (std::size_t i = 0; i < size; ++i)
        out[i] = in[i] ^ stream[i];
}

// Like stream_over(), for less than a stride.
void stream_over_rest (std::uint8_t *out, const std::uint8_t *in, std::size_t size, Nonce nonce, std::size_t at,
                       const SecretKey &key) noexcept
{
    if (size == 0)
        return;
    Stretch stream;
    make_stream (stream, at, size, nonce, key);
    exclusive_or (out, in, stream.data (), size);
}

class Authenticator
{
  public:
    explicit Authenticator (const std::uint8_t *key) noexcept { static_cast<void> (crypto_onetimeauth_poly1305_init (&state_, key)); }
    Authenticator (const Authenticator &) = delete;
    Authenticator &operator= (const Authenticator &) = delete;
    ~Authenticator () { wipe (&state_, sizeof state_); }
    void add (const std::uint8_t *bytes, std::size_t size) noexcept
    {
        static_cast<void> (crypto_onetimeauth_poly1305_update (&state_, bytes, size));
    }
    void finish (std::uint8_t *tag) noexcept { static_cast<void> (crypto_onetimeauth_poly1305_final (&state_, tag)); }

  private:
    crypto_onetimeauth_poly1305_state state_;
};

}  // namespace

CurveCipher::CurveCipher (const CurveKey &shared, bool as_server, std::uint64_t own_nonce, std::uint64_t peer_nonce) noexcept
    : own_nonce_ (own_nonce), peer_nonce_ (peer_nonce)
{
    const SecretKey from_client = stream_key (shared, "CurveZMQMESSAGEC");
    const SecretKey from_server = stream_key (shared, "CurveZMQMESSAGES");
    own_key_ = as_server ? from_server : from_client;
    peer_key_ = as_server ? from_client : from_server;
}

std::size_t CurveCipher::overhead () const noexcept { return longer_by; }

int CurveCipher::seal (const Payload &payload, std::uint8_t *out) noexcept
{
    std::memcpy (out, message_command.data (), message_command.size ());
    std::uint8_t *const nonce = out + nonce_at;
    put_nonce (nonce, ++own_nonce_);
    const std::size_t size = longer_by + payload.size ();

    // The beginning: flags, a command's name (which is short), and as much of the body as fits.
    Stretch first;
    make_stream (first, 0, size, nonce, own_key_);
    std::size_t at = text_at;
    out[at] = static_cast<std::uint8_t> ((payload.more ? text_more : 0) | (payload.command ? text_command : 0)) ^ first[at];
    ++at;
    exclusive_or (out + at, reinterpret_cast<const std::uint8_t *> (payload.prefix.data ()), first.data () + at, payload.prefix.size ());
    at += payload.prefix.size ();
    const auto body = [bytes = payload.body.data (), begin = at] (std::size_t place) { return bytes + (place - begin); };
    const std::size_t in_first = std::min (stride, size);
    exclusive_or (out + at, body (at), first.data () + at, in_first - at);
    at = in_first;

    if (size <= piece) {
        const std::size_t whole = (size - at) / stride * stride;
        if (whole > 0)
            stream_over (out + at, body (at), whole, nonce, at, own_key_);
        at += whole;
        stream_over_rest (out + at, body (at), size - at, nonce, at, own_key_);
        static_cast<void> (crypto_onetimeauth_poly1305 (out + mac_at, out + text_at, size - text_at, first.data ()));
        return 0;
    }
    Authenticator mac (first.data ());
    for (std::size_t done = text_at; done < size;) {
        const std::size_t whole = std::min (piece - at % piece, (size - at) / stride * stride);
        if (whole > 0)
            stream_over (out + at, body (at), whole, nonce, at, own_key_);
        at += whole;
        if (size - at < stride) {
            stream_over_rest (out + at, body (at), size - at, nonce, at, own_key_);
            at = size;
        }
        mac.add (out + done, at - done);
        done = at;
    }
    mac.finish (out + mac_at);
    return 0;
}

int CurveCipher::open (std::span<std::uint8_t> wire, Opened &out) noexcept
{
    if (wire.size () <= 1 || wire.size () <= wire[0])
        return ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED;
    if (std::memcmp (wire.data (), message_command.data (), std::min (wire.size (), message_command.size ())) != 0)
        return ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND;
    if (wire.size () < longer_by)
        return ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE;
    std::uint8_t *const frame = wire.data ();
    const std::size_t size = wire.size ();
    const Nonce nonce = frame + nonce_at;
    const std::uint64_t number = get_nonce (nonce);
    if (number <= peer_nonce_)
        return ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE;

    Stretch first;
    make_stream (first, 0, size, nonce, peer_key_);
    const std::size_t in_first = std::min (stride, size);
    std::size_t at = in_first;
    std::uint8_t tag[mac_size];
    if (size <= piece) {
        static_cast<void> (crypto_onetimeauth_poly1305 (tag, frame + text_at, size - text_at, first.data ()));
    } else {
        // What is decrypted before it is known to be the peer's, nobody sees if it is not.
        Authenticator mac (first.data ());
        mac.add (frame + text_at, at - text_at);
        while (size - at >= stride) {
            const std::size_t whole = std::min (piece - at % piece, (size - at) / stride * stride);
            mac.add (frame + at, whole);
            stream_over (frame + at, frame + at, whole, nonce, at, peer_key_);
            at += whole;
        }
        mac.add (frame + at, size - at);
        mac.finish (tag);
    }
    if (crypto_verify_16 (tag, frame + mac_at) != 0)
        return ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;
    exclusive_or (frame + text_at, frame + text_at, first.data () + text_at, in_first - text_at);
    if (const std::size_t whole = (size - at) / stride * stride) {
        stream_over (frame + at, frame + at, whole, nonce, at, peer_key_);
        at += whole;
    }
    stream_over_rest (frame + at, frame + at, size - at, nonce, at, peer_key_);
    peer_nonce_ = number;
    out.more = (frame[text_at] & text_more) != 0;
    out.command = (frame[text_at] & text_command) != 0;
    out.payload = wire.subspan (longer_by);
    return 0;
}

}  // namespace engine

#endif
