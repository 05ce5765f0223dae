// What the conformance suite cannot see of zmq_poller_*: how long it spins, and what ends that in it, zmq_poll and zmq_recv; regular files,
// pollers inherited over fork.
#include <zmq.h>
#include <zmq_ext.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spin.hpp"
#include "controlled_memory.hpp"

using namespace engine;

namespace {

thread_local bool quick_yields = false;
thread_local bool long_yields = false;
thread_local int yields = 0;
thread_local Nanoseconds last_yield = 0;  // when it was called

}  // namespace

// The engine yields only while it spins; this program's own sched_yield(2) takes notes. A waiter's returns at once: other programs must
// not make it look long, which ends the spinning.
extern "C" int sched_yield () noexcept
{
    ++yields;
    last_yield = now ();
    if (long_yields)
        return ::usleep (1000);
    return quick_yields ? 0 : static_cast<int> (::syscall (SYS_sched_yield));
}

namespace {

int lowest_free_descriptor ()
{
    const int fd = ::dup (0);
    REQUIRE (fd >= 0);
    ::close (fd);
    return fd;
}

std::ptrdiff_t descriptors ()
{
    return std::distance (std::filesystem::directory_iterator ("/proc/self/fd"), std::filesystem::directory_iterator ());
}

// Lets the process open so many descriptors more.
class DescriptorsLeft
{
  public:
    explicit DescriptorsLeft (int count)
    {
        REQUIRE (::getrlimit (RLIMIT_NOFILE, &before_) == 0);
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t> (lowest_free_descriptor () + count);
        REQUIRE (::setrlimit (RLIMIT_NOFILE, &now) == 0);
    }
    ~DescriptorsLeft () { ::setrlimit (RLIMIT_NOFILE, &before_); }
    DescriptorsLeft (const DescriptorsLeft &) = delete;
    DescriptorsLeft &operator= (const DescriptorsLeft &) = delete;

  private:
    rlimit before_{};
};

struct Spun
{
    int yields;
    Nanoseconds last;  // since the wait began
};

// A wait in vain of so many ms, in a thread that has learnt nothing about spinning yet.
Spun wait_in_vain (int spin_us, int milliseconds)
{
    void *const context = zmq_ctx_new ();
    REQUIRE (zmq_ctx_set (context, ZMQ_EXT_SPIN_US, spin_us) == 0);
    void *const socket = zmq_socket (context, ZMQ_PAIR);
    void *poller = zmq_poller_new ();
    REQUIRE (zmq_poller_add (poller, socket, nullptr, ZMQ_POLLIN) == 0);
    Spun spun{};
    int rc = 0, error = 0;
    std::thread ([&] {
        zmq_poller_event_t event;
        quick_yields = true;
        // A pause after a long yield of an earlier test; it lasts a second at most.
        while (processors_contended (now ()))
            ::usleep (1000);
        const Nanoseconds start = now ();
        rc = zmq_poller_wait (poller, &event, milliseconds);
        error = zmq_errno ();
        spun = {yields, last_yield - start};
    }).join ();
    CHECK (rc == -1);
    CHECK (error == EAGAIN);
    zmq_poller_destroy (&poller);
    zmq_close (socket);
    zmq_ctx_term (context);
    return spun;
}

}  // namespace

TEST_CASE ("a poller spins as long as its sockets' context says")
{
    CHECK (wait_in_vain (0, 5).yields == 0);
    CHECK (wait_in_vain (50, 5).yields > 0);
    // Longer than the wait: to the end of it. (Unless this thread was not let run in that time.)
    bool long_spin = false;
    for (int tries = 0; tries < 20 && !long_spin; ++tries)
        long_spin = wait_in_vain (1000000, 100).last > 2 * millisecond;
    CHECK (long_spin);
}

TEST_CASE ("a long yield ends the spinning, except of those who wait for nothing but what they subscribed to")
{
    struct Case
    {
        std::vector<int> types;
        bool goes_on;
    };
    for (const Case &tried :
         {Case{{ZMQ_SUB}, true}, Case{{ZMQ_XSUB, ZMQ_SUB}, true}, Case{{ZMQ_PULL}, false}, Case{{ZMQ_SUB, ZMQ_PULL}, false}})
        for (const std::string &way : std::vector<std::string>{"receive", "poll", "poller"}) {
            if (way == "receive" && tried.types.size () > 1)
                continue;
            CAPTURE (way);
            CAPTURE (tried.types[0]);
            CAPTURE (tried.types.size ());
            void *const context = zmq_ctx_new ();
            REQUIRE (zmq_ctx_set (context, ZMQ_EXT_SPIN_US, 1000000) == 0);
            void *poller = zmq_poller_new ();
            std::vector<zmq_pollitem_t> items;
            constexpr int wait = 100;  // ms
            for (const int type : tried.types) {
                items.push_back ({zmq_socket (context, type), 0, ZMQ_POLLIN, 0});
                REQUIRE (zmq_poller_add (poller, items.back ().socket, nullptr, ZMQ_POLLIN) == 0);
                REQUIRE (zmq_setsockopt (items.back ().socket, ZMQ_RCVTIMEO, &wait, sizeof wait) == 0);
            }
            const auto count_yields = [&] {
                int count = 0;
                std::thread ([&] {
                    while (processors_contended (now ()))
                        ::usleep (1000);
                    long_yields = true;
                    zmq_poller_event_t event;
                    char byte;
                    if (way == "receive")
                        zmq_recv (items[0].socket, &byte, 1, 0);
                    else if (way == "poll")
                        zmq_poll (items.data (), static_cast<int> (items.size ()), wait);
                    else
                        zmq_poller_wait (poller, &event, wait);
                    count = yields;
                }).join ();
                return count;
            };
            // (Unless this program was not let run in that time.)
            int count = 0;
            for (int tries = 0; tries < 20 && count < 2; tries += tried.goes_on ? 1 : 20)
                count = count_yields ();
            CHECK ((tried.goes_on ? count > 1 : count == 1));
            zmq_poller_destroy (&poller);
            for (const zmq_pollitem_t &item : items)
                zmq_close (item.socket);
            zmq_ctx_term (context);
        }
}

TEST_CASE ("a poller without sockets does not spin")
{
    void *poller = zmq_poller_new ();
    int ends[2];
    REQUIRE (::pipe (ends) == 0);
    REQUIRE (zmq_poller_add_fd (poller, ends[0], nullptr, ZMQ_POLLIN) == 0);
    const int before = yields;
    zmq_poller_event_t event;
    CHECK (zmq_poller_wait (poller, &event, 5) == -1);
    CHECK (yields == before);
    zmq_poller_destroy (&poller);
    ::close (ends[0]);
    ::close (ends[1]);
}

TEST_CASE ("a poller that takes a socket without descriptors or memory enough keeps nothing, and hears of its end if it does")
{
    void *const context = zmq_ctx_new ();
    const auto before = descriptors ();
    const auto try_to_add = [&] (auto &&shortage) {
        void *poller = zmq_poller_new ();
        void *const socket = zmq_socket (context, ZMQ_PULL);
        REQUIRE (zmq_bind (socket, "inproc://here") == 0);
        int fd = -1;
        std::size_t size = sizeof fd;
        REQUIRE (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) == 0);  // so that only the poller's own are missing
        const int error = shortage ([&] { return zmq_poller_add (poller, socket, nullptr, ZMQ_POLLIN) == 0 ? 0 : errno; });
        zmq_poller_event_t event;
        if (!error)
            CHECK (zmq_poller_wait (poller, &event, 0) == -1);
        REQUIRE (zmq_close (socket) == 0);
        if (!error) {
            CHECK (zmq_poller_wait (poller, &event, 10000) == -1);
            CHECK (errno == ENOTSOCK);
        }
        REQUIRE (zmq_poller_destroy (&poller) == 0);
        CHECK (descriptors () == before);
        return error;
    };
    int refusals = 0;
    for (int spare = 0;; ++spare) {
        REQUIRE (spare < 20);
        const int error = try_to_add ([&] (auto &&add) {
            const DescriptorsLeft few (spare);
            return add ();
        });
        if (!error)
            break;
        CHECK (error == EMFILE);
        ++refusals;
    }
    CHECK (refusals >= 2);
    bool failed = true;
    for (int spare = 0; failed; ++spare) {
        REQUIRE (spare < 100);
        const int error = try_to_add ([&] (auto &&add) {
            const FailingMemory memory (spare);
            const int outcome = add ();
            failed = memory.failed ();
            return outcome;
        });
        CHECK (error == (failed ? ENOMEM : 0));
    }
    CHECK (zmq_ctx_term (context) == 0);
}

TEST_CASE ("a regular file is always ready, as poll(2) has it")
{
    std::FILE *const file = std::tmpfile ();
    REQUIRE (file);
    const int fd = ::fileno (file);
    void *poller = zmq_poller_new ();
    REQUIRE (zmq_poller_add_fd (poller, fd, file, ZMQ_POLLIN | ZMQ_POLLOUT) == 0);
    zmq_poller_event_t event;
    for (int i = 0; i < 3; ++i) {
        REQUIRE (zmq_poller_wait (poller, &event, -1) == 0);
        CHECK (event.fd == fd);
        CHECK (event.user_data == file);
        CHECK (event.events == (ZMQ_POLLIN | ZMQ_POLLOUT));
    }
    REQUIRE (zmq_poller_modify_fd (poller, fd, 0) == 0);
    CHECK (zmq_poller_wait (poller, &event, 2) == -1);
    REQUIRE (zmq_poller_modify_fd (poller, fd, ZMQ_POLLOUT) == 0);
    CHECK (zmq_poller_wait (poller, &event, -1) == 0);
    CHECK (zmq_poller_remove_fd (poller, fd) == 0);
    CHECK (zmq_poller_size (poller) == 0);
    zmq_poller_destroy (&poller);
    std::fclose (file);
}

TEST_CASE ("what a forked child does to an inherited poller its parent does not notice")
{
    void *poller = zmq_poller_new ();
    int ends[2];
    REQUIRE (::pipe (ends) == 0);
    REQUIRE (zmq_poller_add_fd (poller, ends[0], nullptr, ZMQ_POLLIN) == 0);
    const pid_t child = ::fork ();
    REQUIRE (child >= 0);
    if (child == 0) {
        zmq_poller_event_t event;
        int failed = 0;
        failed += zmq_poller_remove_fd (poller, ends[0]) != -1 || zmq_errno () != EFAULT;
        failed += zmq_poller_modify_fd (poller, ends[0], 0) != -1 || zmq_errno () != EFAULT;
        failed += zmq_poller_wait (poller, &event, 0) != -1 || zmq_errno () != EFAULT;
        failed += zmq_poller_destroy (&poller) != 0 || poller != nullptr;
        ::_exit (failed);
    }
    int status = -1;
    REQUIRE (::waitpid (child, &status, 0) == child);
    CHECK (status == 0);
    REQUIRE (::write (ends[1], "x", 1) == 1);
    zmq_poller_event_t event;
    CHECK (zmq_poller_wait (poller, &event, 5000) == 0);
    zmq_poller_destroy (&poller);
    ::close (ends[0]);
    ::close (ends[1]);
}
