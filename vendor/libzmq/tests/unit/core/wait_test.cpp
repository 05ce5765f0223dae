// Blocking calls: how each of them ends, and what a thread learns from it. The spinning itself is in spin_test.cpp.
#include "core/wait.hpp"

#include <atomic>
#include <thread>
#include <utility>

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq_ext.h>

#include "core/held_socket.hpp"

using namespace held;

namespace {

// A wait in vain: how it ended, how long it took, how often it looked.
struct Outcome
{
    int error = -1;
    Nanoseconds took = 0;
    int attempts = 0;
};

Outcome wait (HeldSocket &socket, Nanoseconds deadline)
{
    Outcome outcome;
    const Nanoseconds start = now ();
    outcome.error = wait_for (socket.guard (), deadline, [&] {
        ++outcome.attempts;
        return EAGAIN;
    });
    outcome.took = now () - start;
    return outcome;
}

// Does it while the calling thread sleeps on the socket.
template <class Work>
std::thread when_asleep (HeldSocket &socket, Work work)
{
    Strand &strand = socket.strand ();
    return std::thread ([&strand, work] {
        while (!strand.doorbell.has_waiters ())
            ::usleep (200);
        work ();
    });
}

void nothing (int) {}

}  // namespace

TEST_CASE ("wait: EAGAIN at the deadline, not before")
{
    HeldSocket socket (ZMQ_PAIR);
    for (const int milliseconds : {0, 1, 20}) {
        const Outcome outcome = wait (socket, deadline_in (milliseconds));
        CHECK (outcome.error == EAGAIN);
        CHECK (outcome.took >= milliseconds * millisecond);
        CHECK (outcome.attempts > 0);
        CHECK_FALSE (socket.strand ().doorbell.has_waiters ());
    }
}

TEST_CASE ("wait: what the attempt returns, as soon as it does")
{
    HeldSocket socket (ZMQ_PAIR);
    for (const int result : {0, EFSM, EHOSTUNREACH})
        for (const int after : {1, 3}) {
            int attempts = 0;
            const int error = wait_for (socket.guard (), never, [&] {
                if (++attempts < after) {
                    socket.strand ().doorbell.ring ();
                    return EAGAIN;
                }
                return result;
            });
            CHECK (error == result);
            CHECK (attempts == after);
        }
}

TEST_CASE ("wait: a ring makes it look again")
{
    HeldSocket socket (ZMQ_PAIR);
    std::atomic<bool> there{false};
    std::thread other = when_asleep (socket, [&] {
        there = true;
        socket.strand ().doorbell.ring ();
    });
    CHECK (wait_for (socket.guard (), never, [&] { return there ? 0 : EAGAIN; }) == 0);
    other.join ();
}

TEST_CASE ("wait: the end of the context is ETERM")
{
    HeldSocket socket (ZMQ_PAIR);
    std::thread other = when_asleep (socket, [&] { zmq_ctx_shutdown (socket.context ()); });
    CHECK (wait (socket, never).error == ETERM);
    other.join ();
    // Now at once, without an attempt.
    const Outcome outcome = wait (socket, never);
    CHECK (outcome.error == ETERM);
    CHECK (outcome.attempts == 0);
}

TEST_CASE ("wait: the socket's end is ENOTSOCK, asleep and spinning")
{
    for (const int spin : {0, 10000000}) {
        HeldSocket socket (ZMQ_PAIR);
        REQUIRE (zmq_ctx_set (socket.context (), ZMQ_EXT_SPIN_US, spin) == 0);
        std::atomic<bool> looked{false};
        std::thread other ([&] {
            while (!looked)
                ::usleep (200);
            zmq_close (socket.handle ());
        });
        const int error = wait_for (socket.guard (), never, [&] {
            looked = true;
            return EAGAIN;
        });
        CHECK (error == ENOTSOCK);
        other.join ();
        CHECK_FALSE (socket.strand ().doorbell.has_waiters ());
    }
}

TEST_CASE ("wait: a signal is EINTR, after a last look")
{
    struct sigaction action = {}, before;
    action.sa_handler = nothing;
    REQUIRE (::sigaction (SIGUSR1, &action, &before) == 0);
    HeldSocket socket (ZMQ_PAIR);
    const pthread_t self = ::pthread_self ();
    std::atomic<bool> ended{false};
    const auto signalling = [&] {
        ended = false;
        return when_asleep (socket, [&ended, self] {
            // Until one finds the thread in its sleep, not on the way to it.
            while (!ended) {
                ::pthread_kill (self, SIGUSR1);
                ::usleep (1000);
            }
        });
    };
    std::thread other = signalling ();
    const Outcome outcome = wait (socket, never);
    ended = true;
    other.join ();
    CHECK (outcome.error == EINTR);
    ::sigaction (SIGUSR1, &before, nullptr);
}

TEST_CASE ("wait: a thread's limit is EINTR too, but a deadline that comes first is EAGAIN")
{
    HeldSocket socket (ZMQ_PAIR);
    set_wait_limit (10);
    const Outcome limited = wait (socket, never);
    CHECK (limited.error == EINTR);
    CHECK (limited.took >= 10 * millisecond);
    CHECK (wait (socket, deadline_in (100000)).error == EINTR);
    CHECK (wait (socket, deadline_in (5)).error == EAGAIN);
    set_wait_limit (0);
    CHECK (wait (socket, deadline_in (30)).error == EAGAIN);
}

TEST_CASE ("wait: when the system refuses to let it sleep it says so, after a last look")
{
    HeldSocket socket (ZMQ_PAIR);
    CHECK (wait (socket, deadline_in (1)).error == EAGAIN);  // the thread has what it needs
    rlimit before;
    REQUIRE (::getrlimit (RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE (::setrlimit (RLIMIT_NOFILE, &none) == 0);
    const Outcome outcome = wait (socket, deadline_in (1000));
    bool slept = false;
    const int found = wait_for (socket.guard (), deadline_in (1000), [&] { return std::exchange (slept, true) ? 0 : EAGAIN; });
    REQUIRE (::setrlimit (RLIMIT_NOFILE, &before) == 0);
    CHECK (outcome.error == EINVAL);
    CHECK (found == 0);
    CHECK_FALSE (socket.strand ().doorbell.has_waiters ());
    CHECK (wait (socket, deadline_in (1)).error == EAGAIN);
}

TEST_CASE ("wait: several threads on one socket")
{
    HeldSocket socket (ZMQ_PAIR);
    socket.let_go ();
    std::atomic<int> tokens{0}, taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back ([&] {
            SocketGuard guard (socket.strand ());
            const int error = wait_for (guard, now () + patience, [&] {
                if (tokens == 0)
                    return EAGAIN;
                --tokens;
                return 0;
            });
            taken += error == 0;
        });
    for (int i = 0; i < 4; ++i) {
        const SocketGuard guard (socket.strand ());
        ++tokens;
        socket.strand ().doorbell.ring ();
    }
    for (std::thread &thread : threads)
        thread.join ();
    CHECK (taken == 4);
    CHECK_FALSE (socket.strand ().doorbell.has_waiters ());
}

TEST_CASE ("wait: long waits teach a thread to sleep at once")
{
    HeldSocket socket (ZMQ_PAIR);
    std::thread ([&] {
        socket.let_go ();
        SocketGuard guard (socket.strand ());
        SpinMemory &memory = SpinMemory::current ();
        for (int i = 0; i < 4; ++i)
            wait_for (guard, deadline_in (2), [] { return EAGAIN; });
        CHECK_FALSE (memory.worth_it ());
        // An answer that is there at the first look of a spin raises it again.
        for (int i = 0; i < 40; ++i)
            wait_for (guard, never, [] { return 0; });
        CHECK (memory.worth_it ());
    }).join ();
}
