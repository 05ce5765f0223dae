// What has been encoded and not yet been written: bytes of its own, and bodies that stay in their messages, so that one sendmsg(2) can
// write many of both. Without I/O.
//
// A batch may keep what was written of a message until all of it was, so that the whole message can go out again on another connection
// when this one ends half-way: zmtp/unsent.hpp reads it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/uio.h>

#include "message/buffer.hpp"
#include "message/msg.hpp"

namespace engine {

// Holds no memory while empty, but for a short list; its buffers come from the pool.
class Batch
{
  public:
    static constexpr std::size_t copy_limit = 4096;  // bytes; larger bodies are referenced (tune by measurement)
    // A count of all the bytes before, from the first that was ever appended.
    using Position = std::uint64_t;

    Batch () noexcept = default;
    Batch (Batch &&other) noexcept { swap (other); }
    Batch &operator= (Batch &&other) noexcept
    {
        if (this != &other) {
            clear ();
            swap (other);
        }
        return *this;
    }
    ~Batch () { clear (); }

    bool empty () const noexcept { return size () == 0; }
    // Bytes still to be written.
    std::size_t size () const noexcept { return closed_ + static_cast<std::size_t> (tail_ - open_) - skip_; }
    // Fills up to `capacity` entries from the first unwritten byte on; returns how many.
    int fill_iovec (iovec *entries, int capacity) const noexcept;
    // `count` bytes were written: forgets them and releases messages that are done. `whole`: the last frame appended ended its message.
    void written (std::size_t count, bool whole = true) noexcept;
    void clear () noexcept;  // keeps no memory
    // Adds bytes that are no frame (handshake, raw). 0 or ENOMEM (then nothing changed).
    int append (const void *bytes, std::size_t size) noexcept;
    // Adds the body of a message as it is (raw streams, WebSocket frames), copied or referenced; the message becomes empty. Likewise.
    int append_body (Msg &message) noexcept;
    // Copies what is left of constant bodies, whose memory is about to be used for something else. 0 or ENOMEM.
    int own_constants () noexcept;
    bool has_constants () const noexcept;

    // ---- messages that may have to go out again ----
    // From now on keeps the messages that were not written to their last byte. What was appended before belongs to no message.
    void keep_messages () noexcept;
    // What is appended next begins a message. Need not be said of each; but what was written is kept from one of these places on.
    void begin_message () noexcept
    {
        if (keeps_ && next_start_ == none)
            next_start_ = end ();
    }
    Position kept_from () const noexcept { return restart_; }  // the beginning of a message
    Position written_to () const noexcept { return done_; }
    Position end () const noexcept { return done_ + size (); }
    // Bytes from a position on, which must not be before kept_from(). False: they are not kept any more, because they were lent.
    bool peek (Position from, std::uint8_t *bytes, std::size_t size) const noexcept;
    // Makes them the body of an empty message, lent if they are. False also: out of memory.
    bool take (Position from, std::size_t size, Msg &message) const noexcept;

  private:
    friend class Encoder;

    // A stretch of bytes and what keeps it alive.
    struct Segment
    {
        const std::uint8_t *data;  // null: written, and gone
        std::size_t size;
        Content *owner;  // null: constant
    };
    static constexpr std::size_t first_chunk = Buffer::smallest;
    static constexpr std::size_t later_chunk = 64u << 10;
    static constexpr std::size_t kept_segments = 16;
    static constexpr Position none = UINT64_MAX;

    std::size_t room () const noexcept { return static_cast<std::size_t> (limit_ - tail_); }
    bool reserve (std::size_t size) noexcept;  // room for so many contiguous bytes
    bool reserve_segments () noexcept;         // room in the list for a body and for the open stretch before it
    void close_open () noexcept;
    void take_body (Msg &message) noexcept;
    void drop_chunk () noexcept;
    void release_all () noexcept;
    void release_before (Position position) noexcept;
    Segment segment (std::size_t at) const noexcept;
    void swap (Batch &other) noexcept;

    // The open stretch at the end: [open_, tail_) of chunk_, which ends at limit_. It counts as the segment after the last.
    std::uint8_t *open_ = nullptr;
    std::uint8_t *tail_ = nullptr;
    std::uint8_t *limit_ = nullptr;
    Buffer *chunk_ = nullptr;
    std::size_t closed_ = 0;  // bytes in segments_ from head_ on
    std::size_t head_ = 0;    // the first segment with unwritten bytes
    std::size_t skip_ = 0;    // how much of it is written
    std::size_t kept_ = 0;    // the first segment that was not released
    std::vector<Segment> segments_;
    Position first_ = 0;          // where the segment kept_ begins
    Position done_ = 0;           // the first unwritten byte
    Position restart_ = 0;        // a message's beginning, not after done_ unless nothing but messages is unwritten
    Position next_start_ = none;  // of a later one
    bool keeps_ = false;
};

}  // namespace engine
