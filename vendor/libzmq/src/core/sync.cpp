#include "core/sync.hpp"

#include <algorithm>

#include "core/clock.hpp"
#include "core/spin.hpp"

namespace engine {

// The holder is mostly about to let go: a strand is held for microseconds. Yields for a moment, then sleeps: waking a sleeper would
// cost the holder more.
void Mutex::lock_slowly () noexcept
{
    constexpr int most_tries = 64;  // some ten microseconds
    for (int tries = 0; tries < most_tries; ++tries) {
        std::uint32_t expected = free;
        if (state_.compare_exchange_weak (expected, held, std::memory_order_acquire, std::memory_order_relaxed))
            return;
        if (!yield_processor ())
            break;
    }
    sleep_until_locked ();
}

void Mutex::sleep_until_locked () noexcept
{
    // Whoever it is handed to has to be given a processor first, and the others wait for that: seldom, where many share the processors.
    constexpr Nanoseconds patience = 10 * millisecond;
    const Nanoseconds start = now ();
    bool too_long = false;
    std::uint32_t state = state_.load (std::memory_order_relaxed);
    for (;;) {
        // Taken as contended: others may sleep as well, and the mark that one of them had set is gone.
        if (state == free || (state == handed && too_long)) {
            if (state_.compare_exchange_weak (state, contended, std::memory_order_acquire, std::memory_order_relaxed))
                return;
            continue;
        }
        const std::uint32_t mark = state == handed ? handed : too_long ? starving : std::max<std::uint32_t> (state, contended);
        if (state != mark && !state_.compare_exchange_weak (state, mark, std::memory_order_relaxed))
            continue;
        state_.wait (mark, std::memory_order_relaxed);
        too_long = too_long || now () - start > patience;
        state = state_.load (std::memory_order_relaxed);
    }
}

// Nothing is written any more once somebody else can have it: the mutex may be gone then.
void Mutex::hand_over () noexcept
{
    // Sequentially consistent as unlock()'s, so that notifying does not look for sleepers first.
    state_.exchange (handed, std::memory_order_seq_cst);
    // Only somebody who has been sleeping for too long takes it now, and which of the sleepers that is, is not known.
    state_.notify_all ();
}

void Mutex::wake (std::uint32_t before) noexcept
{
    if (before == contended)
        state_.notify_one ();
    else
        state_.notify_all ();
}

}  // namespace engine
