// Large queues say when they are gone, many smaller ones together, small ones never; and who is told.
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

class Called final : public Backlog::Collector
{
  public:
    Called () noexcept { Backlog::enlist (*this); }
    ~Called () { Backlog::dismiss (*this); }
    void backlog_gone () noexcept override { ++times; }

    int times = 0;
};

void one_goes ()
{
    Ring ring;
    fill (ring, Ring::huge_capacity + 1);
}

}  // namespace

TEST_CASE ("backlog: a large ring that was read or dropped is one, a small ring is none")
{
    for (const bool large : {false, true})
        for (const bool read : {false, true}) {
            Ring ring;
            Backlog::trim ();
            fill (ring, large ? Ring::huge_capacity + 1 : Ring::huge_capacity);
            CHECK_FALSE (Backlog::due ());  // also while it grows
            Msg out;
            while (read && ring.pop (out)) {
            }
            ring.clear ();
            CHECK (Backlog::due () == large);
            Backlog::collect ();
            CHECK_FALSE (Backlog::due ());
        }
}

TEST_CASE ("backlog: likewise a queue of inproc")
{
    for (const bool large : {false, true})
        for (const bool read : {false, true}) {
            Backlog::trim ();
            {
                SpscQueue queue;
                for (std::size_t i = large ? 2 * Backlog::large : Backlog::large / 2; i > 0; --i) {
                    REQUIRE (queue.push (Msg ()));
                    static_cast<void> (queue.publish ());
                }
                CHECK_FALSE (Backlog::due ());
                Msg out;
                while (read && queue.pop (out)) {
                }
            }
            CHECK (Backlog::due () == large);
        }
}

TEST_CASE ("backlog: many rings that are not large are one together, small ones are not")
{
    for (const std::size_t messages : {Backlog::small / 2, Backlog::small}) {
        Backlog::trim ();
        std::size_t rings = 0;
        while (rings < 100 && !Backlog::due ()) {
            Ring ring;
            fill (ring, messages);
            ++rings;
        }
        CHECK (rings == (messages < Backlog::small ? 100 : Backlog::large / Backlog::small));
    }
}

TEST_CASE ("backlog: the newest collector is called, once until somebody gives memory back")
{
    Backlog::trim ();
    Called older;
    {
        Called newer;
        one_goes ();
        one_goes ();
        CHECK (newer.times == 1);
        Backlog::trim ();
        one_goes ();
        CHECK (newer.times == 2);
        CHECK (older.times == 0);
    }
    // What it was called for is the next one's.
    CHECK (older.times == 1);
    Backlog::trim ();
}

TEST_CASE ("backlog: who enlists hears of what has gone before")
{
    Backlog::trim ();
    one_goes ();
    const Called late;
    CHECK (late.times == 1);
    Backlog::trim ();
}

TEST_CASE ("backlog: marks are few, and there are new ones when memory was given back")
{
    Backlog::trim ();
    for (int round = 0; round < 3; ++round) {
        Backlog::Mark *taken[Backlog::most_marks] = {};
        int count = 0;
        for (Backlog::Mark *&mark : taken)
            count += (mark = Backlog::mark ()) != nullptr;
#ifdef __GLIBC__
        CHECK (count == Backlog::most_marks);
        CHECK (Backlog::mark () == nullptr);
#endif
        for (Backlog::Mark *const mark : taken)
            Backlog::gone (Backlog::large, mark);
        Backlog::trim ();
    }
}
