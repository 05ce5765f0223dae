// processes_and_threads.cpp - fork, peers in other processes that die, and sockets handed from one thread to another.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace conf;

// ThreadSanitizer does not follow a forked child that starts threads: cases whose child makes a context are left out under it.
#if defined(__SANITIZE_THREAD__)
static constexpr bool children_may_have_threads = false;
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
static constexpr bool children_may_have_threads = false;
#    else
static constexpr bool children_may_have_threads = true;
#    endif
#else
static constexpr bool children_may_have_threads = true;
#endif

// AddressSanitizer's allocator (clang 14's) leaves its locks to the child as they were: one that another thread held at the moment of
// the fork hangs the child's next new. glibc's does not.
#if defined(__SANITIZE_ADDRESS__)
static constexpr bool allocator_survives_fork = false;
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
static constexpr bool allocator_survives_fork = false;
#    else
static constexpr bool allocator_survives_fork = true;
#    endif
#else
static constexpr bool allocator_survives_fork = true;
#endif

namespace {
// A child process running `body`; its return value is the exit status.
class Child
{
  public:
    explicit Child (const std::function<int ()> &body) : _pid (fork ())
    {
        if (_pid != 0)
            return;
        alarm (20);  // whatever happens, it does not outlive the test
        int status = 99;
        try {
            status = body ();
        } catch (...) {
        }
        _exit (status);
    }
    ~Child ()
    {
        if (_pid > 0) {
            kill (_pid, SIGKILL);
            waitpid (_pid, nullptr, 0);
        }
    }
    Child (const Child &) = delete;
    Child &operator= (const Child &) = delete;
    int join ()
    {
        int status = 0;
        if (!wait_until ([&] { return waitpid (_pid, &status, WNOHANG) == _pid; }, 15000))
            return -1;
        _pid = 0;
        return WIFEXITED (status) ? WEXITSTATUS (status) : 1000 + WTERMSIG (status);
    }
    void kill_now ()
    {
        kill (_pid, SIGKILL);
        waitpid (_pid, nullptr, 0);
        _pid = 0;
    }

  private:
    pid_t _pid;
};
}  // namespace

TEST_CASE ("processes with contexts of their own exchange messages over tcp and ipc")
{
    if (!children_may_have_threads)
        return;
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {unused_endpoint (), dir.ipc ()}) {
        Child child ([&] {
            void *own = zmq_ctx_new ();
            void *rep = zmq_socket (own, ZMQ_REP);
            if (zmq_bind (rep, endpoint.c_str ()) == -1)
                return 1;
            for (int i = 0; i < 100; ++i) {
                char buffer[64];
                const int size = zmq_recv (rep, buffer, sizeof buffer, 0);
                if (size < 0 || zmq_send (rep, buffer, static_cast<size_t> (size), 0) != size)
                    return 2;
            }
            zmq_close (rep);
            return zmq_ctx_term (own) == 0 ? 0 : 3;
        });
        Socket req (ctx, ZMQ_REQ);
        req.set (ZMQ_RECONNECT_IVL, 10);
        req.connect (endpoint);
        for (int i = 0; i < 100; ++i) {
            send (req, std::to_string (i));
            CHECK (recv (req) == Msg{std::to_string (i)});
        }
        CHECK (child.join () == 0);
    }
}

TEST_CASE ("a child that makes its own context does not disturb its parent's")
{
    if (!children_may_have_threads)
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    send (push, "before");
    CHECK (recv (pull) == Msg{"before"});
    Child child ([] {
        void *own = zmq_ctx_new ();
        void *a = zmq_socket (own, ZMQ_PAIR), *b = zmq_socket (own, ZMQ_PAIR);
        char buffer[8];
        const bool fine = zmq_bind (a, "inproc://child") == 0 && zmq_connect (b, "inproc://child") == 0 && zmq_send (b, "x", 1, 0) == 1 &&
                          zmq_recv (a, buffer, sizeof buffer, 0) == 1;
        zmq_close (a);
        zmq_close (b);
        return fine && zmq_ctx_term (own) == 0 ? 0 : 1;
    });
    send (push, "during");
    CHECK (recv (pull) == Msg{"during"});
    CHECK (child.join () == 0);
    send (push, "after");
    CHECK (recv (pull) == Msg{"after"});
}

TEST_CASE ("a child that only exits leaves its parent's sockets alone")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    send (push, "before");
    CHECK (recv (pull) == Msg{"before"});
    CHECK (Child ([] { return 7; }).join () == 7);
    for (int i = 0; i < 100; ++i) {
        send (push, std::to_string (i));
        CHECK (recv (pull) == Msg{std::to_string (i)});
    }
}

TEST_CASE ("a child may close inherited sockets; the parent's connection lives on")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    send (push, "before");
    CHECK (recv (pull) == Msg{"before"});
    Child child ([&] {
        const bool closed = zmq_close (push) == 0 && zmq_close (pull) == 0;
        zmq_ctx_term (ctx);  // 0 or EINTR; it must return
        return closed ? 0 : 1;
    });
    CHECK (child.join () == 0);
    send (push, "after");
    CHECK (recv (pull) == Msg{"after"});
}

TEST_CASE ("a child can make sockets, whatever the other threads were doing at the moment of the fork")
{
    if (!children_may_have_threads || !allocator_survives_fork)
        return;
    Context ctx;
    std::atomic<bool> stop{false};
    const auto make_and_close = [&] {
        while (!stop)
            zmq_close (zmq_socket (ctx, ZMQ_PAIR));
    };
    Background one (make_and_close), two (make_and_close);
    bool fine = true;
    for (int i = 0; i < 100 && fine; ++i) {
        Child child ([] {
            void *own = zmq_ctx_new ();
            // More than an engine may keep ready of what was there before.
            for (int k = 0; k < 200; ++k)
                if (zmq_close (zmq_socket (own, ZMQ_PAIR)) != 0)
                    return 1;
            return zmq_ctx_term (own) == 0 ? 0 : 2;
        });
        fine = child.join () == 0;
    }
    stop = true;
    CHECK (fine);
}

namespace {

// A child that does nothing until it is killed, and that certainly runs.
class Idler
{
  public:
    explicit Idler (const std::function<bool ()> &check = [] { return true; })
    {
        REQUIRE (pipe (_pipe) == 0);
        _child.emplace ([&] {
            if (write (_pipe[1], check () ? "+" : "-", 1) != 1)
                return 1;
            pause ();
            return 0;
        });
        char answer = '?';
        CHECK (read (_pipe[0], &answer, 1) == 1);
        fine = answer == '+';
    }
    ~Idler ()
    {
        _child.reset ();
        close (_pipe[0]);
        close (_pipe[1]);
    }
    bool fine = false;

  private:
    int _pipe[2];
    std::optional<Child> _child;
};

// Is a descriptor of this process an end of a tcp connection or listener with that port?
bool holds_port (int port)
{
    const auto matches = [port] (int rc, const sockaddr_in &address) {
        return rc == 0 && address.sin_family == AF_INET && ntohs (address.sin_port) == port;
    };
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        if (matches (getsockname (fd, reinterpret_cast<sockaddr *> (&address), &size), address))
            return true;
        size = sizeof address;
        if (matches (getpeername (fd, reinterpret_cast<sockaddr *> (&address), &size), address))
            return true;
    }
    return false;
}

}  // namespace

TEST_CASE ("a forked child does not keep its parent's ports")
{
    if (oracle ())  // it does
        return;
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {unused_endpoint (), dir.ipc ()}) {
        CAPTURE (endpoint);
        Socket pull (ctx, ZMQ_PULL);
        pull.bind (endpoint);
        const Idler child;
        pull.close ();
        Listener next (endpoint);
    }
}

TEST_CASE ("nor for the moment that it needs to begin")
{
    if (oracle ())
        return;
    Context ctx;
    const std::string endpoint = unused_endpoint ();
    std::vector<std::unique_ptr<Child>> children;
    for (int round = 0; round < 30; ++round) {
        Socket pull (ctx, ZMQ_PULL);
        CHECK (zmq_bind (pull, endpoint.c_str ()) == 0);
        children.push_back (std::make_unique<Child> ([] { return pause (); }));
        pull.close ();
    }
}

TEST_CASE ("a forked child does not keep its parent's connections")
{
    if (oracle ())
        return;
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {unused_endpoint (), dir.ipc ()}) {
        CAPTURE (endpoint);
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH), connecting (ctx, ZMQ_PUSH);
        Peer accepted = Peer::connect (pull.bind (endpoint));
        accepted.handshake ("PUSH");
        Listener listener;
        push.connect (listener.endpoint ());
        Peer connected = listener.accept ();
        connected.handshake ("PULL");
        connecting.connect (listener.endpoint ());
        Peer shaking = listener.accept ();
        const Idler child;
        pull.close ();
        push.close ();
        connecting.close ();
        CHECK (accepted.closed ());
        CHECK (connected.closed ());
        CHECK (shaking.closed ());
    }
}

TEST_CASE ("a parent that dies is missed by its peers, although its child lives")
{
    if (oracle () || !children_may_have_threads)
        return;
    TempDir dir;
    Context ctx;
    const std::string endpoint = dir.ipc ();
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10);
    Monitor monitor (ctx, push, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
    push.connect (endpoint);
    int from_grandchild[2];
    REQUIRE (pipe (from_grandchild) == 0);
    Child server ([&] {
        void *own = zmq_ctx_new ();
        void *pull = zmq_socket (own, ZMQ_PULL);
        char buffer[8];
        if (zmq_bind (pull, endpoint.c_str ()) != 0 || zmq_recv (pull, buffer, sizeof buffer, 0) != 5)
            return 1;
        const pid_t pid = fork ();
        if (pid == 0)
            alarm (20);
        if (pid > 0 && write (from_grandchild[1], &pid, sizeof pid) != sizeof pid)
            return 1;
        for (;;)
            pause ();
    });
    send (push, "hello");
    monitor.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    pid_t grandchild = 0;
    REQUIRE (read (from_grandchild[0], &grandchild, sizeof grandchild) == sizeof grandchild);
    server.kill_now ();
    CHECK (monitor.next ().event == ZMQ_EVENT_DISCONNECTED);
    CHECK (kill (grandchild, SIGKILL) == 0);
    close (from_grandchild[0]);
    close (from_grandchild[1]);
}

TEST_CASE ("what the child closes stays watched in the parent")
{
    for (const int attend : {1, 0}) {
        Context ctx;
        if (ours ())
            ctx.set (ctx_ext_attend, attend);
        else if (!attend)
            break;
        Socket pull (ctx, ZMQ_PULL);
        const std::string endpoint = pull.bind ();
        std::vector<Socket> pushers;
        for (int i = 0; i < 5; ++i) {
            pushers.emplace_back (ctx, ZMQ_PUSH);
            pushers.back ().connect (endpoint);
            send (pushers.back (), "before");
            CHECK (recv (pull) == Msg{"before"});
        }
        for (int round = 0; round < 3; ++round) {
            const Idler child;
            for (Socket &pusher : pushers) {
                send (pusher, "during");
                CHECK (recv (pull) == Msg{"during"});
            }
        }
        // Ends are noticed, newcomers served.
        Socket late (ctx, ZMQ_PUSH);
        late.connect (endpoint);
        pushers.clear ();
        send (late, "after");
        CHECK (recv (pull) == Msg{"after"});
    }
}

TEST_CASE ("nothing is inherited, whatever the other threads were opening at the moment of the fork")
{
    if (oracle () || !allocator_survives_fork)
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const int port = port_of (pull.bind ());
    std::atomic<bool> stop{false};
    const auto connect_and_close = [&] {
        while (!stop) {
            Socket push (ctx, ZMQ_PUSH);
            push.set (ZMQ_RECONNECT_IVL, 0);
            push.connect ("tcp://127.0.0.1:" + std::to_string (port));
            push.set (ZMQ_SNDTIMEO, 100);
            send_frame (push, "x");
        }
    };
    Background one (connect_and_close), two (connect_and_close);
    bool fine = true;
    for (int i = 0; i < 100 && fine; ++i) {
        Child child ([port] { return holds_port (port) ? 1 : 0; });
        fine = child.join () == 0;
        drain (pull, 0);
    }
    stop = true;
    CHECK (fine);
    CHECK (holds_port (port));
}

TEST_CASE ("a child keeps what is not ours: descriptors with numbers that were, and that of ZMQ_USE_FD")
{
    Context ctx;
    for (int round = 0; round < 2; ++round) {
        // Numbers that connections had are free again...
        std::vector<Socket> sockets;
        Socket server (ctx, ZMQ_PULL);
        const std::string endpoint = server.bind ();
        for (int i = 0; i < 8; ++i) {
            sockets.emplace_back (ctx, ZMQ_PUSH);
            sockets.back ().connect (endpoint);
            send (sockets.back (), "x");
            CHECK (recv (server) == Msg{"x"});
        }
        sockets.clear ();
        server.close ();
    }
    sleep_ms (20);
    // ... for sockets and pipes of the application.
    std::vector<int> mine;
    for (int i = 0; i < 16; ++i) {
        int pair[2];
        REQUIRE ((i % 2 ? pipe (pair) : socketpair (AF_UNIX, SOCK_STREAM, 0, pair)) == 0);
        mine.insert (mine.end (), pair, pair + 2);
    }
    Socket adopted (ctx, ZMQ_PULL);
    const int given = socket (AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    REQUIRE (bind (given, reinterpret_cast<sockaddr *> (&address), sizeof address) == 0);
    REQUIRE (listen (given, 1) == 0);
    adopted.set (ZMQ_USE_FD, given);
    adopted.bind ("tcp://127.0.0.1:*");
    const Idler child ([&] {
        for (const int fd : mine)
            if (fcntl (fd, F_GETFD) == -1)
                return false;
        return fcntl (given, F_GETFD) != -1;
    });
    CHECK (child.fine);
    for (const int fd : mine)
        close (fd);
}

TEST_CASE ("posix_spawn and vfork leave everything as it is")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    for (int i = 0; i < 3; ++i) {
        char name[] = "/bin/true";
        char *const arguments[] = {name, nullptr};
        pid_t pid = 0;
        REQUIRE (posix_spawn (&pid, name, nullptr, nullptr, arguments, environ) == 0);
        CHECK (waitpid (pid, nullptr, 0) == pid);
        send (push, "x");
        CHECK (recv (pull) == Msg{"x"});
    }
}

TEST_CASE ("a peer process that is killed is noticed, its successor is served")
{
    if (!children_may_have_threads)
        return;
    Context ctx;
    const std::string endpoint = unused_endpoint ();
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_RECONNECT_IVL, 10);
    Monitor monitor (ctx, dealer, ZMQ_EVENT_DISCONNECTED);
    dealer.connect (endpoint);
    const auto server = [&] {
        void *own = zmq_ctx_new ();
        void *rep = zmq_socket (own, ZMQ_REP);
        for (int i = 0; zmq_bind (rep, endpoint.c_str ()) == -1; ++i) {
            if (i == 1000)
                return 1;
            sleep_ms (5);
        }
        char buffer[64];
        while (true) {
            const int size = zmq_recv (rep, buffer, sizeof buffer, 0);
            if (size < 0)
                return 2;
            zmq_send (rep, buffer, static_cast<size_t> (size), 0);
        }
    };
    for (int i = 0; i < 3; ++i) {
        Child child (server);
        send (dealer, Msg{"", std::to_string (i)});
        CHECK (recv (dealer) == Msg{"", std::to_string (i)});
        child.kill_now ();
        CHECK (monitor.wait (ZMQ_EVENT_DISCONNECTED).event == ZMQ_EVENT_DISCONNECTED);
    }
}

TEST_CASE ("a sender killed in mid-stream: whole messages only")
{
    if (!children_may_have_threads)
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_RCVHWM, 0);
    const std::string endpoint = pull.bind ();
    Child child ([&] {
        void *own = zmq_ctx_new ();
        void *push = zmq_socket (own, ZMQ_PUSH);
        zmq_connect (push, endpoint.c_str ());
        const std::string body (3000, 'b');
        while (true) {
            zmq_send (push, "head", 4, ZMQ_SNDMORE);
            zmq_send (push, body.data (), body.size (), ZMQ_SNDMORE);
            zmq_send (push, "tail", 4, 0);
        }
        return 0;
    });
    const Msg whole{"head", std::string (3000, 'b'), "tail"};
    for (int i = 0; i < 50; ++i)
        CHECK (recv (pull) == whole);
    child.kill_now ();
    while (wait_for (pull, ZMQ_POLLIN, quiet))
        if (recv (pull) != whole)
            FAIL ("a message was cut");
}

TEST_CASE ("a socket used by one thread after another")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    for (int i = 0; i < 20; ++i) {
        std::string received;
        std::thread sender ([&] { send (push, std::to_string (i)); });
        sender.join ();
        std::thread receiver ([&] { received = recv (pull)[0]; });
        receiver.join ();
        CHECK (received == std::to_string (i));
    }
}

TEST_CASE ("a socket created in one thread, closed in another")
{
    Context ctx;
    std::unique_ptr<Socket> pull;
    std::string endpoint;
    std::thread creator ([&] {
        pull = std::make_unique<Socket> (ctx, ZMQ_PULL);
        endpoint = pull->bind ();
    });
    creator.join ();
    Socket push (ctx, ZMQ_PUSH);
    push.connect (endpoint);
    send (push, "x");
    CHECK (recv (*pull) == Msg{"x"});
    std::thread closer ([&] { pull.reset (); });
    closer.join ();
    CHECK (ctx.get (ZMQ_IO_THREADS) == 1);
}

TEST_CASE ("a context made, used and terminated by different threads")
{
    std::unique_ptr<Context> ctx;
    std::thread ([&] { ctx = std::make_unique<Context> (); }).join ();
    std::thread ([&] {
        Socket a (*ctx, ZMQ_PAIR), b (*ctx, ZMQ_PAIR);
        b.connect (a.bind ());
        send (b, "x");
        CHECK (recv (a) == Msg{"x"});
    }).join ();
    std::thread ([&] { CHECK (ctx->term () == 0); }).join ();
}

TEST_CASE ("many threads with sockets of their own share one context")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string tcp = pull.bind (), inproc = pull.bind (inproc_name ());
    constexpr int threads = 6, each = 200;
    std::vector<std::unique_ptr<Background>> senders;
    for (int t = 0; t < threads; ++t)
        senders.push_back (std::make_unique<Background> ([&, t] {
            Socket push (ctx, ZMQ_PUSH);
            push.set (ZMQ_LINGER, -1);
            push.connect (t % 2 ? tcp : inproc);
            for (int i = 0; i < each; ++i)
                send (push, Msg{std::to_string (t), std::to_string (i)});
        }));
    std::vector<int> next (threads);
    for (int i = 0; i < threads * each; ++i) {
        const Msg message = recv (pull);
        REQUIRE (message.size () == 2);
        int &expected = next.at (static_cast<size_t> (std::stoi (message[0])));
        CHECK (message[1] == std::to_string (expected++));
    }
}
