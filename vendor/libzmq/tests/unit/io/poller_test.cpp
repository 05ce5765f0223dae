// Both poller backends, one suite: every row of the list below must pass all of it.
#include "io/poller.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using namespace engine;

namespace {

struct Backend
{
    const char *name;
    std::unique_ptr<Poller> (*make) () noexcept;
    bool tells_unasked;
};

constexpr Backend backends[] = {{"ready set", make_ready_set_poller, ReadySet::tells_unasked}, {"poll", make_poll_poller, true}};

struct Pair
{
    int fd[2] = {-1, -1};
    Pair () { REQUIRE (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0); }
    ~Pair ()
    {
        close_far ();
        ::close (fd[0]);
    }
    void close_far ()
    {
        if (fd[1] >= 0)
            ::close (fd[1]);
        fd[1] = -1;
    }
};

constexpr Nanoseconds patience = 5000 * millisecond;

}  // namespace

TEST_CASE ("a descriptor is reported when it is readable, with what was registered with it")
{
    for (const Backend &backend : backends) {
        CAPTURE (backend.name);
        const auto poller = backend.make ();
        REQUIRE (poller);
        Pair pair;
        int mark = 0;
        REQUIRE (poller->add (pair.fd[0], io_in, &mark) == 0);
        Poller::Event events[4];
        CHECK (poller->wait (events, 4, 0) == 0);
        REQUIRE (::write (pair.fd[1], "x", 1) == 1);
        REQUIRE (poller->wait (events, 4, patience) == 1);
        CHECK (events[0].data == &mark);
        CHECK ((events[0].events & io_in) != 0);
        // Level-triggered: it is reported until it is read.
        CHECK (poller->wait (events, 4, 0) == 1);
        char byte;
        REQUIRE (::read (pair.fd[0], &byte, 1) == 1);
        CHECK (poller->wait (events, 4, 0) == 0);
        poller->remove (pair.fd[0]);
    }
}

TEST_CASE ("modify changes what is waited for")
{
    for (const Backend &backend : backends) {
        CAPTURE (backend.name);
        const auto poller = backend.make ();
        REQUIRE (poller);
        Pair pair;
        REQUIRE (poller->add (pair.fd[0], io_in, &pair) == 0);
        REQUIRE (poller->modify (pair.fd[0], io_out, &pair) == 0);
        Poller::Event events[4];
        REQUIRE (poller->wait (events, 4, patience) == 1);
        CHECK (events[0].events == io_out);
        REQUIRE (poller->modify (pair.fd[0], 0, &pair) == 0);
        CHECK (poller->wait (events, 4, 0) == 0);
        pair.close_far ();
        if (!backend.tells_unasked)
            REQUIRE (poller->modify (pair.fd[0], io_out, &pair) == 0);
        REQUIRE (poller->wait (events, 4, patience) == 1);
        CHECK ((events[0].events & io_error) != 0);
        poller->remove (pair.fd[0]);
        CHECK (poller->wait (events, 4, 0) == 0);
    }
}

TEST_CASE ("interrupt ends a wait, also one that begins later")
{
    for (const Backend &backend : backends) {
        CAPTURE (backend.name);
        const auto poller = backend.make ();
        REQUIRE (poller);
        Poller::Event events[4];
        poller->interrupt ();
        CHECK (poller->wait (events, 4, never) == 0);
        std::atomic<bool> ended{false};
        std::thread waiting ([&] {
            Poller::Event own[4];
            poller->wait (own, 4, never);
            ended = true;
        });
        poller->interrupt ();
        waiting.join ();
        CHECK (ended);
    }
}

TEST_CASE ("a descriptor added while another thread waits is seen")
{
    for (const Backend &backend : backends) {
        CAPTURE (backend.name);
        const auto poller = backend.make ();
        REQUIRE (poller);
        Pair pair;
        REQUIRE (::write (pair.fd[1], "x", 1) == 1);
        std::atomic<void *> seen{nullptr};
        std::thread waiting ([&] {
            Poller::Event events[4];
            const Nanoseconds until = now () + patience;
            while (!seen && now () < until)
                if (poller->wait (events, 4, patience) > 0)
                    seen = events[0].data;
        });
        CHECK (poller->add (pair.fd[0], io_in, &pair) == 0);
        waiting.join ();
        CHECK (seen.load () == &pair);
        poller->remove (pair.fd[0]);
    }
}

TEST_CASE ("more ready descriptors than fit are all reported in the end")
{
    for (const Backend &backend : backends) {
        CAPTURE (backend.name);
        const auto poller = backend.make ();
        REQUIRE (poller);
        Pair pairs[5];
        bool seen[5] = {};
        for (Pair &pair : pairs) {
            REQUIRE (poller->add (pair.fd[0], io_in, &pair) == 0);
            REQUIRE (::write (pair.fd[1], "x", 1) == 1);
        }
        for (int round = 0; round < 20; ++round) {
            Poller::Event events[2];
            const int count = poller->wait (events, 2, patience);
            REQUIRE (count > 0);
            REQUIRE (count <= 2);
            for (int i = 0; i < count; ++i)
                seen[static_cast<Pair *> (events[i].data) - pairs] = true;
        }
        for (const bool one : seen)
            CHECK (one);
        for (Pair &pair : pairs)
            poller->remove (pair.fd[0]);
    }
}
