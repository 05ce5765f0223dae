// context.cpp - contexts: options with their defaults and ranges, bad handles, the limit of sockets.
// Termination is in termination.cpp.
#include "harness.hpp"

using namespace conf;

TEST_CASE ("a fresh context has the documented defaults")
{
    Context ctx;
    CHECK (ctx.get (ZMQ_IO_THREADS) == ZMQ_IO_THREADS_DFLT);
    CHECK (ctx.get (ZMQ_IO_THREADS) == 1);
    CHECK (ctx.get (ZMQ_MAX_SOCKETS) == 1023);
    CHECK (ctx.get (ZMQ_SOCKET_LIMIT) == 65535);
    CHECK (ctx.get (ZMQ_MAX_MSGSZ) == 2147483647);
    CHECK (ctx.get (ZMQ_MSG_T_SIZE) == 64);
    CHECK (ctx.get (ZMQ_IPV6) == 0);
    CHECK (ctx.get (ZMQ_BLOCKY) == 1);
    CHECK (ctx.get (ZMQ_THREAD_SCHED_POLICY) == -1);
    CHECK (ctx.get (ctx_zero_copy_recv) == 1);
}

TEST_CASE ("context options read back what was set")
{
    Context ctx;
    ctx.set (ZMQ_IO_THREADS, 3);
    CHECK (ctx.get (ZMQ_IO_THREADS) == 3);
    ctx.set (ZMQ_MAX_SOCKETS, 7);
    CHECK (ctx.get (ZMQ_MAX_SOCKETS) == 7);
    ctx.set (ZMQ_MAX_MSGSZ, 4096);
    CHECK (ctx.get (ZMQ_MAX_MSGSZ) == 4096);
    ctx.set (ZMQ_MAX_MSGSZ, 0);
    CHECK (ctx.get (ZMQ_MAX_MSGSZ) == 0);
    ctx.set (ZMQ_IPV6, 1);
    CHECK (ctx.get (ZMQ_IPV6) == 1);
    ctx.set (ZMQ_BLOCKY, 0);
    CHECK (ctx.get (ZMQ_BLOCKY) == 0);
    ctx.set (ctx_zero_copy_recv, 0);
    CHECK (ctx.get (ctx_zero_copy_recv) == 0);
    ctx.set (ZMQ_THREAD_SCHED_POLICY, 0);
    CHECK (ctx.get (ZMQ_THREAD_SCHED_POLICY) == 0);
}

TEST_CASE ("values out of range are EINVAL and leave the old value")
{
    Context ctx;
    const struct
    {
        int option, value;
    } bad[] = {{ZMQ_IO_THREADS, -1},
               {ZMQ_MAX_SOCKETS, 0},
               {ZMQ_MAX_SOCKETS, -1},
               {ZMQ_MAX_MSGSZ, -1},
               {ZMQ_IPV6, -1},
               {ZMQ_BLOCKY, -1},
               {ZMQ_THREAD_PRIORITY, -1},
               {ZMQ_THREAD_SCHED_POLICY, -1},
               {ctx_zero_copy_recv, -1},
               {ZMQ_THREAD_AFFINITY_CPU_ADD, -1},
               {ZMQ_THREAD_AFFINITY_CPU_REMOVE, -1}};
    for (const auto &row : bad) {
        CAPTURE (row.option);
        CHECK_ERRNO (zmq_ctx_set (ctx, row.option, row.value), EINVAL);
    }
    CHECK (ctx.get (ZMQ_IO_THREADS) == 1);
    CHECK (ctx.get (ZMQ_MAX_SOCKETS) == 1023);
    CHECK (ctx.get (ZMQ_MAX_MSGSZ) == 2147483647);
}

TEST_CASE ("unknown and one-way context options are EINVAL")
{
    Context ctx;
    CHECK_ERRNO (zmq_ctx_set (ctx, 9999, 1), EINVAL);
    CHECK_ERRNO (zmq_ctx_get (ctx, 9999), EINVAL);
    CHECK_ERRNO (zmq_ctx_set (ctx, 0, 1), EINVAL);
    CHECK_ERRNO (zmq_ctx_get (ctx, 0), EINVAL);
    CHECK_ERRNO (zmq_ctx_set (ctx, ZMQ_MSG_T_SIZE, 64), EINVAL);
    CHECK_ERRNO (zmq_ctx_get (ctx, ZMQ_THREAD_AFFINITY_CPU_ADD), EINVAL);
}

TEST_CASE ("a CPU can be removed only after it was added")
{
    Context ctx;
    CHECK_ERRNO (zmq_ctx_set (ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0), EINVAL);
    CHECK (zmq_ctx_set (ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 0) == 0);
    CHECK (zmq_ctx_set (ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0) == 0);
    CHECK_ERRNO (zmq_ctx_set (ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0), EINVAL);
}

TEST_CASE ("a context restricted to a CPU still works")
{
    Context ctx;
    ctx.set (ZMQ_THREAD_AFFINITY_CPU_ADD, 0);
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    send (push, "pinned");
    CHECK (recv (pull) == Msg{"pinned"});
}

TEST_CASE ("a thread name prefix given as a number reads back")
{
    Context ctx;
    CHECK (ctx.get (ctx_thread_name_prefix) == 0);
    ctx.set (ctx_thread_name_prefix, 1234);
    CHECK (ctx.get (ctx_thread_name_prefix) == 1234);
}

TEST_CASE ("options accept any non-negative value as true")
{
    Context ctx;
    ctx.set (ZMQ_IPV6, 7);
    CHECK (ctx.get (ZMQ_IPV6) == 1);
    ctx.set (ZMQ_BLOCKY, 7);
    CHECK (ctx.get (ZMQ_BLOCKY) == 1);
}

TEST_CASE ("a null context is EFAULT")
{
    CHECK_ERRNO (zmq_ctx_term (nullptr), EFAULT);
    CHECK_ERRNO (zmq_ctx_destroy (nullptr), EFAULT);
    CHECK_ERRNO (zmq_term (nullptr), EFAULT);
    CHECK_ERRNO (zmq_ctx_shutdown (nullptr), EFAULT);
    CHECK_ERRNO (zmq_ctx_set (nullptr, ZMQ_IO_THREADS, 1), EFAULT);
    CHECK_ERRNO (zmq_ctx_get (nullptr, ZMQ_IO_THREADS), EFAULT);
    CHECK_NULL_ERRNO (zmq_socket (nullptr, ZMQ_PAIR), EFAULT);
}

TEST_CASE ("a socket handle is not a context")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    CHECK_ERRNO (zmq_ctx_get (pair, ZMQ_IO_THREADS), EFAULT);
    CHECK_NULL_ERRNO (zmq_socket (pair, ZMQ_PAIR), EFAULT);
}

TEST_CASE ("unknown socket types are EINVAL")
{
    Context ctx;
    CHECK_NULL_ERRNO (zmq_socket (ctx, -1), EINVAL);
    CHECK_NULL_ERRNO (zmq_socket (ctx, 99), EINVAL);
}

TEST_CASE ("every stable socket type can be created and tells its type")
{
    Context ctx;
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; ++type) {
        CAPTURE (type);
        Socket socket (ctx, type);
        CHECK (socket.get (ZMQ_TYPE) == type);
        CHECK (socket.get (ZMQ_THREAD_SAFE) == 0);
    }
}

TEST_CASE ("more sockets than MAX_SOCKETS is EMFILE until one is gone")
{
    Context ctx;
    ctx.set (ZMQ_MAX_SOCKETS, 3);
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    {
        Socket c (ctx, ZMQ_PAIR);
        CHECK_NULL_ERRNO (zmq_socket (ctx, ZMQ_PAIR), EMFILE);
    }
    void *again = nullptr;
    CHECK (wait_until ([&] { return (again = zmq_socket (ctx, ZMQ_PAIR)) != nullptr; }));
    CHECK (zmq_close (again) == 0);
}

TEST_CASE ("MAX_SOCKETS has no effect once a socket exists")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR);
    ctx.set (ZMQ_MAX_SOCKETS, 1);
    CHECK (ctx.get (ZMQ_MAX_SOCKETS) == 1);
    Socket b (ctx, ZMQ_PAIR), c (ctx, ZMQ_PAIR);
    CHECK (c.get (ZMQ_TYPE) == ZMQ_PAIR);
}

TEST_CASE ("without I/O threads inproc works and tcp and ipc are EMTHREAD")
{
    Context ctx;
    ctx.set (ZMQ_IO_THREADS, 0);
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    send (b, "hi");
    CHECK (recv (a) == Msg{"hi"});
    Socket push (ctx, ZMQ_PUSH);
    CHECK_ERRNO (zmq_bind (push, "tcp://127.0.0.1:*"), EMTHREAD);
    CHECK_ERRNO (zmq_connect (push, "tcp://127.0.0.1:9"), EMTHREAD);
    TempDir dir;
    CHECK_ERRNO (zmq_connect (push, dir.ipc ().c_str ()), EMTHREAD);
}

TEST_CASE ("an affinity that selects no I/O thread is EMTHREAD")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_AFFINITY, int64_t{2});
    CHECK_ERRNO (zmq_bind (push, "tcp://127.0.0.1:*"), EMTHREAD);
    push.set (ZMQ_AFFINITY, int64_t{1});
    CHECK (zmq_bind (push, "tcp://127.0.0.1:*") == 0);
}

TEST_CASE ("several I/O threads serve sockets picked by affinity")
{
    Context ctx;
    ctx.set (ZMQ_IO_THREADS, 2);
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_AFFINITY, int64_t{1});
    pull.set (ZMQ_AFFINITY, int64_t{2});
    push.connect (pull.bind ());
    for (int i = 0; i < 100; ++i)
        send (push, std::to_string (i));
    for (int i = 0; i < 100; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
}

TEST_CASE ("IPV6 and BLOCKY of the context are defaults of later sockets only")
{
    Context ctx;
    Socket before (ctx, ZMQ_DEALER);
    ctx.set (ZMQ_IPV6, 1);
    ctx.set (ZMQ_BLOCKY, 0);
    CHECK (before.get (ZMQ_IPV6) == 0);
    void *after = zmq_socket (ctx, ZMQ_DEALER);
    int value = -7;
    size_t size = sizeof value;
    CHECK (zmq_getsockopt (after, ZMQ_IPV6, &value, &size) == 0);
    CHECK (value == 1);
    CHECK (zmq_getsockopt (after, ZMQ_LINGER, &value, &size) == 0);
    CHECK (value == 0);
    CHECK (zmq_close (after) == 0);
}

TEST_CASE ("zmq_init sets the number of I/O threads")
{
    CHECK_NULL_ERRNO (zmq_init (-1), EINVAL);
    void *ctx = zmq_init (4);
    REQUIRE (ctx);
    CHECK (zmq_ctx_get (ctx, ZMQ_IO_THREADS) == 4);
    CHECK (zmq_term (ctx) == 0);
}

TEST_CASE ("contexts are independent of each other")
{
    Context one, two;
    const std::string name = inproc_name ();
    Socket a (one, ZMQ_PAIR), b (two, ZMQ_PAIR);
    CHECK (a.bind (name) == name);
    CHECK (b.bind (name) == name);
    Socket c (one, ZMQ_PAIR);
    c.connect (name);
    send (c, "to one");
    CHECK (recv (a) == Msg{"to one"});
    CHECK (silent (b));
}

TEST_CASE ("many contexts one after the other leave nothing behind")
{
    for (int i = 0; i < 50; ++i) {
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.connect (pull.bind ());
        send (push, "x");
        CHECK (recv (pull) == Msg{"x"});
    }
}
