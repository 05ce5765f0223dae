// Z85 text and CURVE key pairs. Keys need libsodium (ZMQ_HAVE_LIBSODIUM); without it they are ENOTSUP.
#include <cstring>

#include "base/errors.hpp"
#include "base/z85.hpp"
#include "zmq.h"

#if defined ZMQ_HAVE_LIBSODIUM
#    include <sodium.h>
#endif

using namespace engine;

namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t key_text_size = z85_encoded_size (key_size);

[[maybe_unused]] void write_key (const std::uint8_t (&key)[key_size], char *text) noexcept
{
    z85_encode (key, text);
    text[key_text_size] = '\0';
}

}  // namespace

char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size)
{
    if (!dest || (!data && size) || !z85_encode ({data, size}, dest)) {
        errno = EINVAL;
        return nullptr;
    }
    dest[z85_encoded_size (size)] = '\0';
    return dest;
}

uint8_t *zmq_z85_decode (uint8_t *dest, const char *text)
{
    if (!dest || !text || !*text || !z85_decode (text, dest)) {
        errno = EINVAL;
        return nullptr;
    }
    return dest;
}

#if defined ZMQ_HAVE_LIBSODIUM

int zmq_curve_keypair (char *public_key, char *secret_key)
{
    if (!public_key || !secret_key)
        return fail (EFAULT);
    std::uint8_t public_bytes[key_size];
    std::uint8_t secret_bytes[key_size];
    if (sodium_init () < 0)
        return fail (ENOTSUP);
    crypto_box_keypair (public_bytes, secret_bytes);
    write_key (public_bytes, public_key);
    write_key (secret_bytes, secret_key);
    sodium_memzero (secret_bytes, sizeof secret_bytes);
    return 0;
}

int zmq_curve_public (char *public_key, const char *secret_key)
{
    if (!public_key || !secret_key)
        return fail (EFAULT);
    std::uint8_t public_bytes[key_size];
    std::uint8_t secret_bytes[key_size];
    if (std::strlen (secret_key) != key_text_size || !z85_decode (secret_key, secret_bytes))
        return fail (EINVAL);
    if (sodium_init () < 0)
        return fail (ENOTSUP);
    crypto_scalarmult_base (public_bytes, secret_bytes);
    sodium_memzero (secret_bytes, sizeof secret_bytes);
    write_key (public_bytes, public_key);
    return 0;
}

#else

int zmq_curve_keypair (char *, char *) { return fail (ENOTSUP); }
int zmq_curve_public (char *, const char *) { return fail (ENOTSUP); }

#endif
