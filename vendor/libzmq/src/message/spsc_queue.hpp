// The queue of an inproc pipe: any number of messages from one producer to one consumer, in chunks, without locks. Frames become
// visible to the consumer only by publish(), so a multipart message appears whole or, after rollback(), not at all.
//
// Who may call what: "producer" and "consumer" below; each is one thread at a time (whoever holds that socket's strand). No call blocks.
// Waking: a consumer that is about to sleep calls wait_prepare(); the publish() after that says true, once, and its caller
// wakes the consumer: a WaitMark (handoff.hpp), whose news is published_. No wake-up is lost and none is needless.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "message/backlog.hpp"
#include "message/handoff.hpp"
#include "message/msg.hpp"

namespace engine {

class SpscQueue
{
  public:
    static constexpr std::size_t chunk_capacity = 64;  // messages, 4 KiB

    SpscQueue () noexcept = default;
    SpscQueue (const SpscQueue &) = delete;
    SpscQueue &operator= (const SpscQueue &) = delete;
    // When neither side uses it any more. Releases all messages.
    ~SpscQueue ()
    {
        rollback ();
        Msg left;
        while (pop (left)) {
        }
        if (mark_.load (std::memory_order_relaxed))
            gone ();
        delete tail_;
        delete spare_.load (std::memory_order_acquire);
    }

    // ---- producer ----
    // Takes the message, leaving an empty one; the consumer does not see it yet. False: out of memory, nothing changed.
    [[nodiscard]] bool push (Msg &&message) noexcept
    {
        const std::size_t index = pushed_ % chunk_capacity;
        if (index == 0 && !extend ()) [[unlikely]]
            return false;
        std::memcpy (tail_->slots[index], &message, sizeof (Msg));
        message.init ();
        ++pushed_;
        return true;
    }
    // Shows the consumer all that was pushed. True: it is waiting and must be woken.
    [[nodiscard]] bool publish () noexcept
    {
        published_.store (pushed_, std::memory_order_seq_cst);
        return waiting_.take ();
    }
    // Releases what was pushed and not published.
    void rollback () noexcept;

    // ---- consumer ----
    // Moves the oldest published message into `out`, whose old content is released. False: there is none.
    bool pop (Msg &out) noexcept
    {
        Msg *const oldest = front ();
        if (!oldest)
            return false;
        out.reset ();
        std::memcpy (static_cast<void *> (&out), static_cast<void *> (oldest), sizeof (Msg));
        popped_.store (popped_.load (std::memory_order_relaxed) + 1, std::memory_order_release);
        return true;
    }
    // The oldest published message, which stays in the queue; null if there is none.
    Msg *front () noexcept
    {
        const std::size_t position = popped_.load (std::memory_order_relaxed);
        if (position == seen_) {
            seen_ = published_.load (std::memory_order_acquire);
            if (position == seen_)
                return nullptr;
        }
        const std::size_t index = position % chunk_capacity;
        if (index == 0 && position != head_base_) [[unlikely]]
            advance (position);
        else if (!head_) [[unlikely]]
            head_ = first_;
        return std::launder (reinterpret_cast<Msg *> (head_->slots[index]));
    }
    bool empty () noexcept { return front () == nullptr; }
    // Declares that the consumer waits, until a publish() says true. False: something has come meanwhile, do not wait.
    [[nodiscard]] bool wait_prepare () noexcept
    {
        waiting_.set ();
        if (published_.load (std::memory_order_seq_cst) == popped_.load (std::memory_order_relaxed))
            return true;
        waiting_.unset ();
        return false;
    }

    // ---- any thread; exact for the side that changes it ----
    std::size_t published () const noexcept { return published_.load (std::memory_order_acquire); }  // in all, since the beginning
    std::size_t popped () const noexcept { return popped_.load (std::memory_order_acquire); }        // in all
    std::size_t size () const noexcept  // published and not popped; an older state of either side may be seen
    {
        const std::size_t gone = popped ();
        return published () - gone;
    }

  private:
    struct Chunk
    {
        alignas (Msg) std::byte slots[chunk_capacity][sizeof (Msg)];
        Chunk *next;      // written before a message in it is published, read after
        Chunk *previous;  // producer only, for rollback(): valid as long as this chunk holds unpublished messages
    };

    bool extend () noexcept;
    void gone () noexcept { Backlog::gone (Backlog::large, mark_.exchange (nullptr, std::memory_order_acquire)); }
    void advance (std::size_t position) noexcept;
    void recycle (Chunk *chunk) noexcept { delete spare_.exchange (chunk, std::memory_order_acq_rel); }

    // The producer's line.
    alignas (64) std::size_t pushed_ = 0;
    Chunk *tail_ = nullptr;
    Chunk *first_ = nullptr;
    // What the producer tells.
    alignas (64) std::atomic<std::size_t> published_{0};
    // What the consumer tells.
    alignas (64) WaitMark<> waiting_;
    std::atomic<Chunk *> spare_{nullptr};
    std::atomic<Backlog::Mark *> mark_{nullptr};  // of a producer that was far ahead
    // The consumer's line.
    alignas (64) std::atomic<std::size_t> popped_{0};
    std::size_t seen_ = 0;       // published_ when last looked at
    std::size_t head_base_ = 0;  // position of the first message of head_
    Chunk *head_ = nullptr;
    bool large_ = false;  // much has been waiting
};

}  // namespace engine
