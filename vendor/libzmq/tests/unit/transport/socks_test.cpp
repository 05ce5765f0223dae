// The SOCKS5 client byte by byte, and against a small proxy that really connects.
#include "transport/socks.hpp"

#include <array>
#include <cstring>
#include <thread>

#include "transport/loopback.hpp"
#include "transport/tcp_address.hpp"

using namespace engine;
using namespace loopback;

namespace {

using State = SocksClient::State;
using Bytes = std::vector<std::uint8_t>;

Bytes take_output (SocksClient &client)
{
    const auto out = client.output ();
    Bytes bytes (out.begin (), out.end ());
    client.sent (bytes.size ());
    return bytes;
}

SocksRequest request (std::string host, std::uint16_t port, std::string username = {}, std::string password = {})
{
    SocksRequest out;
    out.host = std::move (host);
    out.port = port;
    out.username = std::move (username);
    out.password = std::move (password);
    return out;
}

Bytes text_bytes (std::initializer_list<int> head, const std::string &text, std::initializer_list<int> tail)
{
    Bytes out;
    for (const int value : head)
        out.push_back (static_cast<std::uint8_t> (value));
    out.insert (out.end (), text.begin (), text.end ());
    for (const int value : tail)
        out.push_back (static_cast<std::uint8_t> (value));
    return out;
}

// ---- a proxy: one connection, blocking, with a time limit on every step ----

bool read_exactly (int fd, Bytes &out, std::size_t count)
{
    out.resize (count);
    std::size_t have = 0;
    while (have < count) {
        if (!wait_for (fd, POLLIN))
            return false;
        const ssize_t got = ::recv (fd, out.data () + have, count - have, 0);
        if (got <= 0)
            return false;
        have += static_cast<std::size_t> (got);
    }
    return true;
}

void write_all (int fd, const Bytes &bytes)
{
    // One byte at a time: the client must not depend on how answers are cut.
    for (const std::uint8_t byte : bytes)
        (void) ::send (fd, &byte, 1, MSG_NOSIGNAL);
}

// Copies bytes both ways until one side ends.
void relay (int a, int b)
{
    std::array<char, 4096> buffer{};
    for (;;) {
        pollfd items[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
        if (::poll (items, 2, wait_ms) <= 0)
            return;
        for (int i = 0; i < 2; ++i) {
            if (items[i].revents == 0)
                continue;
            const ssize_t got = ::recv (items[i].fd, buffer.data (), buffer.size (), 0);
            if (got <= 0)
                return;
            (void) ::send (items[1 - i].fd, buffer.data (), static_cast<std::size_t> (got), MSG_NOSIGNAL);
        }
    }
}

void serve_one (const Bound &proxy, const std::string &username, const std::string &password)
{
    const Options options;
    Descriptor peer;
    if (accept_from ("tcp", proxy, options, peer) != 0)
        return;
    Bytes in;
    if (!read_exactly (peer.get (), in, 2) || in[0] != 5 || !read_exactly (peer.get (), in, in[1]))
        return;
    const std::uint8_t method = username.empty () ? 0 : 2;
    if (in[0] != method)
        return write_all (peer.get (), {5, 0xff});
    write_all (peer.get (), {5, method});
    if (method == 2) {
        Bytes name;
        Bytes word;
        if (!read_exactly (peer.get (), in, 2) || !read_exactly (peer.get (), name, in[1]) || !read_exactly (peer.get (), in, 1) ||
            !read_exactly (peer.get (), word, in[0]))
            return;
        const bool good = std::string (name.begin (), name.end ()) == username && std::string (word.begin (), word.end ()) == password;
        write_all (peer.get (), {1, static_cast<std::uint8_t> (good ? 0 : 1)});
        if (!good)
            return;
    }
    if (!read_exactly (peer.get (), in, 4))
        return;
    std::string host;
    if (in[3] == 1) {
        read_exactly (peer.get (), in, 4);
        host = std::to_string (in[0]) + '.' + std::to_string (in[1]) + '.' + std::to_string (in[2]) + '.' + std::to_string (in[3]);
    } else {
        read_exactly (peer.get (), in, 1);
        const std::size_t length = in[0];
        read_exactly (peer.get (), in, length);
        host.assign (in.begin (), in.end ());
    }
    read_exactly (peer.get (), in, 2);
    const int port = in[0] * 256 + in[1];
    Descriptor target;
    if (connect_to ("tcp", host + ':' + std::to_string (port), options, target) != 0)
        return write_all (peer.get (), {5, 5, 0, 1, 0, 0, 0, 0, 0, 0});
    write_all (peer.get (), {5, 0, 0, 1, 127, 0, 0, 1, 1, 2});
    relay (peer.get (), target.get ());
}

// What the connector does: dials the proxy and runs the client over the connection.
State run_client (const std::string &address, const Options &options, Descriptor &out, int &error)
{
    const Transport &tcp = *find_transport ("tcp");
    std::vector<DialTarget> targets;
    REQUIRE (tcp.resolve (address, options, targets) == 0);
    REQUIRE (!targets[0].socks_host.empty ());
    int fd = -1;
    const int dialled = tcp.dial (targets[0], options, fd);
    REQUIRE ((dialled == 0 || dialled == EINPROGRESS));
    out.reset (fd);
    REQUIRE (wait_for (fd, POLLOUT));
    REQUIRE (tcp.finish (fd, options) == 0);
    SocksClient client (request (targets[0].socks_host, targets[0].socks_port, options.socks_username, options.socks_password));
    while (client.state () == State::in_progress) {
        while (!client.output ().empty ()) {
            const ssize_t sent = ::send (fd, client.output ().data (), 1, MSG_NOSIGNAL);
            REQUIRE (sent == 1);
            client.sent (1);
        }
        std::array<std::uint8_t, 64> buffer{};
        REQUIRE (wait_for (fd, POLLIN));
        const ssize_t got = ::recv (fd, buffer.data (), buffer.size (), 0);
        if (got <= 0) {
            error = ECONNRESET;
            return State::failed;
        }
        const std::size_t used = client.feed (std::span (buffer.data (), static_cast<std::size_t> (got)));
        // Once failed it reads no further.
        CHECK ((client.state () == State::failed || used == static_cast<std::size_t> (got)));
    }
    error = client.error ();
    return client.state ();
}

}  // namespace

TEST_CASE ("socks: a name, no authentication, byte by byte")
{
    SocksClient client (request ("example.org", 0x1234));
    CHECK (take_output (client) == Bytes{5, 1, 0});
    CHECK (client.output ().empty ());
    CHECK (client.feed (Bytes{5}) == 1);
    CHECK (client.output ().empty ());
    CHECK (client.feed (Bytes{0}) == 1);
    CHECK (take_output (client) == text_bytes ({5, 1, 0, 3, 11}, "example.org", {0x12, 0x34}));
    for (const std::uint8_t byte : Bytes{5, 0, 0, 1, 1, 2, 3, 4, 5}) {
        CHECK (client.feed (Bytes{byte}) == 1);
        CHECK (client.state () == State::in_progress);
    }
    // The last byte of the answer; what follows is the target's.
    CHECK (client.feed (Bytes{6, 0xff, 0}) == 1);
    CHECK (client.state () == State::ready);
    CHECK (client.feed (Bytes{1}) == 0);
    CHECK (client.output ().empty ());
    CHECK (client.error () == 0);
}

TEST_CASE ("socks: literal targets, and all forms of the bound address")
{
    SocksClient v4 (request ("192.0.2.1", 80));
    take_output (v4);
    v4.feed (Bytes{5, 0});
    CHECK (take_output (v4) == Bytes{5, 1, 0, 1, 192, 0, 2, 1, 0, 80});
    Bytes answer{5, 0, 0, 4};
    answer.resize (4 + 16 + 2 + 1);
    CHECK (v4.feed (answer) == 22);
    CHECK (v4.state () == State::ready);

    SocksClient v6 (request ("2001:db8::1", 443));
    take_output (v6);
    v6.feed (Bytes{5, 0});
    CHECK (take_output (v6) == Bytes{5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb});
    CHECK (v6.feed (text_bytes ({5, 0, 0, 3, 2}, "ab", {0, 0, 9})) == 9);
    CHECK (v6.state () == State::ready);

    for (const std::size_t length : {std::size_t{0}, std::size_t{255}}) {
        SocksClient named (request ("a", 1));
        named.feed (Bytes{5, 0});
        Bytes reply{5, 0, 0, 3, static_cast<std::uint8_t> (length)};
        reply.resize (5 + length + 2);
        CHECK (named.feed (reply) == reply.size ());
        CHECK (named.state () == State::ready);
    }
}

TEST_CASE ("socks: user name and password")
{
    SocksClient client (request ("a", 1, "user", "secret"));
    CHECK (take_output (client) == Bytes{5, 1, 2});
    client.feed (Bytes{5, 2});
    CHECK (take_output (client) == text_bytes ({1, 4}, "user\6secret", {}));
    client.feed (Bytes{1});
    CHECK (client.output ().empty ());
    client.feed (Bytes{0});
    CHECK (take_output (client) == Bytes{5, 1, 0, 3, 1, 'a', 0, 1});

    SocksClient not_needed (request ("a", 1, "user"));
    take_output (not_needed);
    not_needed.feed (Bytes{5, 0});
    CHECK (take_output (not_needed) == Bytes{5, 1, 0, 3, 1, 'a', 0, 1});

    SocksClient empty_password (request ("a", 1, "u"));
    take_output (empty_password);
    empty_password.feed (Bytes{5, 2});
    CHECK (take_output (empty_password) == Bytes{1, 1, 'u', 0});

    SocksClient refused (request ("a", 1, "u", "p"));
    refused.feed (Bytes{5, 2, 1, 1});
    CHECK (refused.state () == State::failed);
    CHECK (refused.error () == EACCES);
    CHECK (refused.output ().empty ());
}

TEST_CASE ("socks: output goes in pieces")
{
    SocksClient client (request ("example.org", 7));
    Bytes all;
    const auto drain = [&] {
        while (!client.output ().empty ()) {
            all.push_back (client.output ().front ());
            client.sent (1);
        }
    };
    drain ();
    client.sent (100);  // more than there is does no harm
    client.feed (Bytes{5, 0});
    drain ();
    Bytes wanted = text_bytes ({5, 1, 0, 5, 1, 0, 3, 11}, "example.org", {0, 7});
    CHECK (all == wanted);
}

TEST_CASE ("socks: what makes it fail")
{
    struct Row
    {
        Bytes answer;
        int error;
    };
    const Row rows[] = {
      {{4, 0}, EPROTO},
      {{5, 0xff}, EACCES},
      {{5, 1}, EACCES},
      {{5, 2}, EACCES},  // was not offered
      {{5, 0, 4, 0}, EPROTO},
      {{5, 0, 5, 1}, EIO},
      {{5, 0, 5, 2}, EACCES},
      {{5, 0, 5, 3}, ENETUNREACH},
      {{5, 0, 5, 4}, EHOSTUNREACH},
      {{5, 0, 5, 5}, ECONNREFUSED},
      {{5, 0, 5, 6}, ETIMEDOUT},
      {{5, 0, 5, 7}, EOPNOTSUPP},
      {{5, 0, 5, 8}, EAFNOSUPPORT},
      {{5, 0, 5, 99}, EIO},
      {{5, 0, 5, 0, 1, 1, 0}, EPROTO},
      {{5, 0, 5, 0, 0, 2, 0}, EPROTO},
    };
    for (const Row &row : rows) {
        SocksClient client (request ("a", 1));
        for (const std::uint8_t byte : row.answer)
            client.feed (Bytes{byte});
        CHECK (client.state () == State::failed);
        CHECK (client.error () == row.error);
        CHECK (client.feed (Bytes{5, 0}) == 0);
    }
}

TEST_CASE ("socks: requests that cannot be said")
{
    const std::string too_long (256, 'x');
    for (const SocksRequest &bad :
         {request ("", 1), request ("a", 0), request (too_long, 1), request ("a", 1, too_long), request ("a", 1, "u", too_long)})
    {
        const SocksClient client (bad);
        CHECK (client.state () == State::failed);
        CHECK (client.error () == EINVAL);
        CHECK (client.output ().empty ());
    }
}

TEST_CASE ("socks: through a real proxy")
{
    const Options plain;
    for (const char *username : {"", "user"}) {
        for (const char *host : {"127.0.0.1", "localhost"}) {
            CAPTURE (username);
            CAPTURE (host);
            const Bound proxy ("tcp", "127.0.0.1:*", plain);
            const Bound target ("tcp", "127.0.0.1:*", plain);
            std::thread server ([&] { serve_one (proxy, username, *username != '\0' ? "secret" : ""); });
            Options options;
            options.socks_proxy = proxy.address ();
            options.socks_username = username;
            options.socks_password = "secret";
            {
                Descriptor client;
                Descriptor accepted;
                int error = 0;
                CHECK (run_client (host + std::string (":") + target.port (), options, client, error) == State::ready);
                CHECK (accept_from ("tcp", target, plain, accepted) == 0);
                check_exchange (client.get (), accepted.get ());
            }
            server.join ();
        }
    }
}

TEST_CASE ("socks: a real proxy refuses")
{
    const Options plain;
    Options options;
    options.socks_username = "user";
    options.socks_password = "wrong";
    const auto attempt = [&] (const std::string &target, const char *wanted_user) {
        const Bound proxy ("tcp", "127.0.0.1:*", plain);
        options.socks_proxy = proxy.address ();
        std::thread server ([&] { serve_one (proxy, wanted_user, "secret"); });
        Descriptor client;
        int error = 0;
        CHECK (run_client (target, options, client, error) == State::failed);
        server.join ();
        return error;
    };
    std::string dead;
    {
        const Bound target ("tcp", "127.0.0.1:*", plain);
        dead = target.address ();
    }
    CHECK (attempt (dead, "user") == EACCES);
    CHECK (attempt (dead, "") == EACCES);
    options.socks_password = "secret";
    CHECK (attempt (dead, "user") == ECONNREFUSED);
}
