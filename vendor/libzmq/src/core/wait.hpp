// Blocking calls: sleeping and waking of application threads. The only file that makes them wait.
//
// A thread that finds nothing to do first polls for a short while (base/spin.hpp), because waking a sleeping thread costs more than
// most replies take to come; then it sleeps on its own eventfd and on the socket's streams.
#pragma once

#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <signal.h>
#include <zmq.h>

#include "base/clock.hpp"
#include "base/spin.hpp"
#include "core/context.hpp"
#include "core/socket_guard.hpp"
#include "strand/doorbell.hpp"
#include "strand/strand.hpp"

namespace engine {

// ppoll(2) until the deadline, with the thread's wait mask (zmq_ext_wait_sigmask) in force. -1: errno, which is EINTR also when
// the thread's limit (zmq_ext_wait_limit) is up.
int sleep_on (pollfd *entries, int count, Nanoseconds deadline) noexcept;
void set_wait_mask (const void *sigset) noexcept;
void set_wait_limit (int milliseconds) noexcept;
// The thread's own deadline, instead of a socket's RCVTIMEO or SNDTIMEO (zmq_ext_wait_deadline). Negative: none.
void set_wait_deadline (std::int64_t milliseconds) noexcept;
Nanoseconds wait_deadline (int timeout) noexcept;  // `timeout`: the option
// The wait mask for the length of one call.
class ScopedWaitMask
{
  public:
    explicit ScopedWaitMask (const sigset_t *mask) noexcept;
    ~ScopedWaitMask ();
    ScopedWaitMask (const ScopedWaitMask &) = delete;
    ScopedWaitMask &operator= (const ScopedWaitMask &) = delete;

  private:
    bool was_set_;
    sigset_t before_;
};

// Runs `attempt` until it returns something else than EAGAIN, the deadline passes (EAGAIN), a signal comes (EINTR), the context is
// terminated (ETERM) or the socket is closed (ENOTSOCK); or the system lets nobody sleep (ppoll(2)'s errno: EINVAL when RLIMIT_NOFILE
// does not even allow for the descriptors waited on, ENOMEM). Called after a first attempt said EAGAIN.
template <class Attempt>
int wait_for (SocketGuard &guard, Nanoseconds deadline, Attempt &&attempt) noexcept
{
    Socket &socket = *guard;
    const auto look = [&] () -> int {
        if (socket.terminated ())
            return ETERM;
        if (socket.strand ().doorbell.pending ())
            socket.run_mailbox ();
        socket.poll_input ();
        return attempt ();
    };

    const std::int64_t spin_time = socket.context ().spin_time ();
    for (Spin spin (spin_time, deadline, socket.subscribes ()); spin.going ();) {
        guard.unlock ();
        if (!guard.relock_after_yield (spin))
            return ENOTSOCK;
        const int error = look ();
        if (error != EAGAIN) {
            spin.succeeded ();
            return error;
        }
    }

    Waiter &waiter = Waiter::current ();
    if (waiter.fd () < 0)
        return errno;
    if (!socket.strand ().doorbell.add_waiter (waiter))
        return ENOMEM;
    const Nanoseconds slept_from = now ();
    int outcome = EAGAIN;
    int failure = 0;  // of the sleep
    for (;;) {
        outcome = look ();
        if (outcome != EAGAIN)
            break;
        if (failure) {
            outcome = failure;
            break;
        }
        if (deadline != never && now () >= deadline)
            break;
        pollfd entries[2] = {{waiter.fd (), POLLIN, 0}, {}};
        const int count = 1 + socket.attendance ().fill_pollfd (&entries[1]);
        guard.unlock ();
        failure = sleep_on (entries, count, deadline) < 0 ? errno : 0;
        const bool open = guard.relock ();
        if (entries[0].revents)
            waiter.drain ();
        if (!open) {
            outcome = ENOTSOCK;
            break;
        }
    }
    socket.strand ().doorbell.remove_waiter (waiter);
    socket.attendance ().waiter_left ();
    if (!failure || outcome != failure)
        SpinMemory::current ().slept (slept_from, outcome != EAGAIN, spin_time);
    return outcome;
}

}  // namespace engine
