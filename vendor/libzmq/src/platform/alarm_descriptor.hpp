// A timer as a descriptor: any thread may set it without waking the one that waits. On Linux a timerfd(2), elsewhere a kqueue(2)
// with nothing but a timer in it.
#pragma once

#include <cstdint>

#include "platform/system.hpp"

#if ENGINE_KQUEUE
#    include <atomic>
#endif

namespace engine {

class AlarmDescriptor
{
  public:
    AlarmDescriptor () = default;
    ~AlarmDescriptor ();
    AlarmDescriptor (const AlarmDescriptor &) = delete;
    AlarmDescriptor &operator= (const AlarmDescriptor &) = delete;

    bool open () noexcept;  // false with errno
    // Readable from the set time on to drain().
    int fd () const noexcept { return fd_; }
    // In so many nanoseconds, more than 0, instead of what was set before.
    void set (std::int64_t nanoseconds) const noexcept;
    // The time that was set last has come (or none was set).
    bool passed () const noexcept;
    void drain () const noexcept;

  private:
    int fd_ = -1;
#if ENGINE_KQUEUE
    mutable std::atomic<std::int64_t> due_{0};  // by CLOCK_MONOTONIC, in nanoseconds; 0: it has passed
    unsigned generation_ = 0;                   // of forks, when it was opened
#endif
};

}  // namespace engine
