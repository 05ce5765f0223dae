// See ready_set.hpp and ready_set_epoll.hpp.
#include "platform/ready_set.hpp"

#if !ENGINE_KQUEUE

#    include <utility>

#    include <unistd.h>

namespace engine {

bool ReadySet::open () noexcept
{
    close ();
    fd_ = ::epoll_create1 (EPOLL_CLOEXEC);
    return fd_ >= 0;
}

void ReadySet::close () noexcept
{
    if (fd_ >= 0)
        ::close (std::exchange (fd_, -1));
}

}  // namespace engine

#endif
