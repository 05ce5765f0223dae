#include "core/doorbell.hpp"

#include <algorithm>
#include <utility>

#include "core/fork.hpp"

namespace engine {

Waiter &Waiter::current () noexcept
{
    static thread_local Waiter waiter;
    return waiter;
}

int Waiter::fd () noexcept
{
    const unsigned generation = fork_generation.load (std::memory_order_relaxed);
    if (wake_.is_open () && generation_ != generation) {
        // One that was inherited over fork is the parent's too: ringing it would wake the wrong process.
        wake_.close ();
        rung_.drained ();
    }
    if (!wake_.is_open ()) {
        wake_.open ();
        generation_ = generation;
    }
    return wake_.fd ();
}

void Waiter::ring () noexcept
{
    if (rung_.ring ())
        wake_.ring ();
}

void Waiter::drain () noexcept
{
    // Read, then clear: a ring in between is seen by the check that follows; one half done only wakes us once more.
    wake_.drain ();
    rung_.drained ();
}

Doorbell::Delivery Doorbell::deliver (const Parcel &parcel) noexcept
{
    Lock lock (mutex_);
    if (shut_)
        return Delivery::shut;
    Delivery delivery = Delivery::done;
    try {
        inbox_.push_back (parcel);
    } catch (...) {
        delivery = Delivery::no_memory;
        missed_ = true;
    }
    pending_.store (true, std::memory_order_release);
    ring_locked ();
    return delivery;
}

bool Doorbell::take (std::vector<Parcel> &out) noexcept
{
    Lock lock (mutex_);
    out.clear ();
    std::swap (out, inbox_);
    pending_.store (false, std::memory_order_relaxed);
    return std::exchange (missed_, false);
}

void Doorbell::ring () noexcept
{
    Lock lock (mutex_);
    ring_locked ();
}

void Doorbell::ring_locked () noexcept
{
    for (Waiter *waiter : waiters_)
        waiter->ring ();
    if (watchers_.size () > 1)
        for (Waiter *watcher : watchers_)
            watcher->ring ();
    if (export_.is_open () && !export_rung_) {
        export_rung_ = true;
        export_.ring ();
    }
}

void Doorbell::ring_others (Waiter *self) noexcept
{
    Lock lock (mutex_);
    for (Waiter *waiter : waiters_)
        if (waiter != self)
            waiter->ring ();
}

bool Doorbell::add_waiter (Waiter &waiter) noexcept
{
    Lock lock (mutex_);
    try {
        waiters_.push_back (&waiter);
    } catch (...) {
        return false;
    }
    waiter_count_.fetch_add (1, std::memory_order_relaxed);
    watched_.store (true, std::memory_order_relaxed);
    return true;
}

void Doorbell::remove_waiter (Waiter &waiter) noexcept
{
    Lock lock (mutex_);
    const auto at = std::find (waiters_.begin (), waiters_.end (), &waiter);
    if (at == waiters_.end ())
        return;
    waiters_.erase (at);
    waiter_count_.fetch_sub (1, std::memory_order_relaxed);
    watched_.store (!waiters_.empty () || export_.is_open (), std::memory_order_relaxed);
}

bool Doorbell::add_watcher (Waiter &watcher) noexcept
{
    Lock lock (mutex_);
    // The one that was alone listened to ZMQ_FD's bell only, which the new one may be about to quiet.
    for (Waiter *other : watchers_)
        other->ring ();
    try {
        watchers_.push_back (&watcher);
    } catch (...) {
        return false;
    }
    several_watchers_.store (watchers_.size () > 1, std::memory_order_relaxed);
    return true;
}

void Doorbell::remove_watcher (Waiter &watcher) noexcept
{
    Lock lock (mutex_);
    std::erase (watchers_, &watcher);
    several_watchers_.store (watchers_.size () > 1, std::memory_order_relaxed);
}

int Doorbell::export_fd () noexcept
{
    Lock lock (mutex_);
    if (!export_.is_open ()) {
        if (!export_.open ())
            return -1;
        exported_.store (true, std::memory_order_relaxed);
        watched_.store (true, std::memory_order_relaxed);
    }
    return export_.fd ();
}

void Doorbell::quiet () noexcept
{
    Lock lock (mutex_);
    if (export_rung_) {
        export_.drain ();
        export_rung_ = false;
    }
}

void Doorbell::open () noexcept
{
    Lock lock (mutex_);
    shut_ = false;
}

int Doorbell::duplicate_export () noexcept
{
    Lock lock (mutex_);
    return export_.is_open () ? export_.duplicate () : -1;
}

void Doorbell::shut (std::vector<Parcel> &left) noexcept
{
    Lock lock (mutex_);
    shut_ = true;
    missed_ = false;
    left.clear ();
    std::swap (left, inbox_);
    pending_.store (false, std::memory_order_relaxed);
    // Whoever watches ZMQ_FD learns of the end, if he holds a duplicate.
    ring_locked ();
    export_.close ();
    export_rung_ = false;
    exported_.store (false, std::memory_order_relaxed);
    watched_.store (!waiters_.empty (), std::memory_order_relaxed);
}

}  // namespace engine
