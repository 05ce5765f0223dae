// Listeners in trouble: descriptors that the application has ended behind the engine's back, and memory that is not there.
#include "io/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "controlled_memory.hpp"
#include "io/wired_stream.hpp"

using namespace held;

namespace {

int listening_descriptor (bool ipc)
{
    const int fd = ::socket (ipc ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE (fd >= 0);
    if (ipc) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;  // alone: the system chooses an abstract name
        REQUIRE (::bind (fd, reinterpret_cast<const sockaddr *> (&address), sizeof address.sun_family) == 0);
    } else {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        REQUIRE (::bind (fd, reinterpret_cast<const sockaddr *> (&address), sizeof address) == 0);
    }
    REQUIRE (::listen (fd, 8) == 0);
    return fd;
}

// Processor time of the whole program so far.
Nanoseconds time_used ()
{
    rusage usage{};
    ::getrusage (RUSAGE_SELF, &usage);
    const auto in_all = [] (const timeval &time) { return time.tv_sec * 1000 * millisecond + time.tv_usec * 1000; };
    return in_all (usage.ru_utime) + in_all (usage.ru_stime);
}

// Events of that kind which a monitor's socket has, read to the end.
int count_events (void *monitor, int event)
{
    int count = 0;
    char frame[256];
    while (zmq_recv (monitor, frame, sizeof frame, ZMQ_DONTWAIT) >= 0) {
        std::uint16_t kind;
        std::memcpy (&kind, frame, sizeof kind);
        count += kind == event;
        zmq_recv (monitor, frame, sizeof frame, ZMQ_DONTWAIT);
    }
    return count;
}

}  // namespace

TEST_CASE ("listener: a descriptor that the application has ended is reported once and costs no processor time")
{
    for (int variant = 0; variant < 8; ++variant) {
        const int poller = variant & 1;
        const bool closed = variant & 2;
        const bool ipc = variant & 4;
        CAPTURE (poller);
        CAPTURE (ipc);
        CAPTURE (closed);
        void *const context = zmq_ctx_new ();
        REQUIRE (zmq_ctx_set (context, ZMQ_EXT_POLLER, poller) == 0);
        void *const socket = zmq_socket (context, ZMQ_PULL);
        REQUIRE (zmq_socket_monitor (socket, "inproc://events", ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_CLOSED) == 0);
        void *const monitor = zmq_socket (context, ZMQ_PAIR);
        REQUIRE (zmq_connect (monitor, "inproc://events") == 0);
        const int fd = listening_descriptor (ipc);
        REQUIRE (zmq_setsockopt (socket, ZMQ_USE_FD, &fd, sizeof fd) == 0);
        REQUIRE (zmq_bind (socket, ipc ? "ipc://@anything" : "tcp://127.0.0.1:*") == 0);
        char endpoint[64];
        std::size_t size = sizeof endpoint;
        REQUIRE (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
        void *const other = zmq_socket (context, ZMQ_PULL);
        REQUIRE (zmq_bind (other, "tcp://127.0.0.1:*") == 0);
        if (closed)
            ::close (fd);
        else
            ::shutdown (fd, SHUT_RDWR);
        zmq_close (other);  // a poll(2) that was under way when the descriptor was closed is begun anew

        const Nanoseconds before = time_used ();
        ::poll (nullptr, 0, 200);
        CHECK (time_used () - before < 100 * millisecond);
        const int failures = count_events (monitor, ZMQ_EVENT_ACCEPT_FAILED);
        if (closed && poller == 0)
            CHECK (failures == 0);  // epoll forgets it
        else
            CHECK (failures == 1);
        CHECK (zmq_unbind (socket, endpoint) == 0);
        CHECK (count_events (monitor, ZMQ_EVENT_CLOSED) == 1);
        zmq_close (monitor);
        zmq_close (socket);
        zmq_ctx_term (context);
    }
}

TEST_CASE ("listener: a bind for which there is no memory leaves the address free")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 200);
        void *const context = zmq_ctx_new ();
        void *const first = zmq_socket (context, ZMQ_PULL);
        REQUIRE (zmq_bind (first, "tcp://127.0.0.1:*") == 0);
        char endpoint[64];
        std::size_t size = sizeof endpoint;
        REQUIRE (zmq_getsockopt (first, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
        REQUIRE (zmq_unbind (first, endpoint) == 0);
        bool failed = false;
        int rc = 0;
        {
            const FailingMemory memory (spare);
            rc = zmq_bind (first, endpoint);
            failed = memory.failed ();
        }
        if (rc != 0) {
            CHECK (zmq_errno () == ENOMEM);
            void *const second = zmq_socket (context, ZMQ_PULL);
            CHECK (zmq_bind (second, endpoint) == 0);
            zmq_close (second);
        }
        zmq_close (first);
        zmq_ctx_term (context);
        if (!failed) {
            CHECK (rc == 0);
            break;
        }
    }
}

TEST_CASE ("listener: a peer whom there is no memory to judge is turned away")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket socket (ZMQ_PULL);
        socket.socket ().options.ipc_filter_gid = {static_cast<gid_t> (-2)};  // so all groups of the peer are looked up
        Listening listening;
        listening.fd = listening_descriptor (true);
        sockaddr_un address{};
        socklen_t size = sizeof address;
        REQUIRE (::getsockname (listening.fd, reinterpret_cast<sockaddr *> (&address), &size) == 0);
        Listener listener (socket.socket (), *find_transport ("ipc"), std::move (listening), socket.socket ().snapshot ());
        REQUIRE (listener.start () == 0);
        FarEnd peer (::socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE (::connect (peer.fd (), reinterpret_cast<const sockaddr *> (&address), size) == 0);
        bool failed = false;
        {
            const FailingMemory memory (spare);
            listener.on_io (io_in);
            failed = memory.failed ();
        }
        char byte = 0;
        CHECK (::recv (peer.fd (), &byte, 1, MSG_DONTWAIT) == 0);
        CHECK (socket.socket ().stats.accepts == 0);
        if (!failed)
            break;
    }
}

TEST_CASE ("listener: peers that have said everything, or have gone, before they are accepted")
{
    for (const int type : {ZMQ_PULL, ZMQ_PAIR, ZMQ_ROUTER, ZMQ_STREAM}) {
        CAPTURE (type);
        HeldSocket socket (type);
        socket.let_go ();
        REQUIRE (zmq_bind (socket.handle (), "tcp://127.0.0.1:*") == 0);
        char endpoint[64];
        std::size_t size = sizeof endpoint;
        REQUIRE (zmq_getsockopt (socket.handle (), ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        address.sin_port = htons (static_cast<std::uint16_t> (std::stoi (std::strrchr (endpoint, ':') + 1)));
        socket.hold ();  // nobody is accepted from now on

        const char *const fits = type == ZMQ_PULL ? "PUSH" : type == ZMQ_PAIR ? "PAIR" : "DEALER";
        const std::string hello = greeting () + ready (fits);
        const std::string said[] = {"", "no ZMTP at all, but long enough for a greeting to be read and refused by whoever it may be",
                                    greeting () + ready ("PUB"), hello, hello + message ({"one", "two"})};
        std::vector<FarEnd> peers;
        for (int round = 0; round < 3; ++round)
            for (const std::string &words : said)
                for (const int end : {0, 1, 2}) {
                    FarEnd peer (::socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                    REQUIRE (::connect (peer.fd (), reinterpret_cast<const sockaddr *> (&address), sizeof address) == 0);
                    peer.write (words);
                    if (end == 2) {
                        const linger hard{1, 0};
                        ::setsockopt (peer.fd (), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
                    }
                    if (end == 0)
                        peers.push_back (std::move (peer));
                }
        // Those who stayed (and said the right thing) are there in the end, if there may be more than one.
        std::size_t most = 0;
        CHECK (socket.wait ([&] {
            socket.socket ().poll_input ();
            while (!socket.recv ().empty ()) {
            }
            zmq_ext_stats_t stats;
            socket.socket ().fill_stats (stats);
            most = std::max<std::size_t> (most, stats.peers);
            return socket.socket ().stats.accepts >= 30 && most >= (type == ZMQ_PAIR ? 1 : 6);
        }));
        socket.next_call ();
        CHECK (socket.send ("x", type != ZMQ_PAIR) != ENOMEM);
    }
}
