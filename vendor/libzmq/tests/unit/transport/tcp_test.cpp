// TCP on the loopback interface: listening, dialling, accepting, what the options do to the sockets.
#include <cstring>

#include <netinet/tcp.h>
#include <zmq.h>

#include "options/accept_filter.hpp"
#include "pattern/socket_type.hpp"
#include "transport/loopback.hpp"
#include "transport/tcp_address.hpp"
#include "transport/tcp_options.hpp"

using namespace engine;
using namespace loopback;

namespace {

const Transport &tcp () { return *find_transport ("tcp"); }

AddressMask mask (const char *text)
{
    AddressMask out;
    REQUIRE (parse_address_mask (text, true, out) == 0);
    return out;
}

std::string congestion_control (int fd)
{
    char name[16] = "";
    socklen_t size = sizeof name;
    CHECK (::getsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
    return {name, strnlen (name, sizeof name)};
}

// Listens at `bind`, connects to the port at `host`, exchanges bytes and checks all names.
void check_round (const Options &options, const std::string &bind, const std::string &host, const std::string &endpoint_start,
                  const std::string &peer)
{
    CAPTURE (bind);
    Bound bound ("tcp", bind, options);
    REQUIRE (bound.error () == 0);
    CHECK (bound.endpoint ().rfind (endpoint_start, 0) == 0);
    CHECK (bound.port () != "0");
    CHECK (tcp ().local_endpoint (bound.fd ()) == bound.endpoint ());
    CHECK (non_blocking (bound.fd ()));
    CHECK (int_option (bound.fd (), SOL_SOCKET, SO_REUSEADDR) == 1);
    int none = 0;
    CHECK (tcp ().accept (bound.fd (), options, none) == EAGAIN);
    CHECK (none == -1);

    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("tcp", host + ":" + bound.port (), options, client) == 0);
    REQUIRE (accept_from ("tcp", bound, options, server) == 0);
    for (const int fd : {client.get (), server.get ()}) {
        CHECK (non_blocking (fd));
        CHECK (int_option (fd, IPPROTO_TCP, TCP_NODELAY) == 1);
        CHECK (congestion_control (fd).rfind ("bbr", 0) == std::string::npos);
        CHECK (tcp ().peer_address (fd) == peer);
    }
    CHECK (tcp ().remote_endpoint (client.get ()) == tcp ().local_endpoint (server.get ()));
    CHECK (tcp ().remote_endpoint (server.get ()) == tcp ().local_endpoint (client.get ()));
    check_exchange (client.get (), server.get ());
}

}  // namespace

TEST_CASE ("tcp: IPv4 connections")
{
    const Options options;
    check_round (options, "127.0.0.1:*", "127.0.0.1", "tcp://127.0.0.1:", "127.0.0.1");
    check_round (options, "127.0.0.1:0", "localhost", "tcp://127.0.0.1:", "127.0.0.1");
    check_round (options, "*:*", "127.0.0.1", "tcp://0.0.0.0:", "127.0.0.1");
    check_round (options, "localhost:*", "127.0.0.1", "tcp://127.0.0.1:", "127.0.0.1");
}

TEST_CASE ("tcp: IPv6 connections")
{
    if (!ipv6_available ())
        return;
    Options options;
    options.ipv6 = true;
    check_round (options, "[::1]:*", "[::1]", "tcp://[::1]:", "::1");
    check_round (options, "*:*", "[::1]", "tcp://[::]:", "::1");
    check_round (options, "*:*", "127.0.0.1", "tcp://[::]:", "::ffff:127.0.0.1");
    check_round (options, "127.0.0.1:*", "127.0.0.1", "tcp://[::ffff:127.0.0.1]:", "::ffff:127.0.0.1");
}

TEST_CASE ("tcp: what is accepted from elsewhere on a wildcard address keeps the system's congestion control")
{
    const Descriptor untouched (::socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE (untouched.valid ());
    SocketAddress elsewhere{};  // (RFC 5737) no packet goes there
    sockaddr_in &peer = reinterpret_cast<sockaddr_in &> (elsewhere.storage);
    peer.sin_family = AF_INET;
    peer.sin_addr.s_addr = htonl (0xc0000201);
    elsewhere.size = sizeof peer;
    for (const int type : {ZMQ_PULL, ZMQ_PUB}) {
        Options options;
        options.type = find_socket_type (type);
        Bound bound ("tcp", "*:*", options);
        REQUIRE (bound.error () == 0);
        Descriptor client, server;
        REQUIRE (connect_to ("tcp", "127.0.0.1:" + bound.port (), Options (), client) == 0);
        REQUIRE (accept_from ("tcp", bound, options, server) == 0);
        return_to_pacing (server.get (), elsewhere.storage, options);
        CHECK (congestion_control (server.get ()) == congestion_control (untouched.get ()));
    }
}

TEST_CASE ("tcp: what listen refuses")
{
    const Options options;
    CHECK (Bound ("tcp", "192.0.2.77:*", options).error () == EADDRNOTAVAIL);
    CHECK (Bound ("tcp", "nosuch0:*", options).error () == ENODEV);
    CHECK (Bound ("tcp", "127.0.0.1", options).error () == EINVAL);
    const Bound first ("tcp", "127.0.0.1:*", options);
    REQUIRE (first.error () == 0);
    const Bound second ("tcp", first.address (), options);
    CHECK (second.error () == EADDRINUSE);
    CHECK (second.fd () == -1);
    CHECK (second.endpoint ().empty ());
}

TEST_CASE ("tcp: an address is free again at once")
{
    const Options options;
    std::string address = "127.0.0.1:*";
    for (int round = 0; round < 3; ++round) {
        Bound bound ("tcp", address, options);
        REQUIRE (bound.error () == 0);
        address = bound.address ();
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to ("tcp", address, options, client) == 0);
        REQUIRE (accept_from ("tcp", bound, options, server) == 0);
        server.reset ();  // closed first: TIME_WAIT stays on this side
        CHECK (sees_end (client.get ()));
    }
}

TEST_CASE ("tcp: nobody listens")
{
    const Options options;
    std::string address;
    {
        const Bound bound ("tcp", "127.0.0.1:*", options);
        address = bound.address ();
    }
    Descriptor client;
    CHECK (connect_to ("tcp", address, options, client) == ECONNREFUSED);
}

TEST_CASE ("tcp: a connection from a given source")
{
    const Options options;
    const Bound bound ("tcp", "127.0.0.1:*", options);
    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("tcp", "127.0.0.2:0;" + bound.address (), options, client) == 0);
    REQUIRE (accept_from ("tcp", bound, options, server) == 0);
    CHECK (tcp ().peer_address (server.get ()) == "127.0.0.2");
    CHECK (int_option (client.get (), SOL_SOCKET, SO_REUSEADDR) == 1);
    CHECK (connect_to ("tcp", "192.0.2.77:0;" + bound.address (), options, client) == EADDRNOTAVAIL);
}

TEST_CASE ("tcp: options reach listener, dialled and accepted sockets")
{
    Options options;
    options.sndbuf = 20000;
    options.rcvbuf = 30000;
    options.tos = 0x28;
    options.priority = 3;
    options.backlog = 7;
    options.tcp_keepalive = 1;
    options.tcp_keepalive_cnt = 5;
    options.tcp_keepalive_idle = 60;
    options.tcp_keepalive_intvl = 11;
    options.tcp_maxrt = 4321;
    for (const bool ipv6 : {false, true}) {
        if (ipv6 && !ipv6_available ())
            continue;
        options.ipv6 = ipv6;
        const Bound bound ("tcp", ipv6 ? "[::1]:*" : "127.0.0.1:*", options);
        REQUIRE (bound.error () == 0);
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to ("tcp", bound.address (), options, client) == 0);
        REQUIRE (accept_from ("tcp", bound, options, server) == 0);
        for (const int fd : {bound.fd (), client.get (), server.get ()}) {
            CHECK (int_option (fd, SOL_SOCKET, SO_SNDBUF) >= 20000);
            CHECK (int_option (fd, SOL_SOCKET, SO_SNDBUF) <= 40000);
            CHECK (int_option (fd, SOL_SOCKET, SO_RCVBUF) >= 30000);
            CHECK (int_option (fd, SOL_SOCKET, SO_RCVBUF) <= 60000);
            CHECK (int_option (fd, IPPROTO_IP, IP_TOS) == 0x28);
            if (ipv6)
                CHECK (int_option (fd, IPPROTO_IPV6, IPV6_TCLASS) == 0x28);
#ifdef SO_PRIORITY
            CHECK (int_option (fd, SOL_SOCKET, SO_PRIORITY) == 3);
#endif
        }
        for (const int fd : {client.get (), server.get ()}) {
            CHECK (int_option (fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
            CHECK (int_option (fd, IPPROTO_TCP, TCP_KEEPCNT) == 5);
            CHECK (int_option (fd, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
            CHECK (int_option (fd, IPPROTO_TCP, TCP_KEEPINTVL) == 11);
#ifdef TCP_USER_TIMEOUT
            CHECK (int_option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 4321);
#endif
        }
    }
}

TEST_CASE ("tcp: defaults touch nothing but TCP_NODELAY")
{
    const Options options;
    const Bound bound ("tcp", "127.0.0.1:*", options);
    Descriptor client;
    REQUIRE (connect_to ("tcp", bound.address (), options, client) == 0);
    const Descriptor plain (::socket (AF_INET, SOCK_STREAM, 0));
    CHECK (int_option (client.get (), SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK (int_option (client.get (), IPPROTO_TCP, TCP_KEEPIDLE) == int_option (plain.get (), IPPROTO_TCP, TCP_KEEPIDLE));
    CHECK (int_option (client.get (), IPPROTO_IP, IP_TOS) == 0);

    // Keep-alive 0 switches it off and still takes the other three.
    Options off;
    off.tcp_keepalive = 0;
    off.tcp_keepalive_idle = 77;
    REQUIRE (connect_to ("tcp", bound.address (), off, client) == 0);
    CHECK (int_option (client.get (), SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK (int_option (client.get (), IPPROTO_TCP, TCP_KEEPIDLE) == 77);
}

#ifdef SO_BINDTODEVICE
TEST_CASE ("tcp: a device that does not exist")
{
    Options options;
    options.bindtodevice = "nosuch0";
    const int error = Bound ("tcp", "127.0.0.1:*", options).error ();
    CHECK ((error == ENODEV || error == EPERM));
    Descriptor client;
    const int dialled = connect_to ("tcp", "127.0.0.1:9", options, client);
    CHECK ((dialled == ENODEV || dialled == EPERM));
}
#endif

TEST_CASE ("tcp: accept filters")
{
    Options options;
    options.tcp_accept_filters.push_back (mask ("127.0.0.2"));
    options.tcp_accept_filters.push_back (mask ("127.0.1.0/24"));
    const Bound bound ("tcp", "127.0.0.1:*", options);
    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("tcp", bound.address (), options, client) == 0);
    CHECK (accept_from ("tcp", bound, options, server) == ECONNREFUSED);
    CHECK (sees_end (client.get ()));
    for (const char *source : {"127.0.0.2:0;", "127.0.1.9:0;"}) {
        REQUIRE (connect_to ("tcp", source + bound.address (), options, client) == 0);
        CHECK (accept_from ("tcp", bound, options, server) == 0);
    }
}

TEST_CASE ("tcp: a listener supplied by the application")
{
    const Options plain;
    for (const bool listening : {false, true}) {
        Descriptor own (::socket (AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        REQUIRE (::bind (own.get (), reinterpret_cast<const sockaddr *> (&address), sizeof address) == 0);
        if (listening)
            REQUIRE (::listen (own.get (), 5) == 0);
        Options options;
        options.use_fd = own.get ();
        const Bound bound ("tcp", "nosuch0:*", options);  // not looked at
        REQUIRE (bound.error () == 0);
        CHECK (bound.fd () == own.release ());
        CHECK (bound.endpoint ().rfind ("tcp://127.0.0.1:", 0) == 0);
        CHECK (non_blocking (bound.fd ()));
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to ("tcp", bound.address (), plain, client) == 0);
        REQUIRE (accept_from ("tcp", bound, options, server) == 0);
        check_exchange (client.get (), server.get ());
    }
    // What cannot be one is refused and stays the application's.
    Options options;
    const Descriptor datagram (::socket (AF_INET, SOCK_DGRAM, 0));
    options.use_fd = datagram.get ();
    CHECK (Bound ("tcp", "*:*", options).error () == EINVAL);
    const Descriptor local (::socket (AF_UNIX, SOCK_STREAM, 0));
    options.use_fd = local.get ();
    CHECK (Bound ("tcp", "*:*", options).error () == EINVAL);
    CHECK (::fcntl (local.get (), F_GETFD) >= 0);
    const Descriptor file (::open ("/dev/null", O_RDONLY | O_CLOEXEC));
    options.use_fd = file.get ();
    CHECK (Bound ("tcp", "*:*", options).error () == ENOTSOCK);
    options.use_fd = 1 << 20;
    CHECK (Bound ("tcp", "*:*", options).error () == EBADF);
}

TEST_CASE ("tcp: canonical names")
{
    const Options options;
    CHECK (tcp ().canonical ("127.1:5555", options) == "tcp://127.0.0.1:5555");
    CHECK (tcp ().canonical ("localhost:5555", options) == "tcp://127.0.0.1:5555");
    CHECK (tcp ().canonical ("*:5555", options) == "tcp://*:5555");
    CHECK (tcp ().canonical ("rubbish", options) == "tcp://rubbish");
    Options ipv6;
    ipv6.ipv6 = true;
    CHECK (tcp ().canonical ("127.0.0.1:5555", ipv6) == "tcp://[::ffff:127.0.0.1]:5555");
}

TEST_CASE ("tcp: through a proxy")
{
    Options options;
    options.socks_proxy = "127.0.0.1:1080";
    std::vector<DialTarget> targets;
    CHECK (tcp ().resolves_at_once ("name.invalid:80", options));
    REQUIRE (tcp ().resolve ("name.invalid:80", options, targets) == 0);
    REQUIRE (targets.size () == 1);
    CHECK (tcp_endpoint_text (targets[0].address) == "tcp://127.0.0.1:1080");
    CHECK (targets[0].socks_host == "name.invalid");
    CHECK (targets[0].socks_port == 80);
    CHECK (targets[0].source.size == 0);
    targets.clear ();
    REQUIRE (tcp ().resolve ("127.0.0.2:0;[::1]:81", options, targets) == 0);
    CHECK (tcp_endpoint_text (targets.at (0).source) == "tcp://127.0.0.2:0");
    CHECK (targets[0].socks_host == "::1");
    CHECK (tcp ().resolve ("name.invalid:0", options, targets) == EINVAL);
    options.socks_proxy = "rubbish";
    CHECK (tcp ().resolve ("name.invalid:80", options, targets) == EINVAL);
}

TEST_CASE ("tcp: descriptors that are no sockets have no names")
{
    CHECK (tcp ().local_endpoint (-1).empty ());
    CHECK (tcp ().remote_endpoint (-1).empty ());
    CHECK (tcp ().peer_address (-1).empty ());
    int fd = 0;
    CHECK (tcp ().accept (-1, Options (), fd) == EBADF);
    CHECK (fd == -1);
    CHECK (tcp ().finish (-1, Options ()) == EBADF);
}
