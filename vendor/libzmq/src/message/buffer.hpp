// Counted blocks of bytes for reading and for writing, and the pool they come from. Messages may refer to a part of one (a
// slice), so it lives until the last of them is gone, in whichever thread that is.
//
// The pool is shared by all threads, without locks, and bounded: a few free blocks of each size are kept, the rest is freed. It
// matters most for the large ones: memory that the C library returns to the system and asks for again costs a page fault every 4 KiB,
// more than the bytes themselves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "message/msg.hpp"

namespace engine {

class Buffer final : public Content
{
  public:
    static constexpr std::size_t smallest = 8u << 10;  // bytes
    static constexpr std::size_t largest = 4u << 20;   // bytes; larger ones are not pooled
    static constexpr unsigned sizes = 10;              // 8, 16, ... 4096 KiB
    // How many of a size are kept: 2 MiB of each at most, but for the largest, of which one is.
    static constexpr unsigned pooled (unsigned row) noexcept
    {
        constexpr unsigned most = 8, total_width = 8;  // 2^8 times the smallest
        return row + 3 <= total_width ? most : row < total_width ? 1u << (total_width - row) : 1u;
    }
    // This many bytes behind the capacity may be read and written without meaning, so that short copies can have a fixed length.
    static constexpr std::size_t slack = 64;

    // At least `capacity` bytes, rounded up to a pooled size if there is one; one reference, the caller's. Null: out of memory.
    static Buffer *create (std::size_t capacity) noexcept;

    std::uint8_t *data () noexcept { return reinterpret_cast<std::uint8_t *> (this + 1); }
    std::size_t capacity () const noexcept { return capacity_; }

    // An owner that hands out many references takes them in bulk, and gives back what it did not use together with its own.
    void acquire_many (std::uint32_t count) noexcept { references.fetch_add (count, std::memory_order_relaxed); }
    void release_many (std::uint32_t count) noexcept
    {
        if (references.load (std::memory_order_acquire) == count || references.fetch_sub (count, std::memory_order_acq_rel) == count)
            dispose (this);
    }
    // True if nobody else refers to it: then its bytes may be overwritten.
    bool owned_by (std::uint32_t count) const noexcept { return references.load (std::memory_order_acquire) == count; }

    // Frees what the pool holds.
    static void drain_pool () noexcept;

  private:
    explicit Buffer (std::size_t capacity) noexcept : capacity_ (capacity) {}
    static void recycle (Content *self) noexcept;

    std::size_t capacity_;
};

}  // namespace engine
