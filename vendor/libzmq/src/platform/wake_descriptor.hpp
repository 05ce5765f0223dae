// A descriptor that a thread sleeps on, with whatever waits for descriptors, until another one rings. On Linux an eventfd(2), elsewhere a
// pipe.
#pragma once

#include <cerrno>
#include <cstdint>

#include <unistd.h>

#include "platform/system.hpp"

namespace engine {

class WakeDescriptor
{
  public:
    WakeDescriptor () = default;
    ~WakeDescriptor () { close (); }
    WakeDescriptor (const WakeDescriptor &) = delete;
    WakeDescriptor &operator= (const WakeDescriptor &) = delete;

    // False with errno.
    bool open () noexcept;
    void close () noexcept;
    bool is_open () const noexcept { return fd_ >= 0; }
    // Readable from ring() to drain(); -1: not open.
    int fd () const noexcept { return fd_; }
    // One more descriptor of the same, for the caller to close; -1 with errno.
    int duplicate () const noexcept;

#if ENGINE_HAS_EVENTFD
    // Any thread. Leaves errno as it is: the last thing that many calls do.
    void ring () const noexcept
    {
        const int error = errno;
        const std::uint64_t one = 1;
        while (::write (fd_, &one, sizeof one) < 0 && errno == EINTR) {
        }
        errno = error;
    }
    // Takes back all rings so far. Does not block.
    void drain () const noexcept
    {
        std::uint64_t value;
        while (::read (fd_, &value, sizeof value) < 0 && errno == EINTR) {
        }
    }

  private:
    int fd_ = -1;
#else
    void ring () const noexcept;
    void drain () const noexcept;

  private:
    int fd_ = -1;
    int other_end_ = -1;  // which is written to
#endif
};

}  // namespace engine
