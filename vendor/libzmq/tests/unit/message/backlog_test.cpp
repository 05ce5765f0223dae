// Large queues say when they are gone, small ones never.
#include "message/backlog.hpp"

#include <cstddef>

#include <doctest/doctest.h>

#include "message/msg.hpp"
#include "message/ring.hpp"
#include "message/spsc_queue.hpp"

using namespace engine;

namespace {

void fill (Ring &ring, std::size_t count)
{
    for (; count > 0; --count)
        REQUIRE (ring.push (Msg ()));
}

}  // namespace

TEST_CASE ("backlog: a large ring that was read or dropped is one, a small ring is none")
{
    for (const bool large : {false, true})
        for (const bool read : {false, true}) {
            Backlog backlog;
            Ring ring;
            backlog.skip ();
            fill (ring, large ? Ring::huge_capacity + 1 : Ring::huge_capacity);
            CHECK_FALSE (backlog.due ());  // also while it grows
            Msg out;
            while (read && ring.pop (out)) {
            }
            ring.clear ();
            CHECK (backlog.due () == large);
            backlog.collect ();
            CHECK_FALSE (backlog.due ());
        }
}

TEST_CASE ("backlog: likewise a queue of inproc")
{
    for (const bool large : {false, true})
        for (const bool read : {false, true}) {
            Backlog backlog;
            backlog.skip ();
            {
                SpscQueue queue;
                for (std::size_t i = large ? 2 * Backlog::large : Backlog::large / 2; i > 0; --i) {
                    REQUIRE (queue.push (Msg ()));
                    static_cast<void> (queue.publish ());
                }
                CHECK_FALSE (backlog.due ());
                Msg out;
                while (read && queue.pop (out)) {
                }
            }
            CHECK (backlog.due () == large);
        }
}
