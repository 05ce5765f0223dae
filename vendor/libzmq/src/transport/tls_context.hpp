// What the TLS connections of an endpoint have in common: own certificate and key, whom to trust, how peers are verified, and the sessions
// that a client may resume. Made once, of options; immutable but for the sessions, and safe in threads.
#pragma once

#if defined ZMQ_HAVE_TLS

#    include <cstdint>
#    include <memory>
#    include <mutex>
#    include <string>
#    include <unordered_map>
#    include <vector>

#    include "mechanism/secrets.hpp"
#    include "options/tls_report.hpp"
#    include "transport/tls_openssl.hpp"

namespace engine {

enum class TlsRole : std::uint8_t
{
    client,
    server
};

// How peers' certificates are treated.
enum class TlsVerify : std::uint8_t
{
    none,
    optional,  // a client's is if it shows one; a server's always
    required
};

// PEM is the text or the name of a file, see tls_material.hpp; empty: none.
struct TlsSettings
{
    std::string prefix;      // of the options' names, for what is said about them
    SecretText certificate;  // a key may be behind it
    SecretText key;          // empty: with the certificate
    SecretText password;
    std::string trust;
    bool trust_system = false;
    std::string revoked;
    std::string hostname;  // empty: the endpoint's host
    TlsVerify verify = TlsVerify::required;
    bool check_name = true;
    std::string protocols;  // ALPN, separated by commas

    bool operator== (const TlsSettings &) const = default;
};

class TlsContext
{
  public:
    // Blocks on files. Null: `report` says what is wrong. Throws std::bad_alloc.
    static std::shared_ptr<TlsContext> make (const TlsSettings &settings, TlsRole role, const std::shared_ptr<TlsReport> &report);

    // It would be made again as it is. Looks at the state of files.
    bool is_of (const TlsSettings &settings) const;

    // A connection's; `host` is the endpoint's, `peer` names whom a client's sessions are for. Null: out of memory.
    TlsHandle connection (const std::string &host, const std::string &peer) noexcept;
    TlsRole role () const noexcept { return role_; }
    TlsReport &report () const noexcept { return *report_; }

    // ---- a client's sessions ----
    void forget_session (const std::string &peer) noexcept;

  private:
    TlsContext (TlsSettings settings, TlsRole role, std::shared_ptr<TlsReport> report);
    void load ();
    void load_identity ();
    void load_trust ();
    void load_protocols ();
    bool set_peer (SSL &connection, const std::string &host) const noexcept;
    void keep_session (const std::string &peer, TlsSession session);

    static int on_new_session (SSL *connection, SSL_SESSION *session) noexcept;
    static int on_protocols (SSL *, const unsigned char **chosen, unsigned char *size, const unsigned char *offered,
                             unsigned int offered_size, void *context) noexcept;

    const TlsSettings settings_;
    const TlsRole role_;
    const std::shared_ptr<TlsReport> report_;
    std::vector<std::int64_t> marks_;
    TlsOwned<SSL_CTX, SSL_CTX_free> context_;
    std::vector<unsigned char> protocols_;  // as ALPN has them on the wire

    std::mutex lock_;
    std::unordered_map<std::string, TlsSession> sessions_;  // by peer
};

}  // namespace engine

#endif
