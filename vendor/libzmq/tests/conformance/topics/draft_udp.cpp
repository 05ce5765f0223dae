// draft_udp.cpp - udp under RADIO, DISH and DGRAM: who may bind and connect, what lies in a datagram, multicast, and that no datagram and
// no error of the network stops a socket. Facts: the specification's section on UDP; libzmq where it is built with drafts.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "draft.hpp"
#include "harness.hpp"
#include "monitor.hpp"

using namespace conf;

namespace {

constexpr int type_dgram = 18;
constexpr int enocompatproto = 156384764;

// A socket of the system's, on a port of the loopback address that the system has chosen.
class Port
{
  public:
    Port () : _fd (::socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ok (::bind (_fd, reinterpret_cast<sockaddr *> (&address), size), "bind");
        ok (::getsockname (_fd, reinterpret_cast<sockaddr *> (&address), &size), "getsockname");
        _number = ntohs (address.sin_port);
    }
    ~Port () { ::close (_fd); }
    Port (const Port &) = delete;
    Port &operator= (const Port &) = delete;

    int number () const { return _number; }
    std::string text () const { return "127.0.0.1:" + std::to_string (_number); }
    std::string endpoint () const { return "udp://" + text (); }
    void send (int to, const std::string &bytes) const
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        address.sin_port = htons (static_cast<uint16_t> (to));
        ok (static_cast<int> (::sendto (_fd, bytes.data (), bytes.size (), 0, reinterpret_cast<sockaddr *> (&address), sizeof address)),
            "sendto");
    }
    // The next datagram; throws when none comes.
    std::string recv (int ms = patience) const
    {
        pollfd item{_fd, POLLIN, 0};
        if (::poll (&item, 1, ms) != 1)
            fail ("no datagram");
        char bytes[10000];
        const int size = ok (static_cast<int> (::recv (_fd, bytes, sizeof bytes, 0)), "recv");
        return {bytes, static_cast<size_t> (size)};
    }
    bool silent () const
    {
        pollfd item{_fd, POLLIN, 0};
        return ::poll (&item, 1, quiet) == 0;
    }

  private:
    int _fd;
    int _number = 0;
};

// A port that was free a moment ago. (libzmq does not say which one it got.)
int free_port () { return Port ().number (); }

std::string at (int port, const std::string &host = "127.0.0.1") { return "udp://" + host + ":" + std::to_string (port); }

// Binds to a free port, and gives that.
int bind_udp (Socket &socket, const std::string &host = "127.0.0.1")
{
    const int port = free_port ();
    ok (zmq_bind (socket, at (port, host).c_str ()), "bind");
    return port;
}

std::string grouped (const std::string &group, const std::string &body) { return static_cast<char> (group.size ()) + group + body; }

Msg addressed (const std::string &address, const std::string &body) { return {address, body}; }
// As received.
Msg from (const Port &port, const std::string &body) { return {port.text () + '\0', body}; }

}  // namespace

TEST_CASE ("udp: only RADIO connects, only DISH and DGRAM bind")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (int type = ZMQ_PAIR; type <= type_channel; ++type) {
        CAPTURE (type);
        Socket connecting (ctx, type), binding (ctx, type);
        const std::string endpoint = at (free_port ());
        if (type == type_radio)
            CHECK (zmq_connect (connecting, endpoint.c_str ()) == 0);
        else
            CHECK_ERRNO (zmq_connect (connecting, endpoint.c_str ()), enocompatproto);
        if (type == type_dish || type == type_dgram)
            CHECK (zmq_bind (binding, endpoint.c_str ()) == 0);
        else
            CHECK_ERRNO (zmq_bind (binding, endpoint.c_str ()), enocompatproto);
    }
}

TEST_CASE ("udp: addresses that are none")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (const char *address : {"127.0.0.1", "127.0.0.1:", "lo;127.0.0.1:5555", "127.0.0.1:x"}) {
        CAPTURE (std::string (address));
        Socket radio (ctx, type_radio), dish (ctx, type_dish);
        const std::string endpoint = "udp://" + std::string (address);
        CHECK_ERRNO (zmq_connect (radio, endpoint.c_str ()), EINVAL);
        CHECK_ERRNO (zmq_bind (dish, endpoint.c_str ()), EINVAL);
    }
    Socket radio (ctx, type_radio), dish (ctx, type_dish);
    CHECK_ERRNO (zmq_connect (radio, "udp://*:5555"), EINVAL);
    CHECK_ERRNO (zmq_connect (radio, "udp://no-such-host.invalid:5555"), EINVAL);
    CHECK_ERRNO (zmq_bind (dish, "udp://no-such-host.invalid:5555"), ENODEV);
    CHECK_ERRNO (zmq_bind (dish, "udp://nosuchif0;239.1.2.3:5555"), ENODEV);
    CHECK_ERRNO (zmq_connect (radio, "udp://nosuchif0;239.1.2.3:5555"), ENODEV);
}

TEST_CASE ("udp: a RADIO sends every group, a DISH takes those it has joined")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish), radio (ctx, type_radio);
    const int port = bind_udp (dish);
    CHECK (join (dish, "news") == 0);
    const std::string long_group (ours () ? 255 : 127, 'g');  // 4.3.4 takes a longer one's length for a negative number
    CHECK (join (dish, long_group) == 0);
    radio.connect (at (port));
    // (There is nothing to wait for, but libzmq's I/O thread may not have begun.)
    CHECK (wait_until ([&] {
        send_letter (radio, {"ready", 0, "news"});
        return wait_for (dish, ZMQ_POLLIN, 20);
    }));
    CHECK (recv_letter (dish) == Letter{"ready", 0, "news"});
    drain (dish);
    send_letter (radio, {"1", 0, "news"});
    send_letter (radio, {"not joined", 0, "new"});
    send_letter (radio, {"", 0, long_group});
    const std::string longest (8192 - 1 - 4, 'l');
    send_letter (radio, {longest, 0, "news"});
    if (ours ())  // too long: dropped; 4.3.4 writes beyond a buffer
        send_letter (radio, {longest + "x", 0, "news"});
    send_letter (radio, {"last", 0, "news"});
    CHECK (recv_letter (dish) == Letter{"1", 0, "news"});
    CHECK (recv_letter (dish) == Letter{"", 0, long_group});
    CHECK (recv_letter (dish) == Letter{longest, 0, "news"});
    CHECK (recv_letter (dish) == Letter{"last", 0, "news"});
}

TEST_CASE ("udp: on the wire, a byte with the group's length, the group, the body")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket radio (ctx, type_radio);
    radio.connect (peer.endpoint ());
    CHECK (wait_until ([&] {
        send_letter (radio, {"ready", 0, "g"});
        return !peer.silent ();
    }));
    send_letter (radio, {"body", 0, "news"});
    send_letter (radio, {"body", 0, ""});
    for (std::string bytes; bytes != grouped ("news", "body");)
        bytes = peer.recv ();
    CHECK (peer.recv () == grouped ("", "body"));

    Socket dish (ctx, type_dish);
    const int port = bind_udp (dish);
    CHECK (join (dish, "news") == 0);
    CHECK (join (dish, "") == 0);
    CHECK (wait_until ([&] {
        peer.send (port, grouped ("news", "ready"));
        return wait_for (dish, ZMQ_POLLIN, 20);
    }));
    drain (dish);
    peer.send (port, "");
    peer.send (port, "\5news");
    if (ours ()) {
        peer.send (port, std::string (1, '\xff'));
        peer.send (port, grouped ("news", std::string (9000, 'x')));
        peer.send (port, grouped (std::string ("news\0", 5), "a zero in the group"));
    }
    peer.send (port, grouped ("news", ""));
    peer.send (port, grouped ("", "unnamed"));
    CHECK (recv_letter (dish) == Letter{"", 0, "news"});
    CHECK (recv_letter (dish) == Letter{"unnamed", 0, ""});
    CHECK (silent (dish));
}

TEST_CASE ("udp: DGRAM's messages are an address and a body, no more and no less")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket socket (ctx, type_dgram);
    const int port = bind_udp (socket);
    CHECK (socket.get (ZMQ_THREAD_SAFE) == 0);
    CHECK_ERRNO (zmq_connect (socket, peer.endpoint ().c_str ()), enocompatproto);
    CHECK (wait_until ([&] {
        peer.send (port, "ready");
        return wait_for (socket, ZMQ_POLLIN, 20);
    }));
    CHECK (recv (socket) == from (peer, "ready"));
    drain (socket);

    CHECK_ERRNO (try_send (socket, peer.text ()), EINVAL);  // no body
    CHECK (try_send (socket, peer.text (), ZMQ_SNDMORE) != -1);
    CHECK (can_send (socket));
    CHECK_ERRNO (try_send (socket, "more", ZMQ_SNDMORE), EINVAL);
    CHECK (try_send (socket, "body") == 4);
    CHECK (peer.recv () == "body");
    send (socket, addressed (peer.text () + '\0', ""));  // as it is received
    CHECK (peer.recv ().empty ());
    for (const char *address : {"", "nonsense", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "localhost.invalid:5"}) {
        CAPTURE (std::string (address));
        send (socket, addressed (address, "to nobody"));
    }
    send (socket, addressed (peer.text (), "after them"));
    CHECK (peer.recv () == "after them");
    peer.send (port, "");
    CHECK (recv (socket) == from (peer, ""));
    const std::string longest (8192, 'l');
    send (socket, addressed (peer.text (), longest));
    CHECK (peer.recv () == longest);
    peer.send (port, longest);
    CHECK (recv (socket) == from (peer, longest));
    if (ours ()) {
        send (socket, addressed (peer.text (), longest + "x"));
        peer.send (port, longest + "x");
        CHECK (silent (socket));
        CHECK (peer.silent ());
    }
}

TEST_CASE ("udp: two DGRAMs talk, each by the address it has heard from")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket one (ctx, type_dgram), other (ctx, type_dgram);
    bind_udp (one);
    const int port = bind_udp (other);
    CHECK (wait_until ([&] {
        send (one, addressed ("127.0.0.1:" + std::to_string (port), "question"));
        return wait_for (other, ZMQ_POLLIN, 20);
    }));
    const Msg question = recv (other);
    REQUIRE (question.size () == 2);
    send (other, {question[0], "answer"});
    CHECK (recv (one)[1] == "answer");
}

TEST_CASE ("udp: a socket waits, is polled and rings its descriptor as others do")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket socket (ctx, type_dgram), dish (ctx, type_dish);
    const int port = bind_udp (socket), dish_port = bind_udp (dish);
    CHECK (join (dish, "g") == 0);
    for (const bool polled : {false, true}) {
        Background sender ([&] {
            sleep_ms (quiet);
            peer.send (port, "x");
            peer.send (dish_port, grouped ("g", "x"));
        });
        if (polled) {
            CHECK (wait_for (socket, ZMQ_POLLIN));
            CHECK (wait_for (dish, ZMQ_POLLIN));
        }
        CHECK (recv (socket) == from (peer, "x"));
        CHECK (recv_letter (dish).body == "x");
    }
    int fd = -1;
    size_t size = sizeof fd;
    REQUIRE (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) == 0);
    CHECK (events (socket) == ZMQ_POLLOUT);
    for (int i = 0; i < 3; ++i) {
        Background sender ([&] {
            sleep_ms (10);
            peer.send (port, "y");
        });
        CHECK (wait_until ([&] {
            // (There, the edge may have gone with an earlier call.)
            pollfd item{fd, POLLIN, 0};
            return (::poll (&item, 1, ours () ? patience : 20) == 1 || oracle ()) && can_recv (socket);
        }));
        CHECK (recv (socket) == from (peer, "y"));
    }
}

TEST_CASE ("udp: a socket without an endpoint has nobody to send to")
{
    NEEDS_DRAFTS ();
    if (!ours ())
        return;  // errno is not set there, and 4.3.4 ends the process
    Context ctx;
    Socket socket (ctx, type_dgram);
    CHECK (events (socket) == 0);
    CHECK_ERRNO (try_send (socket, "127.0.0.1:9", ZMQ_SNDMORE), EAGAIN);
    CHECK_ERRNO (zmq_recv (socket, nullptr, 0, ZMQ_DONTWAIT), EAGAIN);
}

TEST_CASE ("udp: a DGRAM has one port at a time; unbind frees it, and what came stays readable")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket socket (ctx, type_dgram);
    const int port = bind_udp (socket);
    CHECK (wait_until ([&] {
        peer.send (port, "first");
        return wait_for (socket, ZMQ_POLLIN, 20);
    }));
    if (!ours ())
        return;  // a second bind takes the place of the first, which still answers to nobody
    CHECK_ERRNO (zmq_bind (socket, at (free_port ()).c_str ()), EINVAL);
    CHECK (socket.text (ZMQ_LAST_ENDPOINT) == at (port));
    CHECK (zmq_unbind (socket, at (port).c_str ()) == 0);
    CHECK_ERRNO (zmq_unbind (socket, at (port).c_str ()), ENOENT);
    CHECK_FALSE (can_send (socket));
    const std::string next = socket.bind ("udp://127.0.0.1:*");
    CHECK (can_send (socket));
    CHECK (recv (socket) == from (peer, "first"));
    peer.send (port_of (next), "second");
    for (Msg message; message != from (peer, "second");)
        message = recv (socket);
    send (socket, addressed (peer.text (), "answer"));
    CHECK (peer.recv () == "answer");
}

TEST_CASE ("udp: the endpoint's name")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish), radio (ctx, type_radio);
    const int port = bind_udp (dish);
    // libzmq leaves the transport out, so that unbind does not know the name.
    CHECK (dish.text (ZMQ_LAST_ENDPOINT) == (ours () ? at (port) : at (port).substr (6)));
    radio.connect (at (port));
    CHECK (radio.text (ZMQ_LAST_ENDPOINT) == (ours () ? at (port) : at (port).substr (6)));
    if (!ours ())
        return;
    CHECK (zmq_disconnect (radio, radio.text (ZMQ_LAST_ENDPOINT).c_str ()) == 0);
    CHECK_ERRNO (zmq_disconnect (radio, at (port).c_str ()), ENOENT);
    CHECK (zmq_unbind (dish, dish.text (ZMQ_LAST_ENDPOINT).c_str ()) == 0);
    for (const char *typed : {"udp://127.0.0.1:*", "udp://127.0.0.1:0", "udp://*:*"}) {
        Socket other (ctx, type_dish);
        const std::string bound = other.bind (typed);
        CHECK (bound.substr (0, bound.rfind (':')) == std::string (typed).substr (0, std::string (typed).rfind (':')));
        CHECK (port_of (bound) > 0);
        CHECK (zmq_unbind (other, bound.c_str ()) == 0);
    }
}

TEST_CASE ("udp: what is not there stops nothing")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket radio (ctx, type_radio), socket (ctx, type_dgram);
    const int nobody = free_port ();
    radio.connect (at (nobody));
    radio.connect (peer.endpoint ());
    const int port = bind_udp (socket);
    CHECK (wait_until ([&] {
        peer.send (port, "ready");
        return wait_for (socket, ZMQ_POLLIN, 20);
    }));
    drain (socket);
    for (int i = 0; i < 50; ++i) {
        send_letter (radio, {"x", 0, "g"});
        send (socket, addressed ("127.0.0.1:" + std::to_string (nobody), "x"));
        if (ours ())
            send (socket, addressed ("255.255.255.255:9", "x"));  // EACCES
    }
    send_letter (radio, {"last", 0, "g"});
    for (std::string bytes; bytes != grouped ("g", "last");)
        bytes = peer.recv ();
    send (socket, addressed (peer.text (), "last"));
    CHECK (peer.recv () == "last");
    peer.send (port, "still there");
    CHECK (recv (socket) == from (peer, "still there"));
}

TEST_CASE ("udp: what was sent before close is on its way")
{
    NEEDS_DRAFTS ();
    if (!ours ())
        return;  // there it waits for an I/O thread, which LINGER 0 does not
    Port peer;
    for (const int linger : {0, -1}) {
        Context ctx;
        Socket radio (ctx, type_radio), socket (ctx, type_dgram);
        radio.set (ZMQ_LINGER, linger);
        socket.set (ZMQ_LINGER, linger);
        radio.connect (peer.endpoint ());
        bind_udp (socket);
        send_letter (radio, {"radio's", 0, "g"});
        send (socket, addressed (peer.text (), "dgram's"));
        CHECK (radio.close () == 0);
        CHECK (socket.close () == 0);
        CHECK (ctx.term () == 0);
        CHECK (peer.recv () == grouped ("g", "radio's"));
        CHECK (peer.recv () == "dgram's");
    }
}

TEST_CASE ("udp: RCVHWM: a full socket reads no more, and goes on when it has room")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Port peer;
    Socket socket (ctx, type_dgram);
    socket.set (ZMQ_RCVHWM, 2);
    const int port = bind_udp (socket);
    CHECK (wait_until ([&] {
        peer.send (port, "ready");
        return wait_for (socket, ZMQ_POLLIN, 20);
    }));
    drain (socket);
    for (int i = 0; i < 40; ++i)
        peer.send (port, std::to_string (i));
    if (!ours ())
        return;  // what finds it full is lost
    for (int i = 0; i < 40; ++i)
        CHECK (recv (socket) == from (peer, std::to_string (i)));
}

TEST_CASE ("udp: no monitor events")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket socket (ctx, type_dgram);
    Monitor monitor (ctx, socket, ZMQ_EVENT_ALL);
    const int port = bind_udp (socket);
    if (ours ())
        CHECK (zmq_unbind (socket, at (port).c_str ()) == 0);
    CHECK (monitor.rest ().empty ());
}

TEST_CASE ("udp: many groups and ports, a RADIO with several connections")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket radio (ctx, type_radio);
    std::vector<Socket> dishes;
    for (int i = 0; i < 3; ++i) {
        dishes.emplace_back (ctx, type_dish);
        CHECK (join (dishes.back (), "all") == 0);
        radio.connect (at (bind_udp (dishes.back ())));
    }
    // One over another transport beside them.
    Socket near (ctx, type_dish);
    CHECK (join (near, "all") == 0);
    near.connect (radio.bind (inproc_name ()));
    dishes.push_back (std::move (near));
    for (Socket &dish : dishes)
        CHECK (wait_until ([&] {
            send_letter (radio, {"ready", 0, "all"});
            return wait_for (dish, ZMQ_POLLIN, 20);
        }));
    for (int i = 0; i < 20; ++i)
        send_letter (radio, {std::to_string (i), 0, "all"});
    for (Socket &dish : dishes) {
        Letter letter = recv_letter (dish);
        while (letter.body == "ready")
            letter = recv_letter (dish);
        for (int i = 0; i < 20; ++i, letter = i < 20 ? recv_letter (dish) : Letter{})
            CHECK (letter == Letter{std::to_string (i), 0, "all"});
    }
}

TEST_CASE ("udp: multicast on an interface given by name or address")
{
    NEEDS_DRAFTS ();
    for (const std::string interface : {"lo", "127.0.0.1"}) {
        CAPTURE (interface);
        Context ctx;
        const int port = free_port ();
        // A group that no other run of this test uses.
        const std::string group = "239.255." + std::to_string (port / 256) + "." + std::to_string (port % 256);
        const std::string endpoint = "udp://" + interface + ";" + group + ":" + std::to_string (port);
        Socket one (ctx, type_dish), other (ctx, type_dish), radio (ctx, type_radio);
        for (Socket *dish : {&one, &other}) {
            CHECK (join (*dish, "g") == 0);
            if (zmq_bind (*dish, endpoint.c_str ()) != 0 && (errno == ENODEV || errno == EADDRNOTAVAIL)) {
                MESSAGE ("not run: no interface here takes " << endpoint << ": " << zmq_strerror (errno));
                return;
            }
        }
        radio.set (ZMQ_MULTICAST_HOPS, 1).connect (endpoint);
        CHECK (wait_until ([&] {
            send_letter (radio, {"ready", 0, "g"});
            return wait_for (one, ZMQ_POLLIN, 20) && wait_for (other, ZMQ_POLLIN, 20);
        }));
        drain (one);
        drain (other);
        send_letter (radio, {"to both", 0, "g"});
        CHECK (recv_letter (one) == Letter{"to both", 0, "g"});
        CHECK (recv_letter (other) == Letter{"to both", 0, "g"});
        // Another group on the same port is another's.
        Socket elsewhere (ctx, type_radio);
        elsewhere.connect ("udp://" + interface + ";239.254.1.2:" + std::to_string (port));
        if (ours ()) {
            for (int i = 0; i < 3; ++i)
                send_letter (elsewhere, {"another group", 0, "g"});
            CHECK (silent (one));
        }
    }
}

TEST_CASE ("udp: IPv6")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish), radio (ctx, type_radio);
    dish.set (ZMQ_IPV6, 1);
    radio.set (ZMQ_IPV6, 1);
    CHECK (join (dish, "g") == 0);
    const int port = free_port ();
    if (zmq_bind (dish, at (port, "[::1]").c_str ()) != 0) {
        MESSAGE ("not run: there is no IPv6 here: " << zmq_strerror (errno));
        return;
    }
    radio.connect (at (port, "[::1]"));
    CHECK (wait_until ([&] {
        send_letter (radio, {"six", 0, "g"});
        return wait_for (dish, ZMQ_POLLIN, 20);
    }));
    CHECK (recv_letter (dish).body == "six");
    if (!ours ())
        return;  // its DGRAM knows IPv4 only

    Socket one (ctx, type_dgram), other (ctx, type_dgram);
    one.set (ZMQ_IPV6, 1);
    other.set (ZMQ_IPV6, 1);
    one.bind ("udp://[::1]:*");
    const std::string bound = other.bind ("udp://*:*");
    const std::string number = std::to_string (port_of (bound));
    send (one, addressed ("[::1]:" + number, "six"));
    const Msg message = recv (other);
    REQUIRE (message.size () == 2);
    CHECK (message[0].starts_with ("[::1]:"));
    send (other, {message[0], "back"});
    CHECK (recv (one)[1] == "back");
    Port peer;  // IPv4, to the same socket
    peer.send (port_of (bound), "four");
    CHECK (recv (other) == from (peer, "four"));
    send (other, addressed (peer.text (), "back"));
    CHECK (peer.recv () == "back");
}

TEST_CASE ("udp: from many threads, and while the sockets close")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish);
    const int port = bind_udp (dish);
    CHECK (join (dish, "g") == 0);
    std::atomic<bool> stop{false};
    {
        std::vector<std::unique_ptr<Background>> senders;
        for (int i = 0; i < 3; ++i)
            senders.push_back (std::make_unique<Background> ([&] {
                for (int sockets = 0; sockets < 20 && !stop; ++sockets) {
                    Socket radio (ctx, type_radio);
                    radio.connect (at (port));
                    for (int n = 0; n < 100; ++n)
                        send_letter (radio, {"x", 0, "g"});
                }
            }));
        for (int i = 0; i < 500; ++i)
            CHECK (recv_letter (dish) == Letter{"x", 0, "g"});
        stop = true;
    }
}
