// See tls_layer.hpp.
//
// What is written is cut into records, each made by one call of SSL_write, which is made again with the same bytes until all of the record
// is the kernel's: so bytes count as written when they are, as ByteStream wants it. What is read is decrypted where it will lie.
#include "transport/tls_layer.hpp"

#if defined ZMQ_HAVE_TLS

#    include <algorithm>
#    include <array>
#    include <cstring>
#    include <memory>
#    include <utility>

#    include <openssl/x509v3.h>

#    include "platform/ready_set.hpp"
#    include "transport/byte_layer.hpp"
#    include "transport/tls_wire.hpp"

namespace engine {

namespace {

constexpr std::size_t record_size = SSL3_RT_MAX_PLAIN_LENGTH;

// A list of pieces that is written from front to back.
class Pieces
{
  public:
    Pieces (const iovec *pieces, int count) noexcept : piece_ (pieces), end_ (pieces + count) { skip_empty (); }

    // What the next record is made of: where it lies if that is one piece, else gathered.
    std::span<const std::uint8_t> front (std::span<std::uint8_t> space) const noexcept
    {
        if (piece_ == end_)
            return {};
        const std::span<const std::uint8_t> first = rest_of (*piece_).subspan (used_);
        if (first.size () >= space.size () || piece_ + 1 == end_)
            return first.first (std::min (first.size (), space.size ()));
        std::size_t size = 0;
        const auto gather = [&] (std::span<const std::uint8_t> bytes) {
            const std::size_t count = std::min (bytes.size (), space.size () - size);
            if (count > 0)
                std::memcpy (space.data () + size, bytes.data (), count);
            size += count;
        };
        gather (first);
        for (const iovec *next = piece_ + 1; next != end_ && size < space.size (); ++next)
            gather (rest_of (*next));
        return space.first (size);
    }
    void advance (std::size_t count) noexcept
    {
        used_ += count;
        while (piece_ != end_ && used_ >= piece_->iov_len) {
            used_ -= piece_->iov_len;
            ++piece_;
        }
    }

  private:
    static std::span<const std::uint8_t> rest_of (const iovec &piece) noexcept
    {
        return {static_cast<const std::uint8_t *> (piece.iov_base), piece.iov_len};
    }
    void skip_empty () noexcept { advance (0); }

    const iovec *piece_;
    const iovec *const end_;
    std::size_t used_ = 0;  // of the first piece
};

// Alerts, and findings of ours, that are about certificates rather than about TLS.
bool is_about_certificates (unsigned long error) noexcept
{
    switch (ERR_GET_REASON (error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return ERR_GET_LIB (error) == ERR_LIB_SSL;
    default:
        return false;
    }
}

class TlsLayer final : public ByteLayer
{
  public:
    TlsLayer (std::shared_ptr<TlsContext> context, std::string peer) : context_ (std::move (context)), peer_ (std::move (peer)) {}

    ~TlsLayer () override
    {
        if (!tls_)
            return;
        say_end ();
        // (A session of a connection that was cut can be resumed as well; OpenSSL would not.)
        if (!failure_)
            SSL_set_shutdown (tls_.get (), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        tls_.reset ();
        ERR_clear_error ();
    }

    // False: out of memory.
    bool prepare (const std::string &host) noexcept
    {
        tls_ = context_->connection (host, peer_);
        return tls_ && wire_.attach (*tls_);
    }

    int open () noexcept override
    {
        if (error_)
            return error_;
        ERR_clear_error ();
        wire_.open (true);
        if (const int error = outcome (SSL_do_handshake (tls_.get ()), read_wants_)) {
            if (error != EAGAIN && context_->role () == TlsRole::client)
                context_->forget_session (peer_);
            return error;
        }
        open_ = true;
        note_held ();
        return 0;
    }

    ssize_t read (std::span<std::uint8_t> space) noexcept override
    {
        std::size_t total = 0;
        wire_.open (!held_);
        while (total < space.size () && !ended_ && !error_) {
            std::size_t count = 0;
            ERR_clear_error ();
            if (outcome (SSL_read_ex (tls_.get (), space.data () + total, space.size () - total, &count), read_wants_)) {
                held_ = false;
                break;
            }
            total += count;
            held_ = true;
        }
        wire_.take_news ();
        if (held_)
            held_ = SSL_has_pending (tls_.get ()) == 1;
        if (total > 0 || (ended_ && !error_))
            return static_cast<ssize_t> (total);
        errno = error_ ? error_ : EAGAIN;
        return -1;
    }
    // (It may be part of a record only, which a read finds out.)
    bool pending () const noexcept override { return held_ || ended_ || error_; }

    ssize_t write (const iovec *pieces, int count) noexcept override
    {
        std::array<std::uint8_t, record_size> space;
        Pieces rest (pieces, count);
        std::size_t total = 0;
        int result = error_ ? error_ : said_end_ || ending_ ? EPIPE : 0;
        wire_.open (true);
        while (!result) {
            std::span<const std::uint8_t> record = rest.front (space);
            if (begun_ > 0)
                record = record.first (std::min (record.size (), begun_));
            if (record.empty ())
                break;
            std::size_t written = 0;
            ERR_clear_error ();
            result = outcome (SSL_write_ex (tls_.get (), record.data (), record.size (), &written), write_wants_);
            begun_ = result == EAGAIN ? record.size () : 0;
            total += written;
            rest.advance (written);
        }
        note_held ();
        if (total > 0 || !result)
            return static_cast<ssize_t> (total);
        errno = result;
        return -1;
    }

    // An answer that a read has to send (to a change of keys) and could not.
    void push () noexcept override
    {
        if (read_wants_ != Want::write || error_)
            return;
        ERR_clear_error ();
        wire_.open (false);
        (void) outcome (SSL_do_handshake (tls_.get ()), read_wants_);
    }

    std::uint32_t wants (std::uint32_t interest) const noexcept override
    {
        constexpr auto in = static_cast<std::uint32_t> (io_in), out = static_cast<std::uint32_t> (io_out);
        std::uint32_t wanted = ending_ || read_wants_ == Want::write ? out : 0u;
        if ((interest & in) && read_wants_ != Want::write)
            wanted |= in;
        if (interest & out)
            wanted |= write_wants_ == Want::read ? in : out;
        return below ().wants (wanted);
    }

    int end_output () noexcept override { return say_end () ? below ().end_output () : EAGAIN; }

    std::size_t unsent () const noexcept override { return begun_ + (ending_ ? 1 : 0); }
    int failure () const noexcept override { return failure_; }

    void describe (ConnectionFacts &facts) const override
    {
        facts.emplace_back ("TLS-Version", SSL_get_version (tls_.get ()));
        facts.emplace_back ("TLS-Cipher", SSL_get_cipher_name (tls_.get ()));
        facts.emplace_back ("TLS-Resumed", SSL_session_reused (tls_.get ()) ? "1" : "0");
        const unsigned char *protocol = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected (tls_.get (), &protocol, &size);
        if (size > 0)
            facts.emplace_back ("TLS-ALPN", std::string (reinterpret_cast<const char *> (protocol), size));
        if (SSL_get_verify_mode (tls_.get ()) == SSL_VERIFY_NONE)
            return;  // it may say anything
        const TlsCertificate certificate (SSL_get_peer_certificate (tls_.get ()));
        if (!certificate)
            return;
        facts.emplace_back ("Peer-Certificate-Subject", tls_name_text (X509_get_subject_name (certificate.get ())));
        unsigned char digest[EVP_MAX_MD_SIZE];
        if (X509_digest (certificate.get (), EVP_sha256 (), digest, &size) == 1) {
            std::string text;
            for (const unsigned char byte : std::span (digest, size)) {
                text += "0123456789abcdef"[byte >> 4];
                text += "0123456789abcdef"[byte & 15];
            }
            facts.emplace_back ("Peer-Certificate-Fingerprint", std::move (text));
        }
    }

  private:
    // What has to come before an operation that was not done can be.
    enum class Want : std::uint8_t
    {
        nothing,
        read,
        write
    };

    // Of a call of OpenSSL: 0; EAGAIN, and what it wants; or an errno, which stays. The peer's end is EAGAIN as well, but for open().
    int outcome (int result, Want &want) noexcept
    {
        const Want before = std::exchange (want, Want::nothing);
        if (result > 0)
            return 0;
        switch (SSL_get_error (tls_.get (), result)) {
        case SSL_ERROR_WANT_READ:
            want = Want::read;
            return EAGAIN;
        case SSL_ERROR_WANT_WRITE:
            want = Want::write;
            return EAGAIN;
        case SSL_ERROR_ZERO_RETURN:
            want = before;
            ended_ = true;
            return open_ ? EAGAIN : error_ = EPIPE;
        default:
            return error_ = explain ();
        }
    }

    // Why it failed, as an errno: the connection's own, EACCES for a certificate that one end did not take, EPROTO for other quarrels of
    // TLS; ECONNABORTED if the connection ended without TLS's word for it, as when somebody has cut it.
    int explain () noexcept
    try {
        const unsigned long code = ERR_peek_last_error ();
        const bool certificates = is_about_certificates (code);
        if (wire_.error ()) {
            ERR_clear_error ();
            return wire_.error ();
        }
        if (wire_.ended ()) {
            ERR_clear_error ();
            if (!open_)
                return EPIPE;
            context_->report ().note ("the connection was cut: it ended without the peer's close_notify");
            return ECONNABORTED;
        }
        failure_ = certificates ? EACCES : EPROTO;
        std::string text = code ? ERR_reason_error_string (code) ? ERR_reason_error_string (code) : "unknown error" : "unknown error";
        ERR_clear_error ();
        const long verdict = SSL_get_verify_result (tls_.get ());
        if (certificates && verdict != X509_V_OK)
            text += std::string (": ") + X509_verify_cert_error_string (verdict);
        if (!peer_.empty ())
            text = peer_ + ": " + text;
        context_->report ().note (text);
        return failure_;
    } catch (...) {
        ERR_clear_error ();
        return failure_ ? failure_ : ECONNABORTED;
    }

    // True once it is said, or cannot be: in the middle of a record, or when nobody would understand.
    bool say_end () noexcept
    {
        if (said_end_ || error_ || !open_ || begun_ > 0)
            return true;
        ERR_clear_error ();
        wire_.open (false);
        const int result = SSL_shutdown (tls_.get ());
        ending_ = result < 0 && SSL_get_error (tls_.get (), result) == SSL_ERROR_WANT_WRITE;
        said_end_ = !ending_;
        ERR_clear_error ();
        return said_end_;
    }

    // What was taken from below outside of read() is read without the kernel's word.
    void note_held () noexcept
    {
        if (wire_.take_news ())
            held_ = SSL_has_pending (tls_.get ()) == 1;
    }

    const std::shared_ptr<TlsContext> context_;
    const std::string peer_;  // of a client: "host:port"
    TlsWire wire_{below ()};
    TlsHandle tls_;
    bool open_ = false;
    Want read_wants_ = Want::nothing;  // or the opening exchange
    Want write_wants_ = Want::nothing;
    std::size_t begun_ = 0;  // bytes of the record that the kernel does not have whole
    bool held_ = false;      // OpenSSL may have decrypted bytes, or whole records
    bool ended_ = false;     // the peer has said so
    bool ending_ = false;    // our end is to be said
    bool said_end_ = false;  // or never will be
    int error_ = 0;
    int failure_ = 0;
};

}  // namespace

int put_tls_on (ByteStream &bytes, const std::shared_ptr<TlsContext> &context, const std::string &host, unsigned port) noexcept
try {
    if (!context)
        return EINVAL;  // nobody has prepared it
    const std::string peer = context->role () == TlsRole::client ? host + ":" + std::to_string (port) : std::string ();
    auto layer = std::make_unique<TlsLayer> (context, peer);
    if (!layer->prepare (host))
        return ENOMEM;
    bytes.put_on (std::move (layer));
    return 0;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine

#endif
