// zmq_poller_*: a poller that stays. Its cost follows what is ready, not what is registered: one set over the sockets'
// ZMQ_FDs and the descriptors tells which items may have become ready, and only those are asked.
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "api/handles.hpp"
#include "api/poll_set.hpp"
#include "base/handle_tag.hpp"
#include "base/make_room.hpp"
#include "core/wait.hpp"
#include "platform/ready_set.hpp"
#include "strand/fork.hpp"

using namespace engine;

namespace {

constexpr short known_events = ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI;

class PersistentPoller
{
  public:
    PersistentPoller () : generation_ ((watch_forks (), fork_generation.load (std::memory_order_relaxed)))
    {
        if (!set_.open ())
            throw std::system_error (errno, std::generic_category ());
    }
    PersistentPoller (const PersistentPoller &) = delete;
    PersistentPoller &operator= (const PersistentPoller &) = delete;

    static PersistentPoller *from_handle (void *handle) noexcept
    {
        PersistentPoller *const poller = static_cast<PersistentPoller *> (handle);
        return poller && poller->tag_.valid () ? poller : nullptr;
    }

    // Made by a parent process, which shares the epoll set: what a child took out of it the parent would miss.
    bool foreign () const noexcept { return generation_ != fork_generation.load (std::memory_order_relaxed); }
    int size () const noexcept { return static_cast<int> (items_.size ()); }
    int add (void *socket, int fd, void *user_data, short events);
    int modify (void *socket, int fd, short events);
    int remove (void *socket, int fd);
    // Readable when an item may have become ready. -1: there was no thread-safe socket, so libzmq has none either.
    int fd () const noexcept { return had_thread_safe_ ? set_.fd () : -1; }
    // Fills up to `count`; number filled, -1 with errno.
    int wait (zmq_poller_event_t *out, int count, long timeout);

  private:
    struct Item
    {
        Item (void *socket_, int fd_, void *user_data_, short events_, std::uint64_t order_)
            : socket (socket_), fd (fd_), user_data (user_data_), events (events_), order (order_)
        {}
        Item (const Item &) = delete;
        Item &operator= (const Item &) = delete;

        void *socket;
        int fd;  // of a descriptor item, or a duplicate of the socket's ZMQ_FD, which outlives the socket
        void *user_data;
        short events;
        std::uint64_t order;
        bool subscribes = false;   // a socket that does
        bool thread_safe = false;  // a socket of such a type
        bool candidate = false;    // may be ready: ask
        bool unwatched = false;    // a regular file, which cannot be watched: always a candidate
        int bell = -1;             // duplicate of what rings inside ZMQ_FD
        Strand *strand = nullptr;  // of a socket: where `watcher` is known
        Waiter *watcher = nullptr;

        ~Item ()
        {
            // (A parent's bell may be locked for ever here.)
            if (strand && !strand->foreign ())
                strand->doorbell.remove_watcher (*watcher);
            // (Of a set that a child does not have its number may be another descriptor's there.)
            if (socket && fd >= 0 && (ReadySet::is_inherited || !strand || !strand->foreign ()))
                ::close (fd);
            if (bell >= 0)
                ::close (bell);
        }
    };
    using Items = std::vector<std::unique_ptr<Item>>;

    Items::iterator find (void *socket, int fd) noexcept
    {
        return std::find_if (items_.begin (), items_.end (),
                             [=] (const auto &item) { return socket ? item->socket == socket : !item->socket && item->fd == fd; });
    }
    static std::uint32_t watched (const Item &item) noexcept
    {
        if (item.socket)
            return io_in;
        return (item.events & ZMQ_POLLIN ? io_in : 0u) | (item.events & ZMQ_POLLOUT ? io_out : 0u) |
               (item.events & ZMQ_POLLPRI ? io_priority : 0u);
    }
    void make_candidate (Item &item)
    {
        if (item.candidate)
            return;
        candidates_.push_back (&item);
        item.candidate = true;
    }
    int collect (Nanoseconds deadline);
    int ask (zmq_poller_event_t *out, int count);
    Nanoseconds spin_time () const noexcept;

    int listen_to_bell () noexcept;

    HandleTag<0x9011e400> tag_;
    ReadySet set_;
    const unsigned generation_;  // fork generation
    // What sockets ring that other pollers have too, in other threads. In the set, with no item, once there was a socket.
    Waiter bell_;
    bool bell_watched_ = false;
    bool had_thread_safe_ = false;
    Items items_;
    std::vector<Item *> candidates_;
    std::uint64_t next_order_ = 0;
};

int PersistentPoller::add (void *socket, int fd, void *user_data, short events)
{
    if (events & ~known_events)
        return EINVAL;
    if (find (socket, fd) != items_.end ())
        return EINVAL;
    auto item = std::make_unique<Item> (socket, fd, user_data, events, next_order_++);
    if (socket) {
        Strand *const strand = Strand::from_handle (socket);
        if (!strand)
            return ENOTSOCK;
        // (Not by ZMQ_FD: that is refused where thread-safe types are concerned, which pollers take.)
        const int exported = with_socket (socket, [] (SocketGuard &guard) { return guard->export_fd (); });
        if (exported < 0)
            return errno;
        item->fd = ::fcntl (exported, F_DUPFD_CLOEXEC, 0);
        if (item->fd < 0)
            return errno;
        errno = ENOTSOCK;  // closed by another thread meanwhile
        item->bell = strand->doorbell.duplicate_export ();
        if (item->bell < 0)
            return errno;
        if (const int error = listen_to_bell ())
            return error;
        if (!strand->doorbell.add_watcher (bell_))
            return ENOMEM;
        item->strand = strand;
        item->watcher = &bell_;
        const SocketGuard guard (*strand);
        item->subscribes = guard && guard->subscribes ();
        item->thread_safe = guard && guard->type ().thread_safe;
    }
    make_room (items_, items_.size () + 1);
    make_room (candidates_, items_.size () + 1);
    if (const int error = set_.add (item->fd, watched (*item), item.get ())) {
        if (error != EPERM)
            return error;
        item->unwatched = true;
    }
    make_candidate (*item);
    had_thread_safe_ = had_thread_safe_ || item->thread_safe;
    items_.push_back (std::move (item));
    return 0;
}

// 0 or errno.
int PersistentPoller::listen_to_bell () noexcept
{
    if (bell_watched_)
        return 0;
    if (bell_.fd () < 0)
        return errno;
    if (const int error = set_.add (bell_.fd (), io_in, nullptr))
        return error;
    bell_watched_ = true;
    return 0;
}

int PersistentPoller::modify (void *socket, int fd, short events)
{
    if (events & ~known_events)
        return EINVAL;
    const auto at = find (socket, fd);
    if (at == items_.end ())
        return EINVAL;
    Item &item = **at;
    item.events = events;
    set_.modify (item.fd, watched (item), &item);
    make_candidate (item);
    return 0;
}

int PersistentPoller::remove (void *socket, int fd)
{
    const auto at = find (socket, fd);
    if (at == items_.end ())
        return EINVAL;
    set_.remove ((*at)->fd);
    std::erase (candidates_, at->get ());
    items_.erase (at);
    return 0;
}

// Waits for the set; what it names becomes a candidate. 0 or errno.
int PersistentPoller::collect (Nanoseconds deadline)
{
    pollfd entry{set_.fd (), POLLIN, 0};
    if (deadline != 0) {
        const int rc = sleep_on (&entry, 1, deadline);
        if (rc < 0)
            return errno;
        if (rc == 0)
            return 0;
    }
    set_.collect<64> (0, [this] (void *data, std::uint32_t) {
        if (Item *const item = static_cast<Item *> (data)) {
            make_candidate (*item);
            return;
        }
        // It does not say whose ring it is.
        bell_.drain ();
        for (const auto &item : items_)
            if (item->socket)
                make_candidate (*item);
    });
    return 0;
}

// Asks the candidates, in the order they were added. Number reported, -1 with errno.
int PersistentPoller::ask (zmq_poller_event_t *out, int count)
{
    std::sort (candidates_.begin (), candidates_.end (), [] (const Item *a, const Item *b) { return a->order < b->order; });
    int reported = 0;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < candidates_.size (); ++i) {
        Item &item = *candidates_[i];
        if (reported == count) {
            candidates_[kept++] = &item;
            continue;
        }
        int found = 0;
        if (item.socket) {
            std::size_t size = sizeof found;
            if (zmq_getsockopt (item.socket, ZMQ_EVENTS, &found, &size) != 0) {
                // Keep the rest for the next call.
                for (; i < candidates_.size (); ++i)
                    candidates_[kept++] = candidates_[i];
                candidates_.resize (kept);
                return -1;
            }
        } else {
            pollfd entry{item.fd, descriptor_wanted (item.events), 0};
            if (::poll (&entry, 1, 0) > 0)
                found = descriptor_found (item.events, entry.revents);
        }
        found &= item.events | (item.socket ? 0 : ZMQ_POLLERR);
        if (!found && !item.unwatched) {
            item.candidate = false;
            continue;
        }
        candidates_[kept++] = &item;
        if (!found)
            continue;
        out[reported++] = {item.socket, item.socket ? -1 : item.fd, item.user_data, static_cast<short> (found)};
    }
    candidates_.resize (kept);
    return reported;
}

// Of the first open socket's context; 0 without one.
Nanoseconds PersistentPoller::spin_time () const noexcept
{
    for (const auto &item : items_) {
        Strand *const strand = Strand::from_handle (item->socket);
        if (!strand)
            continue;
        const SocketGuard guard (*strand);
        if (guard)
            return guard->context ().spin_time ();
    }
    return 0;
}

int PersistentPoller::wait (zmq_poller_event_t *out, int count, long timeout)
{
    if (timeout < 0 && std::none_of (items_.begin (), items_.end (), [] (const auto &item) { return item->events != 0; }))
        return fail (EFAULT);
    const Nanoseconds deadline = deadline_in (timeout);
    const bool has_sockets = std::any_of (items_.begin (), items_.end (), [] (const auto &item) { return item->socket != nullptr; });
    Nanoseconds spin_limit = 0;
    std::optional<Spin> spin;
    bool slept = false;
    for (;;) {
        if (const int error = collect (0))
            return fail (error);
        const int reported = ask (out, count);
        if (reported != 0) {
            if (spin && !slept)
                spin->succeeded ();
            return reported;
        }
        const Nanoseconds time = now ();
        if (deadline != never && time >= deadline)
            return fail (EAGAIN);
        if (!spin) {
            spin_limit = spin_time ();
            const bool all_subscribe = std::all_of (items_.begin (), items_.end (), [] (const auto &item) { return item->subscribes; });
            spin.emplace (spin_limit, deadline, all_subscribe);
        }
        if (spin->going ()) {
            spin->yield ();
            continue;
        }
        if (const int error = collect (deadline))
            return fail (error);
        if (has_sockets && !slept)
            SpinMemory::current ().slept (time, deadline == never || now () < deadline, spin_limit);
        slept = true;
    }
}

// Null with errno EFAULT: no poller, or a parent process's.
PersistentPoller *poller_of (void *handle) noexcept
{
    PersistentPoller *const poller = PersistentPoller::from_handle (handle);
    if (poller && !poller->foreign ())
        return poller;
    errno = EFAULT;
    return nullptr;
}

template <class Work>
int with_poller (void *handle, Work &&work) noexcept
{
    PersistentPoller *const poller = poller_of (handle);
    return poller ? guarded (-1, [&] { return result (work (*poller)); }) : -1;
}

template <class Work>
int with_item (void *handle, void *socket, Work &&work) noexcept
{
    if (!poller_of (handle))
        return -1;
    if (!Strand::from_handle (socket))
        return fail (ENOTSOCK);
    return with_poller (handle, work);
}

template <class Work>
int with_item (void *handle, zmq_fd_t fd, Work &&work) noexcept
{
    if (!poller_of (handle))
        return -1;
    if (fd < 0)
        return fail (EBADF);
    return with_poller (handle, work);
}

}  // namespace

void *zmq_poller_new (void)
{
    return guarded (static_cast<void *> (nullptr), [] { return static_cast<void *> (new PersistentPoller); });
}

int zmq_poller_destroy (void **handle)
{
    PersistentPoller *const poller = handle ? PersistentPoller::from_handle (*handle) : nullptr;
    if (!poller)
        return fail (EFAULT);
    delete poller;  // a child closes its own descriptors only
    *handle = nullptr;
    return 0;
}

int zmq_poller_size (void *handle)
{
    PersistentPoller *const poller = poller_of (handle);
    return poller ? poller->size () : -1;
}

int zmq_poller_add (void *handle, void *socket, void *user_data, short events)
{
    return with_item (handle, socket, [&] (PersistentPoller &poller) { return poller.add (socket, -1, user_data, events); });
}

int zmq_poller_modify (void *handle, void *socket, short events)
{
    return with_item (handle, socket, [&] (PersistentPoller &poller) { return poller.modify (socket, -1, events); });
}

int zmq_poller_remove (void *handle, void *socket)
{
    return with_item (handle, socket, [&] (PersistentPoller &poller) { return poller.remove (socket, -1); });
}

int zmq_poller_add_fd (void *handle, zmq_fd_t fd, void *user_data, short events)
{
    return with_item (handle, fd, [&] (PersistentPoller &poller) { return poller.add (nullptr, fd, user_data, events); });
}

int zmq_poller_modify_fd (void *handle, zmq_fd_t fd, short events)
{
    return with_item (handle, fd, [&] (PersistentPoller &poller) { return poller.modify (nullptr, fd, events); });
}

int zmq_poller_remove_fd (void *handle, zmq_fd_t fd)
{
    return with_item (handle, fd, [&] (PersistentPoller &poller) { return poller.remove (nullptr, fd); });
}

int zmq_poller_wait (void *handle, zmq_poller_event_t *event, long timeout)
{
    const int rc = zmq_poller_wait_all (handle, event, 1, timeout);
    if (rc < 0 && event) {
        const int error = errno;
        *event = {nullptr, -1, nullptr, 0};
        errno = error;
    }
    return rc < 0 ? -1 : 0;
}

int zmq_poller_wait_all (void *handle, zmq_poller_event_t *events, int count, long timeout)
{
    PersistentPoller *const poller = poller_of (handle);
    if (!poller)
        return -1;
    if (!events)
        return fail (EFAULT);
    if (count < 0)
        return fail (EINVAL);
    return guarded (-1, [&] {
        const int rc = poller->wait (events, count, timeout);
        for (int i = rc < 0 ? 0 : rc; i < count; ++i)
            events[i] = {nullptr, -1, nullptr, 0};
        return rc;
    });
}

int zmq_poller_fd (void *handle, zmq_fd_t *fd)
{
    PersistentPoller *const poller = poller_of (handle);
    if (!poller)
        return -1;
    if (!fd)
        return fail (EFAULT);
    if (poller->fd () < 0)
        return fail (EINVAL);
    *fd = poller->fd ();
    return 0;
}
