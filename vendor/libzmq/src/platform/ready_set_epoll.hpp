// ReadySet on Linux: epoll(7). The contract is in ready_set.hpp, which alone includes this.
#pragma once

#include <cerrno>
#include <cstdint>

#include <sys/epoll.h>

namespace engine {

// The values are the system's, so that nothing needs translating.
enum : std::uint32_t
{
    io_in = EPOLLIN,
    io_out = EPOLLOUT,
    io_error = EPOLLERR | EPOLLHUP,
    io_ended = EPOLLRDHUP,
    io_priority = EPOLLPRI
};

class ReadySet
{
  public:
    ReadySet () = default;
    ~ReadySet () { close (); }
    ReadySet (const ReadySet &) = delete;
    ReadySet &operator= (const ReadySet &) = delete;

    static constexpr bool is_inherited = true;
    static constexpr bool knows_members = true;
    static constexpr bool tells_unasked = true;

    bool open () noexcept;
    void close () noexcept;
    bool is_open () const noexcept { return fd_ >= 0; }
    int fd () const noexcept { return fd_; }

    int add (int fd, std::uint32_t events, void *data) const noexcept { return control (EPOLL_CTL_ADD, fd, events, data); }
    int modify (int fd, std::uint32_t events, void *data) const noexcept { return control (EPOLL_CTL_MOD, fd, events, data); }
    int remove (int fd) const noexcept { return ::epoll_ctl (fd_, EPOLL_CTL_DEL, fd, nullptr) == 0 ? 0 : errno; }

    template <int capacity, class Ready>
    int collect (int milliseconds, Ready &&ready) const
    {
        return collect<capacity> (capacity, milliseconds, ready);
    }
    template <int most, class Ready>
    int collect (int capacity, int milliseconds, Ready &&ready) const
    {
        epoll_event found[most];
        const int count = ::epoll_wait (fd_, found, capacity < most ? capacity : most, milliseconds);
        for (int i = 0; i < count; ++i)
            ready (found[i].data.ptr, found[i].events);
        return count;
    }
    bool any_ready () const noexcept
    {
        epoll_event found;
        return ::epoll_wait (fd_, &found, 1, 0) > 0;
    }

  private:
    int control (int operation, int fd, std::uint32_t events, void *data) const noexcept
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = data;
        return ::epoll_ctl (fd_, operation, fd, &event) == 0 ? 0 : errno;
    }

    int fd_ = -1;
};

}  // namespace engine
