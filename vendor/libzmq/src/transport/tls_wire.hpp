// What OpenSSL reads from and writes to: a BIO on the ByteStream below. Nothing blocks; bytes go from the kernel to OpenSSL's buffer, and
// from it to the kernel, without another in between.
#pragma once

#if defined ZMQ_HAVE_TLS

#    include "transport/byte_stream.hpp"
#    include "transport/tls_openssl.hpp"

namespace engine {

class TlsWire
{
  public:
    explicit TlsWire (ByteStream &below) noexcept : below_ (below) {}
    TlsWire (const TlsWire &) = delete;
    TlsWire &operator= (const TlsWire &) = delete;

    // Gives it to a connection. False: out of memory.
    bool attach (SSL &connection) noexcept;

    // Whether the next calls may take from below. A read that took less than it could closes it by itself: there is no more.
    void open (bool readable) noexcept { readable_ = readable; }
    // Once after something was taken.
    bool take_news () noexcept { return std::exchange (news_, false); }
    bool ended () const noexcept { return ended_; }  // without a word of TLS
    int error () const noexcept { return error_; }   // of below

  private:
    static const BIO_METHOD *method () noexcept;
    static int on_read (BIO *bio, char *to, int size) noexcept;
    static int on_write (BIO *bio, const char *from, int size) noexcept;
    static long on_control (BIO *bio, int command, long, void *) noexcept;

    ByteStream &below_;
    bool readable_ = true;
    bool news_ = false;
    bool ended_ = false;
    int error_ = 0;
};

}  // namespace engine

#endif
