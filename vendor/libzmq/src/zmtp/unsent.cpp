// See unsent.hpp.
#include "zmtp/unsent.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace engine {

namespace {

// Not a byte more than the header is looked at: the body may have gone.
FrameHeader header_at (const Batch &batch, Batch::Position at, const Framing &framing) noexcept
{
    std::uint8_t bytes[64];
    FrameHeader header;
    const std::size_t most = std::min (framing.longest_header, sizeof bytes);
    for (std::size_t count = 2; count <= most && header.header_size == 0 && !header.error; ++count) {
        if (batch.end () - at < count || !batch.peek (at, bytes, count))
            break;
        header = framing.get_own_header ({bytes, count});
    }
    return header;
}

}  // namespace

void Unsent::add_frames (const Batch &batch, const Framing &framing) noexcept
{
    for (Batch::Position at = batch.kept_from (); at < batch.end ();) {
        const FrameHeader header = header_at (batch, at, framing);
        if (header.header_size == 0 || header.error)
            break;
        const Batch::Position body = at + header.header_size;
        at = body + header.body_size;
        if ((header.flags & flag_command) || header.kind != Kind::data)
            continue;
        // (Whether a frame's message was written is known with its last one.)
        Msg frame;
        const bool taken = batch.take (body, static_cast<std::size_t> (header.body_size), frame);
        if (taken && header.mask)
            apply_mask (header.mask, {frame.data (), frame.size ()});  // a copy
        frame.set_more (header.flags & flag_more);
        add (std::move (frame), at, taken);
    }
}

void Unsent::add (Msg &&frame, Batch::Position end, bool intact) noexcept
{
    if (frame.kind () != Kind::data)
        return;
    if (!inside_)
        intact_ = true;
    inside_ = frame.more ();
    if (intact && intact_ && messages_.push (std::move (frame)))
        ++kept_;
    else
        intact_ = false;
    if (inside_)
        return;
    if (!intact_ || end <= written_)
        drop_message ();
    kept_ = 0;
}

void Unsent::finish () noexcept
{
    if (inside_ && !intact_)
        drop_message ();
}

void Unsent::drop_message () noexcept
{
    for (; kept_ > 0; --kept_)
        messages_.drop_back ();
}

bool at_frame (const Batch &batch, const Framing &framing) noexcept
{
    Batch::Position at = batch.kept_from ();
    while (at < batch.written_to ()) {
        const FrameHeader header = header_at (batch, at, framing);
        if (header.header_size == 0 || header.error)
            return false;
        at += header.header_size + header.body_size;
    }
    return at == batch.written_to ();
}

}  // namespace engine
