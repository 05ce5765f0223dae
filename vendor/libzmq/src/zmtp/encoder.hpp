// Frames to bytes, without I/O: appends header and, for small bodies, the body to a batch; a large body is left in its message
// and referenced, so that one sendmsg(2) can write many of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "message/msg.hpp"
#include "zmtp/batch.hpp"
#include "zmtp/frame.hpp"
#include "zmtp/handshake.hpp"

namespace engine {

class FrameCipher;

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
    // As encode(), with the frame's payload in the form that the cipher gives it, which is written straight into the batch. Likewise, or
    // the ZMQ_PROTOCOL_ERROR_* that the cipher says; the frame stays as it is in any case.
    int encode_sealed (const Msg &frame, Batch &batch, FrameCipher &cipher) noexcept;
    Wire wire () const noexcept { return wire_; }

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
