#include "io/reactor.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <signal.h>

#include "core/inproc.hpp"
#include "core/socket.hpp"
#include "core/strand.hpp"
#include "io/thread_setup.hpp"
#include "options/context_options.hpp"
#include "platform/threads.hpp"

namespace engine {

// ---- handles ----

int WatchHandle::start (Reactor &reactor, Strand &strand, HookTarget &target, int fd, std::uint32_t events) noexcept
{
    reset ();
    Hook *const hook = new (std::nothrow) Hook;
    if (!hook)
        return ENOMEM;
    hook->strand = &strand;
    hook->target = &target;
    hook->fd = fd;
    const int error = reactor.poller_->add (fd, events, hook);
    if (error) {
        delete hook;
        return error;
    }
    reactor_ = &reactor;
    hook_ = hook;
    events_ = events;
    return 0;
}

void WatchHandle::modify (std::uint32_t events) noexcept
{
    if (!hook_ || events == events_)
        return;
    events_ = events;
    reactor_->poller_->modify (hook_->fd, events, hook_);
}

int WatchHandle::watch_only (std::uint32_t events) noexcept
{
    if (!hook_ || events == events_)
        return 0;
    if (events == 0)
        reactor_->poller_->remove (hook_->fd);
    else if (const int error =
               events_ == 0 ? reactor_->poller_->add (hook_->fd, events, hook_) : reactor_->poller_->modify (hook_->fd, events, hook_))
        return error;
    events_ = events;
    return 0;
}

void WatchHandle::reset () noexcept
{
    if (!hook_)
        return;
    reactor_->poller_->remove (hook_->fd);
    hook_->target = nullptr;
    reactor_->retire (hook_, false);
    hook_ = nullptr;
    events_ = 0;
}

bool TimerHandle::prepare (Reactor &reactor, Strand &strand, HookTarget &target) noexcept
{
    if (hook_)
        return true;
    Hook *const hook = new (std::nothrow) Hook;
    if (!hook)
        return false;
    if (!reactor.admit_timer ()) {
        delete hook;
        return false;
    }
    hook->strand = &strand;
    hook->target = &target;
    reactor_ = &reactor;
    hook_ = hook;
    return true;
}

bool TimerHandle::arm (Reactor &reactor, Strand &strand, HookTarget &target, Nanoseconds deadline) noexcept
{
    if (!prepare (reactor, strand, target))
        return false;
    reactor_->set_deadline (hook_, deadline);
    armed_ = true;
    return true;
}

void TimerHandle::cancel () noexcept
{
    if (hook_ && armed_)
        reactor_->set_deadline (hook_, never);
    armed_ = false;
}

void TimerHandle::reset () noexcept
{
    if (!hook_)
        return;
    hook_->target = nullptr;
    reactor_->retire (hook_, true);
    hook_ = nullptr;
    armed_ = false;
}

// ---- the heap of timers ----

void Reactor::sift_up (std::size_t index) noexcept
{
    Hook *const hook = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->deadline <= hook->deadline)
            break;
        heap_[index] = heap_[parent];
        heap_[index]->heap_index = index;
        index = parent;
    }
    heap_[index] = hook;
    hook->heap_index = index;
}

void Reactor::sift_down (std::size_t index) noexcept
{
    Hook *const hook = heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size ())
            break;
        if (child + 1 < heap_.size () && heap_[child + 1]->deadline < heap_[child]->deadline)
            ++child;
        if (hook->deadline <= heap_[child]->deadline)
            break;
        heap_[index] = heap_[child];
        heap_[index]->heap_index = index;
        index = child;
    }
    heap_[index] = hook;
    hook->heap_index = index;
}

void Reactor::remove_from_heap (Hook *hook) noexcept
{
    const std::size_t index = hook->heap_index;
    if (index == SIZE_MAX)
        return;
    hook->heap_index = SIZE_MAX;
    Hook *const last = heap_.back ();
    heap_.pop_back ();
    if (last == hook)
        return;
    heap_[index] = last;
    last->heap_index = index;
    sift_up (index);
    sift_down (last->heap_index);
}

bool Reactor::admit_timer () noexcept
try {
    Lock lock (mutex_);
    if (timers_ == heap_.capacity ())
        heap_.reserve (std::max<std::size_t> (16, 2 * timers_));
    ++timers_;
    return true;
} catch (...) {
    return false;
}

void Reactor::set_deadline (Hook *hook, Nanoseconds deadline) noexcept
{
    bool earlier = false;
    {
        Lock lock (mutex_);
        remove_from_heap (hook);
        hook->deadline = deadline;
        if (deadline != never) {
            heap_.push_back (hook);  // admit_timer() made the room
            sift_up (heap_.size () - 1);
            earlier = deadline < sleeping_until_;
            if (earlier)
                sleeping_until_ = deadline;
        }
    }
    if (earlier)
        poller_->interrupt ();
}

void Reactor::retire (Hook *hook, bool timer) noexcept
{
    Lock lock (mutex_);
    remove_from_heap (hook);
    timers_ -= timer;
    hook->next_retired = std::exchange (retired_, hook);
}

// ---- requests ----

bool Reactor::flush_later (Strand &strand) noexcept
{
    Lock lock (mutex_);
    try {
        to_flush_.push_back (&strand);
    } catch (...) {
        return false;
    }
    if (!flush_armed_) {
        flush_armed_ = true;
        flush_timer_.set (flush_wait_);
    }
    return true;
}

bool Reactor::check_lease_later (Strand &strand) noexcept
{
    Lock lock (mutex_);
    try {
        to_check_.push_back (&strand);
    } catch (...) {
        return false;
    }
    if (!lease_armed_) {
        lease_armed_ = true;
        lease_timer_.set (lease_time);
    }
    return true;
}

void Reactor::serve (InprocSide &side) noexcept
{
    {
        Lock lock (mutex_);
        if (side.listed ())
            return;
        side.channel->acquire ();
        to_serve_.add (side);
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
    if (!flush_timer_.open () || !lease_timer_.open ())
        return false;
    descriptor_table_.prepare (flush_timer_.fd ());
    return poller_->add (flush_timer_.fd (), io_in, &flush_timer_) == 0 && poller_->add (lease_timer_.fd (), io_in, &lease_timer_) == 0;
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
    List<InprocSide> left;
    {
        Lock lock (mutex_);
        left.take_all (to_serve_);
    }
    while (InprocSide *const side = left.take ())
        side->channel->release ();
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
    backlog_.skip ();
    while (!stop_.load (std::memory_order_acquire)) {
        Nanoseconds wait = never;
        run_free_functions ();
        {
            Lock lock (mutex_);
            sleeping_until_ = heap_.empty () ? never : heap_.front ()->deadline;
            if (!to_serve_.empty () || !to_free_.empty ())
                sleeping_until_ = 0;
            wait = sleeping_until_;
        }
        if (wait != never) {
            const Nanoseconds left = wait - now ();
            wait = left > 0 ? left : 0;
        }
        if (backlog_.due ()) {
            const Nanoseconds left = std::max<Nanoseconds> (last_collection_ + shortest_collection_interval - now (), 0);
            wait = wait == never ? left : std::min (wait, left);
        }
        const int count = poller_->wait (events, capacity, wait);
        bool ticked = false;
        for (int i = 0; i < count; ++i) {
            if (events[i].data == &flush_timer_ || events[i].data == &lease_timer_) {
                static_cast<AlarmDescriptor *> (events[i].data)->drain ();
                ticked = true;
                continue;
            }
            Hook *const hook = static_cast<Hook *> (events[i].data);
            SocketGuard socket (*hook->strand, SocketGuard::Who::engine);
            if (socket && hook->target)
                hook->target->on_io (events[i].events);
        }
        run_timers ();
        if (ticked || count < capacity)
            run_strands ();
        // No event in hand names a retired hook any more.
        free_retired ();
        if (backlog_.due () && now () - last_collection_ >= shortest_collection_interval) {
            last_collection_ = now ();
            backlog_.collect ();
        }
    }
    run_free_functions ();
    backlog_.collect ();
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
            if (heap_.empty () || heap_.front ()->deadline > time)
                return;
            due = heap_.front ();
            remove_from_heap (due);
        }
        SocketGuard socket (*due->strand, SocketGuard::Who::engine);
        if (socket && due->target)
            due->target->on_timer ();
    }
}

// Null: none is left.
InprocSide *Reactor::next_to_serve (List<InprocSide> &list) noexcept
{
    Lock lock (mutex_);
    return list.take ();
}

void Reactor::run_inboxes () noexcept
{
    // Not what is asked for meanwhile: other events want their turn.
    List<InprocSide> batch;
    {
        Lock lock (mutex_);
        batch.take_all (to_serve_);
    }
    while (InprocSide *const side = next_to_serve (batch)) {
        if (Strand *const strand = side->strand.load (std::memory_order_acquire)) {
            SocketGuard socket (*strand, SocketGuard::Who::engine);
            if (socket)
                socket->serve ();
        }
        side->channel->release ();
    }
}

void Reactor::run_strands () noexcept
{
    run_inboxes ();

    // Queues that were left to the backstop.
    if (take_due (flush_timer_, &Reactor::flush_armed_, &Reactor::to_flush_)) {
        bool needed = false, waiting = false;
        for (Strand *strand : batch_) {
            SocketGuard socket (*strand, SocketGuard::Who::engine);
            if (!socket)
                continue;
            const Batching::Backstop found = socket->batching ().flush_backstop ();
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
    if (take_due (lease_timer_, &Reactor::lease_armed_, &Reactor::to_check_)) {
        for (Strand *strand : batch_) {
            SocketGuard socket (*strand, SocketGuard::Who::engine);
            if (socket)
                socket->check_lease ();
        }
        batch_.clear ();
    }
}

bool Reactor::take_due (const AlarmDescriptor &timer, bool Reactor::*armed, std::vector<Strand *> Reactor::*list) noexcept
{
    Lock lock (mutex_);
    if (!(this->*armed) || !timer.passed ())
        return false;
    this->*armed = false;
    batch_.swap (this->*list);
    return true;
}

}  // namespace engine
