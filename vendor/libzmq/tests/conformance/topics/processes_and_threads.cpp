// processes_and_threads.cpp - fork, peers in other processes that die, and sockets handed from one thread to another.
#include "harness.hpp"
#include "monitor.hpp"

#include <cstdlib>

#include <signal.h>
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
