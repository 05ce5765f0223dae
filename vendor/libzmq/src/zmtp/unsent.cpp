// See unsent.hpp.
#include "zmtp/unsent.hpp"

#include <cstddef>
#include <utility>

#include "zmtp/frame.hpp"

namespace engine {

namespace {

// Not a byte more than the header is looked at: the body may have gone.
zmtp::FrameHeader header_at (const Batch &batch, Batch::Position at, Wire wire) noexcept
{
    std::uint8_t bytes[zmtp::longest_header];
    zmtp::FrameHeader header;
    for (const std::size_t count : {std::size_t{2}, wire == Wire::v1 ? zmtp::longest_header : zmtp::longest_header - 1}) {
        if (header.header_size > 0 || batch.end () - at < count || !batch.peek (at, bytes, count))
            break;
        header = wire == Wire::v1 ? zmtp::get_header_v1 ({bytes, count}) : zmtp::get_header_v2 ({bytes, count});
    }
    return header;
}

}  // namespace

void Unsent::add_frames (const Batch &batch, Wire wire) noexcept
{
    for (Batch::Position at = batch.kept_from (); at < batch.end ();) {
        const zmtp::FrameHeader header = header_at (batch, at, wire);
        if (header.header_size == 0 || header.malformed)
            break;
        const Batch::Position body = at + header.header_size;
        at = body + header.body_size;
        if (header.flags & zmtp::flag_command)
            continue;
        // (Whether a frame's message was written is known with its last one.)
        Msg frame;
        const bool taken = batch.take (body, static_cast<std::size_t> (header.body_size), frame);
        frame.set_more (header.flags & zmtp::flag_more);
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

}  // namespace engine
