// Frames to bytes, without I/O: appends header and, for small bodies, the body to a batch; a large body is left in its message
// and referenced, so that one sendmsg(2) can write many of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/uio.h>

#include "message/buffer.hpp"
#include "message/msg.hpp"
#include "zmtp/frame.hpp"
#include "zmtp/handshake.hpp"

namespace engine {

// What has been encoded and not yet been written. Holds no memory while empty, but for a short list; its buffers come from the pool.
class Batch
{
  public:
    static constexpr std::size_t copy_limit = 4096;  // bytes; larger bodies are referenced (tune by measurement)

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
    std::size_t size () const noexcept { return closed_ + static_cast<std::size_t> (tail_ - open_); }  // bytes still to be written
    // Fills up to `capacity` entries from the first unwritten byte on; returns how many.
    int fill_iovec (iovec *entries, int capacity) const noexcept;
    // `count` bytes were written: forgets them and releases messages that are done.
    void written (std::size_t count) noexcept;
    void clear () noexcept;  // keeps no memory
    // Adds bytes that are no frame (handshake, raw). 0 or ENOMEM (then nothing changed).
    int append (const void *bytes, std::size_t size) noexcept;
    // Adds the body of a message as it is (raw streams, WebSocket frames), copied or referenced; the message becomes empty. Likewise.
    int append_body (Msg &message) noexcept;
    // Copies what is left of constant bodies, whose memory is about to be used for something else. 0 or ENOMEM.
    int own_constants () noexcept;
    bool has_constants () const noexcept;

  private:
    friend class Encoder;

    // A stretch of bytes and what keeps it alive.
    struct Segment
    {
        const std::uint8_t *data;
        std::size_t size;
        Content *owner;  // null: constant
    };
    static constexpr std::size_t first_chunk = Buffer::smallest;
    static constexpr std::size_t later_chunk = 64u << 10;
    static constexpr std::size_t kept_segments = 16;

    std::size_t room () const noexcept { return static_cast<std::size_t> (limit_ - tail_); }
    bool reserve (std::size_t size) noexcept;  // room for so many contiguous bytes
    bool reserve_segments () noexcept;         // room in the list for a body and for the open stretch before it
    void close_open () noexcept;
    void take_body (Msg &message) noexcept;
    void drop_chunk () noexcept;
    void swap (Batch &other) noexcept;

    // The open stretch at the end: [open_, tail_) of chunk_, which ends at limit_.
    std::uint8_t *open_ = nullptr;
    std::uint8_t *tail_ = nullptr;
    std::uint8_t *limit_ = nullptr;
    Buffer *chunk_ = nullptr;
    std::size_t closed_ = 0;  // bytes in segments_
    std::size_t head_ = 0;    // the first segment with unwritten bytes
    std::vector<Segment> segments_;
};

class Mechanism;

class Encoder
{
  public:
    explicit Encoder (Wire wire) noexcept : wire_ (wire) {}

    // Moves one frame into the batch: data frames, subscriptions (in the form this wire uses), ping, pong and other commands.
    // A kind that this wire cannot express is dropped. 0 or ENOMEM (then the frame is untouched).
    int encode (Msg &frame, Batch &batch) noexcept
    {
        // The case that decides throughput: a short frame of data.
        if (frame.is_inside () && frame.kind () == Kind::data && batch.room () >= 2 + Msg::inline_capacity) [[likely]] {
            std::uint8_t *const at = batch.tail_;
            const auto size = static_cast<std::uint8_t> (frame.size ());
            const std::uint8_t flags = frame.more ();
            at[0] = wire_ == Wire::v1 ? static_cast<std::uint8_t> (size + 1) : flags;
            at[1] = wire_ == Wire::v1 ? flags : size;
            std::memcpy (at + 2, frame.data (), Msg::inline_capacity);
            batch.tail_ = at + 2 + size;
            frame.reset ();
            return 0;
        }
        return encode_any (frame, batch);
    }
    // As encode(), with the frame's payload in the form that the mechanism gives it, which is written straight into the batch. Likewise, or
    // the ZMQ_PROTOCOL_ERROR_* that the mechanism says.
    int encode_sealed (Msg &frame, Batch &batch, Mechanism &mechanism) noexcept;

  private:
    // How a frame of this kind is told from others here.
    struct Form
    {
        bool known = true;  // false: this wire cannot express it
        bool command = false;
        std::string_view prefix;  // what the wire puts before the body
    };
    Form form_of (Kind kind) const noexcept;
    int encode_any (Msg &frame, Batch &batch) noexcept;

    Wire wire_;
};

}  // namespace engine
