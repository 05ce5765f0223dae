// The background thread: does connecting, accepting, handshakes, timers, lingering, and the input and output of sockets that no
// application thread attends. Sleeps as long as there is nothing of that to do.
//
// Lock order: the reactor's own mutex is a leaf; any thread may take it with a strand held. The thread itself takes a strand only
// while it holds nothing else. Hooks are how it finds its way back to an object that may have gone meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/intrusive_list.hpp"
#include "base/sync.hpp"
#include "io/descriptor_table.hpp"
#include "io/poller.hpp"
#include "message/backlog.hpp"
#include "message/released.hpp"
#include "platform/alarm_descriptor.hpp"
#include "transport/accept_reserve.hpp"

namespace engine {

struct InprocSide;
class Reactor;
class Strand;
struct ContextOptions;

// What the reactor calls. With the strand held; must not block; may destroy the target.
class HookTarget
{
  public:
    virtual ~HookTarget () = default;
    virtual void on_io (std::uint32_t events) noexcept = 0;
    virtual void on_timer () noexcept = 0;
};

// A stable node between the reactor and a target. The owner detaches it with the strand held; the reactor frees it when no
// event or timer can name it any more.
struct Hook
{
    Strand *strand = nullptr;
    HookTarget *target = nullptr;  // under the strand; null: detached
    int fd = -1;
    // Under the reactor's mutex.
    Nanoseconds deadline = never;
    std::size_t heap_index = SIZE_MAX;
    Hook *next_retired = nullptr;
};

// An owner's grip on a descriptor watched by the reactor.
class WatchHandle
{
  public:
    WatchHandle () = default;
    ~WatchHandle () { reset (); }
    WatchHandle (const WatchHandle &) = delete;
    WatchHandle &operator= (const WatchHandle &) = delete;

    // 0 or errno. Watches until reset(); the descriptor must stay open until then.
    int start (Reactor &reactor, Strand &strand, HookTarget &target, int fd, std::uint32_t events) noexcept;
    void modify (std::uint32_t events) noexcept;
    // As modify(), but with no events wanted not even errors and hang-ups are reported. 0, or errno when there is no room for the
    // watch that wanting something again takes; then none is kept.
    int watch_only (std::uint32_t events) noexcept;
    void reset () noexcept;
    bool active () const noexcept { return hook_ != nullptr; }
    std::uint32_t events () const noexcept { return events_; }

  private:
    Reactor *reactor_ = nullptr;
    Hook *hook_ = nullptr;
    std::uint32_t events_ = 0;
};

class TimerHandle
{
  public:
    TimerHandle () = default;
    ~TimerHandle () { reset (); }
    TimerHandle (const TimerHandle &) = delete;
    TimerHandle &operator= (const TimerHandle &) = delete;

    // Makes sure that arm() will not fail. False: out of memory.
    bool prepare (Reactor &reactor, Strand &strand, HookTarget &target) noexcept;
    // (Re)arms. False: out of memory, which only the first time can say.
    bool arm (Reactor &reactor, Strand &strand, HookTarget &target, Nanoseconds deadline) noexcept;
    void cancel () noexcept;
    void reset () noexcept;
    bool armed () const noexcept { return armed_; }
    void fired () noexcept { armed_ = false; }  // the owner, first thing in on_timer

  private:
    Reactor *reactor_ = nullptr;
    Hook *hook_ = nullptr;
    bool armed_ = false;
};

class Reactor
{
  public:
    // Null with errno set: no descriptors, no memory, no thread.
    static std::unique_ptr<Reactor> start (const ContextOptions &options, int number) noexcept;
    ~Reactor ();  // stops the thread; no hook may be attached any more

    Poller &poller () noexcept { return *poller_; }
    AcceptReserve &accept_reserve () noexcept { return reserve_; }               // the reactor thread only
    DescriptorTable &descriptor_table () noexcept { return descriptor_table_; }  // likewise
    std::atomic<int> load{0};                                                    // endpoints served; the least loaded reactor gets the next

    // Something was left in a queue of this strand: flush it within about `flush_delay`, should the application not.
    // False: out of memory, nobody will.
    bool flush_later (Strand &strand) noexcept;
    // The strand was leased by an application thread: see whether it still is, a few milliseconds from now. False as above.
    bool check_lease_later (Strand &strand) noexcept;
    // Run the inbox of this side of a channel soon (its owner may make no call).
    void serve (InprocSide &side) noexcept;
    // Calls the application's free functions soon, on this thread with no lock held.
    void free_later (Released &released) noexcept;

    static constexpr Nanoseconds flush_delay = 100 * microsecond;
    static constexpr Nanoseconds longest_flush_delay = 400 * microsecond;
    static constexpr Nanoseconds lease_time = 5 * millisecond;

  private:
    friend class WatchHandle;
    friend class TimerHandle;
    Reactor () = default;

    static constexpr Nanoseconds shortest_collection_interval = 1000 * millisecond;

    bool open (const ContextOptions &options) noexcept;
    void run () noexcept;
    void run_free_functions () noexcept;
    void run_timers () noexcept;
    void run_strands () noexcept;
    void run_inboxes () noexcept;
    InprocSide *next_to_serve (List<InprocSide> &list) noexcept;
    // Takes the list into batch_ if its timer has run out.
    bool take_due (const AlarmDescriptor &timer, bool Reactor::*armed, std::vector<Strand *> Reactor::*list) noexcept;
    void retire (Hook *hook, bool timer) noexcept;
    void free_retired () noexcept;
    // The heap has room for every timer there is, so that arming one never fails.
    bool admit_timer () noexcept;
    void set_deadline (Hook *hook, Nanoseconds deadline) noexcept;
    void sift_up (std::size_t index) noexcept ENGINE_REQUIRES (mutex_);
    void sift_down (std::size_t index) noexcept ENGINE_REQUIRES (mutex_);
    void remove_from_heap (Hook *hook) noexcept ENGINE_REQUIRES (mutex_);

    std::unique_ptr<Poller> poller_;
    AcceptReserve reserve_;
    DescriptorTable descriptor_table_;
    std::thread thread_;
    std::atomic<bool> stop_{false};
    AlarmDescriptor flush_timer_;  // arming one costs the application a system call, waking this thread would cost far more
    AlarmDescriptor lease_timer_;

    Mutex mutex_;
    Nanoseconds flush_wait_ ENGINE_GUARDED_BY (mutex_) = flush_delay;
    std::vector<Hook *> heap_ ENGINE_GUARDED_BY (mutex_);
    std::size_t timers_ ENGINE_GUARDED_BY (mutex_) = 0;   // armed or not
    Hook *retired_ ENGINE_GUARDED_BY (mutex_) = nullptr;  // a list
    std::vector<Strand *> to_flush_ ENGINE_GUARDED_BY (mutex_);
    std::vector<Strand *> to_check_ ENGINE_GUARDED_BY (mutex_);
    List<InprocSide> to_serve_ ENGINE_GUARDED_BY (mutex_);  // with a reference to the channel each
    bool flush_armed_ ENGINE_GUARDED_BY (mutex_) = false;
    bool lease_armed_ ENGINE_GUARDED_BY (mutex_) = false;
    Released to_free_ ENGINE_GUARDED_BY (mutex_);
    Nanoseconds sleeping_until_ ENGINE_GUARDED_BY (mutex_) = 0;
    std::vector<Strand *> batch_;  // the thread's own
    Backlog backlog_;
    Nanoseconds last_collection_ = 0;
};

}  // namespace engine
