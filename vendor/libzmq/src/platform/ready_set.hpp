// A set of descriptors that tells which of them are ready, at a cost that does not grow with how many are in it, and that is a descriptor
// itself: ready while something in it is, so that sets can be put into sets. On Linux epoll(7), elsewhere it would be kqueue.
//
// All but open() and close() may be called from any thread, also while another one collects.
#pragma once

#include <cerrno>
#include <cstdint>

#include <sys/epoll.h>

namespace engine {

// What to watch for, and what was found. The values are the system's, so that nothing needs translating.
enum : std::uint32_t
{
    io_in = EPOLLIN,
    io_out = EPOLLOUT,
    io_error = EPOLLERR | EPOLLHUP,  // error or hang-up; always watched
    io_ended = EPOLLRDHUP,           // the peer will send no more, whatever lies unread
    io_priority = EPOLLPRI
};

class ReadySet
{
  public:
    ReadySet () = default;
    ~ReadySet () { close (); }
    ReadySet (const ReadySet &) = delete;
    ReadySet &operator= (const ReadySet &) = delete;

    bool open () noexcept;  // false with errno
    void close () noexcept;
    bool is_open () const noexcept { return fd_ >= 0; }
    // Readable while something is ready; -1: not open.
    int fd () const noexcept { return fd_; }

    // 0 or errno: ENOSPC, ENOMEM without room for another watch; EPERM for a descriptor that is always ready (a regular file).
    int add (int fd, std::uint32_t events, void *data) const noexcept { return control (EPOLL_CTL_ADD, fd, events, data); }
    int modify (int fd, std::uint32_t events, void *data) const noexcept { return control (EPOLL_CTL_MOD, fd, events, data); }
    int remove (int fd) const noexcept { return ::epoll_ctl (fd_, EPOLL_CTL_DEL, fd, nullptr) == 0 ? 0 : errno; }

    // Calls ready (data, events) for each of at most `capacity` that are ready, after at most that many milliseconds (-1: any number)
    // in which none is. Their number; -1 with errno.
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
