// A pipe's queue: a growing ring of messages for use under one strand. Starts without memory, holds 8 after the first push, doubles
// when full. A ring that runs empty gives its memory back if it is huge, or if it is big and did not need to be since it was last empty;
// a huge one also when it is nearly empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "message/backlog.hpp"
#include "message/msg.hpp"
#include "platform/pages.hpp"

namespace engine {

class Ring
{
  public:
    static constexpr std::size_t first_capacity = 8;
    static constexpr std::size_t small_capacity = 64;   // messages, 4 KiB: kept for good
    static constexpr std::size_t huge_capacity = 4096;  // messages, 256 KiB: more than this is given back whenever it runs empty

    Ring () noexcept = default;
    Ring (const Ring &) = delete;
    Ring &operator= (const Ring &) = delete;
    Ring (Ring &&other) noexcept { swap (other); }
    Ring &operator= (Ring &&other) noexcept
    {
        if (this != &other) {
            clear ();
            swap (other);
        }
        return *this;
    }
    ~Ring () { clear (); }

    bool empty () const noexcept { return head_ == tail_; }
    std::size_t size () const noexcept { return tail_ - head_; }

    // Takes the message, leaving an empty one. False: out of memory, nothing changed.
    [[nodiscard]] bool push (Msg &&message) noexcept
    {
        if (size () == capacity_ && !grow ()) [[unlikely]]
            return false;
        std::memcpy (static_cast<void *> (slot (tail_)), &message, sizeof (Msg));
        message.init ();
        ++tail_;
        return true;
    }
    // The next free slot, an empty message that append() makes the newest. Null: out of memory.
    Msg *reserve () noexcept
    {
        if (size () == capacity_ && !grow ()) [[unlikely]]
            return nullptr;
        Msg *const next = slot (tail_);
        next->init ();
        return next;
    }
    void append () noexcept { ++tail_; }
    // Moves the oldest message into `out`, whose old content is released. False: there is none.
    bool pop (Msg &out) noexcept
    {
        if (empty ())
            return false;
        out.reset ();
        pop_over (out);
        return true;
    }
    // As pop() from a ring that is not empty, into an `out` that holds nothing to be released.
    void pop_over (Msg &out) noexcept
    {
        std::memcpy (static_cast<void *> (&out), slot (head_), sizeof (Msg));
        advance ();
    }
    // Releases the oldest message of a ring that is not empty.
    void drop_front () noexcept
    {
        slot (head_)->~Msg ();
        advance ();
    }
    // Puts all of `earlier` before what is here, and leaves it empty. False: out of memory, nothing changed.
    [[nodiscard]] bool prepend (Ring &earlier) noexcept
    {
        while (earlier.capacity_ < earlier.size () + size ())
            if (!earlier.grow ())
                return false;
        while (!empty ()) {
            std::memcpy (static_cast<void *> (earlier.slot (earlier.tail_++)), slot (head_), sizeof (Msg));
            ++head_;
        }
        swap (earlier);
        return true;
    }
    Msg &front () noexcept { return *slot (head_); }
    const Msg &front () const noexcept { return *slot (head_); }
    Msg &back () noexcept { return *slot (tail_ - 1); }
    const Msg &back () const noexcept { return *slot (tail_ - 1); }
    Msg &operator[] (std::size_t index) noexcept { return *slot (head_ + index); }  // 0 is the oldest
    const Msg &operator[] (std::size_t index) const noexcept { return *slot (head_ + index); }
    // Releases the newest message.
    void drop_back () noexcept
    {
        --tail_;
        slot (tail_)->~Msg ();
    }
    // Releases everything, the memory too.
    void clear () noexcept
    {
        while (!empty ())
            drop_back ();
        if (capacity_ > huge_capacity)
            Backlog::gone (capacity_, std::exchange (mark (), nullptr));
        else
            Backlog::gone (capacity_);
        give_back ();
        slots_ = nullptr;
        capacity_ = head_ = tail_ = 0;
    }
    void swap (Ring &other) noexcept
    {
        std::swap (slots_, other.slots_);
        std::swap (capacity_, other.capacity_);
        std::swap (head_, other.head_);
        std::swap (tail_, other.tail_);
    }

  private:
    static constexpr std::size_t huge_to_left = 512;

    Msg *slot (std::size_t position) const noexcept { return static_cast<Msg *> (slots_) + (position & (capacity_ - 1)); }

    void advance () noexcept
    {
        ++head_;
        if (size () > capacity_ / huge_to_left)
            return;
        if (empty ()) {
            // From the beginning again: the fewer slots take turns, the more of them stay in the cache.
            const std::size_t passed = head_;
            head_ = tail_ = 0;
            if (capacity_ > small_capacity) [[unlikely]]
                emptied (passed);
        } else if (capacity_ > huge_capacity) [[unlikely]]
            shrink ();
    }
    [[gnu::noinline]] bool grow () noexcept
    {
        const std::size_t capacity = capacity_ == 0 ? first_capacity : capacity_ * 2;
        void *const slots =
          capacity > huge_capacity ? map_pages (mapped_size (capacity)) : ::operator new (capacity * sizeof (Msg), std::nothrow);
        if (!slots)
            return false;
        const std::size_t count = size ();
        if (count > 0) {
            // A full ring has two halves: the part from the head to the end and the part before the head. One that is not full has them
            // too if it goes round the end.
            const std::size_t first = std::min (count, capacity_ - (head_ & (capacity_ - 1)));
            std::memcpy (slots, static_cast<void *> (slot (head_)), first * sizeof (Msg));
            std::memcpy (static_cast<std::byte *> (slots) + first * sizeof (Msg), slots_, (count - first) * sizeof (Msg));
        }
        Backlog::Mark *const kept = capacity_ > huge_capacity ? mark () : nullptr;
        give_back ();
        slots_ = slots;
        capacity_ = capacity;
        if (capacity_ > huge_capacity)
            mark () = kept ? kept : Backlog::mark ();
        head_ = 0;
        tail_ = count;
        return true;
    }
    // A huge ring that is nearly empty, and may never be quite, becomes one with room for twice what is left.
    [[gnu::noinline]] void shrink () noexcept
    {
        Ring fitting;
        while (fitting.capacity_ < 2 * size ())
            if (!fitting.grow ())
                return;
        for (; !empty (); ++head_)
            std::memcpy (static_cast<void *> (fitting.slot (fitting.tail_++)), slot (head_), sizeof (Msg));
        swap (fitting);
    }
    // A huge ring's pages hold its mark behind the slots.
    static constexpr std::size_t mapped_size (std::size_t capacity) noexcept { return capacity * sizeof (Msg) + sizeof (Backlog::Mark *); }
    Backlog::Mark *&mark () noexcept { return *reinterpret_cast<Backlog::Mark **> (static_cast<Msg *> (slots_) + capacity_); }
    void give_back () noexcept
    {
        if (capacity_ > huge_capacity)
            unmap_pages (slots_, mapped_size (capacity_));
        else
            ::operator delete (slots_);
    }
    // `passed`: since it was last empty, so at least what it held at its fullest.
    [[gnu::noinline]] void emptied (std::size_t passed) noexcept
    {
        if (capacity_ > huge_capacity || passed <= small_capacity)
            clear ();
    }

    void *slots_ = nullptr;
    std::size_t capacity_ = 0;  // 0 or a power of two
    std::size_t head_ = 0;      // positions grow until the ring runs empty; the slot is position modulo capacity
    std::size_t tail_ = 0;
};

}  // namespace engine
