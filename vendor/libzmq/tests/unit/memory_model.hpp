// A model of C++'s memory that tries everything: a test gives the threads of a small protocol, written with model::Atomic instead of
// std::atomic, and explore() runs every interleaving of their accesses with every value that each load may see.
//
// Memory is the "view" model of release, acquire, relaxed and sequentially consistent accesses: a variable is the list of all values it
// had; each thread knows a latest one of each, and may read that or any later; a release store passes on what its thread knows, an acquire
// load takes that over; sequentially consistent loads of a variable see at least its last sequentially consistent store. This is weaker
// than x86's store buffers, so what holds here holds there. (Not modelled: a store that comes before an older one of another thread,
// and loads of what is stored later. No hand-off of ours depends on either.)
//
// A thread's function is run from its beginning for each of its accesses, with the results so far, and must not do anything else that
// lasts: its own variables are locals. It may loop if every round waits for something that happens only so many times.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace model {

// What explore() found.
struct Outcome
{
    std::size_t states = 0;
    std::string stuck;  // which threads could sleep for ever, empty: none
};

using Threads = std::vector<std::function<void ()>>;
Outcome explore (const Threads &threads);

enum class Access : std::uint8_t
{
    load,
    store,
    exchange,
    compare,       // compare and exchange; the expected value is `expected`
    add,           // fetch_add
    wait_nonzero,  // blocks until the variable is not 0; reads its last value
    wait_other,    // futex: sleeps, if the last value is `expected`, until a wake; returns at once if it is not
    wake_one,      // of those who sleep in wait_other
    wake_all,
    choose  // false or true
};

// Access of the running thread; what it read. (Leaves the thread's function by an exception where the model has to choose.)
std::uint64_t access (Access kind, std::size_t variable, std::uint64_t value, std::uint64_t expected, std::memory_order order);
std::size_t new_variable (std::uint64_t initial);
// Forgets the variables of the last protocol.
void reset ();
// The one that is being run.
std::size_t running_thread ();
// Something outside the model's knowledge that may be either.
inline bool choose () { return access (Access::choose, 0, 0, 0, std::memory_order_relaxed) != 0; }

template <class T>
class Atomic
{
  public:
    Atomic (T initial = T{}) : variable_ (new_variable (static_cast<std::uint64_t> (initial))) {}
    Atomic (const Atomic &) = delete;
    Atomic &operator= (const Atomic &) = delete;

    T load (std::memory_order order) const { return static_cast<T> (access (Access::load, variable_, 0, 0, order)); }
    void store (T value, std::memory_order order) { access (Access::store, variable_, static_cast<std::uint64_t> (value), 0, order); }
    T exchange (T value, std::memory_order order)
    {
        return static_cast<T> (access (Access::exchange, variable_, static_cast<std::uint64_t> (value), 0, order));
    }
    T fetch_add (T value, std::memory_order order)
    {
        return static_cast<T> (access (Access::add, variable_, static_cast<std::uint64_t> (value), 0, order));
    }
    bool compare_exchange_strong (T &expected, T value, std::memory_order order, std::memory_order = std::memory_order_relaxed)
    {
        const T before = static_cast<T> (
          access (Access::compare, variable_, static_cast<std::uint64_t> (value), static_cast<std::uint64_t> (expected), order));
        const bool equal = before == expected;
        expected = before;
        return equal;
    }
    bool compare_exchange_weak (T &expected, T value, std::memory_order order, std::memory_order failure = std::memory_order_relaxed)
    {
        return compare_exchange_strong (expected, value, order, failure);
    }
    // As std::atomic: woken, it sleeps again if the value is still the same.
    void wait (T value, std::memory_order order) const
    {
        while (access (Access::wait_other, variable_, 0, static_cast<std::uint64_t> (value), order) == static_cast<std::uint64_t> (value)) {
        }
    }
    void notify_one () { access (Access::wake_one, variable_, 0, 0, std::memory_order_relaxed); }
    void notify_all () { access (Access::wake_all, variable_, 0, 0, std::memory_order_relaxed); }
    // An eventfd's owner in poll(2).
    void sleep_until_set () const { access (Access::wait_nonzero, variable_, 0, 0, std::memory_order_acquire); }

  private:
    std::size_t variable_;
};

// An eventfd: system calls on one descriptor have one order, and pass on what was stored before.
class Descriptor
{
  public:
    void write () { count_.fetch_add (1, std::memory_order_acq_rel); }
    void read () { count_.exchange (0, std::memory_order_acq_rel); }
    void sleep () { count_.sleep_until_set (); }

  private:
    Atomic<std::uint64_t> count_{0};
};

}  // namespace model
