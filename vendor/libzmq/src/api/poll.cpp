// zmq_poll and zmq_ppoll over sockets and descriptors. Man page zmq_poll(3).
//
// One pass looks at everything without waiting; then the thread spins for a moment if there are sockets among the items, then it
// sleeps on its own eventfd (inproc peers and background threads ring it), the sockets' streams and the descriptors.
#include <vector>

#include <signal.h>

#include "api/handles.hpp"
#include "api/poll_set.hpp"
#include "core/wait.hpp"

using namespace engine;

namespace {

class PollCall
{
  public:
    PollCall (zmq_pollitem_t *items, int count) : items_ (items), count_ (static_cast<std::size_t> (count)) {}
    ~PollCall ();
    PollCall (const PollCall &) = delete;
    PollCall &operator= (const PollCall &) = delete;

    // The C function's result.
    int run (long timeout);

  private:
    int find_sockets ();
    int pass ();
    int spin (Nanoseconds deadline);
    int sleep (Nanoseconds deadline);
    int register_sockets ();
    int look_at_sockets (bool for_sleep);
    void poll_descriptors ();
    void take_descriptors ();
    int ready () const noexcept;

    zmq_pollitem_t *items_;
    const std::size_t count_;
    bool has_sockets_ = false;
    bool has_descriptors_ = false;
    bool all_subscribe_ = false;  // as of the last look: nothing but sockets that subscribe
    std::int64_t spin_time_ = 0;
    Waiter *waiter_ = nullptr;
    std::vector<Strand *> registered_;
    std::vector<pollfd> entries_;        // [0] the thread's own eventfd
    std::vector<std::size_t> entry_of_;  // item to its descriptor's entry, 0 none
};

PollCall::~PollCall ()
{
    for (Strand *strand : registered_) {
        strand->doorbell.remove_waiter (*waiter_);
        SocketGuard guard (*strand);
        if (guard)
            guard->attendance ().waiter_left ();
    }
}

int PollCall::find_sockets ()
{
    for (std::size_t i = 0; i < count_; ++i) {
        items_[i].revents = 0;
        if (!items_[i].socket) {
            has_descriptors_ |= items_[i].events != 0;
            continue;
        }
        Strand *const strand = Strand::from_handle (items_[i].socket);
        if (!strand)
            return ENOTSOCK;
        if (has_sockets_)
            continue;
        SocketGuard guard (*strand);
        if (!guard)
            return ENOTSOCK;
        spin_time_ = guard->context ().spin_time ();
        has_sockets_ = true;
    }
    return 0;
}

int PollCall::ready () const noexcept
{
    int found = 0;
    for (std::size_t i = 0; i < count_; ++i)
        found += items_[i].revents != 0;
    return found;
}

// Asks each socket; with for_sleep also notes what to sleep on. 0 or errno.
int PollCall::look_at_sockets (bool for_sleep)
{
    all_subscribe_ = !has_descriptors_;
    for (std::size_t i = 0; i < count_; ++i) {
        zmq_pollitem_t &item = items_[i];
        if (!item.socket)
            continue;
        Strand *const strand = Strand::from_handle (item.socket);
        if (!strand)
            return ENOTSOCK;
        SocketGuard guard (*strand);
        if (!guard)
            return ENOTSOCK;
        if (guard->terminated ())
            return ETERM;
        all_subscribe_ &= guard->subscribes ();
        item.revents = static_cast<short> (guard->ready_now (item.events));
        if (for_sleep && !item.revents && item.events) {
            pollfd entry{};
            if (guard->attendance ().fill_pollfd (&entry) > 0)
                entries_.push_back (entry);
        }
    }
    return 0;
}

void PollCall::take_descriptors ()
{
    for (std::size_t i = 0; i < count_; ++i)
        if (!items_[i].socket)
            items_[i].revents = entry_of_[i] ? descriptor_found (items_[i].events, entries_[entry_of_[i]].revents) : short{0};
}

void PollCall::poll_descriptors ()
{
    if (!has_descriptors_)
        return;
    entries_.assign (1, {-1, 0, 0});
    entry_of_.assign (count_, 0);
    for (std::size_t i = 0; i < count_; ++i) {
        if (items_[i].socket || !items_[i].events)
            continue;
        entry_of_[i] = entries_.size ();
        entries_.push_back ({items_[i].fd, descriptor_wanted (items_[i].events), 0});
    }
    if (::poll (entries_.data (), static_cast<nfds_t> (entries_.size ()), 0) > 0)
        take_descriptors ();
}

// Everything once, without waiting. Number of ready items, -1 with errno.
int PollCall::pass ()
{
    if (const int error = look_at_sockets (false))
        return fail (error);
    poll_descriptors ();
    return ready ();
}

int PollCall::spin (Nanoseconds deadline)
{
    for (Spin spin (has_sockets_ ? spin_time_ : 0, deadline, all_subscribe_); spin.going ();) {
        spin.yield ();
        const int found = pass ();
        if (found) {
            spin.succeeded ();
            return found;
        }
    }
    return 0;
}

int PollCall::register_sockets ()
{
    waiter_ = &Waiter::current ();
    if (waiter_->fd () < 0)
        return errno;
    registered_.reserve (count_);
    for (std::size_t i = 0; i < count_; ++i) {
        if (!items_[i].socket || !items_[i].events)
            continue;
        Strand *const strand = Strand::from_handle (items_[i].socket);
        if (!strand)
            return ENOTSOCK;
        if (!strand->doorbell.add_waiter (*waiter_))
            return ENOMEM;
        registered_.push_back (strand);
    }
    return 0;
}

int PollCall::sleep (Nanoseconds deadline)
{
    if (const int error = register_sockets ())
        return fail (error);
    const Nanoseconds slept_from = now ();
    for (;;) {
        entries_.assign (1, {waiter_->fd (), POLLIN, 0});
        entry_of_.assign (count_, 0);
        for (std::size_t i = 0; i < count_; ++i) {
            if (items_[i].socket || !items_[i].events)
                continue;
            entry_of_[i] = entries_.size ();
            entries_.push_back ({items_[i].fd, descriptor_wanted (items_[i].events), 0});
        }
        // After the bells were hung up: what came before is seen now, what comes later rings.
        if (const int error = look_at_sockets (true))
            return fail (error);
        const int found = ready ();
        if (found > 0 || (deadline != never && now () >= deadline)) {
            if (has_sockets_)
                SpinMemory::current ().slept (slept_from, found > 0, spin_time_);
            poll_descriptors ();
            return ready ();
        }
        if (sleep_on (entries_.data (), static_cast<int> (entries_.size ()), deadline) < 0)
            return -1;
        if (entries_[0].revents)
            waiter_->drain ();
        take_descriptors ();
        if (ready () > 0) {
            if (const int error = look_at_sockets (false))
                return fail (error);
            return ready ();
        }
    }
}

int PollCall::run (long timeout)
{
    if (const int error = find_sockets ())
        return fail (error);
    int found = pass ();
    if (found != 0 || timeout == 0)
        return found;
    const Nanoseconds deadline = deadline_in (timeout);
    found = spin (deadline);
    return found != 0 ? found : sleep (deadline);
}

int poll_items (zmq_pollitem_t *items, int count, long timeout)
{
    if (count < 0)
        return fail (EINVAL);
    if (count > 0 && !items)
        return fail (EFAULT);
    return guarded (-1, [&] { return PollCall (items, count).run (timeout); });
}

}  // namespace

int zmq_poll (zmq_pollitem_t *items, int count, long timeout) { return poll_items (items, count, timeout); }

int zmq_ppoll (zmq_pollitem_t *items, int count, long timeout, const sigset_t *mask)
{
    if (!mask)
        return poll_items (items, count, timeout);
    const ScopedWaitMask scope (mask);
    return poll_items (items, count, timeout);
}
