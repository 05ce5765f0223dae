#include "io/hook.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "io/reactor.hpp"

namespace engine {

int WatchHandle::start (Reactor &reactor, Strand &strand, HookTarget &target, int fd, std::uint32_t events) noexcept
{
    reset ();
    Hook *const hook = new (std::nothrow) Hook;
    if (!hook)
        return ENOMEM;
    hook->strand = &strand;
    hook->target = &target;
    hook->fd = fd;
    const int error = reactor.poller ().add (fd, events, hook);
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
    reactor_->poller ().modify (hook_->fd, events, hook_);
}

int WatchHandle::watch_only (std::uint32_t events) noexcept
{
    if (!hook_ || events == events_)
        return 0;
    Poller &poller = reactor_->poller ();
    int error = 0;
    if (events == 0)
        poller.remove (hook_->fd);
    else if (events_ == 0)
        error = poller.add (hook_->fd, events, hook_);
    else
        error = poller.modify (hook_->fd, events, hook_);
    if (!error)
        events_ = events;
    return error;
}

void WatchHandle::reset () noexcept
{
    if (!hook_)
        return;
    reactor_->poller ().remove (hook_->fd);
    hook_->target = nullptr;
    reactor_->retire (*std::exchange (hook_, nullptr));
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
    reactor_->set_deadline (*hook_, deadline);
    armed_ = true;
    return true;
}

void TimerHandle::cancel () noexcept
{
    if (hook_ && armed_)
        reactor_->set_deadline (*hook_, never);
    armed_ = false;
}

void TimerHandle::reset () noexcept
{
    if (!hook_)
        return;
    hook_->target = nullptr;
    reactor_->retire_timer (*std::exchange (hook_, nullptr));
    armed_ = false;
}

}  // namespace engine
