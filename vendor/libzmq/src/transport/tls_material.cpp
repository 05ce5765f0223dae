// See tls_material.hpp.
#include "transport/tls_material.hpp"

#if defined ZMQ_HAVE_TLS

#    include <algorithm>
#    include <cerrno>
#    include <climits>
#    include <cstdlib>
#    include <filesystem>
#    include <string_view>

#    include <fcntl.h>
#    include <sys/stat.h>
#    include <unistd.h>

#    include <openssl/pem.h>
#    include <openssl/x509v3.h>

#    include "base/errors.hpp"
#    include "transport/descriptor.hpp"

namespace engine {

namespace {

constexpr std::size_t largest_file = 16 * 1024 * 1024;

bool is_text (const std::string &value) noexcept { return value.find ("-----BEGIN ") != value.npos; }

bool is_directory (const std::string &value) noexcept
{
    struct stat facts = {};
    return !is_text (value) && value.find ('\0') == value.npos && ::stat (value.c_str (), &facts) == 0 && S_ISDIR (facts.st_mode);
}

// Whatever is no PEM counts as the name of a file, so it may be a key in another form, which nobody is to read in an error.
bool can_be_shown (const std::string &path, const std::string &option) noexcept
{
    return !option.ends_with ("KEY_PEM") && path.size () < PATH_MAX &&
           std::ranges::none_of (path, [] (char byte) { return static_cast<unsigned char> (byte) < ' '; });
}

SecretText read_file (const std::string &path, const std::string &option)
{
    const bool shown = can_be_shown (path, option);
    const auto refuse = [&] (const std::string &why) { throw TlsRefusal{option + ": " + (shown ? path + ": " : std::string ()) + why}; };
    if (path.find ('\0') != path.npos)
        refuse ("neither PEM nor the name of a file");
    // (A FIFO that nobody writes must not be waited for.)
    const Descriptor file (::open (path.c_str (), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts = {};
    if (!file.valid () || ::fstat (file.get (), &facts) != 0)
        refuse (error_text (errno));
    if (!S_ISREG (facts.st_mode))
        refuse ("is not a file");
    if (facts.st_size > static_cast<off_t> (largest_file))
        refuse (error_text (EFBIG));
    SecretText text;
    const std::span<char> space = text.resized (static_cast<std::size_t> (facts.st_size));
    std::size_t size = 0;
    while (size < space.size ()) {
        const ssize_t count = ::read (file.get (), space.data () + size, space.size () - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            refuse (error_text (errno));
        if (count == 0)
            break;
        size += static_cast<std::size_t> (count);
    }
    text.cut (size);
    return text;
}

using Memory = TlsOwned<BIO, BIO_free>;

Memory in_memory (const SecretText &pem)
{
    Memory memory (BIO_new_mem_buf (pem.text ().data (), static_cast<int> (std::min<std::size_t> (pem.text ().size (), INT32_MAX))));
    if (!memory)
        throw std::bad_alloc ();
    return memory;
}

// Called for a key that is encrypted; without it OpenSSL asks at the terminal.
int give_password (char *space, int size, int, void *password) noexcept
{
    const std::string &text = static_cast<const SecretText *> (password)->text ();
    if (text.empty () || text.size () > static_cast<std::size_t> (size))
        return -1;
    std::ranges::copy (text, space);
    return static_cast<int> (text.size ());
}

// Nothing that was read is encrypted without a password.
int give_none (char *, int, int, void *) noexcept { return -1; }

// Reads objects to the end of the PEM; those of other kinds are passed over.
template <class Owned, class Read>
std::vector<Owned> parse_all (const SecretText &pem, const std::string &option, const char *kind, Read read)
{
    const Memory memory = in_memory (pem);
    std::vector<Owned> found;
    ERR_clear_error ();
    while (Owned object{read (memory.get ())})
        found.push_back (std::move (object));
    const bool at_end = ERR_GET_REASON (ERR_peek_last_error ()) == PEM_R_NO_START_LINE;
    const std::string error = tls_error_text ();
    if (!at_end)
        throw TlsRefusal{option + ": " + error};
    if (found.empty ())
        throw TlsRefusal{option + ": there is no " + kind + " in it"};
    return found;
}

// All that is in directories, separated by colons, now: OpenSSL's own way looks into them in the middle of a connection's opening exchange,
// where nothing may wait for files. One that cannot be read is passed over, as by OpenSSL.
bool trust_directories (SSL_CTX &context, std::string_view directories)
{
    bool found = false;
    while (!directories.empty ()) {
        const std::size_t colon = std::min (directories.find (':'), directories.size ());
        const std::string directory (directories.substr (0, colon));
        directories.remove_prefix (std::min (colon + 1, directories.size ()));
        if (!is_directory (directory))
            continue;
        try {
            for (const TlsCertificate &trusted : read_trusted (directory, {}))
                found |= X509_STORE_add_cert (SSL_CTX_get_cert_store (&context), trusted.get ()) == 1;
        } catch (const TlsRefusal &) {
        }
    }
    return found;
}

}  // namespace

SecretText read_pem (const std::string &value, const std::string &option)
{
    return is_text (value) ? SecretText (value) : read_file (value, option);
}

std::vector<TlsCertificate> parse_certificates (const SecretText &pem, const std::string &option)
{
    return parse_all<TlsCertificate> (pem, option, "PEM certificate",
                                      [] (BIO *memory) { return PEM_read_bio_X509 (memory, nullptr, give_none, nullptr); });
}

std::vector<TlsCertificate> read_trusted (const std::string &value, const std::string &option)
{
    if (!is_directory (value))
        return parse_certificates (read_pem (value, option), option);
    std::vector<TlsCertificate> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry (value, error), end; !error && entry != end; entry.increment (error)) {
        std::error_code none;  // a link that leads nowhere is no file
        if (!entry->is_regular_file (none))
            continue;
        const SecretText text = read_file (entry->path ().string (), option);
        if (text.text ().find ("-----BEGIN CERTIFICATE-----") != std::string::npos)
            std::ranges::move (parse_certificates (text, option), std::back_inserter (found));
    }
    if (error)
        throw TlsRefusal{option + ": " + value + ": " + error.message ()};
    if (found.empty ())
        throw TlsRefusal{option + ": " + value + ": no file in it has a PEM certificate"};
    return found;
}

TlsKey parse_key (const SecretText &pem, const SecretText &password, const std::string &option)
{
    if (pem.text ().find ("PRIVATE KEY-----") == std::string::npos)
        return nullptr;
    const Memory memory = in_memory (pem);
    ERR_clear_error ();
    TlsKey key (PEM_read_bio_PrivateKey (memory.get (), nullptr, give_password, const_cast<SecretText *> (&password)));
    if (key)
        return key;
    const std::string error = tls_error_text ();
    const bool encrypted = pem.text ().find ("ENCRYPTED") != std::string::npos;
    throw TlsRefusal{option + ": " +
                     (!encrypted          ? error
                      : password.empty () ? "the key is encrypted and no password is set"
                                          : "the key is encrypted, with another password than the one set")};
}

std::vector<TlsRevocations> parse_revocations (const SecretText &pem, const std::string &option)
{
    return parse_all<TlsRevocations> (pem, option, "PEM revocation list",
                                      [] (BIO *memory) { return PEM_read_bio_X509_CRL (memory, nullptr, give_none, nullptr); });
}

std::vector<std::int64_t> file_marks (std::initializer_list<const std::string *> values)
{
    std::vector<std::int64_t> marks;
    for (const std::string *value : values) {
        struct stat facts = {};
        if (value->empty () || is_text (*value) || ::stat (value->c_str (), &facts) != 0)
            continue;
        for (const std::int64_t mark :
             {static_cast<std::int64_t> (facts.st_ino), static_cast<std::int64_t> (facts.st_size),
              static_cast<std::int64_t> (facts.st_ctim.tv_sec), static_cast<std::int64_t> (facts.st_ctim.tv_nsec)})
            marks.push_back (mark);
    }
    return marks;
}

bool trust_system (SSL_CTX &context)
{
    const auto take_file = [&] (const char *file) {
        return ::access (file, R_OK) == 0 && SSL_CTX_load_verify_locations (&context, file, nullptr) == 1;
    };
    // What OpenSSL was built with, or the environment names; a copy of it that came with a wheel was built for another system.
    const char *const named_file = std::getenv (X509_get_default_cert_file_env ());
    const char *const named_directories = std::getenv (X509_get_default_cert_dir_env ());
    bool found = take_file (named_file ? named_file : X509_get_default_cert_file ());
    if (named_directories)
        found |= trust_directories (context, named_directories);
    for (const char *file : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                             "/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt"})
        found = found || take_file (file);
    found = found || trust_directories (context, X509_get_default_cert_dir ());
    ERR_clear_error ();
    return found;
}

}  // namespace engine

#endif
