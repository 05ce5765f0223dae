// kqueue(2) on Linux, by epoll(7) and timerfd_create(2): so that the engine's backend for macOS and the BSDs is run by its tests on a
// machine that is neither. It keeps to what the man pages say rather than to what is easy:
//
//   - filters of reading and writing are two, and are told of one by one; a filter that is there already is changed by adding it
//   - deleting one that is not there is ENOENT; EV_RECEIPT answers each change, and takes nothing that is ready
//   - EV_EOF is told with what lies unread before it; an error that waits for getsockopt (SO_ERROR) is left there
//   - a set is not inherited: a forked child has the number free for something else
//
// What the engine does not use is EINVAL (EV_CLEAR, EV_DISPATCH, timers that repeat, other filters). `close` is led here by the linker
// (--wrap), because a set has more to close than its number.
#include <sys/event.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" int __real_close (int fd);

namespace {

struct Filter
{
    bool present = false;
    bool end_only = false;  // of reading: a low-water mark that no buffer reaches
    void *udata = nullptr;
};

// What of a descriptor is watched, or a timer (which is a descriptor too).
struct Watched
{
    Filter in, out, priority, timer;
    std::uint32_t serial = 0;  // tells it from what had the number before it

    bool empty () const noexcept { return !in.present && !out.present && !priority.present && !timer.present; }
    std::uint32_t mask () const noexcept
    {
        std::uint32_t events = 0;
        if (in.present)
            events |= in.end_only ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
        if (out.present)
            events |= EPOLLOUT;
        if (priority.present)
            events |= EPOLLPRI;
        if (timer.present)
            events |= EPOLLIN;
        return events;
    }
};

// A kernel's memory is not the process's: tests that leave it none by operator new leave a set its own.
template <class Value>
struct OwnMemory
{
    using value_type = Value;

    OwnMemory () = default;
    template <class Other>
    OwnMemory (const OwnMemory<Other> &) noexcept
    {}
    Value *allocate (std::size_t count)
    {
        if (void *const block = std::malloc (count * sizeof (Value)))
            return static_cast<Value *> (block);
        throw std::bad_alloc ();
    }
    void deallocate (Value *block, std::size_t) noexcept { std::free (block); }
    bool operator== (const OwnMemory &) const = default;
};
template <class Key, class Value>
using Map = std::map<Key, Value, std::less<>, OwnMemory<std::pair<const Key, Value>>>;

struct Set
{
    std::mutex mutex;
    Map<int, Watched> watched;        // by descriptor
    Map<std::uintptr_t, int> timers;  // their descriptors by their names
    std::uint32_t next_serial = 1;
};

constexpr std::size_t most_descriptors = 1U << 17;
constinit std::array<std::atomic<Set *>, most_descriptors> sets{};
constinit std::atomic<int> highest{-1};

Set *set_of (int fd) noexcept
{
    return fd >= 0 && static_cast<std::size_t> (fd) < most_descriptors
             ? sets[static_cast<std::size_t> (fd)].load (std::memory_order_acquire)
             : nullptr;
}

void destroy (Set *set) noexcept
{
    if (set)
        std::destroy_at (set);
    std::free (set);
}

// Another thread may have been changing a set when this one forked, so nothing is freed.
void leave_sets_to_parent () noexcept
{
    for (int fd = 0; fd <= highest.load (std::memory_order_relaxed); ++fd) {
        Set *const set = sets[static_cast<std::size_t> (fd)].exchange (nullptr, std::memory_order_relaxed);
        if (!set)
            continue;
        for (const auto &timer : set->timers)
            __real_close (timer.second);
        __real_close (fd);
    }
}

int change_epoll (int set_fd, int fd, Watched &now, bool was_empty) noexcept
{
    epoll_event event{};
    event.events = now.mask ();
    event.data.u64 = static_cast<std::uint64_t> (now.serial) << 32 | static_cast<std::uint32_t> (fd);
    const int operation = was_empty ? EPOLL_CTL_ADD : now.empty () ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return ::epoll_ctl (set_fd, operation, fd, &event) == 0 ? 0 : errno;
}

int change_timer (int set_fd, Set &set, const struct kevent &change)
{
    const auto found = set.timers.find (change.ident);
    if (change.flags & EV_DELETE) {
        if (found == set.timers.end ())
            return ENOENT;
        set.watched.erase (found->second);
        __real_close (found->second);
        set.timers.erase (found);
        return 0;
    }
    if (!(change.flags & EV_ONESHOT) || change.fflags != NOTE_NSECONDS)
        return EINVAL;
    if (found != set.timers.end ())
        return EEXIST;  // (systems differ, so it is not to be done)
    const int fd = ::timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return errno;
    itimerspec when{};
    when.it_value.tv_sec = change.data / 1000000000;
    when.it_value.tv_nsec = change.data % 1000000000;
    ::timerfd_settime (fd, 0, &when, nullptr);
    Watched &watched = set.watched[fd];
    watched.timer = {true, false, change.udata};
    watched.serial = set.next_serial++;
    if (const int error = change_epoll (set_fd, fd, watched, true)) {
        set.watched.erase (fd);
        __real_close (fd);
        return error;
    }
    set.timers[change.ident] = fd;
    return 0;
}

int change_descriptor (int set_fd, Set &set, const struct kevent &change)
{
    const int fd = static_cast<int> (change.ident);
    const auto found = set.watched.find (fd);
    const bool was_empty = found == set.watched.end ();
    Watched wanted;
    if (was_empty)
        wanted.serial = set.next_serial++;
    else
        wanted = found->second;
    Filter &filter = change.filter == EVFILT_READ ? wanted.in : change.filter == EVFILT_WRITE ? wanted.out : wanted.priority;
    if (change.flags & EV_DELETE) {
        if (!filter.present)
            return ENOENT;
        filter.present = false;
    } else {
        const std::uint32_t notes = change.filter == EVFILT_READ ? NOTE_LOWAT : change.filter == EVFILT_EXCEPT ? NOTE_OOB : 0;
        if ((change.fflags & ~notes) || ((change.fflags & NOTE_LOWAT) && change.filter == EVFILT_READ && change.data != INT_MAX))
            return EINVAL;
        filter = {true, change.filter == EVFILT_READ && (change.fflags & NOTE_LOWAT), change.udata};
    }
    const int error = change_epoll (set_fd, fd, wanted, was_empty);
    if (error && !wanted.empty ())
        return error;
    if (wanted.empty ())
        set.watched.erase (fd);
    else
        set.watched[fd] = wanted;
    return 0;
}

int make_change (int set_fd, Set &set, const struct kevent &change) noexcept
try {
    const bool adds = (change.flags & EV_ADD) != 0, deletes = (change.flags & EV_DELETE) != 0;
    if (adds == deletes || (change.flags & ~(EV_ADD | EV_DELETE | EV_ONESHOT | EV_RECEIPT)))
        return EINVAL;
    switch (change.filter) {
    case EVFILT_TIMER:
        return change_timer (set_fd, set, change);
    case EVFILT_READ:
    case EVFILT_WRITE:
    case EVFILT_EXCEPT:
        return change.flags & EV_ONESHOT ? EINVAL : change_descriptor (set_fd, set, change);
    default:
        return EINVAL;
    }
} catch (const std::bad_alloc &) {
    return ENOMEM;
}

// At most two, into `out`: how many.
int tell (int set_fd, Set &set, const epoll_event &event, struct kevent *out) noexcept
{
    const int fd = static_cast<int> (event.data.u64 & 0xffffffff);
    const auto found = set.watched.find (fd);
    if (found == set.watched.end () || found->second.serial != event.data.u64 >> 32)
        return 0;
    Watched &watched = found->second;
    if (watched.timer.present) {
        const auto timer = std::find_if (set.timers.begin (), set.timers.end (), [fd] (const auto &entry) { return entry.second == fd; });
        out[0] = {timer->first, EVFILT_TIMER, EV_ONESHOT, 0, 1, watched.timer.udata};
        set.timers.erase (timer);
        set.watched.erase (found);
        __real_close (fd);
        return 1;
    }
    (void) set_fd;
    const auto ident = static_cast<std::uintptr_t> (fd);
    const bool failed = (event.events & EPOLLERR) != 0, hung_up = (event.events & EPOLLHUP) != 0;
    const std::uint16_t read_end = event.events & (EPOLLRDHUP | EPOLLHUP) ? EV_EOF : 0;
    // (Which error it is stays with the socket: getsockopt(2) would take it away.)
    const std::uint32_t error = failed ? EIO : 0;
    int count = 0;
    if (watched.in.present && (read_end || failed || (event.events & EPOLLIN)))
        out[count++] = {ident, EVFILT_READ, read_end, read_end ? error : 0, 0, watched.in.udata};
    if (watched.out.present && ((event.events & EPOLLOUT) || failed || hung_up))
        out[count++] = {ident, EVFILT_WRITE, static_cast<std::uint16_t> (failed || hung_up ? EV_EOF : 0), error, 0, watched.out.udata};
    if (count < 2 && watched.priority.present && (event.events & EPOLLPRI))
        out[count++] = {ident, EVFILT_EXCEPT, 0, NOTE_OOB, 0, watched.priority.udata};
    return count;
}

std::int64_t clock_now () noexcept
{
    timespec time{};
    ::clock_gettime (CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

int collect (int set_fd, Set &set, struct kevent *events, int event_count, const timespec *time) noexcept
{
    constexpr int most = 64;
    epoll_event found[most];
    const std::int64_t until = time ? clock_now () + time->tv_sec * 1000000000 + time->tv_nsec : 0;
    for (;;) {
        int milliseconds = -1;
        if (time)
            milliseconds = static_cast<int> (std::clamp<std::int64_t> ((until - clock_now () + 999999) / 1000000, 0, INT_MAX));
        // Each may be two events. What there is no room for is told of the next time.
        const int count = ::epoll_wait (set_fd, found, std::min (event_count, most), milliseconds);
        if (count < 0)
            return -1;
        int told = 0;
        {
            const std::lock_guard lock (set.mutex);
            for (int i = 0; i < count; ++i) {
                struct kevent both[2];
                const int made = tell (set_fd, set, found[i], both);
                for (int k = 0; k < made && told < event_count; ++k)
                    events[told++] = both[k];
            }
        }
        if (told > 0 || (time && clock_now () >= until))
            return told;
    }
}

}  // namespace

int kqueue () noexcept
{
    static std::once_flag once;
    std::call_once (once, [] { ::pthread_atfork (nullptr, nullptr, leave_sets_to_parent); });
    void *const memory = std::malloc (sizeof (Set));
    Set *const set = memory ? new (memory) Set : nullptr;
    const int fd = set ? ::epoll_create1 (0) : -1;
    if (fd < 0 || static_cast<std::size_t> (fd) >= most_descriptors) {
        const int error = set ? (fd < 0 ? errno : EMFILE) : ENOMEM;
        if (fd >= 0)
            __real_close (fd);
        destroy (set);
        errno = error;
        return -1;
    }
    sets[static_cast<std::size_t> (fd)].store (set, std::memory_order_release);
    int known = highest.load (std::memory_order_relaxed);
    while (known < fd && !highest.compare_exchange_weak (known, fd)) {
    }
    return fd;
}

int kevent (int set_fd, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
            const struct timespec *time) noexcept
{
    Set *const set = set_of (set_fd);
    if (!set) {
        errno = EBADF;
        return -1;
    }
    int answered = 0;
    if (change_count > 0) {
        const std::lock_guard lock (set->mutex);
        for (int i = 0; i < change_count; ++i) {
            const int error = make_change (set_fd, *set, changes[i]);
            if (error == 0 && !(changes[i].flags & EV_RECEIPT))
                continue;
            if (answered == event_count) {
                errno = error;
                return -1;
            }
            events[answered] = changes[i];
            events[answered].flags = EV_ERROR;
            events[answered++].data = error;
        }
    }
    return answered > 0 || event_count == 0 ? answered : collect (set_fd, *set, events, event_count, time);
}

extern "C" int __wrap_close (int fd)
{
    if (Set *const set = set_of (fd)) {
        sets[static_cast<std::size_t> (fd)].store (nullptr, std::memory_order_relaxed);
        for (const auto &timer : set->timers)
            __real_close (timer.second);
        destroy (set);
    }
    return __real_close (fd);
}
