// The uncommon cases of decoding: long and partial frames, commands, buffers. See decoder.hpp.
#include "zmtp/decoder.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "mechanism/frame_cipher.hpp"
#include "zmtp/command.hpp"

namespace engine {

namespace {

constexpr std::uint32_t bulk_references = 256;
constexpr std::uint32_t idle_reads_to_shrink = 8;
// A read into less room than this is not worth a system call: the bytes move to where there is more.
constexpr std::size_t least_room = 2048;
// What no allocation could hold.
constexpr std::uint64_t largest_body = static_cast<std::uint64_t> (PTRDIFF_MAX) - 4096;
constexpr std::size_t short_header = 2;
constexpr std::size_t longest_short = 255;
// What a cipher's frame may have beyond the message that it holds, or a short command.
constexpr std::uint64_t sealed_frame_extra = 1024;

void dispose_body (Content *self) noexcept
{
    self->~Content ();
    std::free (self);
}

}  // namespace

Decoder::Decoder (const Framing &framing, std::int64_t max_message_size, bool zero_copy, Metadata *metadata)
{
    s_.framing = &framing;
    s_.zero_copy = zero_copy;
    s_.metadata = metadata;
    if (metadata)
        metadata->acquire ();
    if (max_message_size >= 0)
        s_.max_size = static_cast<std::uint64_t> (max_message_size);
    if (framing.has_short_form ()) {
        s_.fast_from = short_header;
        s_.fast_size = static_cast<std::size_t> (std::min<std::uint64_t> (Msg::inline_capacity, s_.max_size));
        s_.short_size = static_cast<std::size_t> (std::min<std::uint64_t> (longest_short, s_.max_size));
        s_.slow_flags = framing.uncommon_flags;
    }
}

Decoder Decoder::raw (Metadata *metadata, std::size_t most)
{
    Decoder decoder;
    decoder.s_.zero_copy = true;
    decoder.s_.metadata = metadata;
    if (metadata)
        metadata->acquire ();
    decoder.s_.largest_read = std::bit_floor (std::clamp (most, Buffer::smallest, decoder.s_.largest_read));  // the buffers' sizes
    return decoder;
}

void Decoder::open_with (FrameCipher &cipher) noexcept
{
    s_.cipher = &cipher;
    choose_fast_case ();
}

void Decoder::limit_messages (std::int64_t bytes, int parts) noexcept
{
    if (bytes >= 0)
        s_.most_bytes = s_.bytes_left = static_cast<std::uint64_t> (bytes);
    if (parts > 0)
        s_.most_parts = s_.parts_left = static_cast<std::uint64_t> (parts);
    s_.limited = bytes >= 0 || parts > 0;
    if (!s_.limited)
        return;
    // Only messages of one part are fast then: nothing of them need be counted.
    s_.slow_flags |= flag_more;
    s_.fast_size = static_cast<std::size_t> (std::min<std::uint64_t> (s_.fast_size, s_.most_bytes));
    s_.short_size = static_cast<std::size_t> (std::min<std::uint64_t> (s_.short_size, s_.most_bytes));
}

// After a body of its own, or a part: whether the next frame may be taken the fast way.
void Decoder::choose_fast_case () noexcept
{
    const bool in_message = s_.limited && s_.parts_left != s_.most_parts;
    s_.fast_from = !s_.cipher && s_.framing->has_short_form () && !in_message ? short_header : SIZE_MAX;
}

// 0, or EMSGSIZE: the message is too large with this part.
int Decoder::count (const Frame &frame) noexcept
{
    if (frame.size > s_.bytes_left || s_.parts_left == 0)
        return EMSGSIZE;
    s_.bytes_left = frame.more ? s_.bytes_left - frame.size : s_.most_bytes;
    s_.parts_left = frame.more ? s_.parts_left - 1 : s_.most_parts;
    choose_fast_case ();
    return 0;
}

// Before anything of its body was kept. Commands belong to no message, but none need be larger than one may be.
std::uint64_t Decoder::largest_frame (const FrameHeader &header) const noexcept
{
    if (header.kind != Kind::data)
        return largest_body;  // their protocol keeps them small
    const std::uint64_t largest = std::min (s_.max_size, largest_body);
    if (header.piece != Piece::whole) [[unlikely]] {
        // (The header that the joined bytes begin with counts for nothing.)
        const std::uint64_t most = s_.limited && !s_.cipher ? std::min (largest, s_.bytes_left) : largest;
        const std::uint64_t held = s_.pieces ? s_.pieces->held_before (header) : 0;
        return std::max (most + s_.framing->longest_header, held) - held;
    }
    if (!s_.limited || s_.most_bytes == UINT64_MAX)
        return largest;
    const bool command = (header.flags & flag_command) && s_.framing->has_commands;
    const std::uint64_t left = command ? s_.most_bytes : s_.bytes_left;
    if (!s_.cipher && !command)
        return std::min (largest, left);
    return std::min (largest, std::max (left, sealed_frame_extra) + sealed_frame_extra);
}

void Decoder::forget () noexcept
{
    drop_buffer ();
    drop_body ();
    s_.pieces.reset ();
    if (s_.metadata)
        s_.metadata->close_stock ();
    s_.metadata = nullptr;
}

void Decoder::drop_buffer () noexcept
{
    if (s_.buffer)
        s_.buffer->release_many (s_.buffer_references);
    s_.buffer = nullptr;
    s_.begin = s_.end = s_.limit = nullptr;
    s_.buffer_references = 0;
    s_.needed = 0;
}

void Decoder::drop_body () noexcept
{
    std::free (s_.body.block);
    if (s_.body.buffer)
        s_.body.buffer->release ();
    s_.body = Body{};
}

Decoder::Result Decoder::fail (int error) noexcept
{
    s_.error = error;
    drop_buffer ();
    drop_body ();
    s_.pieces.reset ();
    return Result::error;
}

Decoder::Space Decoder::space () noexcept
{
    s_.was_full = false;
    s_.offered = s_.offered_behind = 0;
    if (s_.error)
        return {};
    if (const Body &body = s_.body; body.bytes) {
        // What comes behind the body waits in the buffer until it was taken: the fast case must not see it first.
        s_.fast_from = SIZE_MAX;
        if (body.have < body.size) {
            if (body.have == body.capacity && !grow_body ())
                return {};
            s_.offered = body.capacity - body.have;
            if (body.capacity == body.size && make_room ())
                s_.offered_behind = std::min (behind_body, static_cast<std::size_t> (s_.limit - s_.end));
            return {{body.bytes + body.have, s_.offered}, {s_.end, s_.offered_behind}};
        }
    }
    if (!make_room ())
        return {};
    s_.offered = static_cast<std::size_t> (s_.limit - s_.end);
    return {{s_.end, s_.offered}, {}};
}

bool Decoder::grow_body () noexcept
{
    Body &body = s_.body;
    const std::size_t capacity = body.size - body.capacity <= body.capacity ? body.size : body.capacity * 2;
    void *const grown = std::realloc (body.block, sizeof (Content) + capacity);
    if (!grown)
        return false;
    body.block = grown;
    body.bytes = static_cast<std::uint8_t *> (grown) + sizeof (Content);
    body.capacity = capacity;
    return true;
}

// Makes sure that there is a buffer with room for the rest of the frame at `begin`, or for a read that is worth it.
bool Decoder::make_room () noexcept
{
    const auto held = static_cast<std::size_t> (s_.end - s_.begin);
    const std::size_t missing = s_.needed > held ? s_.needed - held : 1;
    if (s_.buffer) {
        if (static_cast<std::size_t> (s_.limit - s_.end) >= std::max (missing, least_room))
            return true;
        if (s_.buffer->owned_by (s_.buffer_references) &&
            s_.buffer->capacity () >= std::max (held + std::max (missing, least_room), s_.read_size)) {
            std::memmove (s_.buffer->data (), s_.begin, held);
            s_.begin = s_.buffer->data ();
            s_.end = s_.begin + held;
            return true;
        }
    }
    Buffer *fresh = Buffer::create (std::max (held + std::max (missing, least_room), s_.read_size));
    if (!fresh)
        return false;
    if (held > 0)
        std::memcpy (fresh->data (), s_.begin, held);
    const std::size_t needed = s_.needed;
    drop_buffer ();
    s_.needed = needed;
    s_.buffer = fresh;
    s_.buffer_references = 1;
    s_.begin = fresh->data ();
    s_.end = s_.begin + held;
    s_.limit = s_.begin + fresh->capacity ();
    return true;
}

void Decoder::filled (std::size_t count) noexcept
{
    count = std::min (count, s_.offered + s_.offered_behind);
    s_.was_full = count > 0 && count == s_.offered + s_.offered_behind;
    if (count == 0 && starved ())  // a connection that is looked at in vain keeps no memory
        return;
    if (s_.body.bytes && s_.body.have < s_.body.capacity) {
        const std::size_t part = std::min (count, s_.offered);
        s_.body.have += part;
        s_.offered -= part;
        s_.end += count - part;
        s_.offered_behind -= count - part;
        return;
    }
    s_.offered -= count;
    s_.end += count;
    if (s_.was_full) {
        s_.idle_reads = 0;
        if (count >= s_.read_size / 2)
            s_.read_size = std::min (s_.read_size * 2, s_.largest_read);
    } else if (count >= s_.read_size / 4) {
        s_.idle_reads = 0;
    } else if (s_.read_size > Buffer::smallest && ++s_.idle_reads == idle_reads_to_shrink) {
        s_.idle_reads = 0;
        s_.read_size /= 2;
    }
}

bool Decoder::append (std::span<const std::uint8_t> bytes) noexcept
{
    while (!bytes.empty ()) {
        const Space room = space ();
        if (room.empty ())
            return false;
        const std::size_t count = std::min (room.size (), bytes.size ());
        room.put (bytes.data (), count);
        filled (count);
        bytes = bytes.subspan (count);
    }
    return true;
}

// A message of bytes that lie in the buffer: a copy, or a slice.
int Decoder::take_from_buffer (Msg &out, const std::uint8_t *bytes, std::size_t size) noexcept
{
    if (size < slice_from || !s_.zero_copy)
        return out.init_copy (bytes, size);
    if (s_.buffer_references == 1) {
        s_.buffer->acquire_many (bulk_references);
        s_.buffer_references += bulk_references;
    }
    --s_.buffer_references;
    out.init_slice (s_.buffer, const_cast<std::uint8_t *> (bytes), size);
    return 0;
}

Decoder::Result Decoder::next_raw (Msg &out) noexcept
{
    if (starved ())
        return Result::more_needed;
    Msg taken;
    if (const int error = take_from_buffer (taken, s_.begin, static_cast<std::size_t> (s_.end - s_.begin)))
        return fail (error);
    s_.begin = s_.end;
    if (s_.metadata)
        put_metadata (taken);
    out = std::move (taken);
    return Result::frame;
}

// 0, or why the frame is none.
inline int Decoder::interpret (std::uint8_t *body, std::size_t size, const FrameHeader &header, Frame &out) noexcept
{
    bool command = (header.flags & flag_command) && s_.framing->has_commands;
    out = {body, size, (header.flags & flag_more) != 0, header.kind};
    if (header.mask) [[unlikely]]
        apply_mask (header.mask, {body, size});
    if (header.kind != Kind::data) [[unlikely]]
        return 0;
    if (s_.cipher) [[unlikely]] {
        Opened opened;
        if (const int error = s_.cipher->open ({body, size}, opened))
            return error;
        command = opened.command;
        out = {opened.payload.data (), opened.payload.size (), opened.more, Kind::data};
    }
    if (command) {
        const zmtp::Command parsed = zmtp::parse_command ({out.body, out.size});
        out = {out.body + parsed.data, out.size - parsed.data, false, parsed.kind};
    }
    if (s_.limited && out.kind == Kind::data) [[unlikely]]
        return count (out);
    return 0;
}

// Puts on what the body does not hold.
inline void Decoder::dress (Msg &taken, const Frame &frame) noexcept
{
    if (frame.kind != Kind::data) {
        taken.set_kind (frame.kind);
        if (frame.kind != Kind::subscribe && frame.kind != Kind::cancel)
            return;  // nobody receives them
    }
    taken.set_more (frame.more);
    if (s_.metadata)
        put_metadata (taken);
}

// The next common case: a whole frame of data whose body has to have memory of its own.
Decoder::Result Decoder::next_short (Msg &out) noexcept
{
    const auto held = static_cast<std::size_t> (s_.end - s_.begin);
    if (held < s_.fast_from) [[unlikely]]
        return next_any (out);
    const std::uint8_t flags = s_.begin[0];
    const std::size_t size = s_.begin[1];
    if ((flags & s_.slow_flags) || size > s_.short_size || held < short_header + size) [[unlikely]]
        return next_any (out);
    out.reset ();
    if (const int error = out.init_copy (s_.begin + short_header, size))
        return fail (error);
    out.set_more (flags & flag_more);
    if (s_.metadata)
        put_metadata (out);
    s_.begin += short_header + size;
    s_.needed = 0;
    return Result::frame;
}

Decoder::Result Decoder::next_any (Msg &out) noexcept
{
    for (;;) {
        const Result result = next_one (out);
        if (result != piece_taken)
            return result;
    }
}

Decoder::Result Decoder::next_one (Msg &out) noexcept
{
    if (s_.error)
        return Result::error;
    if (!s_.framing)
        return next_raw (out);
    if (s_.body.bytes)
        return next_body (out);

    if (starved ())
        return Result::more_needed;
    const std::span<const std::uint8_t> held (s_.begin, s_.end);
    const FrameHeader header = s_.framing->get_header (held);
    if (header.error)
        return fail (header.error);
    if (header.header_size == 0) {
        s_.needed = s_.framing->longest_header;
        return Result::more_needed;
    }
    if (!in_turn (header)) [[unlikely]]
        return fail (EPROTO);
    if (header.body_size > largest_frame (header))
        return fail (EMSGSIZE);
    const auto size = static_cast<std::size_t> (header.body_size);

    if (held.size () - header.header_size < size) {
        const auto room = static_cast<std::size_t> (s_.limit - s_.begin);
        const std::size_t frame_size = header.header_size + size;
        if (frame_size <= room || size <= (s_.zero_copy ? buffered_body : buffered_body_without_slices)) {
            s_.needed = frame_size;
            return Result::more_needed;
        }
        s_.begin += header.header_size;
        if (!begin_body (size, header))
            return fail (ENOMEM);
        return Result::more_needed;
    }

    std::uint8_t *const body = s_.begin + header.header_size;
    if (header.piece != Piece::whole) [[unlikely]] {
        if (const int error = take_piece (header, body, size))
            return fail (error);
        s_.begin = body + size;
        s_.needed = 0;
        return header.piece == Piece::last ? next_joined (out) : piece_taken;
    }
    Frame frame;
    if (const int error = interpret (body, size, header, frame))
        return fail (error);
    if (frame.size <= Msg::inline_capacity && frame.kind == Kind::data) {
        out.reset ();
        out.init_inside (frame.body, frame.size);  // behind every buffer more may be read
        out.set_more (frame.more);
        if (s_.metadata)
            put_metadata (out);
        s_.begin = body + size;
        s_.needed = 0;
        return Result::frame;
    }
    Msg taken;
    if (const int error = take_from_buffer (taken, frame.body, frame.size))
        return fail (error);
    s_.begin = body + size;
    s_.needed = 0;
    dress (taken, frame);
    out = std::move (taken);
    return Result::frame;
}

// Starts a body in its own memory with what the buffer holds of it, which is all that the buffer holds.
bool Decoder::begin_body (std::size_t size, const FrameHeader &header) noexcept
{
    const auto held = static_cast<std::size_t> (s_.end - s_.begin);
    Body body{nullptr, nullptr, nullptr, size, std::min (size, std::max (first_allocation, held)), held, header};
    if (size <= Buffer::largest) {
        body.buffer = Buffer::create (size);
        body.bytes = body.buffer ? body.buffer->data () : nullptr;
    } else if ((body.block = std::malloc (sizeof (Content) + body.capacity))) {
        body.bytes = static_cast<std::uint8_t *> (body.block) + sizeof (Content);
    }
    if (!body.bytes)
        return false;
    std::memcpy (body.bytes, s_.begin, held);
    s_.body = body;
    drop_buffer ();
    // Large bodies come in company: a small read finds the next header, and little of the next body has to be copied.
    s_.read_size = Buffer::smallest;
    return true;
}

Decoder::Result Decoder::next_body (Msg &out) noexcept
{
    Body &body = s_.body;
    if (body.have < body.size)
        return Result::more_needed;
    if (const FrameHeader header = body.header; header.piece != Piece::whole) [[unlikely]] {
        const int error = take_piece (header, body.bytes, body.size);
        drop_body ();
        choose_fast_case ();
        if (error)
            return fail (error);
        return header.piece == Piece::last ? next_joined (out) : piece_taken;
    }
    Frame frame;
    if (const int error = interpret (body.bytes, body.size, body.header, frame))
        return fail (error);
    Content *content = body.buffer;
    if (!content) {
        content = new (body.block) Content;
        content->dispose = dispose_body;
    }
    Msg taken;
    taken.init_slice (content, frame.body, frame.size);
    dress (taken, frame);
    body = Body{};
    choose_fast_case ();
    out = std::move (taken);
    return Result::frame;
}

// ---- frames in pieces ----

bool Decoder::in_turn (const FrameHeader &header) const noexcept
{
    return s_.pieces ? s_.pieces->expects (header) : header.piece == Piece::whole || header.piece == Piece::first;
}

// 0 or ENOMEM.
int Decoder::take_piece (const FrameHeader &header, std::uint8_t *body, std::size_t size) noexcept
{
    if (!s_.pieces)
        s_.pieces.reset (new (std::nothrow) Pieces);
    if (!s_.pieces)
        return ENOMEM;
    if (header.mask)
        apply_mask (header.mask, {body, size});
    return s_.pieces->add (header, {body, size});
}

// The frame whose last piece has come.
Decoder::Result Decoder::next_joined (Msg &out) noexcept
{
    const std::span<std::uint8_t> bytes = s_.pieces->bytes ();
    const FrameHeader header = s_.framing->get_joined (bytes);
    if (header.error)
        return fail (header.error);
    if (header.body_size > largest_frame (header))
        return fail (EMSGSIZE);
    Frame frame;
    if (const int error = interpret (bytes.data () + header.header_size, static_cast<std::size_t> (header.body_size), header, frame))
        return fail (error);
    Msg taken;
    if (frame.size < slice_from) {
        if (const int error = taken.init_copy (frame.body, frame.size))
            return fail (error);
    } else {
        taken.init_slice (s_.pieces->take (), frame.body, frame.size);
    }
    dress (taken, frame);
    out = std::move (taken);
    return Result::frame;
}

}  // namespace engine
