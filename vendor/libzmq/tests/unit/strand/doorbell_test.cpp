// Commands, sleepers and ZMQ_FD's bell, without a socket.
#include "strand/doorbell.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <new>
#include <thread>

#include <poll.h>
#include <unistd.h>

#include "controlled_memory.hpp"

using namespace engine;
using Delivery = Mailbox::Delivery;

namespace {

bool readable (int fd, int milliseconds = 0)
{
    pollfd entry{fd, POLLIN, 0};
    return ::poll (&entry, 1, milliseconds) == 1;
}

constexpr Command command (std::uint64_t number) { return {Command::What::activity, 0, number, nullptr}; }

}  // namespace

TEST_CASE ("a doorbell is shut until it is opened")
{
    Doorbell bell;
    CHECK (bell.deliver (command (1)) == Delivery::shut);
    bell.open ();
    CHECK (bell.deliver (command (2)) == Delivery::done);
    CHECK (bell.pending ());
    std::vector<Command> left;
    bell.shut (left);
    REQUIRE (left.size () == 1);
    CHECK (left[0].binding == 2);
    CHECK_FALSE (bell.pending ());
    CHECK (bell.deliver (command (3)) == Delivery::shut);
}

TEST_CASE ("commands are taken in the order they were delivered, once")
{
    Doorbell bell;
    bell.open ();
    for (std::uint64_t i = 0; i < 100; ++i)
        REQUIRE (bell.deliver (command (i)) == Delivery::done);
    std::vector<Command> taken;
    bell.take (taken);
    REQUIRE (taken.size () == 100);
    for (std::uint64_t i = 0; i < 100; ++i)
        CHECK (taken[i].binding == i);
    bell.take (taken);
    CHECK (taken.empty ());
}

TEST_CASE ("for want of memory nobody sleeps on: whoever takes is told once that something is missing")
{
    Doorbell bell;
    bell.open ();
    Waiter sleeper;
    REQUIRE (sleeper.fd () >= 0);
    REQUIRE (bell.add_waiter (sleeper));
    Delivery delivery = Delivery::done;
    {
        const FailingMemory memory (0);
        delivery = bell.deliver (command (1));
    }
    CHECK (delivery == Delivery::no_memory);
    CHECK (bell.pending ());
    CHECK (readable (sleeper.fd ()));
    CHECK (bell.deliver (command (2)) == Delivery::done);
    std::vector<Command> taken;
    CHECK (bell.take (taken));
    CHECK (taken.size () == 1);
    CHECK_FALSE (bell.pending ());
    CHECK_FALSE (bell.take (taken));
    bell.remove_waiter (sleeper);
}

TEST_CASE ("every sleeper is woken, and may be woken again after it drained its bell")
{
    Doorbell bell;
    bell.open ();
    Waiter one, two;
    REQUIRE (one.fd () >= 0);
    REQUIRE (two.fd () >= 0);
    REQUIRE (bell.add_waiter (one));
    REQUIRE (bell.add_waiter (two));
    CHECK (bell.watched ());
    for (int round = 0; round < 3; ++round) {
        bell.ring ();
        CHECK (readable (one.fd ()));
        CHECK (readable (two.fd ()));
        one.drain ();
        two.drain ();
        CHECK_FALSE (readable (one.fd ()));
    }
    bell.ring_others (&one);
    CHECK_FALSE (readable (one.fd ()));
    CHECK (readable (two.fd ()));
    bell.remove_waiter (one);
    bell.remove_waiter (two);
    CHECK_FALSE (bell.watched ());
}

TEST_CASE ("the exported descriptor rings for commands and falls silent by quiet")
{
    Doorbell bell;
    bell.open ();
    const int fd = bell.export_fd ();
    REQUIRE (fd >= 0);
    CHECK (bell.export_fd () == fd);
    CHECK_FALSE (readable (fd));
    REQUIRE (bell.deliver (command (1)) == Delivery::done);
    CHECK (readable (fd));
    bell.quiet ();
    CHECK_FALSE (readable (fd));
    const int copy = bell.duplicate_export ();
    REQUIRE (copy >= 0);
    std::vector<Command> left;
    bell.shut (left);
    CHECK (readable (copy));  // whoever holds a duplicate learns of the end
    ::close (copy);
    CHECK_FALSE (bell.exported ());
}

TEST_CASE ("of several pollers each hears every ring, whoever quiets the exported descriptor")
{
    Doorbell bell;
    bell.open ();
    const int fd = bell.export_fd ();
    REQUIRE (fd >= 0);
    Waiter one, two;
    REQUIRE (one.fd () >= 0);
    REQUIRE (two.fd () >= 0);
    REQUIRE (bell.add_watcher (one));
    bell.ring ();
    CHECK (readable (fd));
    CHECK_FALSE (readable (one.fd ()));  // alone it needs no bell of its own
    CHECK_FALSE (bell.several_watchers ());

    REQUIRE (bell.add_watcher (two));
    CHECK (bell.several_watchers ());
    CHECK (readable (one.fd ()));  // from now on it does
    one.drain ();
    bell.quiet ();
    bell.ring ();
    bell.quiet ();
    CHECK (readable (one.fd ()));
    CHECK (readable (two.fd ()));

    one.drain ();
    bell.remove_watcher (two);
    CHECK_FALSE (bell.several_watchers ());
    bell.ring ();
    CHECK_FALSE (readable (one.fd ()));
    bell.remove_watcher (one);
}

TEST_CASE ("no ring is lost between a check and the sleep that follows")
{
    Doorbell bell;
    bell.open ();
    constexpr int rounds = 20000;
    std::atomic<int> told{0}, seen{0};
    std::thread sleeper ([&] {
        Waiter &waiter = Waiter::current ();
        if (waiter.fd () < 0 || !bell.add_waiter (waiter))
            return;
        while (seen < rounds) {
            if (told.load () > seen) {
                ++seen;
                continue;
            }
            if (!readable (waiter.fd (), 5000))
                break;  // lost: the count below says so
            waiter.drain ();
        }
        bell.remove_waiter (waiter);
    });
    for (int i = 0; i < rounds; ++i) {
        ++told;
        bell.ring ();
    }
    sleeper.join ();
    CHECK (seen == rounds);
}
