// When a socket writes what its pattern has put into the network pipes: at once when the stream is idle or a reply is awaited, and in
// batches when a burst is on (smart batching). Also when it looks for input before it writes.
//
// A message that is written to a peer whose end has come is lost, and one that is put into the queue of a lost connection likewise. So
// where there was time for an end to come the socket looks for input first: before a message is routed if there may be a choice, else
// before it is written (publishers have no choice). In a burst, and between a reply and the next request, one look has just been made.
// Who only answers does not look: nothing waits for another connection there, and a peer may have said its last word.
//
// All functions want the socket's strand held; none blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "message/msg.hpp"

namespace engine {

class NetworkPipe;
class StreamHost;
class Stream;

class Batching
{
  public:
    explicit Batching (StreamHost &socket) noexcept : socket_ (socket) {}

    // Before the pattern routes a frame of the application's. `connected`: there are streams.
    void before_send (const Msg &frame, bool connected) noexcept
    {
        if (!bursts_.empty ())
            return;
        if (connected && !sending_more_)
            look_before_routing ();
        sending_more_ = frame.more ();
    }
    // The pattern has put the end of a message into the pipe.
    void touch (NetworkPipe &pipe) noexcept;
    bool has_touched () const noexcept { return !touched_.empty (); }
    // Writes to the pipes that were touched, or leaves it to a later call. Also at the end of every call.
    void after_send () noexcept
    {
        if (!touched_.empty ())
            flush_touched ();
    }
    // What is sent now is awaited.
    void note_received () noexcept { reply_ = true; }
    // Writes whatever was left to a later call.
    void flush () noexcept
    {
        if (!bursts_.empty ())
            write_bursts (&write_now);
    }

    enum class Backstop
    {
        unneeded,  // nothing was left: the application flushes by itself
        waiting,   // to be asked again at the next tick
        needed
    };
    // The reactor's, should no later call come.
    Backstop flush_backstop () noexcept;

    // The pipe ends.
    void forget (NetworkPipe &pipe) noexcept;

  private:
    using Write = bool (Stream &) noexcept;
    static bool write_now (Stream &stream) noexcept;
    static bool look_and_write (Stream &stream) noexcept;

    bool answers () const noexcept;
    void look_before_routing () noexcept;
    void look_before_sending () noexcept;
    void look_for_input (Nanoseconds time) noexcept;
    void flush_touched () noexcept;
    bool write_bursts (Write *write) noexcept;
    bool due (NetworkPipe &pipe, Stream &stream, bool fan_out, Nanoseconds &time) noexcept;
    bool begin_burst (NetworkPipe &pipe, Nanoseconds time) noexcept;
    Nanoseconds note_flush () noexcept { return last_flush_ = now (); }
    Nanoseconds window () const noexcept { return bursts_.size () > 1 ? window_ : shortest_window; }

    static constexpr Nanoseconds shortest_window = 100 * microsecond;

    StreamHost &socket_;
    std::vector<NetworkPipe *> touched_;  // by this call
    std::vector<NetworkPipe *> bursts_;   // with a burst under way
    bool sending_more_ = false;
    bool reply_ = false;  // the last operation was a receive
    bool dirty_ = false;  // the reactor will look at bursts_
    Nanoseconds burst_start_ = 0;
    Nanoseconds window_ = shortest_window;  // how long a burst to several streams may collect
    Nanoseconds last_flush_ = 0;
    Nanoseconds last_input_ = 0;
    Nanoseconds send_time_ = 0;  // of this call, once asked for; 0: not asked, or long ago
};

}  // namespace engine
