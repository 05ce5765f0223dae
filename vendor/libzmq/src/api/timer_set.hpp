// The timers behind zmq_timers_*: who is due when. It has no clock: time is an argument, in milliseconds from any origin.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "zmq.h"

namespace engine {

class TimerSet
{
  public:
    using Time = std::uint64_t;  // milliseconds
    static constexpr Time never = UINT64_MAX;

    // The new timer's id: 1, 2, ... May throw std::bad_alloc.
    int add (Time now, Time interval, zmq_timer_fn *handler, void *arg);
    // False: there is no such timer (any more).
    bool set_interval (Time now, int id, Time interval) noexcept;
    bool restart (Time now, int id) noexcept;
    bool cancel (int id) noexcept;

    // When the next one is due (it may have been already); `never`: there are none.
    Time next_due () const noexcept { return by_time_.empty () ? never : by_time_.begin ()->first.first; }

    // Calls the handlers of those that are due, in the order in which they became due and each once, and sets each to `now` plus
    // its interval before it is called. Handlers may add, cancel and change timers: one cancelled or put off by an earlier handler is
    // not called, one added waits for the next execute() however short its interval.
    void execute (Time now);

  private:
    // (due, turn): timers due at the same time fire in the order in which they were set.
    using Key = std::pair<Time, std::uint64_t>;
    struct Timer
    {
        Key key;
        Time interval;
        zmq_timer_fn *handler;
        void *arg;
    };

    void schedule (Timer &timer, Time now) noexcept;

    std::map<int, Timer> timers_;
    std::map<Key, int> by_time_;
    std::uint64_t turn_ = 0;
    int last_id_ = 0;
};

}  // namespace engine
