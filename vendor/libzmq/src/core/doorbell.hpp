// How others tell a socket something without taking its strand: a leaf lock, an inbox of parcels, and the threads to wake.
//
// Any thread may call any function; none blocks beyond the leaf lock, none re-enters a strand. A Doorbell lives in its
// strand's slot, so it outlives the socket: ringing a socket that has gone is harmless.
//
// Why no wake-up is lost: a sleeper registers (add_waiter, add_watcher, export_fd: under the leaf lock), then looks, then sleeps. Who has
// news makes it known first, then rings (under the leaf lock). Either the ringer finds the sleeper registered, or the sleeper's lock comes
// after the ringer's and it sees the news. News are: a parcel; the context's end; what the socket's strand guards. Once registered, a
// sleeper that was woken reads its descriptor before it looks again (WakeFlag).
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/sync.hpp"
#include "message/handoff.hpp"
#include "platform/wake_descriptor.hpp"

namespace engine {

class InprocChannel;

// A sleeping thread's own wake descriptor. One per thread, made when it first sleeps.
class Waiter
{
  public:
    static Waiter &current () noexcept;
    // -1: no descriptor could be had (errno is set).
    int fd () noexcept;
    void ring () noexcept;   // any thread
    void drain () noexcept;  // the owner, when its descriptor was readable and before it checks its condition again

    Waiter () = default;
    Waiter (const Waiter &) = delete;
    Waiter &operator= (const Waiter &) = delete;

  private:
    WakeFlag<> rung_;
    WakeDescriptor wake_;
    unsigned generation_ = 0;
};

struct Parcel
{
    enum class What : std::uint8_t
    {
        attach,   // a connect to one of this socket's inproc names: end `side` of the channel is ours
        activity  // the other end of a channel wrote, read or left
    };
    What what;
    std::uint8_t side;
    std::uint64_t binding;   // attach: which name was meant
    InprocChannel *channel;  // carries one reference
};

class Doorbell
{
  public:
    // True if the inbox may hold something: one load, no lock.
    bool pending () const noexcept { return pending_.load (std::memory_order_acquire); }
    // These are asked with the strand held, by whoever has just changed what it guards. A sleeper that registered without it takes it to
    // look: if before the change, its registration is seen here; if after, it sees the change. The strand orders both, so relaxed will do.
    // True if somebody sleeps on the socket or watches its ZMQ_FD.
    bool watched () const noexcept { return watched_.load (std::memory_order_relaxed); }
    bool has_waiters () const noexcept { return waiter_count_.load (std::memory_order_relaxed) != 0; }

    enum class Delivery
    {
        done,
        shut,
        no_memory  // but whoever takes learns that some activity there was
    };
    // If it is not done the parcel's reference stays the caller's.
    Delivery deliver (const Parcel &parcel) noexcept;
    // True: there was activity that is not among them.
    bool take (std::vector<Parcel> &out) noexcept;
    void ring () noexcept;

    bool add_waiter (Waiter &waiter) noexcept;  // false: out of memory
    void remove_waiter (Waiter &waiter) noexcept;
    void ring_others (Waiter *self) noexcept;

    // A poller that stays registered between its sleeps, and that sleeps on ZMQ_FD as well. Where there are several, whoever asks for the
    // events first quiets ZMQ_FD's bell, so each hears every ring on its own. Its descriptor was made. False: out of memory.
    bool add_watcher (Waiter &watcher) noexcept;
    void remove_watcher (Waiter &watcher) noexcept;
    bool several_watchers () const noexcept { return several_watchers_.load (std::memory_order_relaxed); }

    // The bell inside ZMQ_FD; made on first call, -1 on failure.
    int export_fd () noexcept;
    // A duplicate of it for the caller to close: it keeps the bell, and its last ring, alive when the socket is closed.
    int duplicate_export () noexcept;
    bool exported () const noexcept { return exported_.load (std::memory_order_relaxed); }
    void quiet () noexcept;  // takes back what ring() did to it

    void open () noexcept;
    void shut (std::vector<Parcel> &left) noexcept;  // from now on parcels are refused; rings for the last time

  private:
    void ring_locked () noexcept ENGINE_REQUIRES (mutex_);

    Mutex mutex_;
    std::vector<Parcel> inbox_ ENGINE_GUARDED_BY (mutex_);
    std::vector<Waiter *> waiters_ ENGINE_GUARDED_BY (mutex_);
    std::vector<Waiter *> watchers_ ENGINE_GUARDED_BY (mutex_);
    WakeDescriptor export_ ENGINE_GUARDED_BY (mutex_);
    bool export_rung_ ENGINE_GUARDED_BY (mutex_) = false;
    bool shut_ ENGINE_GUARDED_BY (mutex_) = true;
    bool missed_ ENGINE_GUARDED_BY (mutex_) = false;
    std::atomic<bool> pending_{false};
    std::atomic<bool> watched_{false};
    std::atomic<bool> exported_{false};
    std::atomic<bool> several_watchers_{false};
    std::atomic<std::uint32_t> waiter_count_{0};
};

}  // namespace engine
