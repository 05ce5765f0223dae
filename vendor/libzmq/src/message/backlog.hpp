// Large backlogs that were read or dropped: what their many small messages took the C library keeps, unless somebody asks it. Queues say
// when that has happened; who has time for it, a reactor or who ends a socket or a context, gives the memory back.
//
// A queue that becomes large takes a mark, a block of the C library's memory for whoever fills it, and hands it over when it is empty:
// freed last, it makes glibc look at that thread's memory, which nobody else can ask it for (platform/heap.hpp).
#pragma once

#include <atomic>
#include <cstddef>

namespace engine {

class Backlog
{
  public:
    static constexpr std::size_t large = 8192;  // messages; fewer are not worth the time
    static constexpr std::size_t small = 512;   // a queue of fewer is no part of a backlog, however many such queues there are

    struct Mark
    {
        Mark *next;
    };
    static constexpr int most_marks = 64;
    // In the thread that fills the queue. Null: no memory, or marks enough.
    static Mark *mark () noexcept;

    // A queue that had room for this many is empty. Several that are not large make one backlog, too. A collector is called.
    static void gone (std::size_t messages, Mark *mark = nullptr) noexcept
    {
        if (messages >= small) [[unlikely]]
            count (messages, mark);
    }
    static bool due () noexcept { return due_.load (std::memory_order_relaxed); }
    // Gives memory back, if any has gone since somebody did it last.
    static void collect () noexcept
    {
        if (due ()) [[unlikely]]
            trim ();
    }
    // Gives memory back. Takes milliseconds where there is much.
    static void trim () noexcept;

    // Who is told.
    class Collector
    {
      public:
        // In any thread, with locks held: must not block or take one.
        virtual void backlog_gone () noexcept = 0;

      protected:
        Collector () = default;
        ~Collector () = default;

      private:
        friend class Backlog;
        Collector *next_ = nullptr;
    };
    static void enlist (Collector &collector) noexcept;
    static void dismiss (Collector &collector) noexcept;
    static void after_fork_in_child () noexcept;  // the parent's collectors are not the child's

  private:
    static void count (std::size_t messages, Mark *mark) noexcept;
    static void call () noexcept;

    // Who has freed and counted enough exchanges it for true, and calls if it was false; who trims exchanges it for false, and gives back
    // only then. Exchanges of one variable have one order: either the trimmer's comes later, and what was freed is among what it gives
    // back, or the other finds false, and calls.
    static inline std::atomic<bool> due_{false};
};

}  // namespace engine
