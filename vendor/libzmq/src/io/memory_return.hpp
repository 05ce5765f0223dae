// When the reactor gives the memory of backlogs back: a moment after one has gone, so that what its reader still has in hand is freed by
// then, and once more later, for a reader that took its time. At most once a second, and never for more than a hundredth of a processor's
// time: while memory is given back, whoever needs some may have to wait.
#pragma once

#include <algorithm>
#include <atomic>
#include <ctime>

#include "base/clock.hpp"
#include "message/backlog.hpp"

namespace engine {

class MemoryReturn
{
  public:
    static constexpr Nanoseconds settling = 100 * millisecond;
    static constexpr Nanoseconds shortest_interval = 1000 * millisecond;

    // In any thread. The caller then interrupts the reactor's wait, and the reactor, woken, looks at next(): the poller's WakeFlag orders
    // the two.
    void call () noexcept { called_.store (true, std::memory_order_release); }

    // The thread's own: the time to look again, `never` if there is no need to; and the look.
    Nanoseconds next () noexcept
    {
        if (called_.load (std::memory_order_relaxed)) [[unlikely]]
            arrange ();
        return at_;
    }
    void look () noexcept
    {
        if (at_ != never && now () >= at_) [[unlikely]]
            collect ();
    }

  private:
    void arrange () noexcept
    {
        called_.exchange (false, std::memory_order_acquire);
        if (at_ == never)
            at_ = std::max (now () + settling, earliest_);
        first_ = true;
    }
    // Of this thread: on a busy machine it would be its own slowness that makes it come late.
    static Nanoseconds processor_time () noexcept
    {
        timespec t;
        clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<Nanoseconds> (t.tv_sec) * 1000 * millisecond + t.tv_nsec;
    }
    void collect () noexcept
    {
        const Nanoseconds begin = processor_time ();
        Backlog::trim ();
        earliest_ = now () + std::max (shortest_interval, 100 * (processor_time () - begin));
        at_ = first_ ? earliest_ : never;
        first_ = false;
    }

    std::atomic<bool> called_{false};
    Nanoseconds at_ = never;
    Nanoseconds earliest_ = 0;
    bool first_ = false;  // the look at at_ is the first after a backlog has gone
};

}  // namespace engine
