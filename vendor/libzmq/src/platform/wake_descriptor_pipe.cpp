// See wake_descriptor.hpp: a pipe, whose content says nothing but that it is there.
#include "platform/wake_descriptor.hpp"

#if !ENGINE_HAS_EVENTFD

#    include <utility>

#    include <fcntl.h>

namespace engine {

namespace {

bool open_pipe (int (&ends)[2]) noexcept
{
#    if ENGINE_HAS_OPEN_FLAGS
    return ::pipe2 (ends, O_NONBLOCK | O_CLOEXEC) == 0;
#    else
    if (::pipe (ends) != 0)
        return false;
    for (const int end : ends) {
        ::fcntl (end, F_SETFD, FD_CLOEXEC);
        ::fcntl (end, F_SETFL, O_NONBLOCK);
    }
    return true;
#    endif
}

}  // namespace

bool WakeDescriptor::open () noexcept
{
    close ();
    int ends[2];
    if (!open_pipe (ends))
        return false;
    fd_ = ends[0];
    other_end_ = ends[1];
    return true;
}

void WakeDescriptor::close () noexcept
{
    if (fd_ < 0)
        return;
    ::close (std::exchange (fd_, -1));
    ::close (std::exchange (other_end_, -1));
}

int WakeDescriptor::duplicate () const noexcept { return ::fcntl (fd_, F_DUPFD_CLOEXEC, 0); }

void WakeDescriptor::ring () const noexcept
{
    const int error = errno;
    // EAGAIN: so many rings are in it that it is readable anyway.
    while (::write (other_end_, "", 1) < 0 && errno == EINTR) {
    }
    errno = error;
}

void WakeDescriptor::drain () const noexcept
{
    char rings[256];
    for (;;) {
        const ssize_t count = ::read (fd_, rings, sizeof rings);
        if (count < static_cast<ssize_t> (sizeof rings) && !(count < 0 && errno == EINTR))
            return;
    }
}

}  // namespace engine

#endif
