// Contexts: how many sockets, what ends and when, background threads on first need, options that freeze. (What each option is: see
// context_options_test.cpp.)
#include "core/context.hpp"

#include <atomic>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "base/clock.hpp"
#include "core/socket.hpp"
#include "core/wait.hpp"
#include "io/reactor.hpp"
#include "strand/strand.hpp"

using namespace engine;

namespace {

constexpr Nanoseconds patience = 10000 * millisecond;

// False when patience is over.
template <class Condition>
bool wait_until (Condition &&condition)
{
    for (const Nanoseconds deadline = now () + patience; now () < deadline; ::poll (nullptr, 0, 1))
        if (condition ())
            return true;
    return false;
}

// Those of contexts whose ZMQ_THREAD_NAME_PREFIX is "ctx".
int threads ()
{
    int count = 0;
    DIR *const list = ::opendir ("/proc/self/task");
    REQUIRE (list);
    while (const dirent *entry = ::readdir (list)) {
        std::ifstream file (std::string ("/proc/self/task/") + entry->d_name + "/comm");
        std::string name;
        count += std::getline (file, name) && name.starts_with ("ctx/ZMQ");
    }
    ::closedir (list);
    return count;
}

int open_descriptors ()
{
    int count = 0;
    DIR *const list = ::opendir ("/proc/self/fd");
    REQUIRE (list);
    while (::readdir (list))
        ++count;
    ::closedir (list);
    return count;
}

void set (Context &context, int option, int value) { REQUIRE (context.set_option (option, value) == 0); }

// The end of a context in a thread of its own.
class Ending
{
  public:
    explicit Ending (Context &context)
        : thread_ ([this, &context] {
              result = context.wait_for_end ();
              ended = true;
          })
    {}
    ~Ending () { join (); }
    void join ()
    {
        if (thread_.joinable ())
            thread_.join ();
    }
    pthread_t handle () { return thread_.native_handle (); }

    std::atomic<bool> ended{false};
    std::atomic<int> result{-1};

  private:
    std::thread thread_;
};

void close_socket (Strand *strand) { CHECK (zmq_close (strand) == 0); }

// Why no socket of that type is made; 0 if one is.
int refusal (Context &context, int type)
{
    errno = 0;
    Strand *const strand = context.make_socket (type);
    if (strand)
        zmq_close (strand);
    return strand ? 0 : errno;
}

}  // namespace

TEST_CASE ("context: known by its handle until it ends, and nothing else is")
{
    void *const handle = zmq_ctx_new ();
    REQUIRE (handle);
    CHECK (Context::from_handle (handle) == handle);
    CHECK (Context::from_handle (nullptr) == nullptr);
    alignas (Context) unsigned char nothing[sizeof (Context)] = {};
    CHECK (Context::from_handle (nothing) == nullptr);
    CHECK (zmq_ctx_term (nothing) == -1);
    CHECK (errno == EFAULT);
    CHECK (zmq_ctx_shutdown (nullptr) == -1);
    CHECK (errno == EFAULT);
    CHECK (zmq_socket (nullptr, ZMQ_PAIR) == nullptr);
    CHECK (errno == EFAULT);
    CHECK (zmq_ctx_term (handle) == 0);
}

TEST_CASE ("context: EINVAL for a type that does not exist")
{
    Context context;
    for (const int type : {-1, 1000}) {
        CHECK (refusal (context, type) == EINVAL);
    }
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: EMFILE beyond the limit, which is the first socket's; a closed socket makes room")
{
    Context context;
    set (context, ZMQ_MAX_SOCKETS, 3);
    std::vector<Strand *> sockets;
    for (int i = 0; i < 3; ++i) {
        sockets.push_back (context.make_socket (ZMQ_PAIR));
        REQUIRE (sockets.back ());
    }
    for (int i = 0; i < 2; ++i) {
        CHECK (refusal (context, ZMQ_PAIR) == EMFILE);
        set (context, ZMQ_MAX_SOCKETS, 100);  // too late
    }
    int limit = 0;
    CHECK (context.get_option (ZMQ_MAX_SOCKETS, limit) == 0);
    CHECK (limit == 100);
    close_socket (sockets.back ());
    sockets.back () = context.make_socket (ZMQ_PUB);
    CHECK (sockets.back ());
    // A type that does not exist takes no room, nor does one that was refused.
    for (int i = 0; i < 5; ++i)
        CHECK (refusal (context, 1000) == EINVAL);
    for (Strand *socket : sockets)
        close_socket (socket);
    for (int i = 0; i < 3; ++i) {
        sockets[static_cast<std::size_t> (i)] = context.make_socket (ZMQ_PAIR);
        CHECK (sockets[static_cast<std::size_t> (i)]);
    }
    for (Strand *socket : sockets)
        close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: without sockets it ends at once")
{
    Context context;
    CHECK_FALSE (context.terminated ());
    const Nanoseconds start = now ();
    CHECK (context.wait_for_end () == 0);
    CHECK (now () - start < patience);
    CHECK (context.terminated ());
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: the end waits for the last socket, and no longer")
{
    Context context;
    Strand *const first = context.make_socket (ZMQ_PAIR), *const second = context.make_socket (ZMQ_PUSH);
    REQUIRE (first);
    REQUIRE (second);
    Ending ending (context);
    REQUIRE (wait_until ([&] { return context.terminated (); }));
    close_socket (first);
    ::poll (nullptr, 0, 20);
    CHECK_FALSE (ending.ended);
    close_socket (second);
    CHECK (wait_until ([&] { return ending.ended.load (); }));
    CHECK (ending.result == 0);
}

TEST_CASE ("context: the end waits for what lingers")
{
    for (const int linger : {0, 60}) {
        CAPTURE (linger);
        Context context;
        Strand *const socket = context.make_socket (ZMQ_PUSH);
        REQUIRE (zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger) == 0);
        // Bound and gone: nobody listens there.
        void *const other = context.make_socket (ZMQ_PULL);
        REQUIRE (zmq_bind (other, "tcp://127.0.0.1:*") == 0);
        char name[256];
        std::size_t size = sizeof name;
        REQUIRE (zmq_getsockopt (other, ZMQ_LAST_ENDPOINT, name, &size) == 0);
        REQUIRE (zmq_close (other) == 0);
        REQUIRE (zmq_connect (socket, name) == 0);
        REQUIRE (zmq_send (socket, "undelivered", 11, 0) == 11);
        const Nanoseconds start = now ();
        close_socket (socket);
        CHECK (context.wait_for_end () == 0);
        CHECK (now () - start >= linger * millisecond);
        CHECK (now () - start < patience);
    }
}

TEST_CASE ("context: a signal or the thread's limit interrupts the end, which may be called again")
{
    struct sigaction action = {}, before;
    action.sa_handler = [] (int) {};
    REQUIRE (::sigaction (SIGUSR1, &action, &before) == 0);
    Context context;
    Strand *const socket = context.make_socket (ZMQ_PAIR);
    {
        Ending ending (context);
        // Until one finds the thread in its sleep, not on the way to it.
        CHECK (wait_until ([&] {
            if (!ending.ended)
                ::pthread_kill (ending.handle (), SIGUSR1);
            return ending.ended.load ();
        }));
        CHECK (ending.result == EINTR);
    }
    ::sigaction (SIGUSR1, &before, nullptr);
    set_wait_limit (5);
    CHECK (context.wait_for_end () == EINTR);
    set_wait_limit (0);
    CHECK (context.terminated ());
    close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: shut down, it makes no socket, and ends the calls of those there are")
{
    Context context;
    Strand *const socket = context.make_socket (ZMQ_PULL);
    std::atomic<int> error{0};
    std::thread blocked ([&] {
        if (zmq_recv (socket, nullptr, 0, 0) < 0)
            error = errno;
    });
    REQUIRE (wait_until ([&] { return socket->doorbell.has_waiters (); }));
    context.shutdown ();
    blocked.join ();
    CHECK (error == ETERM);
    CHECK (context.terminated ());
    CHECK (refusal (context, ZMQ_PAIR) == ETERM);
    // Whatever the type, and every later call.
    CHECK (refusal (context, 1000) == ETERM);
    CHECK (zmq_send (socket, "", 0, 0) == -1);
    CHECK (errno == ETERM);
    CHECK (zmq_bind (socket, "inproc://name") == -1);
    CHECK (errno == ETERM);
    context.shutdown ();
    close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: a look at ZMQ_EVENTS that had begun when it was shut down does not take back the ring that says so")
{
    Context context;
    Strand *const socket = context.make_socket (ZMQ_PULL);
    {
        SocketGuard guard (*socket);
        REQUIRE (guard);
        int value = -1;
        std::size_t size = sizeof value;
        REQUIRE (guard->get_option (ZMQ_FD, &value, &size) == 0);
        CHECK (guard->get_option (ZMQ_EVENTS, &value, &size) == 0);
        context.shutdown ();
        CHECK (guard->get_option (ZMQ_EVENTS, &value, &size) == ETERM);
    }
    close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: many sockets made and closed by several threads while it ends")
{
    for (int round = 0; round < 5; ++round) {
        Context context;
        std::atomic<int> made{0}, strange{0};
        std::vector<std::thread> makers;
        for (int i = 0; i < 3; ++i)
            makers.emplace_back ([&] {
                while (Strand *const socket = context.make_socket (ZMQ_DEALER)) {
                    ++made;
                    strange += zmq_close (socket) != 0;
                }
                strange += errno != ETERM;
            });
        CHECK (wait_until ([&] { return made > 100; }));
        CHECK (context.wait_for_end () == 0);
        for (std::thread &maker : makers)
            maker.join ();
        CHECK (strange == 0);
    }
}

TEST_CASE ("context: a thread and its descriptors only when a socket needs one, and they end with it")
{
    const int descriptors_before = open_descriptors ();
    {
        Context context;
        REQUIRE (context.set_option (ZMQ_THREAD_NAME_PREFIX, "ctx", 3) == 0);
        Strand *const socket = context.make_socket (ZMQ_PUSH);
        REQUIRE (zmq_bind (socket, "inproc://name") == 0);
        CHECK (threads () == 0);
        REQUIRE (zmq_bind (socket, "tcp://127.0.0.1:*") == 0);
        CHECK (wait_until ([] { return threads () == 1; }));
        close_socket (socket);
        CHECK (context.wait_for_end () == 0);
    }
    CHECK (wait_until ([] { return threads () == 0; }));
    CHECK (open_descriptors () == descriptors_before);
}

TEST_CASE ("context: the least loaded of the threads that the affinity allows")
{
    Context context;
    set (context, ZMQ_IO_THREADS, 3);
    Reactor *some[4] = {};
    for (int i = 0; i < 3; ++i) {
        REQUIRE (context.choose_reactor (0, some[i]) == 0);
        REQUIRE (some[i]);
        some[i]->load.fetch_add (1);
    }
    CHECK (some[0] != some[1]);
    CHECK (some[0] != some[2]);
    CHECK (some[1] != some[2]);
    some[1]->load.fetch_sub (1);
    CHECK (context.choose_reactor (0, some[3]) == 0);
    CHECK (some[3] == some[1]);
    // Bit n is the n-th thread.
    for (std::uint64_t i = 0; i < 3; ++i) {
        CHECK (context.choose_reactor (std::uint64_t (1) << i, some[3]) == 0);
        CHECK (some[3] == some[i]);
    }
    CHECK (context.choose_reactor (5, some[3]) == 0);
    CHECK (some[3] != some[1]);
    CHECK (context.choose_reactor (8, some[3]) == EMTHREAD);
    CHECK (context.choose_reactor (std::uint64_t (1) << 63, some[3]) == EMTHREAD);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: without threads an endpoint that needs one is EMTHREAD")
{
    Context context;
    set (context, ZMQ_IO_THREADS, 0);
    Strand *const socket = context.make_socket (ZMQ_PUSH);
    CHECK (zmq_bind (socket, "tcp://127.0.0.1:*") == -1);
    CHECK (errno == EMTHREAD);
    CHECK (zmq_bind (socket, "inproc://name") == 0);
    close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}

TEST_CASE ("context: who does the work is settled by the first socket")
{
    struct Case
    {
        int attend, poller;
        bool background;
    };
    for (const Case c : {Case{1, 0, false}, Case{0, 0, true}, Case{1, 1, true}, Case{0, 1, true}}) {
        CAPTURE (c.attend);
        CAPTURE (c.poller);
        Context context;
        set (context, ZMQ_EXT_ATTEND, c.attend);
        set (context, ZMQ_EXT_POLLER, c.poller);
        Strand *const socket = context.make_socket (ZMQ_PAIR);
        CHECK (context.background () == c.background);
        set (context, ZMQ_EXT_ATTEND, c.background ? 1 : 0);
        set (context, ZMQ_EXT_POLLER, 0);
        Strand *const second = context.make_socket (ZMQ_PAIR);
        CHECK (context.background () == c.background);
        close_socket (socket);
        close_socket (second);
        CHECK (context.wait_for_end () == 0);
    }
}

TEST_CASE ("context: options as int and as bytes; the spin time counts at once, a bad value changes nothing")
{
    Context context;
    CHECK (context.spin_time () == 50 * microsecond);
    set (context, ZMQ_EXT_SPIN_US, 7);
    CHECK (context.spin_time () == 7 * microsecond);
    CHECK (context.set_option (ZMQ_EXT_SPIN_US, -1) == EINVAL);
    CHECK (context.spin_time () == 7 * microsecond);
    int value = 9;
    CHECK (context.set_option (ZMQ_EXT_SPIN_US, &value, sizeof value) == 0);
    CHECK (context.spin_time () == 9 * microsecond);
    CHECK (context.set_option (ZMQ_EXT_SPIN_US, &value, 1) == EINVAL);
    value = 0;
    std::size_t size = sizeof value;
    CHECK (context.get_option (ZMQ_EXT_SPIN_US, &value, &size) == 0);
    CHECK (value == 9);
    CHECK (context.set_option (-5, 1) == EINVAL);
    CHECK (context.get_option (-5, value) == EINVAL);
    // A socket takes what its context says when it is made.
    set (context, ZMQ_IPV6, 1);
    Strand *const socket = context.make_socket (ZMQ_PAIR);
    CHECK (context.options ().ipv6);
    size = sizeof value;
    CHECK (zmq_getsockopt (socket, ZMQ_IPV6, &value, &size) == 0);
    CHECK (value == 1);
    close_socket (socket);
    CHECK (context.wait_for_end () == 0);
}
