// endpoints_tcp.cpp - tcp addresses: what bind and connect accept, how LAST_ENDPOINT shows them, unbind and disconnect.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace conf;

static bool has_ipv6 ()
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    socket.set (ZMQ_IPV6, 1);
    return zmq_bind (socket, "tcp://[::1]:*") == 0;
}

TEST_CASE ("an ephemeral port, asked for with * or 0, shows in LAST_ENDPOINT")
{
    Context ctx;
    for (const char *endpoint : {"tcp://127.0.0.1:*", "tcp://127.0.0.1:0"}) {
        Socket socket (ctx, ZMQ_PULL);
        const std::string last = socket.bind (endpoint);
        CHECK (last.starts_with ("tcp://127.0.0.1:"));
        CHECK (port_of (last) > 0);
        Peer peer = Peer::connect (last);
        CHECK (peer.read (1) == "\xff");
    }
}

TEST_CASE ("the wildcard address shows as 0.0.0.0")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    CHECK (socket.bind ("tcp://*:*").starts_with ("tcp://0.0.0.0:"));
}

TEST_CASE ("an interface name binds its address")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    CHECK (socket.bind ("tcp://lo:*").starts_with ("tcp://127.0.0.1:"));
}

TEST_CASE ("IPv6: loopback, wildcard and mapped IPv4")
{
    if (!has_ipv6 ()) {
        MESSAGE ("no IPv6 here");
        return;
    }
    Context ctx;
    for (const auto &row :
         {std::pair{"tcp://[::1]:*", "tcp://[::1]:"}, {"tcp://*:*", "tcp://[::]:"}, {"tcp://127.0.0.1:*", "tcp://[::ffff:127.0.0.1]:"}})
    {
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        pull.set (ZMQ_IPV6, 1);
        push.set (ZMQ_IPV6, 1);
        const std::string last = pull.bind (row.first);
        CHECK (last.starts_with (row.second));
        push.connect (std::string (row.first)
                        .substr (0, std::string (row.first).size () - 1)
                        .replace (6, row.first[6] == '*' ? 1 : 0, row.first[6] == '*' ? "[::1]" : "") +
                      std::to_string (port_of (last)));
        send (push, "six");
        CHECK (recv (pull) == Msg{"six"});
    }
}

TEST_CASE ("an IPv6 address needs IPV6=1")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    CHECK (zmq_bind (socket, "tcp://[::1]:*") == -1);
}

TEST_CASE ("bind: names that cannot be bound")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    CHECK_ERRNO (zmq_bind (socket, "tcp://no-such-host.invalid:*"), ENODEV);
    CHECK_ERRNO (zmq_bind (socket, "tcp://127.0.0.1"), EINVAL);
    CHECK_ERRNO (zmq_bind (socket, "tcp://127.0.0.1:"), EINVAL);
    CHECK_ERRNO (zmq_bind (socket, "tcp://127.0.0.1:!"), EINVAL);
    CHECK_ERRNO (zmq_bind (socket, "tcp://127.0.0.1:port"), EINVAL);
    CHECK_ERRNO (zmq_bind (socket, "tcp://8.8.8.8:*"), EADDRNOTAVAIL);
    CHECK (socket.bytes (ZMQ_LAST_ENDPOINT) == "\0"s);
}

TEST_CASE ("bind: a host name")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    if (oracle ()) {  // 4.3.4 binds numeric addresses and interfaces only
        CHECK_ERRNO (zmq_bind (pull, "tcp://localhost:*"), ENODEV);
        return;
    }
    const std::string last = pull.bind ("tcp://localhost:*");
    CHECK (last.starts_with ("tcp://127.0.0.1:"));
    push.connect (last);
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("connect: syntax is checked at once")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PUSH);
    for (const char *bad : {"tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:*", "tcp://127.0.0.1:http", "tcp:// 127.0.0.1:5",
                            "tcp://127.0.0.1:5/path/x", "tcp://@127.0.0.1:5", "tcp://a b:5"})
    {
        INFO (std::string (bad));
        CHECK_ERRNO (zmq_connect (socket, bad), EINVAL);
    }
}

TEST_CASE ("connect: what only the attempt can find out is accepted")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PUSH);
    for (const char *good : {"tcp://no-such-host.invalid:5", "tcp://127.0.0.1:1", "tcp://no_such_host.invalid:77"}) {
        INFO (std::string (good));
        CHECK (zmq_connect (socket, good) == 0);
    }
}

TEST_CASE ("connect by host name")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    const int port = port_of (pull.bind ());
    push.connect ("tcp://localhost:" + std::to_string (port));
    send (push, "named");
    CHECK (recv (pull) == Msg{"named"});
}

TEST_CASE ("LAST_ENDPOINT after connect is the text as typed")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.connect ("tcp://localhost:5997");
    CHECK (push.text (ZMQ_LAST_ENDPOINT) == "tcp://localhost:5997");
}

TEST_CASE ("LAST_ENDPOINT is the latest of several")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string first = pull.bind (), second = pull.bind ();
    CHECK (first != second);
    CHECK (pull.text (ZMQ_LAST_ENDPOINT) == second);
    CHECK_ERRNO (zmq_bind (pull, first.c_str ()), EADDRINUSE);
    CHECK (pull.text (ZMQ_LAST_ENDPOINT) == second);
}

TEST_CASE ("an address in use is EADDRINUSE")
{
    Context ctx;
    Socket one (ctx, ZMQ_PULL), two (ctx, ZMQ_PULL);
    const std::string endpoint = one.bind ();
    CHECK_ERRNO (zmq_bind (two, endpoint.c_str ()), EADDRINUSE);
    CHECK_ERRNO (zmq_bind (one, endpoint.c_str ()), EADDRINUSE);
    Listener raw;
    CHECK_ERRNO (zmq_bind (two, raw.endpoint ().c_str ()), EADDRINUSE);
}

TEST_CASE ("unbind frees the address for another socket")
{
    Context ctx;
    Socket one (ctx, ZMQ_PULL), two (ctx, ZMQ_PULL);
    const std::string endpoint = one.bind ();
    CHECK (zmq_unbind (one, endpoint.c_str ()) == 0);
    if (ours ())  // at once; Debian's listener goes in the background
        CHECK (zmq_bind (two, endpoint.c_str ()) == 0);
    else
        CHECK (wait_until ([&] { return zmq_bind (two, endpoint.c_str ()) == 0; }));
    Socket push (ctx, ZMQ_PUSH);
    push.connect (endpoint);
    send (push, "x");
    CHECK (recv (two) == Msg{"x"});
}

TEST_CASE ("close frees the address for another socket")
{
    Context ctx;
    Socket one (ctx, ZMQ_PULL), two (ctx, ZMQ_PULL);
    const std::string endpoint = one.bind ();
    CHECK (one.close () == 0);
    if (ours ())
        CHECK (zmq_bind (two, endpoint.c_str ()) == 0);
    else
        CHECK (wait_until ([&] { return zmq_bind (two, endpoint.c_str ()) == 0; }));
}

TEST_CASE ("the address is free again even with connections in TIME_WAIT")
{
    Context ctx;
    std::string endpoint;
    {
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        endpoint = pull.bind ();
        push.connect (endpoint);
        send (push, "x");
        CHECK (recv (pull) == Msg{"x"});
        pull.close ();  // the listening side closes first
    }
    Socket again (ctx, ZMQ_PULL);
    CHECK (wait_until ([&] { return zmq_bind (again, endpoint.c_str ()) == 0; }));
}

TEST_CASE ("unbind wants LAST_ENDPOINT or the numeric address, not the wildcard")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string any = pull.bind ("tcp://*:*");
    CHECK_ERRNO (zmq_unbind (pull, ("tcp://*:" + std::to_string (port_of (any))).c_str ()), ENOENT);
    CHECK (zmq_unbind (pull, any.c_str ()) == 0);
    CHECK_ERRNO (zmq_unbind (pull, any.c_str ()), ENOENT);
}

TEST_CASE ("unbind closes the accepted connections, too")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    Peer peer = Peer::connect (endpoint);
    peer.handshake ("PUSH");
    peer.send (wire::frame ("before"));
    CHECK (recv (pull) == Msg{"before"});
    CHECK (zmq_unbind (pull, endpoint.c_str ()) == 0);
    CHECK (wait_until ([&] {
        events (pull);
        return peer.closed (1);
    }));
}

TEST_CASE ("unbind keeps what had arrived")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    const std::string endpoint = pull.bind ();
    push.connect (endpoint);
    send (push, "kept");
    CHECK (wait_for (pull, ZMQ_POLLIN));
    CHECK (zmq_unbind (pull, endpoint.c_str ()) == 0);
    CHECK (recv (pull) == Msg{"kept"});
}

TEST_CASE ("disconnect wants the text of the connect call")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.connect ("tcp://localhost:5996");
    CHECK (zmq_disconnect (push, "tcp://localhost:5996") == 0);
    CHECK_ERRNO (zmq_disconnect (push, "tcp://localhost:5996"), ENOENT);
}

TEST_CASE ("unbind and disconnect are interchangeable")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    const std::string bound = push.bind (), connected = unused_endpoint ();
    push.connect (connected);
    CHECK (zmq_disconnect (push, bound.c_str ()) == 0);
    CHECK (zmq_unbind (push, connected.c_str ()) == 0);
}

TEST_CASE ("after disconnect nothing more is delivered")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    push.connect (endpoint);
    send (push, "one");
    CHECK (recv (pull) == Msg{"one"});
    CHECK (zmq_disconnect (push, endpoint.c_str ()) == 0);
    CHECK (wait_until ([&] { return !can_send (push); }));
    CHECK_ERRNO (try_send (push, "two"), EAGAIN);
    push.connect (endpoint);
    send (push, "three");
    CHECK (recv (pull) == Msg{"three"});
}

TEST_CASE ("disconnect discards unread messages")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    const std::string endpoint = push.bind ();
    pull.connect (endpoint);
    send (push, "unread");
    CHECK (wait_for (pull, ZMQ_POLLIN));
    CHECK (zmq_disconnect (pull, endpoint.c_str ()) == 0);
    CHECK (wait_until ([&] { return !can_recv (pull); }));
}

TEST_CASE ("a second connect to the same endpoint adds a connection on PUSH, not on DEALER")
{
    Context ctx;
    for (const auto &row : {std::pair{ZMQ_PUSH, 2}, {ZMQ_ROUTER, 2}, {ZMQ_DEALER, 1}, {ZMQ_SUB, 1}, {ZMQ_PUB, 1}, {ZMQ_REQ, 1}}) {
        CAPTURE (row.first);
        Listener listener;
        Socket socket (ctx, row.first);
        socket.connect (listener.endpoint ());
        socket.connect (listener.endpoint ());
        for (int i = 0; i < row.second; ++i)
            listener.accept ();
        CHECK (listener.nobody (quiet / 2));
    }
}

TEST_CASE ("one disconnect ends all connections of that name")
{
    Context ctx;
    Listener listener;
    Socket push (ctx, ZMQ_PUSH);
    push.connect (listener.endpoint ()).connect (listener.endpoint ());
    Peer a = listener.accept (), b = listener.accept ();
    CHECK (zmq_disconnect (push, listener.endpoint ().c_str ()) == 0);
    CHECK (wait_until ([&] {
        events (push);
        return a.closed (1);
    }));
    CHECK (b.closed ());
    CHECK_ERRNO (zmq_disconnect (push, listener.endpoint ().c_str ()), ENOENT);
}

TEST_CASE ("one socket may both bind and connect")
{
    Context ctx;
    Socket middle (ctx, ZMQ_DEALER), left (ctx, ZMQ_DEALER), right (ctx, ZMQ_DEALER);
    left.connect (middle.bind ());
    middle.connect (right.bind ());
    send (left, "from left");
    CHECK (recv (middle) == Msg{"from left"});
    send (right, "from right");
    CHECK (recv (middle) == Msg{"from right"});
}

TEST_CASE ("a source address can be given before the destination")
{
    Context ctx;
    Listener listener;
    Socket push (ctx, ZMQ_PUSH);
    push.connect ("tcp://127.0.0.1:0;" + listener.endpoint ().substr (6));
    Peer peer = listener.accept ();
    CHECK (peer.read (1) == "\xff");
}

TEST_CASE ("a source port can be given before the destination")
{
    Context ctx;
    Listener listener;
    const int source = port_of (unused_endpoint ());
    Socket push (ctx, ZMQ_PUSH);
    push.connect ("tcp://127.0.0.1:" + std::to_string (source) + ";" + listener.endpoint ().substr (6));
    Peer peer = listener.accept ();
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE (getpeername (peer.fd (), reinterpret_cast<sockaddr *> (&address), &size) == 0);
    CHECK (ntohs (address.sin_port) == source);
}

TEST_CASE ("TCP_ACCEPT_FILTER closes peers that match nothing")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_TCP_ACCEPT_FILTER, "10.11.12.13"s);
    Monitor monitor (ctx, pull);
    const std::string closed_to_us = pull.bind ();
    Peer refused = Peer::connect (closed_to_us);
    CHECK (refused.closed ());
    CHECK (monitor.wait (ZMQ_EVENT_ACCEPT_FAILED).endpoint == closed_to_us);
    pull.set (ZMQ_TCP_ACCEPT_FILTER, "127.0.0.0/8"s);
    Peer welcome = Peer::connect (pull.bind ());
    CHECK (welcome.handshake ("PUSH")["Socket-Type"] == "PULL");
}

TEST_CASE ("a listening descriptor of the caller's is used instead of the address")
{
    Context ctx;
    const int fd = ::socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE (::bind (fd, reinterpret_cast<sockaddr *> (&address), size) == 0);
    REQUIRE (::listen (fd, 5) == 0);
    REQUIRE (::getsockname (fd, reinterpret_cast<sockaddr *> (&address), &size) == 0);
    const std::string endpoint = "tcp://127.0.0.1:" + std::to_string (ntohs (address.sin_port));
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    pull.set (ZMQ_USE_FD, fd);
    CHECK (zmq_bind (pull, endpoint.c_str ()) == 0);
    push.connect (endpoint);
    send (push, "through the given descriptor");
    CHECK (recv (pull) == Msg{"through the given descriptor"});
}
