// See no_watches.hpp. The linker leads the calls here (--wrap).
#include "no_watches.hpp"

#include <atomic>
#include <cerrno>

#include <sys/epoll.h>

namespace {

std::atomic<bool> none_left{false};
std::atomic<int> refusals{0};

}  // namespace

NoWatches::NoWatches () noexcept
{
    refusals = 0;
    none_left = true;
}

NoWatches::~NoWatches () { none_left = false; }

int NoWatches::refused () const noexcept { return refusals; }

extern "C" {

int __real_epoll_ctl (int set, int operation, int fd, epoll_event *event) noexcept;

int __wrap_epoll_ctl (int set, int operation, int fd, epoll_event *event) noexcept
{
    if (operation == EPOLL_CTL_ADD && none_left) {
        ++refusals;
        errno = ENOSPC;
        return -1;
    }
    return __real_epoll_ctl (set, operation, fd, event);
}
}
