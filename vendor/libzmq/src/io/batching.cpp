#include "io/batching.hpp"

#include <algorithm>
#include <utility>

#include "io/datagram_endpoint.hpp"
#include "io/host.hpp"
#include "io/network_pipe.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"

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

bool Batching::write_now (Stream &stream) noexcept { return stream.flush_inline (); }

bool Batching::look_and_write (Stream &stream) noexcept { return stream.look_and_flush (); }

void Batching::touch (NetworkPipe &pipe) noexcept
{
    try {
        touched_.push_back (&pipe);
    } catch (...) {
        pipe.touched = false;
        if (pipe.stream)
            pipe.stream->flush_inline ();
        else if (pipe.datagrams)
            pipe.datagrams->flush_inline ();
    }
}

void Batching::forget (NetworkPipe &pipe) noexcept
{
    std::erase (touched_, &pipe);
    std::erase (bursts_, &pipe);
}

// ---- input before output ----

bool Batching::answers () const noexcept { return reply_ && !socket_.connects (); }

void Batching::look_before_routing () noexcept
{
    if (!answers () && !socket_.type ().publishes)
        look_before_sending ();
}

void Batching::look_before_sending () noexcept
{
    const Nanoseconds time = now ();
    const Nanoseconds blind = time - last_input_;
    if (blind > input_interval || (!reply_ && blind > idle_time && time - last_flush_ > idle_time))
        look_for_input (time);
    else
        send_time_ = time;
}

// Subscriptions, heartbeats and the like are also served by it, so that they need not wait until this socket receives.
void Batching::look_for_input (Nanoseconds time) noexcept
{
    last_input_ = time;
    send_time_ = 0;
    if (!socket_.raw ())  // likewise
        socket_.take_input ();
}

// ---- output ----

// False: it cannot be had, for want of memory.
bool Batching::begin_burst (NetworkPipe &pipe, Nanoseconds time) noexcept
{
    pipe.in_burst = true;
    pipe.burst_count = 0;
    try {
        if (bursts_.empty ())
            burst_start_ = time;
        bursts_.push_back (&pipe);
    } catch (...) {
        pipe.in_burst = false;
        return false;
    }
    if (!dirty_)
        dirty_ = socket_.reactor ().flush_later (socket_.strand ());
    return dirty_;  // without a backstop there is no burst
}

// Whether the pipe is written to now.
bool Batching::due (NetworkPipe &pipe, Stream &stream, bool fan_out, Nanoseconds &time) noexcept
{
    if (pipe.outbound_bytes () >= batch_bytes)
        return true;
    if (!pipe.in_burst) {
        // A reply is awaited, unless more requests are at hand: then the next receive, finding none, flushes all replies.
        if (reply_ && socket_.inbound_messages == 0)
            return true;
        if (time == 0)
            time = now ();
        // To many, writing takes longer than that by itself: they are silent when nothing was written to any of them.
        if (!reply_ && time - (fan_out ? last_flush_ : stream.last_write ()) > idle_time)
            return true;
        return !begin_burst (pipe, time);
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

void Batching::flush_touched () noexcept
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
        if (!stream || !stream->established () || stream->blocked ()) {
            if (pipe.datagrams)
                wrote |= pipe.datagrams->flush_inline ();
            continue;
        }
        if (!due (pipe, *stream, fan_out, time))
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
        wrote |= write_bursts (&write_now);
    }
    if (wrote) {
        reply_ = false;
        note_flush ();
    }
}

bool Batching::write_bursts (Write *write) noexcept
{
    bool wrote = false;
    const bool fan_out = bursts_.size () > 1;
    const Nanoseconds start = fan_out ? now () : 0;
    for (std::size_t i = 0; i < bursts_.size (); ++i) {
        NetworkPipe &pipe = *bursts_[i];
        pipe.in_burst = false;
        if (pipe.stream && pipe.stream->established ())
            wrote |= write (*pipe.stream);
    }
    bursts_.clear ();
    if (fan_out)
        window_ = std::clamp (window_per_writing * (note_flush () - start), shortest_window, longest_window);
    return wrote;
}

Batching::Backstop Batching::flush_backstop () noexcept
{
    dirty_ = false;
    if (bursts_.empty ())
        return Backstop::unneeded;
    // A burst whose window is not over: a later tick is for it.
    if (now () - burst_start_ < window () - shortest_window / 2)
        dirty_ = socket_.reactor ().flush_later (socket_.strand ());
    if (dirty_)
        return Backstop::waiting;
    write_bursts (&look_and_write);
    return Backstop::needed;
}

}  // namespace engine
