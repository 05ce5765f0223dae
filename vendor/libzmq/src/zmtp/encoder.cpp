// Long frames, commands and subscriptions, and the memory of a batch. See encoder.hpp.
#include "zmtp/encoder.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>

#include "mechanism/mechanism.hpp"

namespace engine {

int Batch::fill_iovec (iovec *entries, int capacity) const noexcept
{
    int count = 0;
    for (std::size_t at = head_; at < segments_.size () && count < capacity; ++at)
        entries[count++] = {const_cast<std::uint8_t *> (segments_[at].data), segments_[at].size};
    if (count < capacity && tail_ != open_)
        entries[count++] = {open_, static_cast<std::size_t> (tail_ - open_)};
    return count;
}

void Batch::written (std::size_t count) noexcept
{
    while (count > 0 && head_ < segments_.size ()) {
        Segment &segment = segments_[head_];
        const std::size_t part = std::min (count, segment.size);
        segment.data += part;
        segment.size -= part;
        closed_ -= part;
        count -= part;
        if (segment.size > 0)
            return;
        if (segment.owner)
            segment.owner->release ();
        ++head_;
    }
    open_ += std::min (count, static_cast<std::size_t> (tail_ - open_));
    if (head_ == segments_.size ()) {
        head_ = 0;
        segments_.clear ();
        if (segments_.capacity () > kept_segments)
            std::vector<Segment> ().swap (segments_);
        if (open_ == tail_)
            drop_chunk ();
    } else if (head_ >= kept_segments && head_ >= segments_.size () / 2) {
        // A batch that is never quite empty must not keep what it has done.
        segments_.erase (segments_.begin (), segments_.begin () + static_cast<std::ptrdiff_t> (head_));
        head_ = 0;
    }
}

void Batch::clear () noexcept
{
    for (; head_ < segments_.size (); ++head_)
        if (Content *owner = segments_[head_].owner)
            owner->release ();
    std::vector<Segment> ().swap (segments_);
    head_ = closed_ = 0;
    drop_chunk ();
}

void Batch::drop_chunk () noexcept
{
    if (chunk_)
        chunk_->release ();
    chunk_ = nullptr;
    open_ = tail_ = limit_ = nullptr;
}

void Batch::swap (Batch &other) noexcept
{
    std::swap (open_, other.open_);
    std::swap (tail_, other.tail_);
    std::swap (limit_, other.limit_);
    std::swap (chunk_, other.chunk_);
    std::swap (closed_, other.closed_);
    std::swap (head_, other.head_);
    segments_.swap (other.segments_);
}

bool Batch::reserve_segments () noexcept
{
    try {
        if (segments_.capacity () - segments_.size () < 2)
            segments_.reserve (std::max (kept_segments, segments_.capacity () * 2));
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

// The open stretch becomes a segment; the chunk goes on behind it. After reserve_segments().
void Batch::close_open () noexcept
{
    if (open_ == tail_)
        return;
    chunk_->acquire ();
    segments_.push_back ({open_, static_cast<std::size_t> (tail_ - open_), chunk_});
    closed_ += static_cast<std::size_t> (tail_ - open_);
    open_ = tail_;
}

bool Batch::reserve (std::size_t size) noexcept
{
    if (room () >= size)
        return true;
    if (!reserve_segments ())
        return false;
    Buffer *fresh = Buffer::create (std::max (chunk_ ? later_chunk : first_chunk, size));
    if (!fresh)
        return false;
    close_open ();
    drop_chunk ();
    chunk_ = fresh;
    open_ = tail_ = fresh->data ();
    limit_ = open_ + fresh->capacity ();
    return true;
}

// After reserve_segments(); for bodies that are not inside and not empty.
void Batch::take_body (Msg &message) noexcept
{
    const std::uint8_t *const data = message.data ();
    const std::size_t size = message.size ();
    close_open ();
    segments_.push_back ({data, size, message.take_content ()});
    closed_ += size;
}

int Batch::append (const void *bytes, std::size_t size) noexcept
{
    if (size == 0)
        return 0;
    if (!reserve (size))
        return ENOMEM;
    std::memcpy (tail_, bytes, size);
    tail_ += size;
    return 0;
}

int Batch::own_constants () noexcept
{
    for (std::size_t at = head_; at < segments_.size (); ++at) {
        Segment &segment = segments_[at];
        if (segment.owner)
            continue;
        Buffer *const copy = Buffer::create (segment.size);
        if (!copy)
            return ENOMEM;
        std::memcpy (copy->data (), segment.data, segment.size);
        segment.data = copy->data ();
        segment.owner = copy;
    }
    return 0;
}

bool Batch::has_constants () const noexcept
{
    return std::any_of (segments_.begin () + static_cast<std::ptrdiff_t> (head_), segments_.end (),
                        [] (const Segment &segment) { return !segment.owner; });
}

int Batch::append_body (Msg &message) noexcept
{
    if (message.size () > copy_limit) {
        if (!reserve_segments ())
            return ENOMEM;
        take_body (message);
        return 0;
    }
    if (const int error = append (message.data (), message.size ()))
        return error;
    message.reset ();
    return 0;
}

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

int Encoder::encode_sealed (Msg &frame, Batch &batch, Mechanism &mechanism) noexcept
{
    const auto [known, command, prefix] = form_of (frame.kind ());
    if (!known) {
        frame.reset ();
        return 0;
    }
    const Payload payload{frame.more () && frame.kind () == Kind::data, command, prefix, {frame.data (), frame.size ()}};
    const std::size_t body_size = mechanism.overhead () + payload.size ();
    if (!batch.reserve (zmtp::longest_header + body_size))
        return ENOMEM;
    // What kind of frame it is, only the payload says.
    const std::size_t header_size = zmtp::put_header_v2 (batch.tail_, 0, body_size);
    if (const int error = mechanism.seal (payload, batch.tail_ + header_size))
        return error;
    batch.tail_ += header_size + body_size;
    frame.reset ();
    return 0;
}

}  // namespace engine
