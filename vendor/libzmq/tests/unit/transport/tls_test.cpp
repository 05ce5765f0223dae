// TLS as a layer, over bytes that the test hands on as it likes; the peer is another layer, or OpenSSL itself where a peer of ours would
// not do it. Certificates, names and options from outside: the repository's tests/test_tls*.py.
#if defined ZMQ_HAVE_TLS

#    include <cerrno>
#    include <filesystem>
#    include <fstream>
#    include <map>
#    include <memory>
#    include <string>

#    include <doctest/doctest.h>

#    include "platform/ready_set.hpp"
#    include "transport/memory_layer.hpp"
#    include "transport/tls_certificate.hpp"
#    include "transport/tls_layer.hpp"
#    include "transport/tls_material.hpp"

using namespace engine;
using namespace held;

namespace {

struct World
{
    Authority authority;
    Identity server = authority.issue ("server", "DNS:server,IP:127.0.0.1");
    Identity client = authority.issue ("client", "DNS:client");
};

const World &world ()
{
    static World made;
    return made;
}

TlsSettings server_settings ()
{
    TlsSettings settings;
    settings.prefix = "X_";
    settings.certificate = SecretText (world ().server.certificate);
    settings.key = SecretText (world ().server.key);
    settings.verify = TlsVerify::none;
    return settings;
}

TlsSettings client_settings ()
{
    TlsSettings settings;
    settings.prefix = "X_";
    settings.trust = world ().authority.certificate ();
    return settings;
}

std::shared_ptr<TlsContext> context_of (const TlsSettings &settings, TlsRole role)
{
    const auto report = std::make_shared<TlsReport> ();
    const auto made = TlsContext::make (settings, role, report);
    INFO (report->text ());
    REQUIRE (made);
    return made;
}

std::string refusal (const TlsSettings &settings, TlsRole role)
{
    const auto report = std::make_shared<TlsReport> ();
    CHECK_FALSE (TlsContext::make (settings, role, report));
    return report->text ();
}

// Read from a connection until nothing more is there.
struct Reading
{
    std::string bytes;
    int end = 0;  // -1: the peer has ended; else errno
};

Reading read_all (ByteStream &bytes, std::size_t piece = 70000)
{
    Reading reading;
    std::string space (piece, '\0');
    for (;;) {
        const ssize_t count = bytes.read ({reinterpret_cast<std::uint8_t *> (space.data ()), space.size ()});
        if (count > 0) {
            reading.bytes.append (space, 0, static_cast<std::size_t> (count));
            continue;
        }
        reading.end = count == 0 ? -1 : errno;
        return reading;
    }
}

ssize_t write (ByteStream &bytes, std::string_view text)
{
    return bytes.write ({reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()});
}

class Side
{
  public:
    explicit Side (std::shared_ptr<TlsContext> context) : context_ (std::move (context))
    {
        bytes.put_on (std::make_unique<MemoryLayer> (wire));
        REQUIRE (put_tls_on (bytes, context_, context_->role () == TlsRole::client ? "server" : "", 5555) == 0);
    }
    std::string why () const { return context_->report ().text (); }
    std::map<std::string, std::string> facts () const
    {
        ConnectionFacts known;
        bytes.describe (known);
        return {known.begin (), known.end ()};
    }

    MemoryEnd wire;
    ByteStream bytes;

  private:
    std::shared_ptr<TlsContext> context_;
};

// Hands on up to `most` bytes of what one has written.
void carry (MemoryEnd &from, MemoryEnd &to, std::size_t most = SIZE_MAX)
{
    const std::size_t count = std::min (most, from.out.size ());
    to.in.append (from.out, 0, count);
    from.out.erase (0, count);
    to.in_ended = from.out_ended && from.out.empty ();
}

// Both opening exchanges, in pieces of so many bytes: the errors of the client's and the server's.
std::pair<int, int> open_both (Side &client, Side &server, std::size_t piece = SIZE_MAX)
{
    int of_client = EAGAIN, of_server = EAGAIN;
    for (int idle = 0; idle < 3;) {
        if (of_client == EAGAIN)
            of_client = client.bytes.open ();
        if (of_server == EAGAIN)
            of_server = server.bytes.open ();
        idle = client.wire.out.empty () && server.wire.out.empty () ? idle + 1 : 0;
        carry (client.wire, server.wire, piece);
        carry (server.wire, client.wire, piece);
    }
    return {of_client, of_server};
}

struct Connected
{
    Connected () : client (context_of (client_settings (), TlsRole::client)), server (context_of (server_settings (), TlsRole::server))
    {
        REQUIRE (open_both (client, server) == std::pair (0, 0));
        CHECK (read_all (client.bytes).end == EAGAIN);  // the session's ticket
    }
    Side client, server;
};

}  // namespace

TEST_CASE ("TLS opens and carries bytes in both directions however they are cut")
{
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, SIZE_MAX}) {
        Side client (context_of (client_settings (), TlsRole::client)), server (context_of (server_settings (), TlsRole::server));
        client.wire.in_most = server.wire.in_most = piece;
        REQUIRE (open_both (client, server, piece) == std::pair (0, 0));
        const auto sizes = piece == 1 ? std::vector<std::size_t>{1, 100, 1000} : std::vector<std::size_t>{1, 100, 16384, 16385, 100'000};
        for (const std::size_t size : sizes) {
            const std::string sent (size, 'x');
            REQUIRE (write (client.bytes, sent) == static_cast<ssize_t> (size));
            REQUIRE (write (server.bytes, sent) == static_cast<ssize_t> (size));
            Reading to_server, to_client;
            while (!client.wire.out.empty () || !server.wire.out.empty () || !client.wire.in.empty () || !server.wire.in.empty ()) {
                carry (client.wire, server.wire, piece);
                carry (server.wire, client.wire, piece);
                to_server.bytes += read_all (server.bytes, std::min<std::size_t> (piece, 5000)).bytes;
                to_client.bytes += read_all (client.bytes).bytes;
            }
            CHECK ((to_server.bytes == sent));
            CHECK ((to_client.bytes == sent));
        }
        CHECK (client.facts ().at ("Peer-Certificate-Subject") == "CN=server");
        CHECK (client.facts ().at ("Peer-Certificate-Fingerprint").size () == 64);
        CHECK (client.facts ().at ("TLS-Version") == "TLSv1.3");
    }
}

TEST_CASE ("what TLS has counted as written is what the peer can read, and not a byte less or more")
{
    Connected pair;
    const std::string message (50'000, 'm');
    std::string header (9, 'h');
    const std::string all = header + message;
    std::size_t counted = 0, read = 0;
    while (counted < all.size ()) {
        pair.client.wire.room = 700;
        // As many pieces as there are left of: the header may be gone, and the body begun.
        iovec pieces[2];
        int count = 0;
        if (counted < header.size ())
            pieces[count++] = {header.data () + counted, header.size () - counted};
        const std::size_t of_body = counted > header.size () ? counted - header.size () : 0;
        pieces[count++] = {const_cast<char *> (message.data ()) + of_body, message.size () - of_body};
        const ssize_t written = pair.client.bytes.write (pieces, count);
        if (written < 0) {
            CHECK (errno == EAGAIN);
            CHECK ((pair.client.bytes.wants (io_out) & io_out) != 0);
            CHECK (pair.client.bytes.has_begun ());
        } else {
            counted += static_cast<std::size_t> (written);
        }
        carry (pair.client.wire, pair.server.wire);
        const Reading reading = read_all (pair.server.bytes);
        CHECK (all.substr (read, reading.bytes.size ()) == reading.bytes);
        read += reading.bytes.size ();
        REQUIRE (read == counted);
    }
    CHECK_FALSE (pair.client.bytes.has_begun ());
}

TEST_CASE ("TLS reads what it holds without the kernel's word, and then says that there is no more")
{
    Connected pair;
    for (int i = 0; i < 5; ++i)
        REQUIRE (write (pair.client.bytes, "four") == 4);
    carry (pair.client.wire, pair.server.wire);
    std::uint8_t space[4];
    for (int i = 0; i < 5; ++i) {
        REQUIRE (pair.server.bytes.read (space) == 4);
        CHECK (pair.server.bytes.pending () == (i < 4));
    }
    // Part of a record is no bytes.
    REQUIRE (write (pair.client.bytes, "fourfive") == 8);
    carry (pair.client.wire, pair.server.wire, 20);
    CHECK (read_all (pair.server.bytes).end == EAGAIN);
    CHECK_FALSE (pair.server.bytes.pending ());
    carry (pair.client.wire, pair.server.wire);
    CHECK (read_all (pair.server.bytes).bytes == "fourfive");
}

TEST_CASE ("an end that TLS has said is an end, and a connection that was cut is not")
{
    {
        Connected pair;
        REQUIRE (write (pair.client.bytes, "last") == 4);
        CHECK (pair.client.bytes.end_output () == 0);
        CHECK (pair.client.wire.out_ended);
        carry (pair.client.wire, pair.server.wire);
        const Reading reading = read_all (pair.server.bytes);
        CHECK (reading.bytes == "last");
        CHECK (reading.end == -1);
        // The other direction is still good.
        REQUIRE (write (pair.server.bytes, "answer") == 6);
        carry (pair.server.wire, pair.client.wire);
        CHECK (read_all (pair.client.bytes).bytes == "answer");
    }
    {
        Connected pair;
        REQUIRE (write (pair.client.bytes, "last") == 4);
        carry (pair.client.wire, pair.server.wire);
        pair.server.wire.in_ended = true;
        const Reading reading = read_all (pair.server.bytes);
        CHECK (reading.bytes == "last");
        CHECK (reading.end == ECONNABORTED);
        CHECK (pair.server.why ().find ("cut") != std::string::npos);
        CHECK (pair.server.bytes.failure () == 0);
        CHECK (write (pair.server.bytes, "more") == -1);
    }
    {
        // Closed without more ado: it is said all the same.
        Connected pair;
        pair.client.bytes.close ();
        carry (pair.client.wire, pair.server.wire);
        CHECK (read_all (pair.server.bytes).end == -1);
    }
    {
        // While the kernel takes nothing, the end is not said; then it is.
        Connected pair;
        pair.client.wire.room = 0;
        CHECK (pair.client.bytes.end_output () == EAGAIN);
        CHECK ((pair.client.bytes.wants (io_in) & io_out) != 0);
        pair.client.wire.room = SIZE_MAX;
        CHECK (pair.client.bytes.end_output () == 0);
        carry (pair.client.wire, pair.server.wire);
        CHECK (read_all (pair.server.bytes).end == -1);
    }
}

TEST_CASE ("bytes that were changed on their way end a TLS connection")
{
    Connected pair;
    REQUIRE (write (pair.client.bytes, "genuine") == 7);
    pair.client.wire.out.back () ^= 1;
    carry (pair.client.wire, pair.server.wire);
    const Reading reading = read_all (pair.server.bytes);
    CHECK (reading.bytes.empty ());
    CHECK (reading.end == EPROTO);
    CHECK (pair.server.bytes.failure () == EPROTO);
    // The peer hears of it.
    carry (pair.server.wire, pair.client.wire);
    CHECK (read_all (pair.client.bytes).end == EPROTO);
}

TEST_CASE ("certificates that are not good end the opening exchange with EACCES, and the report says why")
{
    const World &made = world ();
    Authority stranger ("stranger"), namesake;
    const auto attempt = [] (const TlsSettings &of_client, const TlsSettings &of_server, const char *of_which, const std::string &reason) {
        CAPTURE (reason);
        Side client (context_of (of_client, TlsRole::client)), server (context_of (of_server, TlsRole::server));
        auto [client_error, server_error] = open_both (client, server);
        if (client_error == 0)  // of TLS 1.3: it hears of the server's verdict afterwards
            client_error = read_all (client.bytes).end;
        CHECK (client_error == EACCES);
        CHECK (server_error == (reason.find ("signature") != std::string::npos ? EPROTO : EACCES));  // "decrypt error" is the alert then
        CHECK (client.bytes.failure () == EACCES);
        const std::string why = of_which == std::string ("client") ? client.why () : server.why ();
        CAPTURE (why);
        CHECK (why.find (reason) != std::string::npos);
    };
    TlsSettings client = client_settings (), server = server_settings ();

    client.trust = stranger.certificate ();
    attempt (client, server, "client", "unable to get local issuer certificate");
    client.trust = namesake.certificate ();
    attempt (client, server, "client", "certificate signature failure");

    client = client_settings ();
    client.hostname = "other";
    attempt (client, server, "client", "ostname mismatch");

    client = client_settings ();
    client.hostname = "127.0.0.2";
    attempt (client, server, "client", "IP address mismatch");

    Authority &authority = const_cast<Authority &> (made.authority);
    client = client_settings ();
    const Identity expired = authority.issue ("server", "DNS:server", -1);
    server.certificate = SecretText (expired.certificate);
    server.key = SecretText (expired.key);
    attempt (client, server, "client", "expired");

    server = server_settings ();
    client.revoked = authority.revocation_of (made.server.certificate);
    attempt (client, server, "client", "revoked");

    client = client_settings ();
    server.verify = TlsVerify::required;
    server.trust = authority.certificate ();
    attempt (client, server, "server", "peer did not return a certificate");

    const Identity unknown = stranger.issue ("client", "DNS:client");
    client.certificate = SecretText (unknown.certificate);
    client.key = SecretText (unknown.key);
    attempt (client, server, "server", "certificate verify failed");

    // And these are good.
    const auto good = [] (const TlsSettings &of_client, const TlsSettings &of_server, const std::string &subject) {
        Side one (context_of (of_client, TlsRole::client)), other (context_of (of_server, TlsRole::server));
        CHECK (open_both (one, other) == std::pair (0, 0));
        CHECK (read_all (one.bytes).end == EAGAIN);
        CHECK (other.facts ()["Peer-Certificate-Subject"] == subject);
    };
    client.certificate = SecretText (made.client.certificate);
    client.key = SecretText (made.client.key);
    good (client, server, "CN=client");
    server.verify = TlsVerify::optional;
    good (client, server, "CN=client");
    good (client_settings (), server, "");
    client = client_settings ();
    client.hostname = "127.0.0.1";
    good (client, server, "");
    client.hostname = "other";
    client.check_name = false;
    good (client, server, "");
    client.verify = TlsVerify::none;
    client.trust.clear ();
    good (client, server, "");
}

TEST_CASE ("a client resumes its session, also after a connection that was cut, and forgets one that was refused")
{
    const auto of_client = context_of (client_settings (), TlsRole::client);
    auto of_server = context_of (server_settings (), TlsRole::server);
    for (int i = 0; i < 5; ++i) {
        Side client (of_client), server (of_server);
        REQUIRE (open_both (client, server) == std::pair (0, 0));
        CHECK (client.facts ().at ("TLS-Resumed") == (i == 0 ? "0" : "1"));
        CHECK (server.facts ().at ("TLS-Resumed") == (i == 0 ? "0" : "1"));
        CHECK (client.facts ().at ("Peer-Certificate-Subject") == "CN=server");
        carry (server.wire, client.wire);
        CHECK (read_all (client.bytes).end == EAGAIN);  // the next session's ticket
        if (i == 1) {
            client.wire.error = ECONNRESET;
            CHECK (read_all (client.bytes).end == ECONNRESET);
        }
        if (i == 2) {
            client.wire.in_ended = true;
            CHECK (read_all (client.bytes).end == ECONNABORTED);
        }
    }
    // Another server does not know the session.
    of_server = context_of (server_settings (), TlsRole::server);
    Side client (of_client), server (of_server);
    REQUIRE (open_both (client, server) == std::pair (0, 0));
    CHECK (client.facts ().at ("TLS-Resumed") == "0");
}

TEST_CASE ("ALPN chooses the server's preference, and no common protocol is an error")
{
    TlsSettings client = client_settings (), server = server_settings ();
    client.protocols = "b,a";
    server.protocols = "a,b";
    {
        Side one (context_of (client, TlsRole::client)), other (context_of (server, TlsRole::server));
        REQUIRE (open_both (one, other) == std::pair (0, 0));
        CHECK (one.facts ().at ("TLS-ALPN") == "a");
        CHECK (other.facts ().at ("TLS-ALPN") == "a");
    }
    client.protocols = "c";
    Side one (context_of (client, TlsRole::client)), other (context_of (server, TlsRole::server));
    CHECK (open_both (one, other) == std::pair (EPROTO, EPROTO));
    CHECK (one.why ().find ("no application protocol") != std::string::npos);
    client.protocols = "c,,d";
    CHECK (refusal (client, TlsRole::client).find ("X_ALPN") == 0);
}

TEST_CASE ("a peer that changes its keys, and wants ours changed, is answered, also if the kernel has no room at first")
{
    // A client that OpenSSL plays.
    const TlsOwned<SSL_CTX, SSL_CTX_free> context (SSL_CTX_new (TLS_client_method ()));
    const TlsHandle peer (SSL_new (context.get ()));
    BIO *const to_peer = BIO_new (BIO_s_mem ()), *const from_peer = BIO_new (BIO_s_mem ());
    SSL_set_bio (peer.get (), to_peer, from_peer);
    SSL_set_connect_state (peer.get ());
    Side server (context_of (server_settings (), TlsRole::server));
    const auto exchange = [&] {
        char space[70000];
        for (int count; (count = BIO_read (from_peer, space, sizeof space)) > 0;)
            server.wire.in.append (space, static_cast<std::size_t> (count));
        if (!server.wire.out.empty ())
            BIO_write (to_peer, server.wire.out.data (), static_cast<int> (server.wire.out.size ()));
        server.wire.out.clear ();
    };
    const auto peer_reads = [&] {
        char space[100];
        const int count = SSL_read (peer.get (), space, sizeof space);
        return count > 0 ? std::string (space, static_cast<std::size_t> (count)) : std::string ();
    };
    int opened = EAGAIN;
    for (int i = 0; i < 10 && (opened || !SSL_is_init_finished (peer.get ())); ++i) {
        SSL_do_handshake (peer.get ());
        exchange ();
        opened = server.bytes.open ();
        exchange ();
    }
    REQUIRE (SSL_is_init_finished (peer.get ()));
    REQUIRE (opened == 0);

    REQUIRE (SSL_key_update (peer.get (), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE (SSL_write (peer.get (), "first", 5) == 5);
    exchange ();
    CHECK (read_all (server.bytes).bytes == "first");
    // The answer goes before what is written next.
    server.wire.room = 3;
    CHECK (write (server.bytes, "second") == -1);
    CHECK ((server.bytes.wants (io_out) & io_out) != 0);
    CHECK (read_all (server.bytes).end == EAGAIN);
    server.wire.room = SIZE_MAX;
    REQUIRE (write (server.bytes, "second") == 6);
    exchange ();
    CHECK (peer_reads () == "second");
    ERR_clear_error ();
}

TEST_CASE ("what is no TLS, or an older one, is refused")
{
    for (const std::string &said : {std::string ("\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL", 16), std::string ("GET / HTTP/1.0\r\n\r\n"),
                                    std::string ("\x16\x03\x01\x00\x04\x01\x00\x00\x00\x00", 10)})
    {
        Side server (context_of (server_settings (), TlsRole::server));
        server.wire.in = said + std::string (100, '\0');
        CHECK (server.bytes.open () == EPROTO);
        CHECK (server.bytes.failure () == EPROTO);
    }
    Side server (context_of (server_settings (), TlsRole::server));
    server.wire.in_ended = true;
    CHECK (server.bytes.open () == EPIPE);
    CHECK (server.bytes.failure () == 0);  // the peer's doing

    Side again (context_of (server_settings (), TlsRole::server));
    const TlsOwned<SSL_CTX, SSL_CTX_free> context (SSL_CTX_new (TLS_client_method ()));
    SSL_CTX_set_security_level (context.get (), 0);
    SSL_CTX_set_min_proto_version (context.get (), TLS1_VERSION);
    SSL_CTX_set_max_proto_version (context.get (), TLS1_1_VERSION);
    const TlsHandle peer (SSL_new (context.get ()));
    BIO *const from_peer = BIO_new (BIO_s_mem ());
    SSL_set_bio (peer.get (), BIO_new (BIO_s_mem ()), from_peer);
    SSL_connect (peer.get ());
    char space[5000];
    if (const int count = BIO_read (from_peer, space, sizeof space); count > 0) {
        again.wire.in.assign (space, static_cast<std::size_t> (count));
        CHECK (again.bytes.open () == EPROTO);
    }
    ERR_clear_error ();
}

TEST_CASE ("wrong options are refused with words that name them")
{
    const auto check = [] (const TlsSettings &settings, TlsRole role, const std::string &option, const std::string &reason) {
        const std::string text = refusal (settings, role);
        CAPTURE (text);
        CHECK (text.starts_with (option + ": "));
        CHECK (text.find (reason) != std::string::npos);
    };
    TlsSettings settings = server_settings ();
    settings.certificate = SecretText ();
    check (settings, TlsRole::server, "X_CERT_PEM", "not set");
    settings.certificate = SecretText ("/nowhere/cert.pem");
    check (settings, TlsRole::server, "X_CERT_PEM", "/nowhere/cert.pem: No such file");
    settings.certificate = SecretText ("/dev/null");
    check (settings, TlsRole::server, "X_CERT_PEM", "is not a file");
    settings.certificate = SecretText ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    check (settings, TlsRole::server, "X_CERT_PEM", "");
    settings.certificate = SecretText (world ().server.key);
    check (settings, TlsRole::server, "X_CERT_PEM", "there is no PEM certificate in it");
    settings = server_settings ();
    settings.key = SecretText (world ().client.key);
    check (settings, TlsRole::server, "X_KEY_PEM", "not the key of the certificate");
    settings.key = SecretText (world ().client.certificate);
    check (settings, TlsRole::server, "X_KEY_PEM", "there is no PEM private key in it");
    settings.key = SecretText ();
    check (settings, TlsRole::server, "X_KEY_PEM", "not set");
    settings.certificate = SecretText (world ().server.certificate + world ().server.key);
    CHECK (TlsContext::make (settings, TlsRole::server, std::make_shared<TlsReport> ()));
    settings.trust = "/nowhere";
    check (settings, TlsRole::server, "X_TRUST_PEM", "No such file");
    settings.trust = "/proc/self/fd";
    check (settings, TlsRole::server, "X_TRUST_PEM", "");
    settings.trust = world ().authority.certificate ();
    settings.revoked = settings.trust;
    check (settings, TlsRole::server, "X_CRL_PEM", "there is no PEM revocation list in it");
    settings = client_settings ();
    settings.key = SecretText (world ().client.key);
    check (settings, TlsRole::client, "X_CERT_PEM", "a key is");
}

TEST_CASE ("a context is made again when a file has changed, and trusts what is in a directory")
{
    char name[] = "/tmp/zmq-tls-XXXXXX";
    REQUIRE (::mkdtemp (name));
    const std::string folder = name;
    const auto put = [&] (const std::string &file, const std::string &text) { std::ofstream (folder + "/" + file) << text; };
    put ("trusted.pem", world ().authority.certificate ());
    put ("note.txt", "no PEM");
    TlsSettings settings = client_settings ();
    settings.trust = folder;
    const auto of_directory = context_of (settings, TlsRole::client);
    Side client (of_directory), server (context_of (server_settings (), TlsRole::server));
    CHECK (open_both (client, server) == std::pair (0, 0));
    CHECK (of_directory->is_of (settings));

    settings.trust = folder + "/trusted.pem";
    CHECK_FALSE (of_directory->is_of (settings));
    const auto of_file = context_of (settings, TlsRole::client);
    CHECK (of_file->is_of (settings));
    put ("trusted.pem", world ().authority.certificate () + Authority ().certificate ());
    CHECK_FALSE (of_file->is_of (settings));
    std::filesystem::remove_all (folder);
}

TEST_CASE ("nothing of a key that is no PEM is in the words that refuse it")
{
    const std::string base64 = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v8nQzVxkWk0aYh2pPLm7cT5eRbU4dXoG6wKfS";
    const std::string der ("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20secret bytes of a key", 37);
    for (const std::string &value : {base64, der, base64 + "\n" + base64, std::string (5000, 'k') + base64}) {
        TlsSettings settings = server_settings ();
        settings.key = SecretText (value);
        std::string text = refusal (settings, TlsRole::server);
        CAPTURE (text);
        CHECK (text.starts_with ("X_KEY_PEM: "));
        for (std::size_t i = 0; i + 8 <= value.size (); ++i)
            REQUIRE (text.find (value.substr (i, 8)) == std::string::npos);
        if (value == base64)
            continue;  // with the certificate it can be told from a name only by its looks
        settings = server_settings ();
        settings.certificate = SecretText (value);
        text = refusal (settings, TlsRole::server);
        CHECK (text.starts_with ("X_CERT_PEM: "));
        for (std::size_t i = 0; i + 8 <= value.size (); ++i)
            REQUIRE (text.find (value.substr (i, 8)) == std::string::npos);
    }
    TlsSettings settings = server_settings ();
    settings.key = SecretText (der);
    CHECK (refusal (settings, TlsRole::server) == "X_KEY_PEM: neither PEM nor the name of a file");
    settings = client_settings ();
    settings.trust = std::string ("/tmp\0x", 6);
    CHECK (refusal (settings, TlsRole::client) == "X_TRUST_PEM: neither PEM nor the name of a file");
}

TEST_CASE ("a link that leads nowhere does not spoil a directory of who is trusted")
{
    char name[] = "/tmp/zmq-tls-XXXXXX";
    REQUIRE (::mkdtemp (name));
    const std::string folder = name;
    std::ofstream (folder + "/trusted.pem") << world ().authority.certificate ();
    for (int i = 0; i < 8; ++i)
        std::filesystem::create_symlink ("/nowhere", folder + "/" + std::to_string (i) + ".pem");
    TlsSettings settings = client_settings ();
    settings.trust = folder;
    Side client (context_of (settings, TlsRole::client)), server (context_of (server_settings (), TlsRole::server));
    CHECK (open_both (client, server) == std::pair (0, 0));
    std::filesystem::remove (folder + "/trusted.pem");  // now such a link is the last, in whatever order
    CHECK (refusal (settings, TlsRole::client).ends_with ("no file in it has a PEM certificate"));
    std::filesystem::remove_all (folder);
}

TEST_CASE ("whom the system trusts is read at once, also from a directory that the environment names")
{
    char name[] = "/tmp/zmq-tls-XXXXXX";
    REQUIRE (::mkdtemp (name));
    const std::string folder = name;
    std::ofstream (folder + "/any-name.pem") << world ().authority.certificate ();
    TlsSettings settings = client_settings ();
    settings.trust.clear ();
    settings.trust_system = true;
    const auto opens = [&] (const char *file, const std::string &directories) {
        REQUIRE (::setenv ("SSL_CERT_FILE", file, 1) == 0);
        REQUIRE (::setenv ("SSL_CERT_DIR", directories.c_str (), 1) == 0);
        const auto context = context_of (settings, TlsRole::client);
        ::unsetenv ("SSL_CERT_FILE");
        ::unsetenv ("SSL_CERT_DIR");
        std::filesystem::rename (folder, folder + "-away");  // nothing is looked for when a connection opens
        Side client (context), server (context_of (server_settings (), TlsRole::server));
        const bool good = open_both (client, server) == std::pair (0, 0);
        std::filesystem::rename (folder + "-away", folder);
        return good;
    };
    CHECK (opens ("/nowhere", "/nowhere:" + folder));
    CHECK (opens ((folder + "/any-name.pem").c_str (), "/nowhere"));
    std::filesystem::remove_all (folder);
}

#endif
