// Mutexes that clang's thread-safety analysis understands. Lock order: strand, then one of registry or context, then leaves
// (doorbell, reactor); of live contexts, then context. No thread ever holds two strands.
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
// The other way round the reactor holds it for as long as there is something to read or write, but is in no hurry: whoever waits then says
// so at once (lock_hastily), the reactor ends its turn (hurried) and hands it over.
//
// Why no wake-up is lost: a sleeper marks the state (contended, starving), and the system lets it sleep only while the state is that. Who
// unlocks exchanges the state, finds the mark and wakes somebody, who marks it again or takes it as contended. It is a template so that
// tests/unit/core/mutex_model_test.cpp can run it on a model of C++'s memory. Pace: how long a waiter yields, and when it loses patience.
template <template <class> class Atomic, class Pace>
class ENGINE_CAPABILITY ("mutex") BasicMutex
{
  public:
    void lock () noexcept (Pace::steady) ENGINE_ACQUIRE ()
    {
        if (!try_lock ()) [[unlikely]]
            lock_slowly ();
    }
    // Is handed it by the next unlock.
    void lock_hastily () noexcept (Pace::steady) ENGINE_ACQUIRE () { sleep_until_locked (true); }
    // For who holds it: somebody waits who is handed it.
    bool hurried () const noexcept (Pace::steady) { return state_.load (std::memory_order_relaxed) == starving; }
    bool try_lock () noexcept (Pace::steady) ENGINE_TSA (try_acquire_capability (true))
    {
        std::uint32_t expected = free;
        return state_.compare_exchange_strong (expected, held, std::memory_order_acquire, std::memory_order_relaxed);
    }
    void unlock () noexcept (Pace::steady) ENGINE_RELEASE ()
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
    void lock_slowly () noexcept (Pace::steady);
    void sleep_until_locked (bool too_long) noexcept (Pace::steady);
    void hand_over () noexcept (Pace::steady);
    void wake (std::uint32_t before) noexcept (Pace::steady);

    Atomic<std::uint32_t> state_{free};
};

class Pace
{
  public:
    static constexpr bool steady = true;    // nothing throws
    static constexpr int most_yields = 64;  // some ten microseconds
    static bool yield () noexcept;          // false: it does not pay
    Pace () noexcept;
    bool lost_patience () const noexcept;

  private:
    // Whoever it is handed to has to be given a processor first, and the others wait for that: seldom, where many share the processors.
    static constexpr std::int64_t patience = 10'000'000;  // ns
    std::int64_t start_;
};

using Mutex = BasicMutex<std::atomic, Pace>;
extern template class BasicMutex<std::atomic, Pace>;

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
