// Certificates for tests, made when they are needed: an authority of the test's own, and what it issues.
#pragma once

#include <stdexcept>
#include <string>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "transport/tls_openssl.hpp"

namespace held {

struct Identity
{
    std::string certificate;  // PEM
    std::string key;          // PEM
};

class Authority
{
  public:
    explicit Authority (const std::string &name = "authority")
    {
        key_ = make_key ();
        certificate_ = make (*key_, name, "", 365, true);
    }

    // `names` as OpenSSL writes them: "DNS:server,IP:127.0.0.1".
    Identity issue (const std::string &subject, const std::string &names, int days = 30)
    {
        const Key key = make_key ();
        const engine::TlsCertificate certificate = make (*key, subject, names, days, false);
        return {text ([&] (BIO *to) { return PEM_write_bio_X509 (to, certificate.get ()); }),
                text ([&] (BIO *to) { return PEM_write_bio_PrivateKey (to, key.get (), nullptr, nullptr, 0, nullptr, nullptr); })};
    }
    std::string certificate () const
    {
        return text ([this] (BIO *to) { return PEM_write_bio_X509 (to, certificate_.get ()); });
    }
    std::string revocation_of (const std::string &certificate) const
    {
        const engine::TlsOwned<X509_CRL, X509_CRL_free> list (X509_CRL_new ());
        X509_CRL_set_version (list.get (), 1);
        X509_CRL_set_issuer_name (list.get (), X509_get_subject_name (certificate_.get ()));
        const engine::TlsOwned<ASN1_TIME, ASN1_TIME_free> before (X509_gmtime_adj (nullptr, -60)), after (X509_gmtime_adj (nullptr, 86400));
        X509_CRL_set1_lastUpdate (list.get (), before.get ());
        X509_CRL_set1_nextUpdate (list.get (), after.get ());
        const engine::TlsOwned<BIO, BIO_free> from (BIO_new_mem_buf (certificate.data (), static_cast<int> (certificate.size ())));
        const engine::TlsCertificate revoked (PEM_read_bio_X509 (from.get (), nullptr, nullptr, nullptr));
        X509_REVOKED *const entry = X509_REVOKED_new ();
        X509_REVOKED_set_serialNumber (entry, X509_get_serialNumber (revoked.get ()));
        X509_REVOKED_set_revocationDate (entry, before.get ());
        X509_CRL_add0_revoked (list.get (), entry);
        X509_CRL_sign (list.get (), key_.get (), EVP_sha256 ());
        return text ([&] (BIO *to) { return PEM_write_bio_X509_CRL (to, list.get ()); });
    }

  private:
    using Key = engine::TlsOwned<EVP_PKEY, EVP_PKEY_free>;

    static Key make_key ()
    {
        const engine::TlsOwned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> maker (EVP_PKEY_CTX_new_id (EVP_PKEY_EC, nullptr));
        EVP_PKEY *key = nullptr;
        if (EVP_PKEY_keygen_init (maker.get ()) != 1 || EVP_PKEY_CTX_set_ec_paramgen_curve_nid (maker.get (), NID_X9_62_prime256v1) != 1 ||
            EVP_PKEY_keygen (maker.get (), &key) != 1)
            throw std::runtime_error ("no key");
        return Key (key);
    }

    engine::TlsCertificate make (EVP_PKEY &key, const std::string &subject, const std::string &names, int days, bool authority)
    {
        engine::TlsCertificate made (X509_new ());
        X509 *const certificate = made.get ();
        X509_set_version (certificate, 2);
        ASN1_INTEGER_set (X509_get_serialNumber (certificate), ++serial_);
        X509_gmtime_adj (X509_getm_notBefore (certificate), -86400L * 60);
        X509_gmtime_adj (X509_getm_notAfter (certificate), 86400L * days);
        X509_set_pubkey (certificate, &key);
        X509_NAME *const name = X509_get_subject_name (certificate);
        X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char *> (subject.c_str ()), -1, -1, 0);
        X509_set_issuer_name (certificate, authority ? name : X509_get_subject_name (certificate_.get ()));
        X509V3_CTX context;
        X509V3_set_ctx_nodb (&context);
        X509V3_set_ctx (&context, authority ? certificate : certificate_.get (), certificate, nullptr, nullptr, 0);
        const auto add = [&] (int kind, const std::string &value) {
            const engine::TlsOwned<X509_EXTENSION, X509_EXTENSION_free> extension (
              X509V3_EXT_conf_nid (nullptr, &context, kind, value.c_str ()));
            if (!extension || X509_add_ext (certificate, extension.get (), -1) != 1)
                throw std::runtime_error ("no extension");
        };
        add (NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
        if (authority)
            add (NID_key_usage, "critical,keyCertSign,cRLSign");
        if (!names.empty ())
            add (NID_subject_alt_name, names);
        X509_sign (certificate, authority ? &key : key_.get (), EVP_sha256 ());
        return made;
    }

    template <class Write>
    static std::string text (Write write)
    {
        const engine::TlsOwned<BIO, BIO_free> to (BIO_new (BIO_s_mem ()));
        if (write (to.get ()) != 1)
            throw std::runtime_error ("no PEM");
        char *bytes = nullptr;
        const long size = BIO_get_mem_data (to.get (), &bytes);
        return {bytes, static_cast<std::size_t> (size)};
    }

    Key key_;
    engine::TlsCertificate certificate_;
    long serial_ = 0;
};

}  // namespace held
