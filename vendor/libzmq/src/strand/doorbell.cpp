#include "strand/doorbell.hpp"

namespace engine {

Mailbox::Delivery Doorbell::deliver (const Command &command) noexcept
{
    Lock lock (mutex_);
    const Mailbox::Delivery delivery = mailbox_.deliver (command);
    if (delivery != Mailbox::Delivery::shut)
        ring_locked ();
    return delivery;
}

bool Doorbell::take (std::vector<Command> &out) noexcept
{
    Lock lock (mutex_);
    return mailbox_.take (out);
}

void Doorbell::ring () noexcept
{
    Lock lock (mutex_);
    ring_locked ();
}

void Doorbell::ring_locked () noexcept
{
    waiters_.ring ();
    if (watchers_.count () > 1)
        watchers_.ring ();
    exported_.ring ();
}

void Doorbell::note_watched () noexcept { watched_.store (waiters_.count () != 0 || exported_.exists (), std::memory_order_relaxed); }

void Doorbell::ring_others (Waiter *self) noexcept
{
    Lock lock (mutex_);
    waiters_.ring (self);
}

bool Doorbell::add_waiter (Waiter &waiter) noexcept
{
    Lock lock (mutex_);
    const bool added = waiters_.add (waiter);
    note_watched ();
    return added;
}

void Doorbell::remove_waiter (Waiter &waiter) noexcept
{
    Lock lock (mutex_);
    waiters_.remove (waiter);
    note_watched ();
}

bool Doorbell::add_watcher (Waiter &watcher) noexcept
{
    Lock lock (mutex_);
    // The one that was alone listened to ZMQ_FD's bell only, which the new one may be about to quiet.
    watchers_.ring ();
    return watchers_.add (watcher);
}

void Doorbell::remove_watcher (Waiter &watcher) noexcept
{
    Lock lock (mutex_);
    watchers_.remove (watcher);
}

int Doorbell::export_fd () noexcept
{
    Lock lock (mutex_);
    const int fd = exported_.fd ();
    note_watched ();
    return fd;
}

int Doorbell::duplicate_export () noexcept
{
    Lock lock (mutex_);
    return exported_.duplicate ();
}

void Doorbell::quiet () noexcept
{
    Lock lock (mutex_);
    exported_.quiet ();
}

void Doorbell::open () noexcept
{
    Lock lock (mutex_);
    mailbox_.open ();
}

void Doorbell::shut (std::vector<Command> &left) noexcept
{
    Lock lock (mutex_);
    mailbox_.shut (left);
    // Whoever watches ZMQ_FD learns of the end, if he holds a duplicate.
    ring_locked ();
    exported_.close ();
    note_watched ();
}

}  // namespace engine
