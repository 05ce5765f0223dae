// How a mutex is waited for and handed over; see sync.hpp. For sync.cpp, and for the test that models it.
#pragma once

#include <algorithm>

#include "base/sync.hpp"

namespace engine {

// The holder is mostly about to let go: a strand is held for microseconds. Yields for a moment, then sleeps: waking a sleeper would
// cost the holder more.
template <template <class> class Atomic, class Pace>
void BasicMutex<Atomic, Pace>::lock_slowly () noexcept (Pace::steady)
{
    for (int tries = 0; tries < Pace::most_yields; ++tries) {
        std::uint32_t expected = free;
        if (state_.compare_exchange_weak (expected, held, std::memory_order_acquire, std::memory_order_relaxed))
            return;
        if (!Pace::yield ())
            break;
    }
    sleep_until_locked (false);
}

template <template <class> class Atomic, class Pace>
void BasicMutex<Atomic, Pace>::sleep_until_locked (bool too_long) noexcept (Pace::steady)
{
    Pace pace;
    std::uint32_t state = state_.load (std::memory_order_relaxed);
    for (;;) {
        // Taken as contended: others may sleep as well, and the mark that one of them had set is gone.
        if (state == free || (state == handed && too_long)) {
            if (state_.compare_exchange_weak (state, contended, std::memory_order_acquire, std::memory_order_relaxed))
                return;
            continue;
        }
        const std::uint32_t mark = state == handed ? handed : too_long ? starving : std::max<std::uint32_t> (state, contended);
        if (state != mark && !state_.compare_exchange_weak (state, mark, std::memory_order_relaxed, std::memory_order_relaxed))
            continue;
        state_.wait (mark, std::memory_order_relaxed);
        too_long = too_long || pace.lost_patience ();
        state = state_.load (std::memory_order_relaxed);
    }
}

// Nothing is written any more once somebody else can have it: the mutex may be gone then.
template <template <class> class Atomic, class Pace>
void BasicMutex<Atomic, Pace>::hand_over () noexcept (Pace::steady)
{
    // Sequentially consistent as unlock()'s, so that notifying does not look for sleepers first.
    state_.exchange (handed, std::memory_order_seq_cst);
    // Only somebody who has been sleeping for too long takes it now, and which of the sleepers that is, is not known.
    state_.notify_all ();
}

template <template <class> class Atomic, class Pace>
void BasicMutex<Atomic, Pace>::wake (std::uint32_t before) noexcept (Pace::steady)
{
    if (before == contended)
        state_.notify_one ();
    else
        state_.notify_all ();
}

}  // namespace engine
