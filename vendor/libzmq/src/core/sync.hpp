// Mutexes that clang's thread-safety analysis understands. Lock order: strand, then one of registry or context, then leaves
// (doorbell, reactor). No thread ever holds two strands.
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__clang__)
#    define ENGINE_TSA(x) __attribute__ ((x))
#else
#    define ENGINE_TSA(x)
#endif

#define ENGINE_CAPABILITY(x) ENGINE_TSA (capability (x))
#define ENGINE_SCOPED_CAPABILITY ENGINE_TSA (scoped_lockable)
#define ENGINE_GUARDED_BY(x) ENGINE_TSA (guarded_by (x))
#define ENGINE_REQUIRES(...) ENGINE_TSA (requires_capability (__VA_ARGS__))
#define ENGINE_ACQUIRE(...) ENGINE_TSA (acquire_capability (__VA_ARGS__))
#define ENGINE_RELEASE(...) ENGINE_TSA (release_capability (__VA_ARGS__))
#define ENGINE_NO_ANALYSIS ENGINE_TSA (no_thread_safety_analysis)

namespace engine {

// A mutex of four bytes whose uncontended lock and unlock are one inlined locked operation each: a message costs one of both, so
// the calls into the C library that std::mutex makes would be a tenth of a small send.
//
// Whoever comes first gets it, but nobody waits for ever: a sleeper that was woken in vain for ten milliseconds is handed it by the next
// unlock. (Among several sleepers one that finds another asleep again in its stead does not notice that it was woken; fair it is not.)
// A thread that copies large messages into a queue holds the strand all the time but for nanoseconds between two calls, in which nobody
// who is being woken up can take it: the reactor, which would write them, did not get it for seconds.
class ENGINE_CAPABILITY ("mutex") Mutex
{
  public:
    void lock () noexcept ENGINE_ACQUIRE ()
    {
        if (!try_lock ()) [[unlikely]]
            lock_slowly ();
    }
    bool try_lock () noexcept ENGINE_TSA (try_acquire_capability (true))
    {
        std::uint32_t expected = free;
        return state_.compare_exchange_strong (expected, held, std::memory_order_acquire, std::memory_order_relaxed);
    }
    void unlock () noexcept ENGINE_RELEASE ()
    {
        if (state_.load (std::memory_order_relaxed) == starving) [[unlikely]] {
            hand_over ();
            return;
        }
        // (Too late a look finds nobody starving who is: woken in vain once more, he marks it again.)
        if (const std::uint32_t before = state_.exchange (free, std::memory_order_seq_cst); before >= contended) [[unlikely]]
            wake (before);
    }

  private:
    enum : std::uint32_t
    {
        free,
        held,
        contended,  // held, and somebody may be sleeping
        starving,   // held, and somebody has been sleeping for too long
        handed      // kept for whoever has
    };
    void lock_slowly () noexcept;
    void sleep_until_locked () noexcept;
    void hand_over () noexcept;
    void wake (std::uint32_t before) noexcept;

    std::atomic<std::uint32_t> state_{free};
};

class ENGINE_SCOPED_CAPABILITY Lock
{
  public:
    explicit Lock (Mutex &mutex) noexcept ENGINE_ACQUIRE (mutex) : mutex_ (mutex) { mutex_.lock (); }
    ~Lock () ENGINE_RELEASE () { mutex_.unlock (); }
    Lock (const Lock &) = delete;
    Lock &operator= (const Lock &) = delete;

  private:
    Mutex &mutex_;
};

}  // namespace engine
