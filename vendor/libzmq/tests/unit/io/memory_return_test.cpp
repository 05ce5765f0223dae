// A reactor that sleeps is told when a backlog has gone, looks a moment later and once more, and then sleeps on.
#include "io/memory_return.hpp"

#include <doctest/doctest.h>

using namespace engine;

TEST_CASE ("memory return: nothing to do until it is called, then two looks, a second apart")
{
    MemoryReturn memory_return;
    CHECK (memory_return.next () == never);
    memory_return.look ();
    CHECK (memory_return.next () == never);

    const Nanoseconds begin = now ();
    memory_return.call ();
    const Nanoseconds first = memory_return.next ();
    CHECK (first >= begin + MemoryReturn::settling);
    CHECK (first <= now () + MemoryReturn::settling);
    memory_return.look ();  // too early
    CHECK (memory_return.next () == first);
    while (now () < first) {
    }
    memory_return.look ();
    const Nanoseconds second = memory_return.next ();
    CHECK (second >= first + MemoryReturn::shortest_interval);

    // Another in the meantime does not bring the second look forward, but makes it a first one.
    memory_return.call ();
    CHECK (memory_return.next () == second);
}
