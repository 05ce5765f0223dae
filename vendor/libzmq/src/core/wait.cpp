#include "core/wait.hpp"

#include <signal.h>

#include <cerrno>

#include "platform/sleep.hpp"

namespace engine {

namespace {

struct WaitMask
{
    bool set = false;
    sigset_t mask;
};

thread_local WaitMask wait_mask;
thread_local Nanoseconds wait_limit = 0;      // none
thread_local std::int64_t own_deadline = -1;  // ms; none

}  // namespace

void set_wait_mask (const void *sigset) noexcept
{
    wait_mask.set = sigset != nullptr;
    if (sigset)
        wait_mask.mask = *static_cast<const sigset_t *> (sigset);
}

void set_wait_limit (int milliseconds) noexcept { wait_limit = Nanoseconds{milliseconds} * 1000000; }

void set_wait_deadline (std::int64_t milliseconds) noexcept { own_deadline = milliseconds; }

Nanoseconds wait_deadline (int timeout) noexcept
{
    if (own_deadline < 0)
        return deadline_in (timeout);
    return own_deadline > never / millisecond ? never : own_deadline * millisecond;
}

ScopedWaitMask::ScopedWaitMask (const sigset_t *mask) noexcept : was_set_ (wait_mask.set), before_ (wait_mask.mask)
{
    set_wait_mask (mask);
}

ScopedWaitMask::~ScopedWaitMask ()
{
    wait_mask.set = was_set_;
    wait_mask.mask = before_;
}

int sleep_on (pollfd *entries, int count, Nanoseconds deadline) noexcept
{
    timespec time{};
    const bool timed = deadline != never || wait_limit > 0;
    bool limited = false;
    if (timed) {
        Nanoseconds left = deadline == never ? wait_limit : deadline - now ();
        limited = wait_limit > 0 && (deadline == never || left > wait_limit);
        if (limited)
            left = wait_limit;
        if (left > 0) {
            time.tv_sec = left / 1000000000;
            time.tv_nsec = left % 1000000000;
        }
    }
    const int rc = sleep_for (entries, static_cast<nfds_t> (count), timed ? &time : nullptr, wait_mask.set ? &wait_mask.mask : nullptr);
    if (rc == 0 && limited) {
        errno = EINTR;
        return -1;
    }
    return rc;
}

}  // namespace engine
