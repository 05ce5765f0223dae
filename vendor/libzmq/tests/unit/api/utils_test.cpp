// Version, capabilities, counters, stopwatch, threads.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

#include <doctest/doctest.h>

#include "zmq_ext.h"
#include "zmq_utils.h"

TEST_CASE ("version, errno, strerror")
{
    int major = 0, minor = 0, patch = 0;
    zmq_version (&major, &minor, &patch);
    CHECK (ZMQ_MAKE_VERSION (major, minor, patch) == ZMQ_VERSION);
    CHECK (ZMQ_VERSION == 40305);
    zmq_version (nullptr, nullptr, nullptr);
    CHECK (zmq_ext_version () == ZMQ_EXT_VERSION);
    errno = ETERM;
    CHECK (zmq_errno () == ETERM);
    CHECK (std::string (zmq_strerror (ETERM)) == "Context was terminated");
}

TEST_CASE ("zmq_has tells the truth")
{
    CHECK (zmq_has ("ipc") == 1);
    CHECK (zmq_has ("draft") == 1);
    CHECK (zmq_has ("WS") == 1);
    CHECK (zmq_has ("ws") == 1);
#if defined ZMQ_HAVE_LIBSODIUM
    CHECK (zmq_has ("curve") == 1);
#else
    CHECK (zmq_has ("curve") == 0);
#endif
    for (const char *name : {"pgm", "norm", "plain", "gssapi", "vmci", "Ws", "Wss", "tcp", "inproc", "IPC", "ip", "ipcs", ""})
        CHECK (zmq_has (name) == 0);
    CHECK (zmq_has (nullptr) == 0);
}

TEST_CASE ("atomic counters")
{
    void *counter = zmq_atomic_counter_new ();
    REQUIRE (counter);
    CHECK (zmq_atomic_counter_value (counter) == 0);
    CHECK (zmq_atomic_counter_inc (counter) == 0);
    CHECK (zmq_atomic_counter_inc (counter) == 1);
    CHECK (zmq_atomic_counter_dec (counter) == 1);
    CHECK (zmq_atomic_counter_dec (counter) == 0);
    CHECK (zmq_atomic_counter_dec (counter) == 1);  // it is -1 now
    CHECK (zmq_atomic_counter_value (counter) == -1);
    zmq_atomic_counter_set (counter, 5);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back ([counter] {
            for (int j = 0; j < 1000; ++j)
                zmq_atomic_counter_inc (counter);
        });
    }
    for (auto &thread : threads)
        thread.join ();
    CHECK (zmq_atomic_counter_value (counter) == 4005);
    zmq_atomic_counter_destroy (&counter);
    CHECK (counter == nullptr);
    zmq_atomic_counter_destroy (&counter);
    zmq_atomic_counter_destroy (nullptr);

    errno = 0;
    CHECK (zmq_atomic_counter_inc (nullptr) == -1);
    CHECK (errno == EFAULT);
    CHECK (zmq_atomic_counter_dec (nullptr) == -1);
    CHECK (zmq_atomic_counter_value (nullptr) == -1);
    zmq_atomic_counter_set (nullptr, 1);
}

TEST_CASE ("the stopwatch counts microseconds")
{
    void *watch = zmq_stopwatch_start ();
    REQUIRE (watch);
    const auto before = std::chrono::steady_clock::now ();
    const unsigned long first = zmq_stopwatch_intermediate (watch);
    zmq_sleep (0);
    zmq_sleep (-1);
    while (std::chrono::steady_clock::now () - before < std::chrono::milliseconds (2)) {
    }
    const unsigned long last = zmq_stopwatch_stop (watch);
    CHECK (last >= first + 1900);
    CHECK (zmq_stopwatch_intermediate (nullptr) == 0);
    CHECK (zmq_stopwatch_stop (nullptr) == 0);
}

namespace {

struct Seen
{
    char name[32] = "";
    bool interruptible = true;
    bool ran = false;
};

void look (void *arg)
{
    auto *const seen = static_cast<Seen *> (arg);
    pthread_getname_np (pthread_self (), seen->name, sizeof seen->name);
    sigset_t blocked;
    pthread_sigmask (SIG_BLOCK, nullptr, &blocked);
    seen->interruptible = !sigismember (&blocked, SIGINT);
    seen->ran = true;
}

}  // namespace

TEST_CASE ("zmq_threadstart runs a function in a named thread without signals")
{
    Seen seen;
    void *const thread = zmq_threadstart (look, &seen);
    REQUIRE (thread);
    zmq_threadclose (thread);
    CHECK (seen.ran);
    CHECK (std::string (seen.name) == "ZMQapp");
    CHECK_FALSE (seen.interruptible);

    sigset_t blocked;
    pthread_sigmask (SIG_BLOCK, nullptr, &blocked);
    CHECK_FALSE (sigismember (&blocked, SIGINT));  // ours are as they were
    errno = 0;
    CHECK (zmq_threadstart (nullptr, nullptr) == nullptr);
    CHECK (errno == EFAULT);
    zmq_threadclose (nullptr);
}
