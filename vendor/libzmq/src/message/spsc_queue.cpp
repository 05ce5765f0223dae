// Chunk management of the inproc queue; see spsc_queue.hpp.
#include "message/spsc_queue.hpp"

namespace engine {

bool SpscQueue::extend () noexcept
{
    Chunk *chunk = spare_.exchange (nullptr, std::memory_order_acq_rel);
    if (!chunk) {
        chunk = new (std::nothrow) Chunk;
        if (!chunk)
            return false;
        if (pushed_ - popped_.load (std::memory_order_relaxed) >= Backlog::large && !mark_.load (std::memory_order_relaxed))
            mark_.store (Backlog::mark (), std::memory_order_release);
    }
    chunk->next = nullptr;
    chunk->previous = tail_;
    if (tail_)
        tail_->next = chunk;
    else
        first_ = chunk;
    tail_ = chunk;
    return true;
}

// The consumer has read all of head_ and there is more behind it.
void SpscQueue::advance (std::size_t position) noexcept
{
    Chunk *done = head_;
    head_ = done->next;
    head_base_ = position;
    recycle (done);
    // Noticed on the way down: how far up it was nobody remembers.
    const std::size_t left = seen_ - position;
    if (left >= Backlog::large)
        large_ = true;
    else if (large_ && left <= chunk_capacity) {
        large_ = false;
        gone ();
    }
}

void SpscQueue::rollback () noexcept
{
    const std::size_t published = published_.load (std::memory_order_relaxed);
    while (pushed_ != published) {
        --pushed_;
        const std::size_t index = pushed_ % chunk_capacity;
        std::launder (reinterpret_cast<Msg *> (tail_->slots[index]))->~Msg ();
        if (index == 0) {
            // The consumer follows `next` only when a published message lies behind it, and none does.
            Chunk *unused = tail_;
            tail_ = unused->previous;
            if (tail_)
                tail_->next = nullptr;
            else
                first_ = nullptr;
            recycle (unused);
        }
    }
}

}  // namespace engine
