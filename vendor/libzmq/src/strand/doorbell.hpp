// How others tell a socket something without taking its strand: a mailbox, the threads to wake, and the bell inside ZMQ_FD, all under one
// leaf lock.
//
// Any thread may call any function; none blocks beyond the leaf lock, none re-enters a strand. A Doorbell lives in its
// strand's slot, so it outlives the socket: ringing a socket that has gone is harmless.
//
// Why no wake-up is lost: a sleeper registers (add_waiter, add_watcher, export_fd: under the leaf lock), then looks, then sleeps. Who has
// news makes it known first, then rings (under the leaf lock). Either the ringer finds the sleeper registered, or the sleeper's lock comes
// after the ringer's and it sees the news. News are: a command; the context's end; what the socket's strand guards. Once registered, a
// sleeper that was woken reads its descriptor before it looks again (WakeFlag).
#pragma once

#include <atomic>
#include <vector>

#include "base/sync.hpp"
#include "strand/command.hpp"
#include "strand/exported_bell.hpp"
#include "strand/mailbox.hpp"
#include "strand/waiter.hpp"
#include "strand/waiter_list.hpp"

namespace engine {

class Doorbell
{
  public:
    // True if the mailbox may hold something: one load, no lock.
    bool pending () const noexcept ENGINE_NO_ANALYSIS { return mailbox_.pending (); }
    // These are asked with the strand held, by whoever has just changed what it guards. A sleeper that registered without it takes it to
    // look: if before the change, its registration is seen here; if after, it sees the change. The strand orders both, so relaxed will do.
    // True if somebody sleeps on the socket or watches its ZMQ_FD.
    bool watched () const noexcept { return watched_.load (std::memory_order_relaxed); }
    bool has_waiters () const noexcept ENGINE_NO_ANALYSIS { return waiters_.count () != 0; }

    Mailbox::Delivery deliver (const Command &command) noexcept;
    bool take (std::vector<Command> &out) noexcept;
    void ring () noexcept;

    bool add_waiter (Waiter &waiter) noexcept;  // false: out of memory
    void remove_waiter (Waiter &waiter) noexcept;
    void ring_others (Waiter *self) noexcept;

    // A poller that stays registered between its sleeps, and that sleeps on ZMQ_FD as well. Where there are several, whoever asks for the
    // events first quiets ZMQ_FD's bell, so each hears every ring on its own. Its descriptor was made. False: out of memory.
    bool add_watcher (Waiter &watcher) noexcept;
    void remove_watcher (Waiter &watcher) noexcept;
    bool several_watchers () const noexcept ENGINE_NO_ANALYSIS { return watchers_.count () > 1; }

    // The bell inside ZMQ_FD; made on first call, -1 on failure.
    int export_fd () noexcept;
    // A duplicate of it for the caller to close: it keeps the bell, and its last ring, alive when the socket is closed.
    int duplicate_export () noexcept;
    bool exported () const noexcept ENGINE_NO_ANALYSIS { return exported_.exists (); }
    void quiet () noexcept;  // takes back what ring() did to it

    void open () noexcept;
    void shut (std::vector<Command> &left) noexcept;  // from now on commands are refused; rings for the last time

  private:
    void ring_locked () noexcept ENGINE_REQUIRES (mutex_);
    void note_watched () noexcept ENGINE_REQUIRES (mutex_);

    Mutex mutex_;
    Mailbox mailbox_ ENGINE_GUARDED_BY (mutex_);
    WaiterList waiters_ ENGINE_GUARDED_BY (mutex_);
    WaiterList watchers_ ENGINE_GUARDED_BY (mutex_);
    ExportedBell exported_ ENGINE_GUARDED_BY (mutex_);
    std::atomic<bool> watched_{false};
};

}  // namespace engine
