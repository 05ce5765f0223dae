// The epoll(7) backend.
#include <cerrno>
#include <new>

#include <sys/epoll.h>
#include <unistd.h>

#include "io/poller.hpp"
#include "platform/wake_descriptor.hpp"

namespace engine {

namespace {

class EpollPoller final : public Poller
{
  public:
    ~EpollPoller () override
    {
        if (epoll_ >= 0)
            ::close (epoll_);
    }

    bool open () noexcept
    {
        epoll_ = ::epoll_create1 (EPOLL_CLOEXEC);
        return epoll_ >= 0 && wake_.open () && add (wake_.fd (), io_in, this) == 0;
    }

    int add (int fd, std::uint32_t events, void *data) noexcept override { return control (EPOLL_CTL_ADD, fd, events, data); }
    int modify (int fd, std::uint32_t events, void *data) noexcept override { return control (EPOLL_CTL_MOD, fd, events, data); }
    void remove (int fd) noexcept override { ::epoll_ctl (epoll_, EPOLL_CTL_DEL, fd, nullptr); }

    int wait (Event *events, int capacity, Nanoseconds timeout) noexcept override
    {
        constexpr int most = 128;
        epoll_event ready[most];
        if (capacity > most)
            capacity = most;
        int milliseconds = -1;
        if (timeout != never)
            milliseconds = timeout <= 0
                             ? 0
                             : static_cast<int> (
                                 (timeout + millisecond - 1) / millisecond < 3600000 ? (timeout + millisecond - 1) / millisecond : 3600000);
        const int count = ::epoll_wait (epoll_, ready, capacity, milliseconds);
        int out = 0;
        for (int i = 0; i < count; ++i) {
            if (ready[i].data.ptr == this) {
                wake_.drain ();
                continue;
            }
            std::uint32_t mask = 0;
            if (ready[i].events & EPOLLIN)
                mask |= io_in;
            if (ready[i].events & EPOLLOUT)
                mask |= io_out;
            if (ready[i].events & (EPOLLERR | EPOLLHUP))
                mask |= io_error;
            events[out++] = {ready[i].data.ptr, mask};
        }
        return out;
    }

    void interrupt () noexcept override { wake_.ring (); }

  private:
    int control (int operation, int fd, std::uint32_t events, void *data) noexcept
    {
        epoll_event event{};
        event.events = (events & io_in ? EPOLLIN : 0u) | (events & io_out ? EPOLLOUT : 0u);
        event.data.ptr = data;
        return ::epoll_ctl (epoll_, operation, fd, &event) == 0 ? 0 : errno;
    }

    int epoll_ = -1;
    WakeDescriptor wake_;
};

}  // namespace

std::unique_ptr<Poller> make_epoll_poller () noexcept
{
    std::unique_ptr<EpollPoller> poller (new (std::nothrow) EpollPoller);
    if (poller && !poller->open ())
        poller.reset ();
    return poller;
}

}  // namespace engine
