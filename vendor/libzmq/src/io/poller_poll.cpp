// The poll(2) backend: for systems without epoll and kqueue. The set is kept under a mutex; a change interrupts the wait.
#include <algorithm>
#include <cerrno>
#include <new>
#include <vector>

#include <poll.h>

#include "base/sync.hpp"
#include "io/poller.hpp"
#include "platform/sleep.hpp"
#include "platform/wake_descriptor.hpp"

namespace engine {

namespace {

#if defined POLLRDHUP && !defined ZMQ_PORTABLE
constexpr short poll_ended = POLLRDHUP;
#else
constexpr short poll_ended = 0;  // the end is seen once everything before it was read
#endif

short poll_mask (std::uint32_t events) noexcept
{
    return static_cast<short> ((events & io_in ? POLLIN : 0) | (events & io_out ? POLLOUT : 0) | (events & io_ended ? poll_ended : 0));
}

class PollPoller final : public Poller
{
  public:
    bool open () noexcept { return wake_.open (); }

    int add (int fd, std::uint32_t events, void *data) noexcept override
    {
        {
            Lock lock (mutex_);
            try {
                entries_.push_back ({fd, events, data});
            } catch (...) {
                return ENOMEM;
            }
        }
        interrupt ();
        return 0;
    }

    int modify (int fd, std::uint32_t events, void *data) noexcept override
    {
        {
            Lock lock (mutex_);
            const auto at = find (fd);
            if (at == entries_.end ())
                return ENOENT;
            *at = {fd, events, data};
        }
        interrupt ();
        return 0;
    }

    void remove (int fd) noexcept override
    {
        {
            Lock lock (mutex_);
            const auto at = find (fd);
            if (at == entries_.end ())
                return;
            *at = entries_.back ();
            entries_.pop_back ();
        }
        interrupt ();
    }

    int wait (Event *events, int capacity, Nanoseconds timeout) noexcept override
    {
        // The arrays keep their memory from one wait to the next.
        try {
            Lock lock (mutex_);
            fds_.resize (entries_.size () + 1);
            data_.resize (entries_.size () + 1);
            fds_[0] = {wake_.fd (), POLLIN, 0};
            for (std::size_t i = 0; i < entries_.size (); ++i) {
                fds_[i + 1] = {entries_[i].fd, poll_mask (entries_[i].events), 0};
                data_[i + 1] = entries_[i].data;
            }
        } catch (...) {
            return 0;
        }
        timespec limit{};
        if (timeout != never && timeout > 0) {
            limit.tv_sec = timeout / 1000000000;
            limit.tv_nsec = timeout % 1000000000;
        }
        const int count = sleep_for (fds_.data (), fds_.size (), timeout == never ? nullptr : &limit, nullptr);
        if (count <= 0)
            return 0;
        if (fds_[0].revents)
            wake_.drain ();
        int out = 0;
        // Start where the last wait stopped, so that a full event array starves nobody.
        const std::size_t total = fds_.size () - 1;
        for (std::size_t step = 0; step < total && out < capacity; ++step) {
            const std::size_t i = 1 + (start_ + step) % total;
            const short got = fds_[i].revents;
            if (!got)
                continue;
            // (POLLNVAL: closed by another thread since it was removed, which whoever gets the event knows; or behind our back.)
            events[out++] = {data_[i], (got & POLLIN ? io_in : 0u) | (got & POLLOUT ? io_out : 0u) | (got & poll_ended ? io_ended : 0u) |
                                         (got & (POLLERR | POLLHUP | POLLNVAL) ? static_cast<std::uint32_t> (io_error) : 0u)};
            if (out == capacity)
                start_ = i % total;
        }
        return out;
    }

    void interrupt () noexcept override { wake_.ring (); }

  private:
    struct Entry
    {
        int fd;
        std::uint32_t events;
        void *data;
    };
    std::vector<Entry>::iterator find (int fd) noexcept ENGINE_REQUIRES (mutex_)
    {
        return std::find_if (entries_.begin (), entries_.end (), [fd] (const Entry &entry) { return entry.fd == fd; });
    }

    Mutex mutex_;
    std::vector<Entry> entries_ ENGINE_GUARDED_BY (mutex_);
    WakeDescriptor wake_;
    // The waiting thread's own.
    std::vector<pollfd> fds_;
    std::vector<void *> data_;
    std::size_t start_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller () noexcept
{
    std::unique_ptr<PollPoller> poller (new (std::nothrow) PollPoller);
    if (poller && !poller->open ())
        poller.reset ();
    return poller;
}

}  // namespace engine
