// A socket handle: the slot that zmq.h's `void *socket` points at. It holds the one mutex that guards all of a socket, and hands
// the socket out only while that is locked (guard.hpp). Slots are never given back to the system, so a stale handle is recognised
// (ENOTSOCK) instead of crashing, and a doorbell may be rung at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/sync.hpp"
#include "strand/doorbell.hpp"
#include "strand/fork.hpp"
#include "strand/guarded.hpp"

namespace engine {

class Strand
{
  public:
    static constexpr std::uint32_t tag = 0x5a71a9d5;

    // A free slot, or null when out of memory.
    static Strand *acquire () noexcept;
    // A slot that acquire() gave and that never held anything.
    static void give_back (Strand *strand) noexcept { recycle (strand); }
    // In a child process, right after fork(2): no slot of the parent's is used again.
    static void forget_inherited () noexcept;
    // Null if the pointer is not a handle that could be open (a race with close is settled by the guard).
    static Strand *from_handle (void *handle) noexcept
    {
        Strand *const strand = static_cast<Strand *> (handle);
        return strand && strand->tag_ == tag ? strand : nullptr;
    }

    // Made by a parent process.
    bool foreign () const noexcept
    {
        return generation_.load (std::memory_order_relaxed) != fork_generation.load (std::memory_order_relaxed);
    }

    // Puts a new object into the slot, and opens the handle.
    void install (std::unique_ptr<Guarded> object) noexcept;

    Doorbell doorbell;

    // The reactor's turn at input and output: an application's thread that comes meanwhile is let in after the next system call, and not
    // only when there is nothing left to read and write. For who holds the strand, as is turn_is_over().
    class Turn
    {
      public:
        explicit Turn (Strand &strand) noexcept : strand_ (strand) { strand_.turn_.store (true, std::memory_order_relaxed); }
        ~Turn () { strand_.turn_.store (false, std::memory_order_relaxed); }
        Turn (const Turn &) = delete;
        Turn &operator= (const Turn &) = delete;

      private:
        Strand &strand_;
    };
    bool in_turn () const noexcept { return turn_.load (std::memory_order_relaxed); }
    // Somebody waits for it.
    bool turn_is_over () const noexcept { return in_turn () && mutex_.hurried (); }

  private:
    friend class StrandGuard;
    Strand () = default;
    static void recycle (Strand *strand) noexcept;

    const std::uint32_t tag_ = tag;
    bool open_ = false;                    // the application has not closed it; under mutex_
    std::atomic<bool> turn_{false};        // a hint for those who wait
    std::atomic<unsigned> generation_{0};  // fork generation of its object's creation
    Mutex mutex_;
    std::unique_ptr<Guarded> object_;
    Strand *next_free_ = nullptr;  // the pool's
};

}  // namespace engine
