#include "core/sync.hpp"

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
    while (state_.exchange (contended, std::memory_order_acquire) != free)
        state_.wait (contended, std::memory_order_relaxed);
}

}  // namespace engine
