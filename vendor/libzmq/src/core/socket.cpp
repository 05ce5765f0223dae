#include "core/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/context.hpp"
#include "core/linger_timer.hpp"
#include "core/monitor.hpp"
#include "core/strand.hpp"
#include "io/connector.hpp"
#include "io/listener.hpp"
#include "io/stream.hpp"
#include "message/backlog.hpp"

namespace engine {

namespace {

// How long a burst may collect before a later send writes it: the shortest window; for several streams grown to so many times what writing
// to them took, so that a fan-out to many does not spend its time on small writes.
constexpr Nanoseconds longest_window = 1 * millisecond;
constexpr int window_per_writing = 4;
// How long a stream must have been silent for a message to be written at once.
constexpr Nanoseconds idle_time = 20 * microsecond;
constexpr std::size_t batch_bytes = 64 * 1024;
// A burst to one peer is encoded whenever so much waits, while the bodies are in the cache and the C library gives their memory at
// once to the next ones.
constexpr std::size_t ahead_bytes = 2 * 1024;
constexpr Nanoseconds input_interval = 100 * microsecond;

}  // namespace

Socket::Socket (Context &context, Strand &strand, const SocketType &type)
    : options (make_options (&type, context.options ())), context_ (context), strand_ (strand), type_ (type),
      random_state_ (static_cast<std::uint64_t> (now ()) ^ (reinterpret_cast<std::uintptr_t> (this) << 16)), pattern_ (type.make (*this)),
      attendance_ (*this)
{}

Socket::~Socket ()
{
    // Streams first: they point at pipes; then pipes, which may point at the pattern.
    linger_timer_.reset ();
    dead_streams_.clear ();
    dead_connectors_.clear ();
    streams_.clear ();
    connectors_.clear ();
    listeners_.clear ();
    stop_monitor ();
    pipes_.clear ();
    inproc_pipes_.clear ();
    if (reactor_)
        reactor_->load.fetch_sub (1, std::memory_order_relaxed);
    Backlog::of_process ().collect ();
}

bool Socket::terminated () const noexcept { return context_.terminated (); }

// xorshift64*: enough for ids and jitter.
std::uint32_t Socket::random () noexcept
{
    random_state_ ^= random_state_ >> 12;
    random_state_ ^= random_state_ << 25;
    random_state_ ^= random_state_ >> 27;
    return static_cast<std::uint32_t> ((random_state_ * 2685821657736338717ull) >> 32);
}

const char *Socket::own_routing_id (std::size_t &size) const noexcept
{
    size = options.routing_id.size ();
    return options.routing_id.data ();
}

// ---- messages ----

int Socket::try_send (Msg &frame) noexcept
try {
    if (strand_.doorbell.pending ()) [[unlikely]]
        run_inbox ();
    if (bursts_.empty ()) {
        if (!answers () && !sending_more_ && attendance_.count () > 0 && !type_.wants_subscriptions)
            look_before_sending ();
        sending_more_ = frame.more ();
    }
    const int error = pattern_->send (frame);
    // On an error too: a multipart message that stopped half-way may have touched some.
    if (!touched_.empty ())
        flush_touched ();
    return error;
} catch (...) {
    return ENOMEM;
}

int Socket::try_recv (Msg &frame) noexcept
try {
    if (strand_.doorbell.pending ()) [[unlikely]]
        run_inbox ();
    const int error = pattern_->recv (frame);
    if (error) {
        if (error != EAGAIN)
            receiving_more_ = false;  // a message that cannot be received to its end is over
        return error;
    }
    receiving_more_ = frame.more ();
    reply_ = true;
    return 0;
} catch (...) {
    return ENOMEM;
}

int Socket::events () noexcept
try {
    return (pattern_->has_in () ? ZMQ_POLLIN : 0) | (pattern_->has_out () ? ZMQ_POLLOUT : 0);
} catch (...) {
    return 0;
}

int Socket::ready_now (int wanted) noexcept
{
    if (strand_.doorbell.pending ())
        run_inbox ();
    int found = events () & wanted;
    if (found != wanted) {
        poll_input ();
        found = events () & wanted;
    }
    return found;
}

void Socket::run_inbox () noexcept
{
    const bool missed = strand_.doorbell.take (parcels_);
    for (const Parcel &parcel : parcels_)
        take_parcel (parcel);
    parcels_.clear ();
    if (missed) [[unlikely]]
        for (const auto &pipe : inproc_pipes_)
            peer_active (*pipe);
}

void Socket::peer_active (InprocPipe &pipe) noexcept
{
    pipe.peer_active ();
    if (monitor_ && &pipe.pattern () == &monitor_->pattern ())
        monitor_->flush ();
}

void Socket::poll_input () noexcept
{
    if (!bursts_.empty ())
        flush_bursts ();
    if (attendance_.count () > 0)
        attendance_.poll_input ();
    if (!sweep_network_.empty () || !dead_streams_.empty ())
        sweep ();
}

// ---- smart batching ----

void Socket::touch (NetworkPipe &pipe) noexcept
{
    try {
        touched_.push_back (&pipe);
    } catch (...) {
        pipe.touched = false;
        if (pipe.stream)
            pipe.stream->flush_inline ();
    }
}

// ---- input before output ----
//
// A message that is written to a peer whose end has come is lost, and one that is put into the queue of a lost connection likewise. So
// where there was time for an end to come the socket looks for input first: before a message is routed if there may be a choice, else
// before it is written (publishers have no choice). In a burst, and between a reply and the next request, one look has just been made.
// Who only answers does not look: nothing waits for another connection there, and a peer may have said its last word.

void Socket::look_before_sending () noexcept
{
    const Nanoseconds time = now ();
    const Nanoseconds blind = time - last_input_;
    if (blind > input_interval || (!reply_ && blind > idle_time && time - last_flush_ > idle_time))
        look_for_input (time);
    else
        send_time_ = time;
}

// Subscriptions, heartbeats and the like are also served by it, so that they need not wait until this socket receives.
void Socket::look_for_input (Nanoseconds time) noexcept
{
    last_input_ = time;
    send_time_ = 0;
    if (raw ())  // likewise
        return;
    attendance_.poll_input ();
    if (!sweep_network_.empty () || !dead_streams_.empty ())
        sweep ();
}

bool Socket::flush_now (NetworkPipe &pipe, Stream &stream, bool fan_out, Nanoseconds &time) noexcept
{
    if (pipe.outbound_bytes () >= batch_bytes)
        return true;
    if (!pipe.in_burst) {
        // A reply is awaited, unless more requests are at hand: then the next receive, finding none, flushes all replies.
        if (reply_ && inbound_messages == 0)
            return true;
        if (time == 0)
            time = now ();
        // To many, writing takes longer than that by itself: they are silent when nothing was written to any of them.
        if (!reply_ && time - (fan_out ? last_flush_ : stream.last_write ()) > idle_time)
            return true;
        pipe.in_burst = true;
        pipe.burst_count = 0;
        try {
            if (bursts_.empty ())
                burst_start_ = time;
            bursts_.push_back (&pipe);
        } catch (...) {
            pipe.in_burst = false;
            return true;
        }
        if (!dirty_)
            dirty_ = reactor_->flush_later (strand_);
        return !dirty_;  // without a backstop there is no burst
    }
    if (!fan_out && pipe.outbound_bytes () >= ahead_bytes && stream.encode_ahead ())
        return true;
    if ((++pipe.burst_count & 15) != 0)
        return false;
    time = now ();
    if (time - burst_start_ > window ())
        return true;
    // Many rings in turn, each with a whole burst in it, would not stay in the cache.
    return fan_out && (pipe.burst_count & 63) == 0 && stream.encode_ahead ();
}

void Socket::flush_touched () noexcept
{
    Nanoseconds time = 0;
    if (bursts_.empty ()) {
        if (send_time_ == 0 && !answers ())
            look_before_sending ();
        time = std::exchange (send_time_, 0);
    }
    bool wrote = false;
    bool window_over = false;
    const bool fan_out = touched_.size () > 1;
    for (std::size_t i = 0; i < touched_.size (); ++i) {
        NetworkPipe &pipe = *touched_[i];
        pipe.touched = false;
        Stream *const stream = pipe.stream;
        if (!stream || !stream->established () || stream->blocked ())
            continue;
        if (!flush_now (pipe, *stream, fan_out, time))
            continue;
        if (pipe.in_burst)
            window_over = true;
        else
            wrote |= stream->flush_inline ();
    }
    touched_.clear ();
    if (window_over) {
        if (time == 0)
            time = now ();
        if (time - last_input_ > input_interval && !answers ())
            look_for_input (time);
        wrote |= write_bursts (&Stream::flush_inline);
    }
    if (wrote) {
        reply_ = false;
        note_flush ();
    }
}

bool Socket::write_bursts (bool (Stream::*write) () noexcept) noexcept
{
    bool wrote = false;
    const bool fan_out = bursts_.size () > 1;
    const Nanoseconds start = fan_out ? now () : 0;
    for (std::size_t i = 0; i < bursts_.size (); ++i) {
        NetworkPipe &pipe = *bursts_[i];
        pipe.in_burst = false;
        if (pipe.stream && pipe.stream->established ())
            wrote |= (pipe.stream->*write) ();
    }
    bursts_.clear ();
    if (fan_out)
        window_ = std::clamp (window_per_writing * (note_flush () - start), shortest_window, longest_window);
    return wrote;
}

void Socket::flush_bursts () noexcept { write_bursts (&Stream::flush_inline); }

Socket::Backstop Socket::flush_backstop () noexcept
{
    dirty_ = false;
    if (bursts_.empty ())
        return Backstop::unneeded;
    // A burst whose window is not over: a later tick is for it.
    if (now () - burst_start_ < window () - shortest_window / 2)
        dirty_ = reactor_->flush_later (strand_);
    if (dirty_)
        return Backstop::waiting;
    write_bursts (&Stream::look_and_flush);
    return Backstop::needed;
}

bool Socket::own_output (const void *begin) noexcept
{
    bool all = true;
    for (const auto &stream : streams_)
        all &= stream->own_output ();
    // Queues of peers that are not connected (now) hold it as well.
    for (const auto &pipe : pipes_)
        all &= pipe->own_outbound (begin);
    return all;
}

void Socket::drop_output () noexcept
{
    for (const auto &pipe : pipes_)
        if (pipe->outbound_messages () > 0 || (pipe->stream && pipe->stream->output_pending ()))
            pipe->terminate ();
}

bool Socket::congested () const noexcept
{
    for (const auto &stream : streams_)
        if (stream->congested ())
            return true;
    return false;
}

void Socket::stop_helping (Nanoseconds since) noexcept
{
    for (const auto &stream : streams_)
        stream->give_up_helping (since);
}

// ---- pipes ----

void Socket::pipe_readable (NetworkPipe &pipe) noexcept
try {
    pattern_->read_activated (pipe);
    activity_ = true;
} catch (...) {
    pipe.terminate ();
}

void Socket::pipe_writable (NetworkPipe &pipe) noexcept
try {
    pattern_->write_activated (pipe);
    note_room ();
} catch (...) {
    pipe.terminate ();
}

// Ends the pipes that are done for, and frees what ended during the call.
void Socket::sweep () noexcept
{
    if (sweeping_)
        return;
    sweeping_ = true;
    while (NetworkPipe *const pipe = sweep_network_.take ())
        sweep_pipe (*pipe);
    while (InprocPipe *const pipe = sweep_inproc_.take ())
        sweep_pipe (*pipe);
    dead_streams_.clear ();
    dead_connectors_.clear ();
    sweeping_ = false;
}

void Socket::sweep_pipe (NetworkPipe &pipe) noexcept
{
    if (pipe.stream && pipe.stream->take_failure ()) {
        // The peer takes nothing more: reads why. The rest afterwards.
        pipe.stream->pull ();
        request_sweep (pipe);
        return;
    }
    if (pipe.take_finish_request () && !pipe.terminate_requested ())
        finish_pipe (pipe);
    else if (pipe.terminate_requested () || (pipe.closing () && pipe.drained () && !pipe.stream))
        destroy_pipe (pipe);
}

void Socket::sweep_pipe (InprocPipe &pipe) noexcept
{
    if (pipe.terminate_requested () || (pipe.closing () && pipe.drained ()))
        destroy_pipe (pipe);
}

void Socket::destroy_pipe (NetworkPipe &pipe) noexcept
{
    if (pipe.attached) {
        pipe.attached = false;
        pattern_->detach (pipe);
        activity_ = true;
    }
    if (Stream *const stream = pipe.stream) {
        // The pattern ended it, so its connection goes too; a connecting end tries again.
        Connector *const connector = stream->connector ();
        stream->close ();
        bury (*stream);
        if (connector) {
            if (connector->pipe == &pipe)
                connector->pipe = nullptr;
            connector->stream_lost (false, false);
        }
    }
    for (const auto &connector : connectors_)
        if (connector->pipe == &pipe)
            connector->pipe = nullptr;
    inbound_messages -= pipe.inbound_messages ();
    std::erase (touched_, &pipe);
    std::erase (bursts_, &pipe);
    std::erase_if (pipes_, [&pipe] (const auto &held) { return held.get () == &pipe; });
}

void Socket::destroy_pipe (InprocPipe &pipe) noexcept
{
    pipe.pattern ().detach (pipe);
    // What was sent to a name that nobody has bound yet waits there for whoever does, whatever ZMQ_LINGER says: it is with the peer
    // already, as what lies in a channel between two sockets.
    pipe.rollback ();
    const InprocChannel &channel = pipe.channel ();
    if (pipe.side () == 0 && channel.direction[0].empty () && !channel.side[1].known.load (std::memory_order_acquire))
        context_.registry ().forget (pipe.endpoint, pipe.channel ());
    activity_ = true;
    std::erase_if (inproc_pipes_, [&pipe] (const auto &held) { return held.get () == &pipe; });
}

// ---- life ----

void Socket::serve () noexcept
{
    if (strand_.doorbell.pending ())
        run_inbox ();
}

bool Socket::leave (bool by_application) noexcept
{
    if (!touched_.empty ())
        flush_touched ();
    if (!sweep_network_.empty () || !sweep_inproc_.empty () || !dead_streams_.empty () || !dead_connectors_.empty ()) [[unlikely]]
        sweep ();
    if (attendance_.needs_settling ()) [[unlikely]]
        attendance_.settle ();
    if (activity_) {
        activity_ = false;
        const bool room = std::exchange (room_, false);
        if (strand_.doorbell.watched ()) {
            if (!by_application)
                strand_.doorbell.ring ();
            else if (!closing_) {
                // The caller's own call consumed an edge of ZMQ_FD: raise it again if something is left.
                if (strand_.doorbell.exported () && (room || (events () & ZMQ_POLLIN)))
                    strand_.doorbell.ring ();
                else if (strand_.doorbell.has_waiters ())
                    strand_.doorbell.ring_others (&Waiter::current ());
            }
        }
    }
    return closing_ && users == 0 && streams_.empty () && connectors_.empty ();
}

void Socket::fill_stats (zmq_ext_stats_t &out) const noexcept
{
    out = stats;
    out.queued_in = 0;
    out.queued_out = 0;
    out.peers = 0;
    for (const auto &pipe : pipes_) {
        out.queued_in += pipe->inbound_messages ();
        out.queued_out += pipe->outbound_messages ();
        out.peers += pipe->stream != nullptr;
    }
    for (const auto &pipe : inproc_pipes_) {
        if (pipe->for_engine)
            continue;
        out.queued_in += pipe->queued_in ();
        out.queued_out += pipe->queued_out ();
        out.peers++;
    }
}

}  // namespace engine
