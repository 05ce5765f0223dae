#include "io/reactor.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <signal.h>

#include "io/host.hpp"
#include "io/thread_setup.hpp"
#include "options/context_options.hpp"
#include "platform/threads.hpp"
#include "strand/strand.hpp"

namespace engine {

// ---- hooks ----

bool Reactor::admit_timer () noexcept
{
    Lock lock (mutex_);
    return timers_.admit ();
}

void Reactor::set_deadline (Hook &hook, Nanoseconds deadline) noexcept
{
    bool earlier = false;
    {
        Lock lock (mutex_);
        timers_.set (hook, deadline);
        earlier = deadline < sleeping_until_;
        if (earlier)
            sleeping_until_ = deadline;
    }
    if (earlier)
        poller_->interrupt ();
}

void Reactor::retire (Hook &hook) noexcept
{
    Lock lock (mutex_);
    hook.next_retired = std::exchange (retired_, &hook);
}

void Reactor::retire_timer (Hook &hook) noexcept
{
    Lock lock (mutex_);
    timers_.remove (hook);
    timers_.dismiss ();
    hook.next_retired = std::exchange (retired_, &hook);
}

// ---- requests ----

bool Reactor::flush_later (Strand &strand) noexcept
{
    Lock lock (mutex_);
    return to_flush_.add (strand, flush_wait_);
}

bool Reactor::check_lease_later (Strand &strand) noexcept
{
    Lock lock (mutex_);
    return to_check_.add (strand, lease_time);
}

void Reactor::serve (Served &served) noexcept
{
    {
        Lock lock (mutex_);
        if (served.listed ())
            return;
        served.acquire_served ();
        to_serve_.add (served);
    }
    poller_->interrupt ();
}

void Reactor::free_later (Released &released) noexcept
{
    bool first = false;
    {
        Lock lock (mutex_);
        first = to_free_.empty ();
        to_free_.take (released);
    }
    if (first)
        poller_->interrupt ();
}

// ---- the thread ----

bool Reactor::open (const ContextOptions &options) noexcept
{
    poller_ = options.poller ? make_poll_poller () : make_ready_set_poller ();
    if (!poller_)
        return false;
    Lock lock (mutex_);
    std::size_t count = 0;
    for (StrandAlarm *list : {&to_flush_, &to_check_}) {
        AlarmDescriptor *const alarm = alarms_[count++] = &list->descriptor ();
        if (!list->open () || poller_->add (alarm->fd (), io_in, alarm) != 0)
            return false;
    }
    descriptor_table_.prepare (alarms_[0]->fd ());
    return true;
}

std::unique_ptr<Reactor> Reactor::start (const ContextOptions &options, int number) noexcept
{
    std::unique_ptr<Reactor> reactor (new (std::nothrow) Reactor);
    if (!reactor) {
        errno = ENOMEM;
        return nullptr;
    }
    if (!reactor->open (options))
        return nullptr;
    try {
        Reactor *const self = reactor.get ();
        const BlockedSignals blocked;  // the thread inherits the mask
        reactor->thread_ = std::thread ([self, copy = options, number] {
            set_up_thread (copy, "IO/" + std::to_string (number));
            wake_punctually ();
            self->run ();
        });
    } catch (...) {
        errno = EAGAIN;
        return nullptr;
    }
    return reactor;
}

Reactor::~Reactor ()
{
    stop_.store (true, std::memory_order_release);
    if (thread_.joinable ()) {
        poller_->interrupt ();
        thread_.join ();
    }
    descriptor_table_.finish ();
    free_retired ();
    run_free_functions ();
    List<Served> left;
    {
        Lock lock (mutex_);
        left.take_all (to_serve_);
    }
    while (Served *const served = left.take ())
        served->release_served ();
}

void Reactor::free_retired () noexcept
{
    Hook *hook = nullptr;
    {
        Lock lock (mutex_);
        hook = std::exchange (retired_, nullptr);
    }
    while (hook)
        delete std::exchange (hook, hook->next_retired);
}

void Reactor::run () noexcept
{
    constexpr int capacity = 64;
    Poller::Event events[capacity];
    Backlog::enlist (*this);
    while (!stop_.load (std::memory_order_acquire)) {
        Nanoseconds wait = never;
        run_free_functions ();
        {
            Lock lock (mutex_);
            sleeping_until_ = timers_.earliest ();
            if (!to_serve_.empty () || !to_free_.empty ())
                sleeping_until_ = 0;
            wait = sleeping_until_;
        }
        wait = std::min (wait, memory_return_.next ());
        if (wait != never) {
            const Nanoseconds left = wait - now ();
            wait = left > 0 ? left : 0;
        }
        const int count = poller_->wait (events, capacity, wait);
        bool ticked = false;
        for (int i = 0; i < count; ++i) {
            if (quiet_alarm (events[i].data)) {
                ticked = true;
                continue;
            }
            Hook *const hook = static_cast<Hook *> (events[i].data);
            HostGuard host (*hook->strand, HostGuard::Who::engine);
            if (host && hook->target)
                hook->target->on_io (events[i].events);
        }
        run_timers ();
        if (ticked || count < capacity)
            run_strands ();
        // No event in hand names a retired hook any more.
        free_retired ();
        memory_return_.look ();
    }
    run_free_functions ();
    Backlog::dismiss (*this);
    Backlog::collect ();
}

void Reactor::backlog_gone () noexcept
{
    memory_return_.call ();
    poller_->interrupt ();
}

void Reactor::run_free_functions () noexcept
{
    Released released;
    {
        Lock lock (mutex_);
        released.take (to_free_);
    }
    released.run ();
}

void Reactor::run_timers () noexcept
{
    const Nanoseconds time = now ();
    for (;;) {
        Hook *due = nullptr;
        {
            Lock lock (mutex_);
            due = timers_.take_due (time);
            if (!due)
                return;
        }
        HostGuard host (*due->strand, HostGuard::Who::engine);
        if (host && due->target)
            due->target->on_timer ();
    }
}

// Null: none is left.
Served *Reactor::next_to_serve (List<Served> &list) noexcept
{
    Lock lock (mutex_);
    return list.take ();
}

void Reactor::run_mailboxes () noexcept
{
    // Not what is asked for meanwhile: other events want their turn.
    List<Served> batch;
    {
        Lock lock (mutex_);
        batch.take_all (to_serve_);
    }
    while (Served *const served = next_to_serve (batch)) {
        if (Strand *const strand = served->served_strand ()) {
            HostGuard host (*strand, HostGuard::Who::engine);
            if (host && strand->doorbell.pending ())
                host->run_mailbox ();
        }
        served->release_served ();
    }
}

void Reactor::run_strands () noexcept
{
    run_mailboxes ();

    // Queues that were left to the backstop.
    if (take_strands_to_flush ()) {
        bool needed = false, waiting = false;
        for (Strand *strand : batch_) {
            HostGuard host (*strand, HostGuard::Who::engine);
            if (!host)
                continue;
            const Batching::Backstop found = host->batching ().flush_backstop ();
            needed |= found == Batching::Backstop::needed;
            waiting |= found == Batching::Backstop::waiting;
        }
        batch_.clear ();
        // An application that flushes by itself is looked at less often.
        Lock lock (mutex_);
        if (needed)
            flush_wait_ = flush_delay;
        else if (!waiting)
            flush_wait_ = std::min (flush_wait_ * 2, longest_flush_delay);
    }

    // Leases.
    if (take_strands_to_check ()) {
        for (Strand *strand : batch_) {
            HostGuard host (*strand, HostGuard::Who::engine);
            if (host)
                host->check_lease ();
        }
        batch_.clear ();
    }
}

bool Reactor::take_strands_to_flush () noexcept
{
    Lock lock (mutex_);
    return to_flush_.take_due (batch_);
}

bool Reactor::take_strands_to_check () noexcept
{
    Lock lock (mutex_);
    return to_check_.take_due (batch_);
}

bool Reactor::quiet_alarm (const void *data) noexcept
{
    for (const AlarmDescriptor *alarm : alarms_)
        if (data == alarm) {
            alarm->drain ();
            return true;
        }
    return false;
}

}  // namespace engine
