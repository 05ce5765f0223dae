// Long frames, commands and subscriptions. See encoder.hpp.
#include "zmtp/encoder.hpp"

#include <cerrno>

#include "mechanism/frame_cipher.hpp"

namespace engine {

// The next common case: data that has the short form, but lies elsewhere or finds little room.
int Encoder::encode_short (Msg &frame, Batch &batch) noexcept
{
    const std::size_t size = frame.size ();
    if (frame.kind () != Kind::data)
        return encode_any (frame, batch);
    if (size >= short_limit_)
        return framing_->put_data && size <= Batch::copy_limit ? encode_data (frame, batch) : encode_any (frame, batch);
    if (!batch.reserve (short_header + size))
        return ENOMEM;
    std::uint8_t *const at = batch.tail_;
    at[0] = frame.more ();
    at[1] = static_cast<std::uint8_t> (size);
    std::memcpy (at + short_header, frame.data (), size);
    batch.tail_ = at + short_header + size;
    frame.reset ();
    return 0;
}

// The same in a protocol that has no short form.
int Encoder::encode_data (Msg &frame, Batch &batch) noexcept
{
    const std::size_t size = frame.size ();
    if (!batch.reserve (framing_->longest_header + size))
        return ENOMEM;
    batch.tail_ = framing_->put_data (batch.tail_, frame.more () ? flag_more : 0, frame.data (), size);
    frame.reset ();
    return 0;
}

int Encoder::encode_any (Msg &frame, Batch &batch) noexcept
{
    const FrameForm form = framing_->form_of (frame.kind (), false);
    if (!form.known) {
        frame.reset ();
        return 0;
    }
    const auto flags = static_cast<std::uint8_t> (form.flags | (frame.more () && frame.kind () == Kind::data ? flag_more : 0));
    const std::size_t own_size = frame.size ();
    const std::size_t body_size = form.prefix.size () + own_size;
    const bool copied = own_size <= Batch::copy_limit || framing_->masks;
    if (!batch.reserve (framing_->longest_header + (copied ? body_size : form.prefix.size ())))
        return ENOMEM;
    if (!copied && !batch.reserve_segments ())
        return ENOMEM;
    std::uint8_t *const header = batch.tail_;
    std::uint8_t *const body = header + framing_->put_header (header, flags, body_size);
    if (!form.prefix.empty ())
        std::memcpy (body, form.prefix.data (), form.prefix.size ());
    batch.tail_ = body + form.prefix.size ();
    if (!copied) {
        batch.take_body (frame);
        return 0;
    }
    if (framing_->masks && form.prefix.empty ()) {
        copy_masked (framing_->get_own_header ({header, body}).mask, frame.data (), body, own_size);
    } else {
        if (own_size > 0)
            std::memcpy (batch.tail_, frame.data (), own_size);
        mask (header, body, body_size);
    }
    batch.tail_ += own_size;
    frame.reset ();
    return 0;
}

void Encoder::mask (const std::uint8_t *header, std::uint8_t *body, std::size_t body_size) const noexcept
{
    if (framing_->masks)
        apply_mask (framing_->get_own_header ({header, body}).mask, {body, body_size});
}

int Encoder::encode_sealed (const Msg &frame, Batch &batch, FrameCipher &cipher) noexcept
{
    const FrameForm form = framing_->form_of (frame.kind (), true);
    if (!form.known)
        return 0;
    const Payload payload{
      frame.more () && frame.kind () == Kind::data, (form.flags & flag_command) != 0, form.prefix, {frame.data (), frame.size ()}};
    const std::size_t body_size = form.never_sealed ? frame.size () : cipher.overhead () + payload.size ();
    if (!batch.reserve (framing_->longest_header + body_size))
        return ENOMEM;
    // What kind of frame it is, only the payload says.
    std::uint8_t *const header = batch.tail_;
    std::uint8_t *const body = header + framing_->put_header (header, form.never_sealed ? form.flags : 0, body_size);
    if (form.never_sealed) {
        if (body_size > 0)
            std::memcpy (body, frame.data (), body_size);
    } else if (const int error = cipher.seal (payload, body)) {
        return error;
    }
    batch.tail_ = body + body_size;
    mask (header, body, body_size);
    return 0;
}

}  // namespace engine
