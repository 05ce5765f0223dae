// Which thread does a socket's input and output: the application's while it makes calls (it holds a lease), the reactor otherwise.
// Owns the set of what it attends (a socket's established streams, its datagram endpoints), which is also what ZMQ_FD gives out.
//
// An event loop asleep on ZMQ_FD attends too, although no thread sleeps in a call of ours: as long as it asks for ZMQ_EVENTS after it
// was woken, the reactor looks only now and then whether it still does (check_loop). Once the loop has nothing to ask for, the
// reactor sleeps on the streams as a guard: their next event wakes it once, and it looks again whether the loop came.
//
// In background mode (ZMQ_EXT_ATTEND 0, or a poller without nested sets) there is no lease: the reactor reads for everybody.
// All functions want the strand held.
#pragma once

#include <cstdint>
#include <vector>

#include <poll.h>

#include "io/reactor.hpp"
#include "platform/ready_set.hpp"

namespace engine {

class StreamHost;
class Attended;

class Attendance final : public HookTarget
{
  public:
    Attendance (StreamHost &socket, bool background) noexcept : socket_ (socket), background_ (background) {}
    ~Attendance () override;

    // An established stream, or a datagram endpoint. False with errno: no descriptor, no memory.
    bool add (Attended &one) noexcept;
    void remove (Attended &one) noexcept;
    std::size_t count () const noexcept { return attended_.size (); }
    bool background () const noexcept { return background_; }  // nobody but the reactor reads

    // The calling application thread is about to do input or output here.
    void take_lease () noexcept;
    // Gives everything (back) to the reactor.
    void hand_back () noexcept;
    // The lease timer: ends a lease that was not used since the last look.
    void check_lease () noexcept;
    // The reactor will look whether the lease is still used.
    bool lease_watched () const noexcept { return listed_; }
    // A thread that slept on this socket goes on.
    void waiter_left () noexcept;
    // ZMQ_EVENTS was asked for.
    void note_asked () noexcept { asked_ = exported_.is_open (); }
    // The loop's timer: whether it has asked since the last look.
    void check_loop () noexcept;
    // A loop that always asks is looked at this seldom; where peers have to hear of us (heartbeats) more often.
    static constexpr Nanoseconds longest_trust = 1000 * millisecond;
    static constexpr Nanoseconds longest_trust_with_heartbeats = 100 * millisecond;

    // Reads what is there for all of them (as far as their pipes have room), writes where the kernel has room again.
    void poll_input () noexcept;
    void output_blocked (Attended &one) noexcept;
    // Its interest may have changed.
    void interest_changed (Attended &one) noexcept;
    // It stopped reading, because its pipe is full: it may hold messages that the kernel will not tell of again.
    void note_paused (Attended &one) noexcept;

    // What a sleeping thread has to watch besides its own descriptor: at most one entry. Count.
    int fill_pollfd (pollfd *entry) noexcept;
    // The descriptor for ZMQ_FD; -1 with errno.
    int export_fd () noexcept;
    // End of a call: brings the exported set up to date, hands over what the kernel would not take.
    [[gnu::noinline]] void settle () noexcept;
    bool needs_settling () const noexcept { return unsettled_ || exported_.is_open (); }

    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

  private:
    class LoopTimer final : public HookTarget
    {
      public:
        explicit LoopTimer (Attendance &attendance) noexcept : attendance_ (attendance) {}
        void on_io (std::uint32_t) noexcept override {}
        void on_timer () noexcept override { attendance_.check_loop (); }

      private:
        Attendance &attendance_;
    };

    bool open_set () noexcept;
    bool try_to_watch (Attended &one, std::uint32_t events) noexcept;
    // Watches, or sees to it that on_timer() does what is missed.
    void set_interest (Attended &one, std::uint32_t events) noexcept;
    bool check_later () noexcept;
    // The loop has asked: looks again after a while that grows each time. False: out of memory.
    bool trust_loop () noexcept;
    bool check_loop_later () noexcept;
    // Whether one is ready for what it wants.
    bool something_ready () noexcept;
    void collect () noexcept;
    void resume_paused () noexcept;

    StreamHost &socket_;
    const bool background_;
    std::vector<Attended *> attended_;
    std::vector<Attended *> paused_;
    WatchHandle watch_;  // the reactor's on set_
    TimerHandle retry_;  // prepared as long as there is one
    ReadySet set_;       // of attended_
    ReadySet exported_;  // around set_ and the doorbell's: ZMQ_FD
    bool held_by_reactor_ = false;
    LoopTimer loop_timer_{*this};
    TimerHandle loop_check_;
    Nanoseconds trust_ = Reactor::lease_time;  // how long until the loop is looked at again
    bool asked_ = false;                       // for ZMQ_EVENTS, since the last look
    bool guarded_ = false;                     // the reactor sleeps on set_, and will look at the loop instead of reading
    bool used_ = false;                        // the lease was used since the last look
    bool listed_ = false;                      // the reactor will look
    bool parked_ = false;                      // not looked at while a thread sleeps on the socket
    bool unsettled_ = false;
};

}  // namespace engine
