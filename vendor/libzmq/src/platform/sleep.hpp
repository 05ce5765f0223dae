// poll(2) with a time in nanoseconds and a signal mask for as long as it sleeps: ppoll(2), where there is one.
#pragma once

#include <ctime>

#include <poll.h>
#include <signal.h>

#include "platform/system.hpp"

namespace engine {

// As ppoll(2). `time` null: for ever; `mask` null: the thread's own stays.
#if ENGINE_HAS_PPOLL
inline int sleep_for (pollfd *entries, nfds_t count, const timespec *time, const sigset_t *mask) noexcept
{
    return ::ppoll (entries, count, time, mask);
}
#else
int sleep_for (pollfd *entries, nfds_t count, const timespec *time, const sigset_t *mask) noexcept;
#endif

}  // namespace engine
