// A timer as a descriptor: any thread may set it without waking the one that waits. On Linux a timerfd(2).
#pragma once

#include <cstdint>

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
};

}  // namespace engine
