// Whether it pays to spin: what a thread remembers, and what it does with it.
#include "base/spin.hpp"

#include <thread>

#include <doctest/doctest.h>

using namespace engine;

TEST_CASE ("spin memory: gives up after long waits, tries again now and then, and comes back")
{
    SpinMemory memory;
    CHECK (memory.worth_it ());
    for (int i = 0; i < 4; ++i)
        memory.ended (false);
    int tries = 0;
    for (int i = 0; i < 320; ++i)
        tries += memory.worth_it ();
    CHECK (tries == 10);
    memory.ended (true);
    CHECK (memory.worth_it ());
    memory.ended (false);
    CHECK_FALSE (memory.worth_it ());
    // Much success is not forgotten at once, nor kept for ever.
    for (int i = 0; i < 1000; ++i)
        memory.ended (true);
    for (int i = 0; i < 7; ++i)
        memory.ended (false);
    CHECK (memory.worth_it ());
    memory.ended (false);
    CHECK_FALSE (memory.worth_it ());
}

TEST_CASE ("spin memory: polled already means once")
{
    SpinMemory memory;
    CHECK_FALSE (memory.take_done ());
    memory.spin_is_done ();
    CHECK (memory.take_done ());
    CHECK_FALSE (memory.take_done ());
}

TEST_CASE ("spin: not at all without a limit, after the deadline, or when it was done already")
{
    // In a thread of its own, which remembers nothing.
    std::thread ([] {
        CHECK_FALSE (Spin (0, never).going ());
        CHECK_FALSE (Spin (-1, never).going ());
        CHECK_FALSE (Spin (1000 * millisecond, now ()).going ());
        SpinMemory::current ().spin_is_done ();
        CHECK_FALSE (Spin (1000 * millisecond, never).going ());
        CHECK_FALSE (SpinMemory::current ().take_done ());
    }).join ();
}
