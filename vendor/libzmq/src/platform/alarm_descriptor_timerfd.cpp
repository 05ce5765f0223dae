// See alarm_descriptor.hpp: timerfd_create(2).
#include "platform/alarm_descriptor.hpp"

#if !ENGINE_KQUEUE

#    include <sys/timerfd.h>
#    include <unistd.h>

namespace engine {

AlarmDescriptor::~AlarmDescriptor ()
{
    if (fd_ >= 0)
        ::close (fd_);
}

bool AlarmDescriptor::open () noexcept
{
    fd_ = ::timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return fd_ >= 0;
}

void AlarmDescriptor::set (std::int64_t nanoseconds) const noexcept
{
    itimerspec when{};
    when.it_value.tv_sec = nanoseconds / 1000000000;
    when.it_value.tv_nsec = nanoseconds % 1000000000;
    ::timerfd_settime (fd_, 0, &when, nullptr);
}

bool AlarmDescriptor::passed () const noexcept
{
    itimerspec left{};
    return ::timerfd_gettime (fd_, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
}

void AlarmDescriptor::drain () const noexcept
{
    std::uint64_t count;
    [[maybe_unused]] const ssize_t got = ::read (fd_, &count, sizeof count);
}

}  // namespace engine

#endif
