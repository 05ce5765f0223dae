// See wake_descriptor.hpp: eventfd(2).
#include "platform/wake_descriptor.hpp"

#if ENGINE_HAS_EVENTFD

#    include <utility>

#    include <fcntl.h>
#    include <sys/eventfd.h>

namespace engine {

bool WakeDescriptor::open () noexcept
{
    close ();
    fd_ = ::eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd_ >= 0;
}

void WakeDescriptor::close () noexcept
{
    if (fd_ >= 0)
        ::close (std::exchange (fd_, -1));
}

int WakeDescriptor::duplicate () const noexcept { return ::fcntl (fd_, F_DUPFD_CLOEXEC, 0); }

}  // namespace engine

#endif
