// A box is crypto_box_easy_afternm's: 16 bytes of Poly1305, then what XSalsa20 makes of the text. It is put together here from its
// parts, so that the text is read where it lies (flags, a command's name, a message's body) and written where it is needed, and that
// long bodies pass through the cache once.
#include "mechanism/curve_cipher.hpp"

#if defined ZMQ_HAVE_LIBSODIUM

#    include <algorithm>
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

// The stream's first block: half of it is the key of the authenticator, the other half goes over the beginning of the text.
constexpr std::size_t block_size = 64;
constexpr std::size_t key_size = crypto_onetimeauth_poly1305_KEYBYTES;
constexpr std::size_t beginning = block_size - key_size;
// How much is encrypted, or authenticated, before the other is done to it.
constexpr std::size_t piece = 256 * block_size;

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

// The text behind its beginning, which starts with the stream's second block.
void stream_over (std::uint8_t *out, const std::uint8_t *in, std::size_t size, const std::uint8_t *nonce, std::uint64_t block,
                  const SecretKey &key) noexcept
{
    static_cast<void> (crypto_stream_salsa20_xor_ic (out, in, size, nonce, block, key.data ()));
}

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
    std::uint8_t *const text = out + text_at;
    const std::size_t text_size = flags_size + payload.size ();

    // The beginning: flags, a command's name (which is short), and as much of the body as fits.
    std::uint8_t block[block_size] = {};
    block[key_size] = static_cast<std::uint8_t> ((payload.more ? text_more : 0) | (payload.command ? text_command : 0));
    std::size_t at = key_size + flags_size;
    if (!payload.prefix.empty ())
        std::memcpy (block + at, payload.prefix.data (), payload.prefix.size ());
    at += payload.prefix.size ();
    const std::size_t in_block = std::min (block_size - at, payload.body.size ());
    if (in_block > 0)
        std::memcpy (block + at, payload.body.data (), in_block);
    at += in_block;
    static_cast<void> (crypto_stream_salsa20_xor (block, block, at, nonce, own_key_.data ()));
    std::memcpy (text, block + key_size, at - key_size);

    if (text_size <= beginning) {
        static_cast<void> (crypto_onetimeauth_poly1305 (out + mac_at, text, text_size, block));
    } else {
        crypto_onetimeauth_poly1305_state mac;
        static_cast<void> (crypto_onetimeauth_poly1305_init (&mac, block));
        const std::uint8_t *rest = payload.body.data () + in_block;
        std::size_t done = 0;  // of the text, authenticated
        for (std::size_t written = beginning; done < text_size;) {
            const std::size_t count = std::min (piece, text_size - written);
            if (count > 0)
                stream_over (text + written, rest, count, nonce, (written + key_size) / block_size, own_key_);
            rest += count;
            written += count;
            static_cast<void> (crypto_onetimeauth_poly1305_update (&mac, text + done, written - done));
            done = written;
        }
        static_cast<void> (crypto_onetimeauth_poly1305_final (&mac, out + mac_at));
        sodium_memzero (&mac, sizeof mac);
    }
    sodium_memzero (block, sizeof block);
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
    const std::uint8_t *const nonce = wire.data () + nonce_at;
    const std::uint64_t number = get_nonce (nonce);
    if (number <= peer_nonce_)
        return ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE;

    std::uint8_t *const text = wire.data () + text_at;
    const std::size_t text_size = wire.size () - text_at;
    const std::size_t in_block = std::min (beginning, text_size);
    std::uint8_t block[block_size] = {};
    static_cast<void> (crypto_stream_salsa20 (block, sizeof block, nonce, peer_key_.data ()));

    std::uint8_t mac_found[mac_size];
    if (text_size <= beginning) {
        static_cast<void> (crypto_onetimeauth_poly1305 (mac_found, text, text_size, block));
    } else {
        // What is decrypted before it is known to be the peer's, nobody sees if it is not.
        crypto_onetimeauth_poly1305_state mac;
        static_cast<void> (crypto_onetimeauth_poly1305_init (&mac, block));
        static_cast<void> (crypto_onetimeauth_poly1305_update (&mac, text, in_block));
        for (std::size_t done = in_block; done < text_size;) {
            const std::size_t count = std::min (piece, text_size - done);
            static_cast<void> (crypto_onetimeauth_poly1305_update (&mac, text + done, count));
            stream_over (text + done, text + done, count, nonce, (done + key_size) / block_size, peer_key_);
            done += count;
        }
        static_cast<void> (crypto_onetimeauth_poly1305_final (&mac, mac_found));
        sodium_memzero (&mac, sizeof mac);
    }
    const bool genuine = crypto_verify_16 (mac_found, wire.data () + mac_at) == 0;
    for (std::size_t i = 0; genuine && i < in_block; ++i)
        text[i] ^= block[key_size + i];
    sodium_memzero (block, sizeof block);
    if (!genuine)
        return ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;
    peer_nonce_ = number;
    out.more = (text[0] & text_more) != 0;
    out.command = (text[0] & text_command) != 0;
    out.payload = wire.subspan (longer_by);
    return 0;
}

}  // namespace engine

#endif
