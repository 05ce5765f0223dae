// The background thread: does connecting, accepting, handshakes, timers, lingering, and the input and output of sockets that no
// application thread attends. Sleeps as long as there is nothing of that to do.
//
// Lock order: the reactor's own mutex is a leaf; any thread may take it with a strand held. The thread itself takes a strand only
// while it holds nothing else. Owners of descriptors and timers come to it through the handles of hook.hpp.
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
#include "io/hook.hpp"
#include "io/memory_return.hpp"
#include "io/poller.hpp"
#include "io/served.hpp"
#include "io/strand_alarm.hpp"
#include "io/timer_heap.hpp"
#include "message/backlog.hpp"
#include "message/released.hpp"
#include "strand/guarded.hpp"
#include "transport/accept_reserve.hpp"

namespace engine {

class Strand;
struct ContextOptions;

class Reactor final : public Disposer, private Backlog::Collector
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
    // Run the mailbox soon.
    void serve (Served &served) noexcept;
    // On this thread.
    void free_later (Released &released) noexcept override;

    static constexpr Nanoseconds flush_delay = 100 * microsecond;
    static constexpr Nanoseconds longest_flush_delay = 400 * microsecond;
    static constexpr Nanoseconds lease_time = 5 * millisecond;

    // ---- called by handles ----
    // There is room for every timer, so that setting one never fails. False: out of memory.
    bool admit_timer () noexcept;
    void set_deadline (Hook &hook, Nanoseconds deadline) noexcept;
    // Detached; freed when nothing names it any more.
    void retire (Hook &hook) noexcept;
    void retire_timer (Hook &hook) noexcept;

  private:
    Reactor () = default;

    bool open (const ContextOptions &options) noexcept;
    void backlog_gone () noexcept override;
    void run () noexcept;
    void run_free_functions () noexcept;
    void run_timers () noexcept;
    void run_strands () noexcept;
    void run_mailboxes () noexcept;
    Served *next_to_serve (List<Served> &list) noexcept;
    // Into batch_, if their time has come.
    bool take_strands_to_flush () noexcept;
    bool take_strands_to_check () noexcept;
    // Whether an event is an alarm's, which is quiet then.
    bool quiet_alarm (const void *data) noexcept;
    void free_retired () noexcept;

    std::unique_ptr<Poller> poller_;
    AcceptReserve reserve_;
    DescriptorTable descriptor_table_;
    std::thread thread_;
    std::atomic<bool> stop_{false};
    AlarmDescriptor *alarms_[2] = {};  // as the poller knows them

    Mutex mutex_;
    Nanoseconds flush_wait_ ENGINE_GUARDED_BY (mutex_) = flush_delay;
    TimerHeap timers_ ENGINE_GUARDED_BY (mutex_);
    Hook *retired_ ENGINE_GUARDED_BY (mutex_) = nullptr;  // a list
    StrandAlarm to_flush_ ENGINE_GUARDED_BY (mutex_);
    StrandAlarm to_check_ ENGINE_GUARDED_BY (mutex_);
    List<Served> to_serve_ ENGINE_GUARDED_BY (mutex_);  // with a reference each
    Released to_free_ ENGINE_GUARDED_BY (mutex_);
    Nanoseconds sleeping_until_ ENGINE_GUARDED_BY (mutex_) = 0;
    std::vector<Strand *> batch_;  // the thread's own
    MemoryReturn memory_return_;
};

}  // namespace engine
