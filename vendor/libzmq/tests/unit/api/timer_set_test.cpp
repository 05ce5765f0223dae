// TimerSet: order, repetition, changes by handlers, and a simple model that must agree with it over random operations.
#include "api/timer_set.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace engine;

namespace {

struct Log
{
    TimerSet *set = nullptr;
    TimerSet::Time now = 0;
    int other = 0;
    std::vector<int> fired;
};

void note (int id, void *arg) { static_cast<Log *> (arg)->fired.push_back (id); }

void cancel_other (int id, void *arg)
{
    auto *const log = static_cast<Log *> (arg);
    note (id, arg);
    CHECK (log->set->cancel (log->other));
}

void restart_other (int id, void *arg)
{
    auto *const log = static_cast<Log *> (arg);
    note (id, arg);
    CHECK (log->set->restart (log->now, log->other));
}

void cancel_self (int id, void *arg)
{
    auto *const log = static_cast<Log *> (arg);
    note (id, arg);
    CHECK (log->set->cancel (id));
}

void slow_down (int id, void *arg)
{
    auto *const log = static_cast<Log *> (arg);
    note (id, arg);
    CHECK (log->set->set_interval (log->now, id, 5000));
}

void add_another (int id, void *arg)
{
    auto *const log = static_cast<Log *> (arg);
    note (id, arg);
    log->set->add (log->now, 0, note, log);
}

using Ids = std::vector<int>;

}  // namespace

TEST_CASE ("timers fire when due, in due order, and repeat from the moment of execution")
{
    TimerSet set;
    Log log;
    CHECK (set.next_due () == TimerSet::never);
    set.execute (1000);
    CHECK (set.add (0, 30, note, &log) == 1);
    CHECK (set.add (0, 10, note, &log) == 2);
    CHECK (set.add (0, 20, note, &log) == 3);
    CHECK (set.add (0, 10, note, &log) == 4);
    CHECK (set.next_due () == 10);
    set.execute (9);
    CHECK (log.fired.empty ());
    set.execute (10);
    CHECK (log.fired == Ids{2, 4});
    log.fired.clear ();
    // Missed periods are skipped.
    set.execute (100);
    CHECK (log.fired == Ids{3, 2, 4, 1});
    CHECK (set.next_due () == 110);
}

TEST_CASE ("timers can be cancelled, changed and restarted")
{
    TimerSet set;
    Log log;
    const int first = set.add (0, 10, note, &log);
    const int second = set.add (0, 10, note, &log);
    CHECK (set.cancel (first));
    CHECK_FALSE (set.cancel (first));
    CHECK_FALSE (set.cancel (99));
    CHECK_FALSE (set.set_interval (0, first, 1));
    CHECK_FALSE (set.restart (0, first));
    CHECK (set.set_interval (5, second, 20));
    CHECK (set.next_due () == 25);
    CHECK (set.restart (7, second));
    CHECK (set.next_due () == 27);
    set.execute (27);
    CHECK (log.fired == Ids{second});
    CHECK (set.next_due () == 47);
    CHECK (set.add (0, 1, note, &log) == 3);  // ids are not used again
}

TEST_CASE ("handlers may change timers")
{
    TimerSet set;
    Log log{&set, 10, 0, {}};
    SUBCASE ("a handler cancels another that is due")
    {
        set.add (0, 10, cancel_other, &log);
        log.other = set.add (0, 10, note, &log);
        set.execute (10);
        CHECK (log.fired == Ids{1});
    }
    SUBCASE ("a handler puts off another that is due")
    {
        set.add (0, 10, restart_other, &log);
        log.other = set.add (0, 10, note, &log);
        set.execute (10);
        CHECK (log.fired == Ids{1});
        CHECK (set.next_due () == 20);
    }
    SUBCASE ("a handler cancels itself")
    {
        set.add (0, 10, cancel_self, &log);
        set.execute (10);
        CHECK (log.fired == Ids{1});
        CHECK (set.next_due () == TimerSet::never);
    }
    SUBCASE ("a handler changes its own interval")
    {
        set.add (0, 10, slow_down, &log);
        set.execute (10);
        CHECK (set.next_due () == 5010);
    }
    SUBCASE ("one that a handler adds waits for the next time")
    {
        set.add (0, 10, add_another, &log);
        set.execute (10);
        CHECK (log.fired == Ids{1});
        set.execute (10);
        CHECK (log.fired == Ids{1, 2});
    }
}

TEST_CASE ("an interval of 0 fires once an execution, a huge one does not wrap")
{
    TimerSet set;
    Log log;
    set.add (5, 0, note, &log);
    set.execute (5);
    set.execute (5);
    CHECK (log.fired == Ids{1, 1});
    CHECK (set.cancel (1));
    set.add (1000, UINT64_MAX, note, &log);
    CHECK (set.next_due () == TimerSet::never - 1);
    set.execute (1 << 30);
    CHECK (log.fired.size () == 2);
}

TEST_CASE ("TimerSet agrees with a simple model")
{
    struct Model
    {
        int id;
        TimerSet::Time due, interval;
        std::uint64_t turn;
    };
    std::mt19937 random (17);
    for (int round = 0; round < 50; ++round) {
        TimerSet set;
        Log log;
        std::vector<Model> model;
        TimerSet::Time now = 0;
        std::uint64_t turn = 0;
        for (int step = 0; step < 200; ++step) {
            const int id = static_cast<int> (random () % 20) + 1;
            const auto found = std::find_if (model.begin (), model.end (), [&] (const Model &m) { return m.id == id; });
            const TimerSet::Time interval = random () % 30;
            switch (random () % 5) {
            case 0:
                model.push_back ({set.add (now, interval, note, &log), now + interval, interval, ++turn});
                break;
            case 1:
                CHECK (set.cancel (id) == (found != model.end ()));
                if (found != model.end ())
                    model.erase (found);
                break;
            case 2:
                CHECK (set.set_interval (now, id, interval) == (found != model.end ()));
                if (found != model.end ())
                    *found = {id, now + interval, interval, ++turn};
                break;
            case 3:
                CHECK (set.restart (now, id) == (found != model.end ()));
                if (found != model.end ()) {
                    found->due = now + found->interval;
                    found->turn = ++turn;
                }
                break;
            default:
                now += random () % 20;
                log.fired.clear ();
                set.execute (now);
                std::sort (model.begin (), model.end (),
                           [] (const Model &a, const Model &b) { return std::pair (a.due, a.turn) < std::pair (b.due, b.turn); });
                Ids expected;
                for (Model &m : model) {
                    if (m.due <= now) {
                        expected.push_back (m.id);
                        m.due = now + m.interval;
                        m.turn = ++turn;
                    }
                }
                CHECK (log.fired == expected);
            }
            TimerSet::Time due = TimerSet::never;
            for (const Model &m : model)
                due = std::min (due, m.due);
            REQUIRE (set.next_due () == due);
        }
    }
}
