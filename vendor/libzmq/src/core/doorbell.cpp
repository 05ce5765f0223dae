#include "core/doorbell.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/fork.hpp"

namespace engine {

namespace {

void write_one (int fd) noexcept
{
    const std::uint64_t one = 1;
    while (::write (fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void read_all (int fd) noexcept
{
    std::uint64_t value;
    while (::read (fd, &value, sizeof value) < 0 && errno == EINTR) {
    }
}

}  // namespace

Waiter &Waiter::current () noexcept
{
    static thread_local Waiter waiter;
    return waiter;
}

Waiter::~Waiter ()
{
    if (fd_ >= 0)
        ::close (fd_);
}

int Waiter::fd () noexcept
{
    const unsigned generation = fork_generation.load (std::memory_order_relaxed);
    if (fd_ >= 0 && generation_ != generation) {
        // An eventfd inherited over fork is the parent's too: ringing it would wake the wrong process.
        ::close (fd_);
        fd_ = -1;
        rung_.drained ();
    }
    if (fd_ < 0) {
        fd_ = ::eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
        generation_ = generation;
    }
    return fd_;
}

void Waiter::ring () noexcept
{
    if (rung_.ring ())
        write_one (fd_);
}

void Waiter::drain () noexcept
{
    // Read, then clear: a ring in between is seen by the check that follows; one half done only wakes us once more.
    read_all (fd_);
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
    if (export_fd_ >= 0 && !export_rung_) {
        export_rung_ = true;
        write_one (export_fd_);
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
    watched_.store (!waiters_.empty () || export_fd_ >= 0, std::memory_order_relaxed);
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
    if (export_fd_ < 0) {
        export_fd_ = ::eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (export_fd_ < 0)
            return -1;
        exported_.store (true, std::memory_order_relaxed);
        watched_.store (true, std::memory_order_relaxed);
    }
    return export_fd_;
}

void Doorbell::quiet () noexcept
{
    Lock lock (mutex_);
    if (export_rung_) {
        read_all (export_fd_);
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
    return export_fd_ < 0 ? -1 : ::fcntl (export_fd_, F_DUPFD_CLOEXEC, 0);
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
    if (export_fd_ >= 0)
        ::close (export_fd_);
    export_fd_ = -1;
    export_rung_ = false;
    exported_.store (false, std::memory_order_relaxed);
    watched_.store (!waiters_.empty (), std::memory_order_relaxed);
}

}  // namespace engine
