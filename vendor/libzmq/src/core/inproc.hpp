// inproc: two sockets of one context joined by a channel, a lock-free queue each way. No bytes, no handshake, no thread of ours.
//
// Each end of a channel belongs to one strand and is only used with that strand held. News for the other end ("something to
// read", "room again", "I have left") go through its doorbell, never through its strand.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <zmq_ext.h>

#include "base/intrusive_list.hpp"
#include "io/served.hpp"
#include "message/handoff.hpp"
#include "message/newest_slot.hpp"
#include "message/spsc_queue.hpp"
#include "pattern/pipe.hpp"
#include "strand/command.hpp"

namespace engine {

class InprocChannel;
class InprocPipe;
class Pattern;
class Reactor;
class Socket;
class Strand;

// One of the two sockets that a channel joins.
struct InprocSide final : Served
{
    Strand *served_strand () const noexcept override { return strand.load (std::memory_order_acquire); }
    void acquire_served () noexcept override;
    void release_served () noexcept override;

    std::atomic<Strand *> strand{nullptr};  // whose doorbell to ring; null until bound
    std::atomic<Reactor *> server{
      nullptr};                         // runs this side's mailbox for an owner that makes no call (monitors, ZAP); set with the strand
    std::atomic<int> send_limit{0};     // SNDHWM of this side; 0 none
    std::atomic<int> receive_limit{0};  // RCVHWM of this side
    std::atomic<bool> known{false};     // the limits are set: this side exists
    std::string routing_id;             // written before the other side may look
    InprocPipe *pipe = nullptr;         // under that side's strand
    InprocChannel *channel = nullptr;   // that this is a side of
};

class InprocChannel final : public CommandChannel
{
  public:
    static constexpr int sides = 2;

    InprocChannel () noexcept
    {
        for (InprocSide &one : side)
            one.channel = this;
    }
    void acquire () noexcept { references_.fetch_add (1, std::memory_order_relaxed); }
    void release () noexcept
    {
        if (references_.fetch_sub (1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    // The one that a command is about.
    static InprocChannel &of (const Command &command) noexcept { return *static_cast<InprocChannel *> (command.channel); }
    // Rings the bell of a side: something happened at the other. False: nobody is there (yet).
    bool tell (int which) noexcept;

    // What one side sends: queue, and what each of its two users tells the other about itself.
    struct Direction
    {
        SpscQueue queue;
        std::atomic<std::uint64_t> acknowledged{0};  // whole messages the reader has taken, told in low-water-mark steps
        WaitMark<> writer_waits;                     // the writer found it full; its news: acknowledged, the reader's limit
        // Stored before a look at the other side's strand, which who joins stores before he looks at these: all sequentially consistent,
        // so that an end that was not told (nobody had joined) is seen.
        std::atomic<bool> writer_left{false};  // nothing more will come
        std::atomic<bool> reader_left{false};  // nobody will read
        // Parts other than a message's last, published and taken: what is queued is counted in messages.
        std::atomic<std::uint64_t> parts_written{0};
        alignas (64) std::atomic<std::uint64_t> parts_read{0};  // the reader's line

        // Whole messages; exact while the other side rests.
        std::uint64_t queued () const noexcept
        {
            const std::uint64_t parts = parts_written.load (std::memory_order_acquire) - parts_read.load (std::memory_order_acquire);
            const std::uint64_t frames = queue.size ();
            return (frames > parts ? frames - parts : 0) + !newest.empty ();
        }
        bool empty () const noexcept { return queue.size () == 0 && newest.empty (); }

        // Of a channel that conflates: the data. Subscriptions, each of which counts, take the queue and come first.
        alignas (64) NewestSlot newest;
    };
    using Side = InprocSide;

    Direction direction[sides];  // [s]: what side s writes
    Side side[sides];            // 0 the connecting socket, 1 the binding one
    // Side 1's ZMQ_HELLO_MSG. Who connects to a bound name puts it into the queue, before the bound side may look.
    enum class Greeting : std::uint8_t
    {
        due,
        none,
        said
    };
    void greet (const std::string &hello);  // said, or none if that is empty; throws std::bad_alloc, nothing changed
    void take_greeting_back () noexcept;    // by who said it: due again
    Greeting greeting = Greeting::due;
    std::size_t greeting_size = 0;
    bool conflate = false;  // the connecting socket's CONFLATE, for both directions; set before the other side may look

  private:
    ~InprocChannel () = default;
    std::atomic<std::uint32_t> references_{1};
};

class InprocPipe final : public Pipe, public Listed<InprocPipe>
{
  public:
    // Takes over one reference to the channel. The pattern (the socket's, or its monitor's) is told of activity.
    InprocPipe (Socket &socket, Pattern &pattern, InprocChannel *channel, int side) noexcept;
    ~InprocPipe () override;

    bool readable () noexcept override;
    bool read (Msg &out) noexcept override;
    bool writable () noexcept override;
    bool write (Msg &frame) noexcept override;
    bool write_unlimited (Msg &frame) noexcept override;
    void rollback () noexcept override;
    bool closing () const noexcept override { return closing_; }
    void terminate () noexcept override;

    // The other side's routing id became known.
    void identify () noexcept;
    // The doorbell said that something happened at the other end.
    void peer_active () noexcept;
    // Leaves the channel: the peer reads what is in it and then sees the end.
    void leave () noexcept;
    bool drained () noexcept;
    bool terminate_requested () const noexcept { return terminate_requested_; }
    // Those of the queues are counted anyway; messages_in and messages_out are of those that replace each other (ZMQ_CONFLATE).
    std::uint64_t all_messages_in () const noexcept { return read_ + messages_in; }
    std::uint64_t all_messages_out () const noexcept { return written_ + messages_out; }
    // What this side shall read once the peer has left, after all that came from there (ZMQ_DISCONNECT_MSG); empty: nothing.
    void say_at_end (const std::string &message) { farewell_ = message; }
    // What greet() said for this side counts as written by it.
    void count_greeting () noexcept;
    // The limits of this side's socket changed.
    void limits_changed (int send_limit, int receive_limit) noexcept;
    std::uint64_t queued_out () const noexcept { return outbound ().queued (); }  // messages
    std::uint64_t queued_in () const noexcept { return inbound ().queued (); }

    Pattern &pattern () const noexcept { return pattern_; }
    InprocChannel &channel () const noexcept { return *channel_; }
    int side () const noexcept { return side_; }
    std::string endpoint;  // inproc://name, for disconnect and unbind
    std::uint64_t binding = 0;
    bool for_engine = false;  // a monitor's, or ZAP's: no message of the application's

  private:
    InprocChannel::Direction &inbound () const noexcept { return channel_->direction[1 - side_]; }
    InprocChannel::Direction &outbound () const noexcept { return channel_->direction[side_]; }
    std::uint64_t send_limit () const noexcept;  // 0: none
    std::uint64_t receive_limit () const noexcept;
    bool has_room () const noexcept;
    void offer_room ();
    bool push (Msg &frame) noexcept;
    void replace (Msg &frame) noexcept;
    bool nothing_inbound () noexcept;
    bool wait_for_inbound () noexcept;
    bool take_newest (Msg &out) noexcept;
    bool take_farewell (Msg &out) noexcept;
    void count_in (std::size_t size, std::uint64_t zmq_ext_stats_t::*frames) noexcept;
    void tell_peer () noexcept;
    void acknowledge_when_due () noexcept;
    void wake_writer () noexcept;

    Socket &socket_;
    Pattern &pattern_;
    InprocChannel *channel_;
    int side_;
    std::uint64_t written_ = 0;  // whole messages
    std::uint64_t read_ = 0;
    std::uint64_t acknowledged_ = 0;  // of read_
    const bool conflate_;
    bool writing_message_ = false;
    std::uint32_t unfinished_ = 0;  // frames written of a message whose last frame was not
    bool reading_message_ = false;
    bool reader_waits_ = false;
    bool writer_waits_ = false;
    bool closing_ = false;
    bool terminate_requested_ = false;
    bool left_ = false;
    bool identified_ = false;
    bool farewell_due_ = false;
    std::string farewell_;
};

}  // namespace engine
