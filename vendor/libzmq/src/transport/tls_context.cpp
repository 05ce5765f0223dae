// See tls_context.hpp.
#include "transport/tls_context.hpp"

#if defined ZMQ_HAVE_TLS

#    include <algorithm>
#    include <new>
#    include <string_view>

#    include <arpa/inet.h>
#    include <openssl/rand.h>
#    include <openssl/x509v3.h>

#    include "transport/tls_material.hpp"

namespace engine {

namespace {

constexpr std::size_t most_sessions = 256;  // of different peers; then they are forgotten
constexpr std::size_t read_ahead = 64 * 1024;

// Of TLS 1.2 only what has forward secrecy and authenticated encryption. (1.3 has nothing else.)
constexpr const char *ciphers_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

// Once a process. OpenSSL is not to clean up at exit: threads of ours may still be at work then.
bool begin_openssl () noexcept
{
    static const bool begun = OPENSSL_init_ssl (OPENSSL_INIT_NO_ATEXIT, nullptr) == 1;
    return begun;
}

// Where a connection keeps the peer its sessions are for, and the context that keeps them.
struct SessionPlace
{
    TlsContext *context;
    std::string peer;
};

void release_place (void *, void *place, CRYPTO_EX_DATA *, int, long, void *) noexcept { delete static_cast<SessionPlace *> (place); }

int place_index () noexcept
{
    static const int index = SSL_get_ex_new_index (0, nullptr, nullptr, nullptr, release_place);
    return index;
}

bool is_address (const std::string &host) noexcept
{
    std::uint8_t bytes[16];
    return ::inet_pton (AF_INET, host.c_str (), bytes) == 1 || ::inet_pton (AF_INET6, host.c_str (), bytes) == 1;
}

std::vector<std::int64_t> marks_of (const TlsSettings &settings)
{
    return file_marks ({&settings.certificate.text (), &settings.key.text (), &settings.trust, &settings.revoked});
}

void check (bool done, const std::string &what)
{
    if (!done)
        throw TlsRefusal{what + ": " + tls_error_text ()};
}

}  // namespace

TlsContext::TlsContext (TlsSettings settings, TlsRole role, std::shared_ptr<TlsReport> report)
    : settings_ (std::move (settings)), role_ (role), report_ (std::move (report))
{}

std::shared_ptr<TlsContext> TlsContext::make (const TlsSettings &settings, TlsRole role, const std::shared_ptr<TlsReport> &report)
try {
    std::shared_ptr<TlsContext> made (new TlsContext (settings, role, report));
    made->load ();
    report->note ({});
    return made;
} catch (const TlsRefusal &refusal) {
    report->note (refusal.why);
    return nullptr;
}

bool TlsContext::is_of (const TlsSettings &settings) const { return settings == settings_ && marks_of (settings) == marks_; }

// ---- making one ----

void TlsContext::load ()
{
    if (!begin_openssl () || place_index () < 0)
        throw TlsRefusal{"OpenSSL does not start: " + tls_error_text ()};
    marks_ = marks_of (settings_);
    ERR_clear_error ();
    context_.reset (SSL_CTX_new (role_ == TlsRole::server ? TLS_server_method () : TLS_client_method ()));
    if (!context_)
        throw std::bad_alloc ();
    SSL_CTX *const context = context_.get ();
    check (SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION) == 1, "TLS 1.2");
    check (SSL_CTX_set_cipher_list (context, ciphers_1_2) == 1, "ciphers of TLS 1.2");
    SSL_CTX_set_options (context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead (context, 1);
    SSL_CTX_set_default_read_buffer_len (context, read_ahead);
    load_identity ();
    load_trust ();
    load_protocols ();

    // Sessions are the client's to keep: in tickets, so that a server needs no memory for them.
    if (role_ == TlsRole::client) {
        SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb (context, on_new_session);
    } else {
        SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
        check (SSL_CTX_set_num_tickets (context, 1) == 1, "tickets");
        // A client that was verified is not verified again; so sessions hold for one context only.
        unsigned char id[SSL_MAX_SID_CTX_LENGTH];
        check (RAND_bytes (id, sizeof id) == 1 && SSL_CTX_set_session_id_context (context, id, sizeof id) == 1, "sessions");
    }
    ERR_clear_error ();
}

void TlsContext::load_identity ()
{
    const std::string option = settings_.prefix + "CERT_PEM";
    if (settings_.certificate.empty ()) {
        if (role_ == TlsRole::server)
            throw TlsRefusal{option + ": not set; a server needs a certificate"};
        if (!settings_.key.empty ())
            throw TlsRefusal{option + ": not set, but a key is"};
        return;
    }
    const SecretText pem = read_pem (settings_.certificate.text (), option);
    const std::vector<TlsCertificate> chain = parse_certificates (pem, option);
    check (SSL_CTX_use_certificate (context_.get (), chain.front ().get ()) == 1, option);
    for (std::size_t i = 1; i < chain.size (); ++i)
        check (SSL_CTX_add1_chain_cert (context_.get (), chain[i].get ()) == 1, option);

    const std::string key_option = settings_.prefix + "KEY_PEM";
    const TlsKey key =
      parse_key (settings_.key.empty () ? pem : read_pem (settings_.key.text (), key_option), settings_.password, key_option);
    if (!key)
        throw TlsRefusal{key_option + (settings_.key.empty () ? ": not set, and there is no key with the certificate"
                                                              : ": there is no PEM private key in it")};
    if (X509_check_private_key (chain.front ().get (), key.get ()) != 1) {
        ERR_clear_error ();
        throw TlsRefusal{key_option + ": it is not the key of the certificate"};
    }
    check (SSL_CTX_use_PrivateKey (context_.get (), key.get ()) == 1, key_option);
}

void TlsContext::load_trust ()
{
    SSL_CTX *const context = context_.get ();
    X509_STORE *const store = SSL_CTX_get_cert_store (context);
    if (!settings_.trust.empty ())
        for (const TlsCertificate &trusted : read_trusted (settings_.trust, settings_.prefix + "TRUST_PEM")) {
            check (X509_STORE_add_cert (store, trusted.get ()) == 1, settings_.prefix + "TRUST_PEM");
            if (role_ == TlsRole::server)
                check (SSL_CTX_add_client_CA (context, trusted.get ()) == 1, settings_.prefix + "TRUST_PEM");
        }
    if (settings_.trust_system && !trust_system (*context))
        throw TlsRefusal{settings_.prefix + "TRUST_SYSTEM: no list of certificates was found that this system trusts"};
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;  // who is trusted need not be a root
    if (!settings_.revoked.empty ()) {
        const std::string option = settings_.prefix + "CRL_PEM";
        for (const TlsRevocations &list : parse_revocations (read_pem (settings_.revoked, option), option))
            check (X509_STORE_add_crl (store, list.get ()) == 1, option);
        flags |= X509_V_FLAG_CRL_CHECK;
    }
    check (X509_STORE_set_flags (store, flags) == 1, "trust");
    const int required = role_ == TlsRole::server && settings_.verify == TlsVerify::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify (context, settings_.verify == TlsVerify::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER | required, nullptr);
}

void TlsContext::load_protocols ()
{
    std::string_view rest = settings_.protocols;
    while (!rest.empty ()) {
        const std::size_t comma = std::min (rest.find (','), rest.size ());
        const std::string_view name = rest.substr (0, comma);
        rest.remove_prefix (std::min (comma + 1, rest.size ()));
        if (name.empty () || name.size () > 255)
            throw TlsRefusal{settings_.prefix + "ALPN: a protocol's name has 1 to 255 bytes"};
        protocols_.push_back (static_cast<unsigned char> (name.size ()));
        protocols_.insert (protocols_.end (), name.begin (), name.end ());
    }
    if (protocols_.empty ())
        return;
    if (role_ == TlsRole::client)
        check (SSL_CTX_set_alpn_protos (context_.get (), protocols_.data (), static_cast<unsigned> (protocols_.size ())) == 0,
               settings_.prefix + "ALPN");
    else
        SSL_CTX_set_alpn_select_cb (context_.get (), on_protocols, this);
}

int TlsContext::on_protocols (SSL *, const unsigned char **chosen, unsigned char *size, const unsigned char *offered,
                              unsigned int offered_size, void *context) noexcept
{
    const auto &own = static_cast<const TlsContext *> (context)->protocols_;
    unsigned char *found = nullptr;
    if (SSL_select_next_proto (&found, size, own.data (), static_cast<unsigned> (own.size ()), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

// ---- connections ----

TlsHandle TlsContext::connection (const std::string &host, const std::string &peer) noexcept
try {
    ERR_clear_error ();
    TlsHandle made (SSL_new (context_.get ()));
    if (!made)
        return nullptr;
    if (role_ == TlsRole::server) {
        SSL_set_accept_state (made.get ());
        return made;
    }
    SSL_set_connect_state (made.get ());
    auto place = std::make_unique<SessionPlace> (SessionPlace{this, peer});
    if (!set_peer (*made, settings_.hostname.empty () ? host : settings_.hostname) ||
        SSL_set_ex_data (made.get (), place_index (), place.get ()) != 1)
    {
        ERR_clear_error ();
        return nullptr;
    }
    (void) place.release ();
    const std::lock_guard guard (lock_);
    if (const auto found = sessions_.find (peer); found != sessions_.end ())
        SSL_set_session (made.get (), found->second.get ());
    ERR_clear_error ();
    return made;
} catch (...) {
    return nullptr;
}

// The name that the server is asked for and has to have.
bool TlsContext::set_peer (SSL &connection, const std::string &host) const noexcept
{
    const bool address = is_address (host);
    // (SNI has names only, RFC 6066.)
    if (!address && !host.empty () && SSL_set_tlsext_host_name (&connection, host.c_str ()) != 1)
        return false;
    if (settings_.verify == TlsVerify::none || !settings_.check_name)
        return true;
    X509_VERIFY_PARAM *const wanted = SSL_get0_param (&connection);
    X509_VERIFY_PARAM_set_hostflags (wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return address ? X509_VERIFY_PARAM_set1_ip_asc (wanted, host.c_str ()) == 1
                   : !host.empty () && X509_VERIFY_PARAM_set1_host (wanted, host.data (), host.size ()) == 1;
}

// ---- sessions ----

int TlsContext::on_new_session (SSL *connection, SSL_SESSION *session) noexcept
try {
    const auto *const place = static_cast<const SessionPlace *> (SSL_get_ex_data (connection, place_index ()));
    if (!place)
        return 0;
    // (A copy: the connection's own is bad for OpenSSL once the connection ends otherwise than by close_notify.)
    TlsSession copy (SSL_SESSION_dup (session));
    if (copy)
        place->context->keep_session (place->peer, std::move (copy));
    ERR_clear_error ();
    return 0;
} catch (...) {
    return 0;
}

void TlsContext::keep_session (const std::string &peer, TlsSession session)
{
    const std::lock_guard guard (lock_);
    if (sessions_.size () >= most_sessions && !sessions_.contains (peer))
        sessions_.clear ();
    sessions_[peer] = std::move (session);
}

void TlsContext::forget_session (const std::string &peer) noexcept
{
    const std::lock_guard guard (lock_);
    sessions_.erase (peer);
}

}  // namespace engine

#endif
