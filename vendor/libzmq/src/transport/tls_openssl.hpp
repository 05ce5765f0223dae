// OpenSSL's objects as owners, and its queue of errors as text. Only the files of tls_*.cpp include this.
#pragma once

#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace engine {

template <auto release>
struct TlsRelease
{
    template <class Object>
    void operator() (Object *object) const noexcept
    {
        release (object);
    }
};

template <class Object, auto release>
using TlsOwned = std::unique_ptr<Object, TlsRelease<release>>;

using TlsCertificate = TlsOwned<X509, X509_free>;
using TlsSession = TlsOwned<SSL_SESSION, SSL_SESSION_free>;
using TlsHandle = TlsOwned<SSL, SSL_free>;

// What OpenSSL says of this thread's last error; the queue is empty afterwards.
inline std::string tls_error_text ()
{
    const unsigned long code = ERR_peek_last_error ();
    ERR_clear_error ();
    const char *const reason = code ? ERR_reason_error_string (code) : nullptr;
    return reason ? reason : "an error without a reason";
}

// RFC 2253, with everything else than printable ASCII escaped.
inline std::string tls_name_text (const X509_NAME *name)
{
    const TlsOwned<BIO, BIO_free> text (BIO_new (BIO_s_mem ()));
    if (!text || X509_NAME_print_ex (text.get (), name, 0, XN_FLAG_RFC2253) < 0) {
        ERR_clear_error ();
        return {};
    }
    char *bytes = nullptr;
    const long size = BIO_get_mem_data (text.get (), &bytes);
    return size > 0 ? std::string (bytes, static_cast<std::size_t> (size)) : std::string ();
}

}  // namespace engine
