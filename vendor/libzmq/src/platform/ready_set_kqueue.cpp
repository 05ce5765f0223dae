// See ready_set.hpp and ready_set_kqueue.hpp.
#include "platform/ready_set.hpp"

#if ENGINE_KQUEUE

#    include <climits>
#    include <utility>

#    include <fcntl.h>
#    include <sys/stat.h>
#    include <unistd.h>

#    include "platform/fork_generation.hpp"

namespace engine {

namespace {

// Changes to the filters of one descriptor, made in one call. Each is answered by itself (EV_RECEIPT): that one is not there to be
// deleted does not keep the next from being made, and nothing that is ready is taken out of the queue by the way.
class Changes
{
  public:
    explicit Changes (int fd) noexcept : fd_ (fd) {}

    void put (int filter, bool wanted, unsigned notes, std::int64_t amount, void *data) noexcept
    {
        struct kevent &change = changes_[count_++];
        change = {};
        change.ident = static_cast<decltype (change.ident)> (fd_);
        change.filter = static_cast<decltype (change.filter)> (filter);
        change.flags = static_cast<decltype (change.flags)> ((wanted ? EV_ADD : EV_DELETE) | EV_RECEIPT);
        change.fflags = static_cast<decltype (change.fflags)> (notes);
        change.data = static_cast<decltype (change.data)> (amount);
        change.udata = reinterpret_cast<decltype (change.udata)> (data);
    }
    // 0 or errno of the first filter that could not be added. `deleted`: how many were there to be deleted.
    int make (int set, int &deleted) noexcept
    {
        struct kevent receipts[most];
        const timespec at_once{};
        deleted = 0;
        const int answered = ::kevent (set, changes_, count_, receipts, count_, &at_once);
        if (answered < 0)
            return errno;
        int failure = 0;
        for (int i = 0; i < answered; ++i) {
            const int error = static_cast<int> (receipts[i].data);
            if (was_addition (static_cast<int> (receipts[i].filter)))
                failure = failure ? failure : error;
            else if (error == 0)
                ++deleted;
        }
        return failure;
    }

  private:
    static constexpr int most = 3;

    bool was_addition (int filter) const noexcept
    {
        for (int i = 0; i < count_; ++i)
            if (static_cast<int> (changes_[i].filter) == filter)
                return (changes_[i].flags & EV_ADD) != 0;
        return false;
    }

    int fd_;
    int count_ = 0;
    struct kevent changes_[most];
};

}  // namespace

bool ReadySet::open () noexcept
{
    close ();
    fd_ = ::kqueue ();
    if (fd_ < 0)
        return false;
    ::fcntl (fd_, F_SETFD, FD_CLOEXEC);
    generation_ = fork_generation.load (std::memory_order_relaxed);
    return true;
}

void ReadySet::close () noexcept
{
    const int fd = std::exchange (fd_, -1);
    if (fd >= 0 && generation_ == fork_generation.load (std::memory_order_relaxed))
        ::close (fd);
}

int ReadySet::add (int fd, std::uint32_t events, void *data) const noexcept
{
    // A file at its end would be not ready here, where poll(2) says it is.
    struct stat status;
    if (::fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
        return EPERM;
    const int error = modify (fd, events, data);
    if (error)
        remove (fd);
    // A pipe without a reader, whose every write fails at once.
    return error == EPIPE ? EPERM : error;
}

int ReadySet::modify (int fd, std::uint32_t events, void *data) const noexcept
{
    Changes changes (fd);
    if (events & io_in)
        changes.put (EVFILT_READ, true, 0, 0, data);
    else if (events & io_ended)
        changes.put (EVFILT_READ, true, NOTE_LOWAT, INT_MAX, reinterpret_cast<void *> (reinterpret_cast<std::uintptr_t> (data) | end_only));
    else
        changes.put (EVFILT_READ, false, 0, 0, data);
    changes.put (EVFILT_WRITE, (events & io_out) != 0, 0, 0, data);
#    if defined EVFILT_EXCEPT && defined NOTE_OOB
    if (events & io_priority)
        changes.put (EVFILT_EXCEPT, true, NOTE_OOB, 0, data);
    else
        changes.put (EVFILT_EXCEPT, false, 0, 0, data);
#    endif
    int deleted = 0;
    return changes.make (fd_, deleted);
}

int ReadySet::remove (int fd) const noexcept
{
    Changes changes (fd);
    changes.put (EVFILT_READ, false, 0, 0, nullptr);
    changes.put (EVFILT_WRITE, false, 0, 0, nullptr);
#    if defined EVFILT_EXCEPT && defined NOTE_OOB
    changes.put (EVFILT_EXCEPT, false, 0, 0, nullptr);
#    endif
    int deleted = 0;
    if (const int error = changes.make (fd_, deleted))
        return error;
    return deleted > 0 ? 0 : ENOENT;
}

int ReadySet::wait (struct kevent *found, int capacity, int milliseconds) const noexcept
{
    timespec time{};
    if (milliseconds > 0) {
        time.tv_sec = milliseconds / 1000;
        time.tv_nsec = milliseconds % 1000 * 1000000L;
    }
    return ::kevent (fd_, nullptr, 0, found, capacity, milliseconds < 0 ? nullptr : &time);
}

std::uint32_t ReadySet::translate (const struct kevent &found) const noexcept
{
    if (found.flags & EV_ERROR)
        return 0;
    const bool ended = (found.flags & EV_EOF) != 0;
    switch (found.filter) {
    case EVFILT_READ:
        if (reinterpret_cast<std::uintptr_t> (found.udata) & end_only) {
            if (ended)
                return io_ended | (found.fflags ? static_cast<std::uint32_t> (io_error) : 0u);
            // The receive buffer has no room for as much as was named, and is full. Told again and again it would keep the thread busy;
            // so the end will be seen when it is read.
            Changes changes (static_cast<int> (found.ident));
            changes.put (EVFILT_READ, false, 0, 0, nullptr);
            int deleted = 0;
            changes.make (fd_, deleted);
            return 0;
        }
        return io_in | (ended ? static_cast<std::uint32_t> (io_ended) : 0u) |
               (ended && found.fflags ? static_cast<std::uint32_t> (io_error) : 0u);
    case EVFILT_WRITE:
        return io_out | (ended ? static_cast<std::uint32_t> (io_error) : 0u);
    default:
        return io_priority;
    }
}

bool ReadySet::any_ready () const noexcept
{
    struct kevent found;
    return wait (&found, 1, 0) > 0;
}

}  // namespace engine

#endif
