// The place of a direction that conflates (ZMQ_CONFLATE): it holds the newest message only, whatever the writer's pace, so its memory is
// bounded without a limit that anybody could run into. The opposite of message/spsc_queue.hpp, with the same protocol of waiting.
//
// Who may call what: "writer" and "reader" below; each is one thread at a time (whoever holds that socket's strand). Both hold a mutex for
// some instructions; messages are released outside it, since that may call back into the application.
#pragma once

#include <atomic>
#include <utility>

#include "base/sync.hpp"
#include "message/msg.hpp"

namespace engine {

class NewestSlot
{
  public:
    NewestSlot () noexcept = default;
    NewestSlot (const NewestSlot &) = delete;
    NewestSlot &operator= (const NewestSlot &) = delete;

    // ---- writer ----
    // Takes the message, leaving an empty one, and releases the one it replaces. True: the reader is waiting and must be woken.
    [[nodiscard]] bool put (Msg &&message) noexcept
    {
        Msg replaced;
        Lock lock (mutex_);
        replaced = std::move (newest_);
        newest_ = std::move (message);
        full_.store (true, std::memory_order_release);
        return std::exchange (waiting_, false);
        // (The lock, made last, is let go before `replaced` is released.)
    }

    // ---- reader ----
    // Moves the message into `out`, whose old content is released. False: there is none.
    bool take (Msg &out) noexcept
    {
        if (empty ())
            return false;
        out.reset ();
        Lock lock (mutex_);
        out = std::move (newest_);
        full_.store (false, std::memory_order_release);
        return true;
    }
    // Declares that the reader waits, until a put() says true. False: something has come meanwhile, do not wait.
    [[nodiscard]] bool wait_prepare () noexcept
    {
        Lock lock (mutex_);
        waiting_ = !full_.load (std::memory_order_relaxed);
        return waiting_;
    }

    // ---- any thread ----
    // Only the reader empties it: to him, a false stays true until he takes.
    bool empty () const noexcept { return !full_.load (std::memory_order_acquire); }

  private:
    Mutex mutex_;
    bool waiting_ ENGINE_GUARDED_BY (mutex_) = false;
    std::atomic<bool> full_{false};  // written under the mutex
    Msg newest_ ENGINE_GUARDED_BY (mutex_);
};

}  // namespace engine
