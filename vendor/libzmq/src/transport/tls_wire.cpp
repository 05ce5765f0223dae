// See tls_wire.hpp.
#include "transport/tls_wire.hpp"

#if defined ZMQ_HAVE_TLS

#    include <openssl/bio.h>

namespace engine {

const BIO_METHOD *TlsWire::method () noexcept
{
    static const BIO_METHOD *const made = [] () -> const BIO_METHOD * {
        BIO_METHOD *const fresh = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "zmq connection");
        if (!fresh)
            return nullptr;
        BIO_meth_set_read (fresh, on_read);
        BIO_meth_set_write (fresh, on_write);
        BIO_meth_set_ctrl (fresh, on_control);
        return fresh;
    }();
    return made;
}

bool TlsWire::attach (SSL &connection) noexcept
{
    BIO *const bio = method () ? BIO_new (method ()) : nullptr;
    if (!bio)
        return false;
    BIO_set_data (bio, this);
    BIO_set_init (bio, 1);
    SSL_set_bio (&connection, bio, bio);
    return true;
}

int TlsWire::on_read (BIO *bio, char *to, int size) noexcept
{
    TlsWire &wire = *static_cast<TlsWire *> (BIO_get_data (bio));
    BIO_clear_retry_flags (bio);
    while (wire.readable_) {
        const std::span<std::uint8_t> space (reinterpret_cast<std::uint8_t *> (to), static_cast<std::size_t> (size));
        const ssize_t count = wire.below_.read (space);
        if (count > 0) {
            wire.news_ = true;
            wire.readable_ = count == size || wire.below_.pending ();
            return static_cast<int> (count);
        }
        if (count == 0) {
            wire.ended_ = true;
            return 0;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        if (errno != EINTR) {
            wire.error_ = errno;
            return -1;
        }
    }
    BIO_set_retry_read (bio);
    return -1;
}

int TlsWire::on_write (BIO *bio, const char *from, int size) noexcept
{
    TlsWire &wire = *static_cast<TlsWire *> (BIO_get_data (bio));
    BIO_clear_retry_flags (bio);
    for (;;) {
        const ssize_t count = wire.below_.write ({reinterpret_cast<const std::uint8_t *> (from), static_cast<std::size_t> (size)});
        if (count >= 0)
            return static_cast<int> (count);
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            BIO_set_retry_write (bio);
            return -1;
        }
        if (errno != EINTR) {
            wire.error_ = errno;
            return -1;
        }
    }
}

long TlsWire::on_control (BIO *bio, int command, long, void *) noexcept
{
    const TlsWire &wire = *static_cast<TlsWire *> (BIO_get_data (bio));
    if (command == BIO_CTRL_EOF)
        return wire.ended_;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

}  // namespace engine

#endif
