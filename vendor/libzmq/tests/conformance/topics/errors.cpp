// errors.cpp - the errno of every function on bad handles and bad arguments.
// Wrong option values are in option_table.cpp, endpoints in endpoints.cpp, contexts in context.cpp, messages in message.cpp.
#include "harness.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

using namespace conf;

// Every function that takes a socket, called with `handle`.
static void expect_notsock (void *handle)
{
    char buffer[8] = {};
    int value = 0;
    size_t size = sizeof value, count = 1;
    iovec vector = {buffer, 1};
    zmq_msg_t message;
    zmq_msg_init (&message);
    CHECK_ERRNO (zmq_close (handle), ENOTSOCK);
    CHECK_ERRNO (zmq_setsockopt (handle, ZMQ_LINGER, &value, sizeof value), ENOTSOCK);
    CHECK_ERRNO (zmq_getsockopt (handle, ZMQ_LINGER, &value, &size), ENOTSOCK);
    CHECK_ERRNO (zmq_bind (handle, "inproc://x"), ENOTSOCK);
    CHECK_ERRNO (zmq_connect (handle, "inproc://x"), ENOTSOCK);
    CHECK_ERRNO (zmq_unbind (handle, "inproc://x"), ENOTSOCK);
    CHECK_ERRNO (zmq_disconnect (handle, "inproc://x"), ENOTSOCK);
    CHECK_ERRNO (zmq_send (handle, "x", 1, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_send_const (handle, "x", 1, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_recv (handle, buffer, sizeof buffer, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_msg_send (&message, handle, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_msg_recv (&message, handle, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_sendmsg (handle, &message, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_recvmsg (handle, &message, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_sendiov (handle, &vector, 1, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_recviov (handle, &vector, &count, ZMQ_DONTWAIT), ENOTSOCK);
    CHECK_ERRNO (zmq_socket_monitor (handle, "inproc://monitor", ZMQ_EVENT_ALL), ENOTSOCK);
    zmq_msg_close (&message);
}

TEST_CASE ("a null socket is ENOTSOCK everywhere") { expect_notsock (nullptr); }

TEST_CASE ("a context is not a socket")
{
    Context ctx;
    expect_notsock (ctx);
}

TEST_CASE ("a closed socket is ENOTSOCK")
{
    Context ctx;
    void *socket = zmq_socket (ctx, ZMQ_PAIR);
    Socket keeps_context_alive (ctx, ZMQ_PAIR);
    REQUIRE (socket);
    CHECK (zmq_close (socket) == 0);
    if (oracle ())  // Debian's frees the socket in the background: reading it again is undefined there
        return;
    expect_notsock (socket);
}

TEST_CASE ("types that cannot receive: ENOTSUP")
{
    Context ctx;
    char buffer[8];
    for (const int type : {ZMQ_PUB, ZMQ_PUSH}) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK_ERRNO (zmq_recv (socket, buffer, sizeof buffer, 0), ENOTSUP);
        CHECK_ERRNO (zmq_recv (socket, buffer, sizeof buffer, ZMQ_DONTWAIT), ENOTSUP);
    }
}

TEST_CASE ("types that cannot send: ENOTSUP")
{
    Context ctx;
    for (const int type : {ZMQ_SUB, ZMQ_PULL}) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK_ERRNO (zmq_send (socket, "x", 1, 0), ENOTSUP);
        CHECK_ERRNO (zmq_send (socket, "x", 1, ZMQ_DONTWAIT), ENOTSUP);
    }
}

TEST_CASE ("out of turn: EFSM")
{
    Context ctx;
    char buffer[8];
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    CHECK_ERRNO (zmq_recv (req, buffer, sizeof buffer, 0), EFSM);
    CHECK_ERRNO (zmq_send (rep, "x", 1, 0), EFSM);
}

TEST_CASE ("nothing to receive, nobody to send to: EAGAIN")
{
    Context ctx;
    char buffer[8];
    for (const int type : {ZMQ_PAIR, ZMQ_SUB, ZMQ_REP, ZMQ_DEALER, ZMQ_ROUTER, ZMQ_PULL, ZMQ_XPUB, ZMQ_XSUB, ZMQ_STREAM}) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK_ERRNO (zmq_recv (socket, buffer, sizeof buffer, ZMQ_DONTWAIT), EAGAIN);
    }
    for (const int type : {ZMQ_PAIR, ZMQ_REQ, ZMQ_DEALER, ZMQ_PUSH}) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK_ERRNO (zmq_send (socket, "x", 1, ZMQ_DONTWAIT), EAGAIN);
    }
}

TEST_CASE ("types that drop without a peer succeed")
{
    Context ctx;
    for (const int type : {ZMQ_PUB, ZMQ_XPUB, ZMQ_XSUB, ZMQ_ROUTER}) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK (zmq_send (socket, "xyz", 3, 0) == 3);
    }
}

TEST_CASE ("a null buffer is fine when its size is 0")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    CHECK (zmq_send (a, nullptr, 0, 0) == 0);
    CHECK (zmq_recv (b, nullptr, 0, 0) == 0);
    CHECK (zmq_send (a, "gone", 4, 0) == 4);
    CHECK (zmq_recv (b, nullptr, 0, 0) == 4);
}

TEST_CASE ("a buffer too small gets the beginning, the return value is the full size")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    send (a, "0123456789");
    send (a, "next");
    char buffer[5] = "____";
    CHECK (zmq_recv (b, buffer, 3, 0) == 10);
    CHECK (std::string (buffer) == "012_");
    CHECK (recv (b) == Msg{"next"});  // the rest is lost
}

TEST_CASE ("unknown flag bits are ignored")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    CHECK (zmq_send (a, "x", 1, 64) == 1);
    char buffer[8];
    CHECK (zmq_recv (b, buffer, sizeof buffer, 64) == 1);
}

TEST_CASE ("poll: bad arguments")
{
    Context ctx;
    zmq_pollitem_t item = {nullptr, -1, ZMQ_POLLIN, 0};
    CHECK_ERRNO (zmq_poll (&item, -1, 0), EINVAL);
    CHECK_ERRNO (zmq_poll (nullptr, 1, 0), EFAULT);
    CHECK (zmq_poll (nullptr, 0, 0) == 0);
    item.socket = ctx;
    CHECK_ERRNO (zmq_poll (&item, 1, 0), ENOTSOCK);
}

TEST_CASE ("poll: a descriptor that is not open reports an error event")
{
    zmq_pollitem_t item = {nullptr, 0, ZMQ_POLLIN, 0};
    item.fd = fcntl (0, F_DUPFD_CLOEXEC, 900);
    REQUIRE (item.fd != -1);
    close (item.fd);
    CHECK (zmq_poll (&item, 1, 0) == 1);
    CHECK (item.revents == ZMQ_POLLERR);
}

TEST_CASE ("endpoints that are no endpoints: EINVAL")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    for (const char *endpoint : {"", "tcp", "tcp:", "tcp:/", "tcp://", "://x", "inproc://", "nothing", "tcp:127.0.0.1:5"}) {
        INFO (std::string (endpoint));
        CHECK_ERRNO (zmq_bind (pair, endpoint), EINVAL);
        CHECK_ERRNO (zmq_connect (pair, endpoint), EINVAL);
        CHECK_ERRNO (zmq_unbind (pair, endpoint), EINVAL);
        CHECK_ERRNO (zmq_disconnect (pair, endpoint), EINVAL);
    }
}

TEST_CASE ("null endpoints: EINVAL")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    CHECK_ERRNO (zmq_unbind (pair, nullptr), EINVAL);
    CHECK_ERRNO (zmq_disconnect (pair, nullptr), EINVAL);
    if (ours ()) {  // Debian's reads through the null pointer
        CHECK_ERRNO (zmq_bind (pair, nullptr), EINVAL);
        CHECK_ERRNO (zmq_connect (pair, nullptr), EINVAL);
    }
}

TEST_CASE ("transports that do not exist: EPROTONOSUPPORT")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    for (const char *endpoint : {"nope://x", "TCP://127.0.0.1:5555", "Inproc://x", " tcp://127.0.0.1:1"}) {
        INFO (std::string (endpoint));
        CHECK_ERRNO (zmq_bind (pair, endpoint), EPROTONOSUPPORT);
        CHECK_ERRNO (zmq_connect (pair, endpoint), EPROTONOSUPPORT);
        CHECK_ERRNO (zmq_unbind (pair, endpoint), EPROTONOSUPPORT);
        CHECK_ERRNO (zmq_disconnect (pair, endpoint), EPROTONOSUPPORT);
    }
}

TEST_CASE ("unbind and disconnect of what is not there: ENOENT")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    for (const char *endpoint : {"tcp://127.0.0.1:5999", "inproc://not-there", "ipc:///tmp/not-there"}) {
        INFO (std::string (endpoint));
        CHECK_ERRNO (zmq_unbind (pair, endpoint), ENOENT);
        CHECK_ERRNO (zmq_disconnect (pair, endpoint), ENOENT);
    }
}

TEST_CASE ("a monitor's endpoint must be a free inproc name")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR), other (ctx, ZMQ_PAIR);
    CHECK_ERRNO (zmq_socket_monitor (pair, "tcp://127.0.0.1:*", ZMQ_EVENT_ALL), EPROTONOSUPPORT);
    CHECK_ERRNO (zmq_socket_monitor (pair, "nope://x", ZMQ_EVENT_ALL), EPROTONOSUPPORT);
    CHECK_ERRNO (zmq_socket_monitor (pair, "inproc", ZMQ_EVENT_ALL), EINVAL);
    CHECK_ERRNO (zmq_socket_monitor (pair, inproc_name ().c_str (), -1), EINVAL);
    const std::string taken = other.bind (inproc_name ());
    CHECK_ERRNO (zmq_socket_monitor (pair, taken.c_str (), ZMQ_EVENT_ALL), EADDRINUSE);
}

TEST_CASE ("a proxy needs both ends")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    CHECK_ERRNO (zmq_proxy (nullptr, pair, nullptr), EFAULT);
    CHECK_ERRNO (zmq_proxy (pair, nullptr, nullptr), EFAULT);
    CHECK_ERRNO (zmq_proxy_steerable (nullptr, nullptr, nullptr, pair), EFAULT);
    if (ours ())  // Debian's waits for ever
        CHECK_ERRNO (zmq_device (ZMQ_QUEUE, nullptr, pair), EFAULT);
}

TEST_CASE ("sendiov and recviov: counts and null pointers")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    char byte = 'x';
    iovec vector = {&byte, 1};
    size_t count = 0;
    CHECK_ERRNO (zmq_sendiov (a, &vector, 0, 0), EINVAL);
    CHECK_ERRNO (zmq_sendiov (a, nullptr, 1, 0), EINVAL);
    CHECK_ERRNO (zmq_recviov (b, &vector, &count, 0), EINVAL);
    CHECK_ERRNO (zmq_recviov (b, &vector, nullptr, 0), EINVAL);
    count = 1;
    CHECK_ERRNO (zmq_recviov (b, nullptr, &count, 0), EINVAL);
}

TEST_CASE ("Z85: sizes and characters")
{
    uint8_t bytes[64] = {};
    char text[128] = {};
    for (const size_t size : {1, 2, 3, 5, 31})
        CHECK_NULL_ERRNO (zmq_z85_encode (text, bytes, size), EINVAL);
    for (const char *bad : {"", "a", "abcd", "abcdef", "abcd\"", "abc,d", "ab de", "#####"})
        CHECK_NULL_ERRNO (zmq_z85_decode (bytes, bad), EINVAL);
}

TEST_CASE ("errno constants have their published numbers")
{
    CHECK (EFSM == 156384763);
    CHECK (ENOCOMPATPROTO == 156384764);
    CHECK (ETERM == 156384765);
    CHECK (EMTHREAD == 156384766);
    CHECK (ZMQ_HAUSNUMERO == 156384712);
}

TEST_CASE ("strerror knows the engine's own numbers and the system's")
{
    CHECK (zmq_strerror (EFSM) == "Operation cannot be accomplished in current state"s);
    CHECK (zmq_strerror (ENOCOMPATPROTO) == "The protocol is not compatible with the socket type"s);
    CHECK (zmq_strerror (ETERM) == "Context was terminated"s);
    CHECK (zmq_strerror (EMTHREAD) == "No thread available"s);
    CHECK (zmq_strerror (EHOSTUNREACH) == "Host unreachable"s);
    CHECK (std::string (zmq_strerror (EAGAIN)) == strerror (EAGAIN));
    CHECK (std::string (zmq_strerror (EADDRINUSE)) == strerror (EADDRINUSE));
    CHECK (zmq_strerror (123456) != nullptr);
}

TEST_CASE ("zmq_errno is this thread's errno")
{
    errno = 77;
    CHECK (zmq_errno () == 77);
    std::thread other ([] { errno = 78; });
    other.join ();
    CHECK (zmq_errno () == 77);
}

TEST_CASE ("vsock and tipc: where the kernel is without them, bind says so, and ours does in connect too")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    for (const char *transport : {"tipc", "vsock"}) {
        CAPTURE (std::string (transport));
        if (!zmq_has (transport))
            continue;
        const bool tipc = transport == "tipc"s;
        const char *const to_bind = tipc ? "tipc://{5599,0,0}" : "vsock://*:*";
        const char *const to_connect = tipc ? "tipc://{5599,0}@0.0.0" : "vsock://9999:5599";
        for (const char *endpoint : {"tipc://", "tipc://{}", "tipc://x"})
            if (tipc && ours ())  // upstream's fails with whatever errno was
                CHECK_ERRNO (zmq_bind (pair, endpoint), EINVAL);
        if (zmq_bind (pair, to_bind) == 0)
            continue;  // it is there
        CHECK (zmq_errno () == EAFNOSUPPORT);
        if (ours ())
            CHECK_ERRNO (zmq_connect (pair, to_connect), EAFNOSUPPORT);
    }
}
