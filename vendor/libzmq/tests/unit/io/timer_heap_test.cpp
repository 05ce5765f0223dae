#include "io/timer_heap.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace engine;

TEST_CASE ("timers come out in the order of their deadlines, whatever was set, moved and taken back before")
{
    std::mt19937 draw (7);
    std::vector<Hook> hooks (200);
    TimerHeap heap;
    for (std::size_t i = 0; i < hooks.size (); ++i)
        REQUIRE (heap.admit ());
    for (int round = 0; round < 5000; ++round) {
        Hook &hook = hooks[draw () % hooks.size ()];
        switch (draw () % 4) {
        case 0:
            heap.remove (hook);
            hook.deadline = never;
            break;
        case 1:
            heap.set (hook, never);
            break;
        default:
            heap.set (hook, static_cast<Nanoseconds> (draw () % 1000));
        }
        const auto earliest =
          std::min_element (hooks.begin (), hooks.end (), [] (const Hook &a, const Hook &b) { return a.deadline < b.deadline; });
        REQUIRE (heap.earliest () == earliest->deadline);
    }
    std::vector<Nanoseconds> expected;
    for (const Hook &hook : hooks)
        if (hook.deadline != never)
            expected.push_back (hook.deadline);
    std::sort (expected.begin (), expected.end ());
    std::vector<Nanoseconds> found;
    CHECK (heap.take_due (-1) == nullptr);
    while (Hook *const hook = heap.take_due (1000)) {
        CHECK (hook->heap_index == SIZE_MAX);
        found.push_back (hook->deadline);
    }
    CHECK (found == expected);
    CHECK (heap.earliest () == never);
}
