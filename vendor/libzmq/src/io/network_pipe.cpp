#include "io/network_pipe.hpp"

#include "io/datagram_endpoint.hpp"
#include "io/host.hpp"
#include "io/stream.hpp"
#include "pattern/pattern.hpp"

namespace engine {

namespace {

std::size_t most_bytes (const Options &options) noexcept
{
    return static_cast<std::size_t> (options.rcvhwm) * static_cast<std::size_t> (options.in_batch_size);
}

}  // namespace

NetworkPipe::NetworkPipe (StreamHost &socket, Pattern &pattern, bool conflate) noexcept
    : socket_ (socket), pattern_ (pattern), conflate_ (conflate), single_frames_ (socket.type ().single_frames)
{}

NetworkPipe::~NetworkPipe () = default;

bool NetworkPipe::readable () noexcept
{
    if (in_complete_ > 0 || reading_message_)
        return true;
    reader_waits_ = true;
    return false;
}

bool NetworkPipe::read (Msg &out) noexcept
{
    if (in_complete_ == 0 && !reading_message_) {
        reader_waits_ = true;
        return false;
    }
    in_.pop (out);
    if (out.more ()) {
        reading_message_ = true;
        socket_.stats.parts_in++;
        return true;
    }
    reading_message_ = false;
    if (bytes_limited_) [[unlikely]]
        in_bytes_ -= out.size ();
    --in_complete_;
    --socket_.inbound_messages;
    socket_.stats.messages_in++;
    messages_in++;
    if (in_complete_ == 0 && closing_) [[unlikely]]
        socket_.request_reap (*this);
    return true;
}

bool NetworkPipe::has_room () const noexcept
{
    const int limit = socket_.options.sndhwm;
    return limit == 0 || out_complete_ < static_cast<std::uint32_t> (limit);
}

bool NetworkPipe::writable () noexcept
{
    if (closing_)
        return false;
    if (conflate_ || has_room ()) [[likely]]
        return true;
    // Full: what the kernel takes at once makes room.
    if (stream && stream->flush_inline () && !closing_ && has_room ())
        return true;
    if (datagrams && datagrams->flush_inline () && !closing_ && has_room ())
        return true;
    writer_waits_ = true;
    return false;
}

bool NetworkPipe::push_outbound (Msg &frame) noexcept
{
    const bool more = frame.more ();
    const std::size_t size = frame.size ();
    // Every subscription counts, only of data the newest.
    const bool conflated = conflate_ && frame.kind () == Kind::data;
    if (conflated) {
        out_.clear ();
        out_complete_ = lent_ = 0;
        out_bytes_ = 0;
        frame.set_more (false);
    }
    const bool lent = frame.is_lent ();
    if (!out_.push (std::move (frame))) [[unlikely]]
        return false;
    lent_ += lent;
    out_bytes_ += size + 9;
    if (more && !conflated) {
        ++out_unfinished_;
        return true;
    }
    out_unfinished_ = 0;
    ++out_complete_;
    if (!touched) {
        touched = true;
        socket_.batching ().touch (*this);
    }
    return true;
}

bool NetworkPipe::write (Msg &frame) noexcept
{
    if (closing_) [[unlikely]]
        return false;
    if (out_unfinished_ == 0 && !writable ()) [[unlikely]]
        return false;
    return push_outbound (frame);
}

bool NetworkPipe::write_unlimited (Msg &frame) noexcept { return !closing_ && push_outbound (frame); }

void NetworkPipe::rollback () noexcept
{
    for (; out_unfinished_ > 0; --out_unfinished_) {
        out_bytes_ -= out_.back ().size () + 9;
        lent_ -= out_.back ().is_lent ();
        out_.drop_back ();
    }
}

void NetworkPipe::terminate () noexcept
{
    terminate_requested_ = true;
    closing_ = true;
    socket_.request_reap (*this);
}

void NetworkPipe::finish () noexcept
{
    stop_writing ();
    finish_requested_ = true;
    socket_.request_reap (*this);
}

bool NetworkPipe::wants_more () const noexcept
{
    if (conflate_ || terminate_requested_ || discarding_)
        return true;
    const int limit = socket_.options.rcvhwm;
    if (bytes_limited_ && limit != 0 && in_bytes_ >= most_bytes (socket_.options))
        return false;
    return limit == 0 || in_complete_ < static_cast<std::uint32_t> (limit);
}

std::size_t NetworkPipe::inbound_room () const noexcept
{
    const auto limit = static_cast<std::size_t> (socket_.options.rcvhwm);
    if (limit == 0 || terminate_requested_ || discarding_)
        return SIZE_MAX;
    return limit > in_complete_ ? limit - in_complete_ : 0;
}

bool NetworkPipe::receive (Msg &frame) noexcept
{
    if (discarding_) {
        frame.reset ();
        return true;
    }
    if (single_frames_ && frame.kind () == Kind::data && is_part (frame)) {
        in_parts_ = frame.more ();
        frame.reset ();
        return true;
    }
    if (conflate_) {
        socket_.inbound_messages -= in_complete_;
        in_.clear ();
        in_complete_ = 0;
        frame.set_more (false);
    }
    if (!in_.push (std::move (frame))) [[unlikely]]
        return false;
    count_newest ();
    return true;
}

void NetworkPipe::inbound_filled () noexcept
{
    in_.append ();
    count_newest ();
}

// The frame that has just come into in_.
void NetworkPipe::count_newest () noexcept
{
    const Msg &frame = in_.back ();
    socket_.stats.bytes_in += frame.size ();
    bytes_in += frame.size ();
    if (bytes_limited_) [[unlikely]]
        in_bytes_ += frame.size ();
    if (frame.more ()) {
        ++in_unfinished_;
        return;
    }
    in_unfinished_ = 0;
    ++in_complete_;
    ++socket_.inbound_messages;
    if (reader_waits_ && attached)
        tell_reader ();
}

void NetworkPipe::tell_reader () noexcept
try {
    reader_waits_ = false;
    pattern_.read_activated (*this);
    socket_.note_activity ();
} catch (...) {
    terminate ();  // out of memory
}

Msg *NetworkPipe::next_outbound () noexcept
{
    while (out_complete_ > 0) {
        Msg &frame = out_.front ();
        const std::size_t size = frame.size ();
        lent_ -= frame.is_lent ();
        out_bytes_ -= size + 9;
        encoding_message_ = frame.more ();
        if (!encoding_message_)
            --out_complete_;
        if (!skip_rest_) [[likely]] {
            if (!encoding_message_) {
                socket_.stats.messages_out++;
                messages_out++;
            } else {
                socket_.stats.parts_out++;
            }
            socket_.stats.bytes_out += size;
            bytes_out += size;
            return &frame;
        }
        skip_rest_ = encoding_message_;
        out_.drop_front ();
    }
    return nullptr;
}

// Only when half of it is free: a writer that is told of each message's room is told too often.
void NetworkPipe::offer_room () noexcept
{
    const int limit = socket_.options.sndhwm;
    if (limit == 0 || out_complete_ <= static_cast<std::uint32_t> (limit) / 2)
        tell_writer ();
}

void NetworkPipe::limits_changed () noexcept
{
    if (has_room ())
        tell_writer ();
}

void NetworkPipe::tell_writer () noexcept
try {
    if (!writer_waits_ || closing_)
        return;
    writer_waits_ = false;
    pattern_.write_activated (*this);
    socket_.note_room ();
} catch (...) {
    terminate ();  // likewise
}

void NetworkPipe::take_back (Ring &messages, bool open) noexcept
{
    if (messages.empty () || (conflate_ && out_complete_ > 0))
        return;  // (the newest is what counts)
    std::size_t bytes = 0, whole = 0, lent = 0;
    for (std::size_t i = 0; i < messages.size (); ++i) {
        bytes += messages[i].size ();
        whole += !messages[i].more ();
        lent += messages[i].is_lent ();
    }
    const std::size_t frames = messages.size ();
    if (!out_.prepend (messages))
        return;
    out_bytes_ += bytes + 9 * frames;
    out_complete_ += static_cast<std::uint32_t> (whole);
    lent_ += static_cast<std::uint32_t> (lent);
    encoding_message_ = encoding_message_ && !open;
    socket_.stats.messages_out -= whole;
    socket_.stats.parts_out -= frames - whole;
    socket_.stats.bytes_out -= bytes;
    messages_out -= whole;
    bytes_out -= bytes;
}

void NetworkPipe::connection_lost () noexcept
{
    for (; in_unfinished_ > 0; --in_unfinished_)
        in_.drop_back ();
    if (encoding_message_)
        skip_rest_ = true;
    encoding_message_ = false;
    in_burst = in_parts_ = false;
}

void NetworkPipe::drop_outbound () noexcept
{
    out_.clear ();
    out_bytes_ = 0;
    lent_ = 0;
    out_complete_ = 0;
    out_unfinished_ = 0;
    encoding_message_ = false;
    skip_rest_ = false;
}

void NetworkPipe::count_lost () noexcept
{
    if (!socket_.type ().subscribes)  // (what that has queued is not the application's)
        socket_.stats.dropped_lost += out_complete_;
}

void NetworkPipe::discard_inbound () noexcept
{
    discarding_ = true;
    socket_.inbound_messages -= in_complete_;
    in_.clear ();
    in_complete_ = in_unfinished_ = 0;
    in_bytes_ = 0;
    reading_message_ = false;
}

void NetworkPipe::stop_writing () noexcept
{
    rollback ();
    closing_ = true;
}

void NetworkPipe::close_writing () noexcept
{
    closing_ = true;
    count_lost ();
    drop_outbound ();
}

bool NetworkPipe::own_outbound (const void *begin) noexcept
{
    for (std::size_t i = out_.size (); i-- > 0 && lent_ > 0;) {
        Msg &frame = out_[i];
        if (!frame.is_lent () || frame.data () != begin)
            continue;
        if (frame.own_lent () != 0)
            return false;
        --lent_;
    }
    return true;
}

}  // namespace engine
