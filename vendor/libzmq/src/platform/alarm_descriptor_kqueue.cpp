// See alarm_descriptor.hpp: EVFILT_TIMER of kqueue(2).
#include "platform/alarm_descriptor.hpp"

#if ENGINE_KQUEUE

#    include <ctime>

#    include <fcntl.h>
#    include <sys/event.h>
#    include <sys/time.h>
#    include <unistd.h>

#    include "platform/fork_generation.hpp"

namespace engine {

namespace {

constexpr std::uintptr_t only_timer = 1;

std::int64_t clock_now () noexcept
{
    timespec time{};
    ::clock_gettime (CLOCK_MONOTONIC, &time);
    return static_cast<std::int64_t> (time.tv_sec) * 1000000000 + time.tv_nsec;
}

}  // namespace

AlarmDescriptor::~AlarmDescriptor ()
{
    // (In a child the number may be another descriptor's: kqueues are not inherited.)
    if (fd_ >= 0 && generation_ == fork_generation.load (std::memory_order_relaxed))
        ::close (fd_);
}

bool AlarmDescriptor::open () noexcept
{
    fd_ = ::kqueue ();
    if (fd_ < 0)
        return false;
    ::fcntl (fd_, F_SETFD, FD_CLOEXEC);
    generation_ = fork_generation.load (std::memory_order_relaxed);
    return true;
}

void AlarmDescriptor::set (std::int64_t nanoseconds) const noexcept
{
    due_.store (clock_now () + nanoseconds, std::memory_order_relaxed);
    // Deleted first: systems differ in whether a timer that has gone off is set anew by adding it again.
    struct kevent changes[2] = {};
    for (struct kevent &change : changes) {
        change.ident = only_timer;
        change.filter = EVFILT_TIMER;
    }
    changes[0].flags = EV_DELETE | EV_RECEIPT;
    changes[1].flags = EV_ADD | EV_ONESHOT | EV_RECEIPT;
#    if defined NOTE_NSECONDS
    changes[1].fflags = NOTE_NSECONDS;
    changes[1].data = static_cast<decltype (changes[1].data)> (nanoseconds);
#    else
    changes[1].data = static_cast<decltype (changes[1].data)> ((nanoseconds + 999999) / 1000000);
#    endif
#    if defined NOTE_CRITICAL
    changes[1].fflags |= NOTE_CRITICAL;  // macOS would else gather timers
#    endif
    struct kevent receipts[2];
    const timespec at_once{};
    ::kevent (fd_, changes, 2, receipts, 2, &at_once);
}

bool AlarmDescriptor::passed () const noexcept
{
    const std::int64_t due = due_.load (std::memory_order_relaxed);
    return due == 0 || clock_now () >= due;
}

void AlarmDescriptor::drain () const noexcept
{
    struct kevent gone_off;
    const timespec at_once{};
    // Should the timer be a little ahead of the clock, it counts.
    if (::kevent (fd_, nullptr, 0, &gone_off, 1, &at_once) == 1)
        due_.store (0, std::memory_order_relaxed);
}

}  // namespace engine

#endif
