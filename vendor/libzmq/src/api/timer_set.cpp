// The order of timers.
#include "api/timer_set.hpp"

namespace engine {

namespace {

TimerSet::Time later (TimerSet::Time now, TimerSet::Time interval) noexcept
{
    // The last representable moment, not a wrapped one; and not `never`.
    return interval < TimerSet::never - 1 - now ? now + interval : TimerSet::never - 1;
}

}  // namespace

// Puts the timer's entry where it belongs, reusing the node, so that nothing is allocated.
void TimerSet::schedule (Timer &timer, Time now) noexcept
{
    auto node = by_time_.extract (timer.key);
    timer.key = Key (later (now, timer.interval), ++turn_);
    node.key () = timer.key;
    by_time_.insert (std::move (node));
}

int TimerSet::add (Time now, Time interval, zmq_timer_fn *handler, void *arg)
{
    const int id = last_id_ + 1;
    const Key key (later (now, interval), ++turn_);
    const auto entry = by_time_.emplace (key, id).first;
    try {
        timers_.emplace (id, Timer{key, interval, handler, arg});
    } catch (...) {
        by_time_.erase (entry);
        throw;
    }
    last_id_ = id;
    return id;
}

bool TimerSet::set_interval (Time now, int id, Time interval) noexcept
{
    const auto found = timers_.find (id);
    if (found == timers_.end ())
        return false;
    found->second.interval = interval;
    schedule (found->second, now);
    return true;
}

bool TimerSet::restart (Time now, int id) noexcept
{
    const auto found = timers_.find (id);
    if (found == timers_.end ())
        return false;
    schedule (found->second, now);
    return true;
}

bool TimerSet::cancel (int id) noexcept
{
    const auto found = timers_.find (id);
    if (found == timers_.end ())
        return false;
    by_time_.erase (found->second.key);
    timers_.erase (found);
    return true;
}

void TimerSet::execute (Time now)
{
    // What is set from here on has a later turn and is left for the next call.
    const std::uint64_t last_turn = turn_;
    auto next = by_time_.begin ();
    while (next != by_time_.end () && next->first.first <= now) {
        if (next->first.second > last_turn) {
            ++next;
            continue;
        }
        Timer &timer = timers_.find (next->second)->second;
        const int id = next->second;
        zmq_timer_fn *const handler = timer.handler;
        void *const arg = timer.arg;
        schedule (timer, now);
        handler (id, arg);
        // The handler may have changed anything.
        next = by_time_.begin ();
    }
}

}  // namespace engine
