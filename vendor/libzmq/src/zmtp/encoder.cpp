// Long frames, commands and subscriptions. See encoder.hpp.
#include "zmtp/encoder.hpp"

#include <cerrno>
#include <string_view>

#include "mechanism/frame_cipher.hpp"

namespace engine {

Encoder::Form Encoder::form_of (Kind kind) const noexcept
{
    switch (kind) {
    case Kind::data:
        return {};
    case Kind::subscribe:
    case Kind::cancel:
        if (wire_ != Wire::v3_1)
            return {true, false, kind == Kind::subscribe ? std::string_view ("\1", 1) : std::string_view ("\0", 1)};
        break;
    case Kind::join:
    case Kind::leave:
    case Kind::ping:
    case Kind::pong:
    case Kind::command:
        if (wire_ != Wire::v3_0 && wire_ != Wire::v3_1)
            return {false, true, {}};
        break;
    }
    return {true, true, zmtp::command_string (kind)};
}

int Encoder::encode_any (Msg &frame, Batch &batch) noexcept
{
    const auto [known, command, prefix] = form_of (frame.kind ());
    if (!known) {
        frame.reset ();
        return 0;
    }
    const std::uint8_t flags = command ? zmtp::flag_command : frame.more () && frame.kind () == Kind::data ? zmtp::flag_more : 0;

    const std::size_t body_size = prefix.size () + frame.size ();
    const bool copied = frame.size () <= Batch::copy_limit;
    if (!batch.reserve (zmtp::longest_header + (copied ? body_size : prefix.size ())))
        return ENOMEM;
    if (!copied && !batch.reserve_segments ())
        return ENOMEM;
    batch.tail_ +=
      wire_ == Wire::v1 ? zmtp::put_header_v1 (batch.tail_, flags, body_size) : zmtp::put_header_v2 (batch.tail_, flags, body_size);
    if (!prefix.empty ()) {
        std::memcpy (batch.tail_, prefix.data (), prefix.size ());
        batch.tail_ += prefix.size ();
    }
    if (!copied) {
        batch.take_body (frame);
        return 0;
    }
    if (frame.size () > 0)
        std::memcpy (batch.tail_, frame.data (), frame.size ());
    batch.tail_ += frame.size ();
    frame.reset ();
    return 0;
}

int Encoder::encode_sealed (const Msg &frame, Batch &batch, FrameCipher &cipher) noexcept
{
    const auto [known, command, prefix] = form_of (frame.kind ());
    if (!known)
        return 0;
    const Payload payload{frame.more () && frame.kind () == Kind::data, command, prefix, {frame.data (), frame.size ()}};
    const std::size_t body_size = cipher.overhead () + payload.size ();
    if (!batch.reserve (zmtp::longest_header + body_size))
        return ENOMEM;
    // What kind of frame it is, only the payload says.
    const std::size_t header_size = zmtp::put_header_v2 (batch.tail_, 0, body_size);
    if (const int error = cipher.seal (payload, batch.tail_ + header_size))
        return error;
    batch.tail_ += header_size + body_size;
    return 0;
}

}  // namespace engine
