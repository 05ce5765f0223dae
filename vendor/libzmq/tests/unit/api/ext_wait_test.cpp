// zmq_ext.h's counters, and what it lets a thread say about its waiting.
#include <cstring>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include "api/ext_couple.hpp"
#include "base/spin.hpp"

using namespace ext;

// ---- counters ----

TEST_CASE ("ext: stats count whole messages, bytes and what is queued")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"ab", "c"});
        couple.send ({"def"});
        REQUIRE (couple.arrived (2));
        zmq_ext_stats_t stats = stats_of (couple.to);
        CHECK (stats.queued_in == 2);
        CHECK (stats.peers == 1);
        CHECK (stats.messages_in == 0);
        CHECK (couple.receive () == "ab+");
        CHECK (couple.receive () == "c");
        stats = stats_of (couple.to);
        CHECK (stats.queued_in == 1);
        CHECK (stats.messages_in == 1);
        CHECK (couple.receive () == "def");
        stats = stats_of (couple.to);
        CHECK (stats.queued_in == 0);
        CHECK (stats.messages_in == 2);
        CHECK (stats.bytes_in == 6);
        CHECK (stats.messages_out == 0);
        stats = stats_of (couple.from);
        CHECK (stats.messages_out == 2);
        CHECK (stats.bytes_out == 6);
        CHECK (stats.queued_out == 0);
        CHECK (stats.messages_in == 0);
        CHECK (stats.dropped_out == 0);
    }
}

TEST_CASE ("ext: stats say in messages what an inproc pipe holds, whoever looks")
{
    const Couple couple ("inproc://ext");
    const auto queued = [&] (std::uint64_t messages) {
        CHECK (stats_of (couple.to).queued_in == messages);
        CHECK (stats_of (couple.from).queued_out == messages);
    };
    REQUIRE (couple.arrived (0));
    couple.send (Bodies (100, "x"));
    couple.send ({"y"});
    queued (2);
    // What is not complete does not count, nor what was taken back.
    REQUIRE (zmq_send (couple.from, "a", 1, ZMQ_SNDMORE) == 1);
    REQUIRE (zmq_send (couple.from, "b", 1, ZMQ_SNDMORE) == 1);
    queued (2);
    // One that is being read does.
    CHECK (couple.receive () == "x+");
    queued (2);
    for (int i = 0; i < 99; ++i)
        couple.receive ();
    queued (1);
    couple.send ({"c"});
    queued (2);
    CHECK (couple.receive () == "y");
    CHECK (couple.receive () == "a+");
    queued (1);
    CHECK (couple.receive () == "b+");
    CHECK (couple.receive () == "c");
    queued (0);
}

TEST_CASE ("ext: stats leave a monitor's own traffic out")
{
    const Couple couple ("tcp://127.0.0.1:*");
    REQUIRE (zmq_socket_monitor (couple.to, "inproc://monitor", ZMQ_EVENT_ALL) == 0);
    void *const reader = zmq_socket (couple.context, ZMQ_PAIR);
    REQUIRE (zmq_connect (reader, "inproc://monitor") == 0);
    REQUIRE (zmq_bind (couple.to, "tcp://127.0.0.1:*") == 0);  // an event
    const zmq_ext_stats_t stats = stats_of (couple.to);
    CHECK (stats.bytes_out == 0);
    CHECK (stats.messages_out == 0);
    CHECK (stats.queued_out == 0);
    REQUIRE (zmq_disconnect (couple.from, last_endpoint (couple.from).c_str ()) == 0);
    for (const Nanoseconds deadline = deadline_in (patience); stats_of (couple.to).peers > 0 && now () < deadline; ::poll (nullptr, 0, 1)) {
    }
    CHECK (stats_of (couple.to).peers == 0);
    set (reader, ZMQ_RCVTIMEO, patience);
    CHECK (zmq_recv (reader, nullptr, 0, 0) == 6);
    zmq_close (reader);
}

TEST_CASE ("ext: stats count connections as they come and go")
{
    const Couple couple ("tcp://127.0.0.1:*");
    couple.send ({"m"});
    CHECK (couple.receive () == "m");
    zmq_ext_stats_t stats = stats_of (couple.from);
    CHECK (stats.connects == 1);
    CHECK (stats.accepts == 0);
    stats = stats_of (couple.to);
    CHECK (stats.connects == 0);
    CHECK (stats.accepts == 1);
    CHECK (stats.disconnects == 0);
    REQUIRE (zmq_unbind (couple.to, last_endpoint (couple.to).c_str ()) == 0);
    // The other side sees the end, and tries again.
    for (const Nanoseconds deadline = deadline_in (patience); stats.reconnects == 0 && now () < deadline; ::poll (nullptr, 0, 1))
        stats = stats_of (couple.from);
    CHECK (stats.reconnects == 1);
    CHECK (stats.disconnects == 1);
    CHECK (stats.peers == 0);
    CHECK (stats_of (couple.to).peers == 0);
}

TEST_CASE ("ext: stats count what was dropped")
{
    const Couple couple ("inproc://ext", ZMQ_ROUTER, ZMQ_DEALER);
    CHECK (zmq_ext_send_parts (couple.from, list ({"nobody", "x"}).data (), 2, 0) == 2);
    CHECK (stats_of (couple.from).dropped_out == 1);
    CHECK (stats_of (couple.from).messages_out == 0);
}

TEST_CASE ("ext: stats fill a struct of any size")
{
    const Couple couple ("inproc://ext");
    couple.send ({"abc"});
    union
    {
        zmq_ext_stats_t stats;
        unsigned char bytes[sizeof (zmq_ext_stats_t) + 16];
    } out;
    CHECK (outcome (zmq_ext_socket_stats (couple.from, nullptr, sizeof out.stats)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_socket_stats (couple.from, &out.stats, 0)) == failed (EINVAL));
    std::memset (&out, 0x5a, sizeof out);
    CHECK (zmq_ext_socket_stats (couple.from, &out.stats, 2 * sizeof (std::uint64_t)) == 0);
    CHECK (out.stats.messages_in == 0);
    CHECK (out.stats.messages_out == 1);
    CHECK (out.stats.bytes_in == 0x5a5a5a5a5a5a5a5a);
    std::memset (&out, 0x5a, sizeof out);
    CHECK (zmq_ext_socket_stats (couple.from, &out.stats, sizeof out - 1) == 0);
    CHECK (out.stats.bytes_out == 3);
    for (std::size_t i = sizeof out.stats; i < sizeof out; ++i)
        CHECK (out.bytes[i] == (i + 1 < sizeof out ? 0 : 0x5a));
}

// ---- waiting ----

TEST_CASE ("ext: a wait limit ends one sleep with EINTR, of this thread only")
{
    const Couple couple ("inproc://ext");
    CHECK (zmq_ext_wait_limit (20) == 0);
    const Nanoseconds start = now ();
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
    CHECK (now () - start >= 20 * millisecond);
    CHECK (now () - start < patience / 2 * millisecond);
    Messages frames (1);
    CHECK (outcome (zmq_ext_recv_many (couple.to, frames.data (), 1, 0)) == failed (EINTR));
    CHECK (take (couple.to, 1, 1).result == failed (EINTR));
    // A time-out that comes first is one.
    set (couple.to, ZMQ_RCVTIMEO, 5);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    // What is there is received.
    couple.send ({"m"});
    CHECK (couple.receive () == "m");
    set (couple.to, ZMQ_RCVTIMEO, 40);
    Result other{};
    std::thread ([&] { other = outcome (zmq_recv (couple.to, nullptr, 0, 0)); }).join ();
    CHECK (other == failed (EAGAIN));
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
    CHECK (zmq_ext_wait_limit (0) == 0);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
}

TEST_CASE ("ext: a deadline takes the place of the time-outs, for this thread only, and the options stay as they are")
{
    const Couple couple ("inproc://ext");
    const auto milliseconds = [] { return now () / millisecond; };
    const auto until = [&] (std::int64_t deadline) { CHECK (zmq_ext_wait_deadline (deadline) == 0); };
    // Earlier than the option says.
    set (couple.to, ZMQ_RCVTIMEO, patience);
    const Nanoseconds start = now ();
    until (milliseconds () + 20);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    CHECK (now () - start < patience / 2 * millisecond);
    CHECK (take (couple.to, 1, 1).result == failed (EAGAIN));
    // One that has passed still lets what is there be taken.
    couple.send ({"m"});
    CHECK (couple.receive () == "m");
    // Later.
    set (couple.to, ZMQ_RCVTIMEO, 1);
    const Nanoseconds again = now ();
    until (milliseconds () + 30);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    CHECK (now () - again >= 28 * millisecond);
    // The longest, and another thread meanwhile.
    until (INT64_MAX);
    Result other{};
    std::thread ([&] {
        other = outcome (zmq_recv (couple.to, nullptr, 0, 0));
        couple.send ({"n"});
    }).join ();
    CHECK (other == failed (EAGAIN));
    CHECK (couple.receive () == "n");
    // A time-out of 0 remains DONTWAIT.
    set (couple.to, ZMQ_RCVTIMEO, 0);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    until (-1);
    int option = -1;
    std::size_t size = sizeof option;
    CHECK (zmq_getsockopt (couple.to, ZMQ_RCVTIMEO, &option, &size) == 0);
    CHECK (option == 0);
    set (couple.to, ZMQ_RCVTIMEO, 1);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
}

TEST_CASE ("ext: a wait mask lets signals in while the thread sleeps, and is copied")
{
    struct sigaction action = {}, before;
    action.sa_handler = [] (int) {};
    REQUIRE (::sigaction (SIGUSR1, &action, &before) == 0);
    std::thread ([] {
        const Couple couple ("inproc://ext");
        sigset_t only, none;
        ::sigemptyset (&only);
        ::sigaddset (&only, SIGUSR1);
        ::pthread_sigmask (SIG_BLOCK, &only, nullptr);
        ::sigemptyset (&none);
        CHECK (zmq_ext_wait_sigmask (&none) == 0);
        ::sigfillset (&none);  // theirs is a copy
        ::pthread_kill (::pthread_self (), SIGUSR1);
        CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
        CHECK (zmq_ext_wait_sigmask (nullptr) == 0);
        set (couple.to, ZMQ_RCVTIMEO, 20);
        ::pthread_kill (::pthread_self (), SIGUSR1);
        CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    }).join ();
    ::sigaction (SIGUSR1, &before, nullptr);
}

TEST_CASE ("ext: spin says what is ready, and waits no longer than ZMQ_EXT_SPIN_US")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 0) == 0);
        std::thread ([&] {
            couple.send ({"m"});
            REQUIRE (couple.arrived (1));
            // Nothing is looked at when it may not poll at all.
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 0);
            CHECK (SpinMemory::current ().take_done ());
        }).join ();
        // Long enough for the scheduler to come back within it; a thread of its own, which has learnt nothing yet.
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 2000) == 0);
        std::thread ([&] {
            while (processors_contended (now ()))
                ::poll (nullptr, 0, 1);
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 1);
            // The next blocking call may poll as ever.
            CHECK_FALSE (SpinMemory::current ().take_done ());
            CHECK (zmq_ext_spin (couple.from, ZMQ_POLLOUT) == 1);
            CHECK (zmq_ext_spin (couple.from, ZMQ_POLLIN) == 0);
            CHECK (SpinMemory::current ().take_done ());
            CHECK (couple.receive () == "m");
            const Nanoseconds start = now ();
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 0);
            CHECK (now () - start < 5000 * millisecond);
            CHECK (SpinMemory::current ().take_done ());
        }).join ();
    }
}

TEST_CASE ("ext: spin sees what comes while it polls")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 1000000) == 0);
        std::thread sender ([&] { zmq_send (couple.from, "m", 1, 0); });
        // It may give up early where the processor is shared with many.
        int found = 0;
        for (const Nanoseconds deadline = deadline_in (patience); found == 0 && now () < deadline;)
            found = zmq_ext_spin (couple.to, ZMQ_POLLIN);
        CHECK (found == 1);
        sender.join ();
        CHECK (couple.receive () == "m");
    }
}
