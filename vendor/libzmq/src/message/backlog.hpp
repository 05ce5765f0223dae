// Large backlogs that were read or dropped: what their many small messages took the C library keeps, unless somebody asks it. Queues say
// when that has happened; who has time for it, the reactor or who ends a socket, gives the memory back.
#pragma once

#include <atomic>

#include "platform/heap.hpp"

namespace engine {

class Backlog
{
  public:
    static constexpr unsigned large = 4096;  // messages; fewer are not worth the time

    // One is gone.
    static void gone () noexcept { count_.fetch_add (1, std::memory_order_relaxed); }
    // Gives memory back if any has gone since this one looked last.
    void collect () noexcept
    {
        if (!due ()) [[likely]]
            return;
        skip ();
        trim_heap ();
    }
    // What is gone by now is others' business.
    void skip () noexcept { seen_.store (count_.load (std::memory_order_relaxed), std::memory_order_relaxed); }
    bool due () const noexcept { return count_.load (std::memory_order_relaxed) != seen_.load (std::memory_order_relaxed); }
    // For everybody who ends a socket or a context.
    static Backlog &of_process () noexcept;

  private:
    static inline std::atomic<unsigned> count_{0};
    std::atomic<unsigned> seen_{0};
};

inline Backlog &Backlog::of_process () noexcept
{
    static constinit Backlog process;
    return process;
}

}  // namespace engine
