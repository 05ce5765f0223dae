#include "core/inproc.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "core/socket.hpp"
#include "io/reactor.hpp"
#include "pattern/pattern.hpp"
#include "strand/strand.hpp"

namespace engine {

void InprocSide::acquire_served () noexcept { channel->acquire (); }

void InprocSide::release_served () noexcept { channel->release (); }

bool InprocChannel::tell (int which) noexcept
{
    Strand *const strand = side[which].strand.load (std::memory_order_seq_cst);
    if (!strand)
        return false;
    acquire ();
    if (strand->doorbell.deliver ({Command::What::activity, static_cast<std::uint8_t> (which), 0, this}) != Mailbox::Delivery::done)
        release ();
    return true;
}

void InprocChannel::greet (const std::string &hello)
{
    if (hello.empty ()) {
        greeting = Greeting::none;
        return;
    }
    Msg message;
    if (message.init_copy (hello.data (), hello.size ()) != 0)
        throw std::bad_alloc ();
    // (Nobody waits for it: the reader is not there yet.)
    if (conflate) {
        (void) direction[1].newest.put (std::move (message));
    } else {
        if (!direction[1].queue.push (std::move (message)))
            throw std::bad_alloc ();
        (void) direction[1].queue.publish ();
    }
    greeting = Greeting::said;
    greeting_size = hello.size ();
}

void InprocChannel::take_greeting_back () noexcept
{
    if (greeting == Greeting::said) {
        Msg taken;
        (void) (conflate ? direction[1].newest.take (taken) : direction[1].queue.pop (taken));
    }
    greeting = Greeting::due;
}

InprocPipe::InprocPipe (Socket &socket, Pattern &pattern, InprocChannel *channel, int side) noexcept
    : socket_ (socket), pattern_ (pattern), channel_ (channel), side_ (side), conflate_ (channel->conflate)
{
    is_inproc = carries_group = true;
    connected_by_us = side == 0;
    channel_->side[side_].pipe = this;
}

InprocPipe::~InprocPipe ()
{
    leave ();
    channel_->side[side_].pipe = nullptr;
    channel_->release ();
}

// ---- inbound ----

bool InprocPipe::readable () noexcept
{
    if (!nothing_inbound ())
        return true;
    reader_waits_ = true;
    return !wait_for_inbound ();
}

bool InprocPipe::nothing_inbound () noexcept
{
    return inbound ().queue.empty () && (!conflate_ || inbound ().newest.empty ()) && !farewell_due_;
}

// True: whoever writes next tells us. (Where there are two places to write to, both may; one that tells in vain does no harm.)
bool InprocPipe::wait_for_inbound () noexcept
{
    InprocChannel::Direction &in = inbound ();
    return in.queue.wait_prepare () && (!conflate_ || in.newest.wait_prepare ());
}

bool InprocPipe::take_newest (Msg &out) noexcept
{
    if (!inbound ().newest.take (out))
        return false;
    ++messages_in;
    if (closing_ && nothing_inbound ())
        socket_.request_reap (*this);
    count_in (out.size (), &zmq_ext_stats_t::messages_in);
    return true;
}

// The peer has left, and what it had to say was read.
bool InprocPipe::take_farewell (Msg &out) noexcept
{
    farewell_due_ = false;
    socket_.request_reap (*this);
    out.reset ();
    return out.init_copy (farewell_.data (), farewell_.size ()) == 0;
}

bool InprocPipe::read (Msg &out) noexcept
{
    InprocChannel::Direction &in = inbound ();
    for (;;) {
        if (!in.queue.pop (out)) {
            if ((conflate_ && take_newest (out)) || (farewell_due_ && take_farewell (out)))
                return true;
            reader_waits_ = true;
            if (wait_for_inbound ())
                return false;
            reader_waits_ = false;
            continue;
        }
        if (out.more ()) {
            reading_message_ = true;
            in.parts_read.store (in.parts_read.load (std::memory_order_relaxed) + 1, std::memory_order_release);
            count_in (out.size (), &zmq_ext_stats_t::parts_in);
            return true;
        }
        reading_message_ = false;
        ++read_;
        acknowledge_when_due ();
        if (closing_ && nothing_inbound ()) [[unlikely]]
            socket_.request_reap (*this);
        count_in (out.size (), &zmq_ext_stats_t::messages_in);
        return true;
    }
}

// In low-water-mark steps.
void InprocPipe::acknowledge_when_due () noexcept
{
    const std::uint64_t limit = receive_limit ();
    if (read_ - acknowledged_ < std::max<std::uint64_t> ((limit + 1) / 2, 1))
        return;
    acknowledged_ = read_;
    inbound ().acknowledged.store (read_, std::memory_order_seq_cst);
    wake_writer ();
}

inline void InprocPipe::count_in (std::size_t size, std::uint64_t zmq_ext_stats_t::*frames) noexcept
{
    if (for_engine) [[unlikely]]
        return;
    socket_.stats.bytes_in += size;
    ++(socket_.stats.*frames);
    bytes_in += size;
}

bool InprocPipe::drained () noexcept { return !reading_message_ && nothing_inbound (); }

// ---- outbound ----

std::uint64_t InprocPipe::send_limit () const noexcept
{
    const InprocChannel::Side &own = channel_->side[side_];
    const InprocChannel::Side &peer = channel_->side[1 - side_];
    const int mine = own.send_limit.load (std::memory_order_relaxed);
    if (!peer.known.load (std::memory_order_acquire))
        return static_cast<std::uint64_t> (mine);
    const int theirs = peer.receive_limit.load (std::memory_order_seq_cst);
    return mine == 0 || theirs == 0 ? 0 : static_cast<std::uint64_t> (mine) + static_cast<std::uint64_t> (theirs);
}

std::uint64_t InprocPipe::receive_limit () const noexcept
{
    const int mine = channel_->side[side_].receive_limit.load (std::memory_order_relaxed);
    const int theirs = channel_->side[1 - side_].send_limit.load (std::memory_order_relaxed);
    return mine == 0 || theirs == 0 ? 0 : static_cast<std::uint64_t> (mine) + static_cast<std::uint64_t> (theirs);
}

// As of now: the reader may take a message, or change its limit, right after the look.
bool InprocPipe::has_room () const noexcept
{
    const std::uint64_t limit = send_limit ();
    const InprocChannel::Direction &out = outbound ();
    // An empty queue is never full, whatever the limit was when the last acknowledgement was due.
    return limit == 0 || written_ - out.acknowledged.load (std::memory_order_seq_cst) < limit || out.queue.size () == 0;
}

bool InprocPipe::writable () noexcept
{
    if (closing_)
        return false;
    if (conflate_ || has_room ())
        return true;
    InprocChannel::Direction &out = outbound ();
    out.writer_waits.set ();
    if (has_room ()) {
        out.writer_waits.unset ();
        return true;
    }
    writer_waits_ = true;
    return false;
}

void InprocPipe::offer_room ()
{
    if (closing_ || !writer_waits_ || !writable ())
        return;  // still full: writable() has asked to be told again
    writer_waits_ = false;
    pattern_.write_activated (*this);
    socket_.note_room ();
}

bool InprocPipe::push (Msg &frame) noexcept
{
    InprocChannel::Direction &out = outbound ();
    // The peer may read it when the sender's call is over.
    if (frame.own_lent () != 0)
        return false;
    frame.set_metadata (nullptr);
    if (conflate_ && frame.kind () == Kind::data) {
        replace (frame);
        return true;
    }
    const bool more = frame.more ();
    const std::size_t size = frame.size ();
    if (!out.queue.push (std::move (frame)))
        return false;
    if (!for_engine) [[likely]] {
        socket_.stats.bytes_out += size;
        bytes_out += size;
        if (more)
            ++socket_.stats.parts_out;
        else
            ++socket_.stats.messages_out;
    }
    writing_message_ = more;
    if (more) {
        ++unfinished_;
        return true;
    }
    ++written_;
    if (unfinished_ > 0) {
        out.parts_written.store (out.parts_written.load (std::memory_order_relaxed) + unfinished_, std::memory_order_release);
        unfinished_ = 0;
    }
    if (out.queue.publish ())
        tell_peer ();
    return true;
}

// Each frame is a message of its own here: of one of many parts the last is left.
void InprocPipe::replace (Msg &frame) noexcept
{
    frame.set_more (false);
    if (!for_engine) {
        socket_.stats.bytes_out += frame.size ();
        ++socket_.stats.messages_out;
        bytes_out += frame.size ();
        ++messages_out;
    }
    if (outbound ().newest.put (std::move (frame)))
        tell_peer ();
}

bool InprocPipe::write (Msg &frame) noexcept
{
    if (closing_ || (!writing_message_ && !writable ()))
        return false;
    return push (frame);
}

bool InprocPipe::write_unlimited (Msg &frame) noexcept { return !closing_ && push (frame); }

void InprocPipe::count_greeting () noexcept
{
    if (channel_->greeting != InprocChannel::Greeting::said)
        return;
    ++(conflate_ ? messages_out : written_);
    socket_.stats.bytes_out += channel_->greeting_size;
    ++socket_.stats.messages_out;
    bytes_out += channel_->greeting_size;
}

void InprocPipe::rollback () noexcept
{
    outbound ().queue.rollback ();
    writing_message_ = false;
    unfinished_ = 0;
}

// ---- life ----

void InprocPipe::tell_peer () noexcept
{
    const int other = 1 - side_;
    if (!channel_->tell (other))
        return;  // nobody has bound yet; whoever does looks at the queue then
    if (Reactor *const server = channel_->side[other].server.load (std::memory_order_acquire))
        server->serve (channel_->side[other]);
}

// The peer, if it found the queue full.
void InprocPipe::wake_writer () noexcept
{
    if (inbound ().writer_waits.take ())
        tell_peer ();
}

void InprocPipe::identify () noexcept
{
    if (identified_)
        return;
    identified_ = true;
    try {
        peer_routing_id = channel_->side[1 - side_].routing_id;
        pattern_.identified (*this);
    } catch (...) {
        terminate ();  // out of memory: a peer without its id cannot be served
    }
}

void InprocPipe::peer_active () noexcept
try {
    if (side_ == 0 && !identified_ && channel_->side[1].known.load (std::memory_order_acquire))
        identify ();
    InprocChannel::Direction &in = inbound ();
    const bool left = in.writer_left.load (std::memory_order_seq_cst) || outbound ().reader_left.load (std::memory_order_seq_cst);
    if (left && !closing_) {
        closing_ = true;
        farewell_due_ = !farewell_.empty ();
    }
    // Found empty, it has to be asked again to tell: who told us may have meant messages that were read long ago, and tells only once.
    if (reader_waits_ && (!nothing_inbound () || !wait_for_inbound ())) {
        // (The waiting mark was taken back by wait_prepare(), or is by the publish() of what is there.)
        reader_waits_ = false;
        pattern_.read_activated (*this);
        socket_.note_activity ();
    }
    offer_room ();
    acknowledge_when_due ();  // the peer's limit may have changed
    if (closing_)
        socket_.request_reap (*this);
} catch (...) {
    terminate ();  // out of memory
}

void InprocPipe::leave () noexcept
{
    if (left_)
        return;
    left_ = true;
    rollback ();
    closing_ = true;
    inbound ().reader_left.store (true, std::memory_order_seq_cst);
    outbound ().writer_left.store (true, std::memory_order_seq_cst);
    tell_peer ();
}

void InprocPipe::terminate () noexcept
{
    terminate_requested_ = true;
    closing_ = true;
    socket_.request_reap (*this);
}

void InprocPipe::limits_changed (int send_limit, int receive_limit) noexcept
try {
    channel_->side[side_].send_limit.store (send_limit, std::memory_order_relaxed);
    channel_->side[side_].receive_limit.store (receive_limit, std::memory_order_seq_cst);
    (void) inbound ().writer_waits.take ();  // told below
    offer_room ();
    // What the peer has read may be due to be acknowledged now. He looks at the limit after each message, but that look can go ahead of
    // his note that he took the last one, and ours at this note can come too early; the doorbell's lock orders both.
    tell_peer ();
} catch (...) {
    terminate ();  // out of memory
}

}  // namespace engine
