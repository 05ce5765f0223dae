// Certificates, keys and revocation lists as options give them: PEM text or the name of a file (those who are trusted: also of a
// directory). May block on files.
#pragma once

#if defined ZMQ_HAVE_TLS

#    include <cstdint>
#    include <initializer_list>
#    include <string>
#    include <vector>

#    include "mechanism/secrets.hpp"
#    include "transport/tls_openssl.hpp"

namespace engine {

// Why something could not be made of an option: thrown as text for who set it.
struct TlsRefusal
{
    std::string why;
};

using TlsKey = TlsOwned<EVP_PKEY, EVP_PKEY_free>;
using TlsRevocations = TlsOwned<X509_CRL, X509_CRL_free>;

// The text itself, or what is in the file. `option` names it in a TlsRefusal.
SecretText read_pem (const std::string &value, const std::string &option);
// Of a directory's files those that have certificates in them.
std::vector<TlsCertificate> read_trusted (const std::string &value, const std::string &option);
// At least one, in order.
std::vector<TlsCertificate> parse_certificates (const SecretText &pem, const std::string &option);
// Null: there is none. Nobody is asked for a password.
TlsKey parse_key (const SecretText &pem, const SecretText &password, const std::string &option);
std::vector<TlsRevocations> parse_revocations (const SecretText &pem, const std::string &option);
// The state of the files that values name, to see whether they have changed.
std::vector<std::int64_t> file_marks (std::initializer_list<const std::string *> values);

// Lets it trust whom the system trusts, all of them read now. False: no such list was found.
bool trust_system (SSL_CTX &context);

}  // namespace engine

#endif
