// See batch.hpp.
#include "zmtp/batch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace engine {

int Batch::fill_iovec (iovec *entries, int capacity) const noexcept
{
    int count = 0;
    for (std::size_t at = head_; at < segments_.size () && count < capacity; ++at)
        entries[count++] = {const_cast<std::uint8_t *> (segments_[at].data), segments_[at].size};
    if (count < capacity && tail_ != open_)
        entries[count++] = {open_, static_cast<std::size_t> (tail_ - open_)};
    if (count > 0) {
        entries[0].iov_base = static_cast<std::uint8_t *> (entries[0].iov_base) + skip_;
        entries[0].iov_len -= skip_;
    }
    return count;
}

void Batch::written (std::size_t count, bool whole) noexcept
{
    done_ += count;
    skip_ += count;
    if (segments_.empty () && open_ + skip_ == tail_ && (whole || !keeps_)) [[likely]] {
        skip_ = 0;
        first_ = restart_ = done_;
        next_start_ = none;
        drop_chunk ();
        return;
    }
    while (head_ < segments_.size () && skip_ >= segments_[head_].size) {
        skip_ -= segments_[head_].size;
        closed_ -= segments_[head_].size;
        ++head_;
    }
    if (empty () && (whole || !keeps_)) {
        release_all ();
        return;
    }
    if (!keeps_)
        restart_ = done_;
    else if (next_start_ <= done_)
        restart_ = std::exchange (next_start_, none);
    release_before (restart_);
}

// Everything was written, and nothing of it will be asked for.
void Batch::release_all () noexcept
{
    for (; kept_ < segments_.size (); ++kept_)
        if (Content *owner = segments_[kept_].owner)
            owner->release ();
    segments_.clear ();
    if (segments_.capacity () > kept_segments)
        std::vector<Segment> ().swap (segments_);
    head_ = skip_ = kept_ = 0;
    first_ = restart_ = done_;
    next_start_ = none;
    drop_chunk ();
}

void Batch::release_before (Position position) noexcept
{
    for (; kept_ < head_ && first_ + segments_[kept_].size <= position; ++kept_) {
        first_ += segments_[kept_].size;
        if (Content *owner = segments_[kept_].owner)
            owner->release ();
    }
    // A batch that is never quite empty must not keep what it has done.
    if (kept_ >= kept_segments && kept_ >= segments_.size () / 2) {
        segments_.erase (segments_.begin (), segments_.begin () + static_cast<std::ptrdiff_t> (kept_));
        head_ -= kept_;
        kept_ = 0;
    }
}

void Batch::clear () noexcept
{
    done_ = end ();
    closed_ = 0;
    release_all ();
    std::vector<Segment> ().swap (segments_);
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
    std::swap (skip_, other.skip_);
    std::swap (kept_, other.kept_);
    segments_.swap (other.segments_);
    std::swap (first_, other.first_);
    std::swap (done_, other.done_);
    std::swap (restart_, other.restart_);
    std::swap (next_start_, other.next_start_);
    std::swap (keeps_, other.keeps_);
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
    if (skip_ == closed_ && head_ + 1 == segments_.size ()) {
        // All of it was written, and is kept for the sake of its message.
        closed_ = skip_ = 0;
        ++head_;
    }
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

// ---- lent bodies ----

int Batch::own_constants () noexcept
{
    // What was written is not worth a copy: its message cannot be sent again.
    for (std::size_t at = kept_; at < head_; ++at)
        if (!segments_[at].owner)
            segments_[at].data = nullptr;
    for (std::size_t at = head_; at < segments_.size (); ++at) {
        if (segments_[at].owner)
            continue;
        if (at == head_ && skip_ > 0) {
            if (!reserve_segments ())
                return ENOMEM;
            const Segment gone{nullptr, skip_, nullptr};
            segments_[at].data += skip_;
            segments_[at].size -= skip_;
            segments_.insert (segments_.begin () + static_cast<std::ptrdiff_t> (at), gone);
            closed_ -= skip_;
            skip_ = 0;
            ++head_;
            ++at;
        }
        Segment &segment = segments_[at];
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

// ---- messages that may have to go out again ----

void Batch::keep_messages () noexcept
{
    keeps_ = true;
    restart_ = end ();
}

// Also of the open stretch.
Batch::Segment Batch::segment (std::size_t at) const noexcept
{
    return at < segments_.size () ? segments_[at] : Segment{open_, static_cast<std::size_t> (tail_ - open_), chunk_};
}

bool Batch::peek (Position from, std::uint8_t *bytes, std::size_t size) const noexcept
{
    Position begin = first_;
    for (std::size_t at = kept_; at <= segments_.size () && size > 0; ++at) {
        const Segment piece = segment (at);
        if (from < begin + piece.size) {
            if (!piece.data)
                return false;
            const auto skipped = static_cast<std::size_t> (from - begin);
            const std::size_t part = std::min (size, piece.size - skipped);
            std::memcpy (bytes, piece.data + skipped, part);
            bytes += part;
            from += part;
            size -= part;
        }
        begin += piece.size;
    }
    return true;
}

bool Batch::take (Position from, std::size_t size, Msg &message) const noexcept
{
    Position begin = first_;
    for (std::size_t at = kept_; at < segments_.size () && size > copy_limit; ++at) {
        const Segment &piece = segments_[at];
        if (begin == from && piece.size == size) {
            // As it was left in its message.
            if (!piece.data)
                return false;
            if (!piece.owner)
                message.init_lent (piece.data, size);
            else {
                piece.owner->acquire ();
                message.init_slice (piece.owner, const_cast<std::uint8_t *> (piece.data), size);
            }
            return true;
        }
        begin += piece.size;
    }
    return message.init_size (size) == 0 && peek (from, message.data (), size);
}

}  // namespace engine
