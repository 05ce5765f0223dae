// The threads to wake when something happens at a strand. Its doorbell's lock guards the list; only its length may be asked without.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "strand/waiter.hpp"

namespace engine {

class WaiterList
{
  public:
    std::uint32_t count () const noexcept { return count_.load (std::memory_order_relaxed); }

    bool add (Waiter &waiter) noexcept  // false: out of memory
    {
        try {
            waiters_.push_back (&waiter);
        } catch (...) {
            return false;
        }
        count_.fetch_add (1, std::memory_order_relaxed);
        return true;
    }
    void remove (Waiter &waiter) noexcept
    {
        const auto at = std::find (waiters_.begin (), waiters_.end (), &waiter);
        if (at == waiters_.end ())
            return;
        waiters_.erase (at);
        count_.fetch_sub (1, std::memory_order_relaxed);
    }
    void ring (const Waiter *but = nullptr) noexcept
    {
        for (Waiter *waiter : waiters_)
            if (waiter != but)
                waiter->ring ();
    }

  private:
    std::vector<Waiter *> waiters_;
    std::atomic<std::uint32_t> count_{0};
};

}  // namespace engine
