// Frames to bytes, without I/O: appends header and, for small bodies, the body to a batch; a large body is left in its message
// and referenced, so that one sendmsg(2) can write many of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "message/msg.hpp"
#include "zmtp/batch.hpp"
#include "zmtp/framing.hpp"

namespace engine {

class FrameCipher;

class Encoder
{
  public:
    // The description must outlive it.
    explicit Encoder (const Framing &framing) noexcept
        : framing_ (&framing), inside_room_ (framing.has_short_form () ? short_header + Msg::inline_capacity : SIZE_MAX),
          short_limit_ (framing.has_short_form () ? 256 : 0)
    {}

    // Moves one frame into the batch: data frames, subscriptions (in the form this protocol has for them), ping, pong and other commands.
    // A kind that it cannot express is dropped. 0 or ENOMEM (then the frame is untouched).
    int encode (Msg &frame, Batch &batch) noexcept
    {
        // The case that decides throughput: a short frame of data.
        if (frame.is_inside () && frame.kind () == Kind::data && batch.room () >= inside_room_) [[likely]] {
            std::uint8_t *const at = batch.tail_;
            const auto size = static_cast<std::uint8_t> (frame.size ());
            at[0] = frame.more ();
            at[1] = size;
            std::memcpy (at + short_header, frame.data (), Msg::inline_capacity);
            batch.tail_ = at + short_header + size;
            frame.reset ();
            return 0;
        }
        return encode_short (frame, batch);
    }
    // As encode(), with the frame's payload in the form that the cipher gives it, which is written straight into the batch. Likewise, or
    // the ZMQ_PROTOCOL_ERROR_* that the cipher says; the frame stays as it is in any case.
    int encode_sealed (const Msg &frame, Batch &batch, FrameCipher &cipher) noexcept;
    const Framing &framing () const noexcept { return *framing_; }

  private:
    static constexpr std::size_t short_header = 2;

    int encode_short (Msg &frame, Batch &batch) noexcept;
    int encode_data (Msg &frame, Batch &batch) noexcept;
    int encode_any (Msg &frame, Batch &batch) noexcept;
    void mask (const std::uint8_t *header, std::uint8_t *body, std::size_t body_size) const noexcept;

    const Framing *framing_;
    // What the protocol's short form takes, if it has one.
    std::size_t inside_room_;  // room for a frame whose body is inside its message
    std::size_t short_limit_;  // bodies are smaller
};

}  // namespace engine
