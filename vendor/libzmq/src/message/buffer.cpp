// The buffer pool; see buffer.hpp.
#include "message/buffer.hpp"

#include <atomic>
#include <bit>
#include <new>
#include <span>

namespace engine {

namespace {

// Never destroyed: threads that outlive static destruction may still give buffers back.
constinit std::atomic<Buffer *> pool[Buffer::sizes][Buffer::pooled (0)] = {};

std::span<std::atomic<Buffer *>> places (unsigned row) noexcept { return {pool[row], Buffer::pooled (row)}; }

// Row of the pool for a capacity of at most `largest`.
unsigned row_of (std::size_t capacity) noexcept
{
    constexpr int smallest_width = std::bit_width (Buffer::smallest - 1);
    return capacity <= Buffer::smallest ? 0 : static_cast<unsigned> (std::bit_width (capacity - 1) - smallest_width);
}

void free_buffer (Buffer *buffer) noexcept
{
    buffer->~Buffer ();
    ::operator delete (buffer);
}

}  // namespace

Buffer *Buffer::create (std::size_t capacity) noexcept
{
    if (capacity <= largest) {
        const unsigned row = row_of (capacity);
        for (std::atomic<Buffer *> &place : places (row)) {
            if (!place.load (std::memory_order_relaxed))
                continue;
            if (Buffer *buffer = place.exchange (nullptr, std::memory_order_acquire)) {
                buffer->references.store (1, std::memory_order_relaxed);
                return buffer;
            }
        }
        capacity = smallest << row;
    }
    void *memory = ::operator new (sizeof (Buffer) + capacity + slack, std::nothrow);
    if (!memory)
        return nullptr;
    auto *buffer = new (memory) Buffer (capacity);
    buffer->dispose = recycle;
    return buffer;
}

void Buffer::recycle (Content *self) noexcept
{
    auto *buffer = static_cast<Buffer *> (self);
    if (buffer->capacity_ <= largest)
        for (std::atomic<Buffer *> &place : places (row_of (buffer->capacity_))) {
            Buffer *expected = nullptr;
            if (!place.load (std::memory_order_relaxed) &&
                place.compare_exchange_strong (expected, buffer, std::memory_order_release, std::memory_order_relaxed))
                return;
        }
    free_buffer (buffer);
}

void Buffer::drain_pool () noexcept
{
    for (auto &row : pool)
        for (std::atomic<Buffer *> &place : row)
            if (Buffer *buffer = place.exchange (nullptr, std::memory_order_acquire))
                free_buffer (buffer);
}

}  // namespace engine
