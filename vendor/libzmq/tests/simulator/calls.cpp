// Where the engine's system calls go: the linker leads each here (--wrap, see CMakeLists.txt). What has to do with descriptors of the
// simulation, or with the clock, is the simulated kernel's; the rest is the system's.
#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fibers.hpp"
#include "invariant.hpp"
#include "kernel.hpp"
#include "memory.hpp"
#include "world.hpp"

using sim::EnoughMemory;
using sim::kernel;

namespace {

bool ours (int fd) noexcept { return fd >= sim::first_descriptor; }

int fail (int error) noexcept
{
    errno = error;
    return -1;
}

// Host i is 10.0.0.i.
constexpr std::uint32_t network = 0x0a000000;

void put_address (int host, std::uint16_t port, sockaddr *out, socklen_t *size) noexcept
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons (port);
    address.sin_addr.s_addr = htonl (network + static_cast<std::uint32_t> (host));
    std::memcpy (out, &address, std::min<std::size_t> (*size, sizeof address));
    *size = sizeof address;
}

int host_of (const sockaddr *address) noexcept
{
    return static_cast<int> (ntohl (reinterpret_cast<const sockaddr_in *> (address)->sin_addr.s_addr) - network);
}

std::uint16_t port_of (const sockaddr *address) noexcept { return ntohs (reinterpret_cast<const sockaddr_in *> (address)->sin_port); }

bool any_ready (pollfd *entries, nfds_t count) noexcept
{
    bool some = false;
    for (nfds_t i = 0; i < count; ++i) {
        const auto wanted = static_cast<std::uint32_t> (entries[i].events) | EPOLLERR | EPOLLHUP;
        entries[i].revents = static_cast<short> (kernel.file (entries[i].fd)->ready () & wanted);
        some |= entries[i].revents != 0;
    }
    return some;
}

}  // namespace

extern "C" {

int __real_close (int fd);
ssize_t __real_read (int fd, void *space, std::size_t size);
ssize_t __real_write (int fd, const void *bytes, std::size_t size);
int __real_fcntl (int fd, int command, ...);
int __real_fstat (int fd, struct stat *out);

// ---- the clock, and chance ----

int __wrap_clock_gettime (clockid_t, timespec *out)
{
    kernel.time += 20;
    out->tv_sec = kernel.time / sim::second;
    out->tv_nsec = kernel.time % sim::second;
    return 0;
}

int __wrap_getentropy (void *out, std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        static_cast<std::uint8_t *> (out)[i] = static_cast<std::uint8_t> (kernel.random.next ());
    return 0;
}

int __wrap_sched_yield () { return 0; }

// ---- descriptors ----

int __wrap_close (int fd)
{
    const EnoughMemory enough;
    return ours (fd) ? kernel.close (fd) : __real_close (fd);
}

ssize_t __wrap_read (int fd, void *space, std::size_t size)
{
    if (!ours (fd))
        return __real_read (fd, space, size);
    if (auto *const bell = kernel.as<sim::Bell> (fd)) {
        if (!bell->rung)
            return fail (EAGAIN);
        bell->rung = false;
        return static_cast<ssize_t> (size);
    }
    auto *const alarm = kernel.as<sim::Alarm> (fd);
    if (!alarm)
        sim::broken ("descriptor %d is read as what it is not", fd);
    if (!alarm->ready ())
        return fail (EAGAIN);
    alarm->at = sim::never;
    return static_cast<ssize_t> (size);
}

ssize_t __wrap_write (int fd, const void *bytes, std::size_t size)
{
    if (!ours (fd))
        return __real_write (fd, bytes, size);
    kernel.as<sim::Bell> (fd)->rung = true;
    return static_cast<ssize_t> (size);
}

int __wrap_fcntl (int fd, int command, ...)
{
    va_list arguments;
    va_start (arguments, command);
    const int value = va_arg (arguments, int);
    va_end (arguments);
    if (!ours (fd))
        return __real_fcntl (fd, command, value);
    // (The engine looks for room in the table of descriptors.)
    return command == F_DUPFD_CLOEXEC ? fail (EMFILE) : 0;
}

int __wrap_fstat (int fd, struct stat *out) { return ours (fd) ? fail (EBADF) : __real_fstat (fd, out); }

// (It is asked what has not yet left, and need not be answered.)
int __wrap_ioctl (int fd, unsigned long, ...)
{
    static_cast<void> (kernel.file (fd));
    return fail (ENOTTY);
}

int __wrap_eventfd (unsigned, int)
{
    const EnoughMemory enough;
    return kernel.happens (kernel.trouble.no_descriptors) ? fail (EMFILE) : kernel.open (std::make_unique<sim::Bell> ());
}

int __wrap_timerfd_create (int, int)
{
    const EnoughMemory enough;
    return kernel.happens (kernel.trouble.no_descriptors) ? fail (EMFILE) : kernel.open (std::make_unique<sim::Alarm> ());
}

int __wrap_timerfd_settime (int fd, int, const itimerspec *when, itimerspec *)
{
    const std::int64_t in = when->it_value.tv_sec * sim::second + when->it_value.tv_nsec;
    kernel.as<sim::Alarm> (fd)->at = in > 0 ? kernel.time + in : sim::never;
    return 0;
}

int __wrap_timerfd_gettime (int fd, itimerspec *out)
{
    const std::int64_t at = kernel.as<sim::Alarm> (fd)->at;
    const std::int64_t left = at == sim::never || at <= kernel.time ? 0 : at - kernel.time;
    *out = {};
    out->it_value.tv_sec = left / sim::second;
    out->it_value.tv_nsec = left % sim::second;
    return 0;
}

// ---- waiting ----

int __wrap_epoll_create1 (int)
{
    const EnoughMemory enough;
    return kernel.happens (kernel.trouble.no_descriptors) ? fail (EMFILE) : kernel.open (std::make_unique<sim::Set> ());
}

int __wrap_epoll_ctl (int set, int operation, int fd, epoll_event *event)
{
    const EnoughMemory enough;
    return kernel.control (set, operation, fd, event);
}

int __wrap_epoll_wait (int fd, epoll_event *out, int capacity, int timeout)
{
    auto *const set = kernel.as<sim::Set> (fd);
    if (!set)
        sim::broken ("descriptor %d is no set, and is waited for as one", fd);
    sim::Fiber *const fiber = sim::current_fiber;
    // A thread's first set is the one that it sleeps on. In all others somebody only looks.
    if (fiber && fiber->own_set < 0)
        fiber->own_set = fd;
    if (fiber && fiber->own_set == fd) {
        fiber->sleep_on (fd, timeout < 0 ? sim::never : kernel.time + timeout * sim::millisecond);
        if (kernel.happens (kernel.trouble.interrupted))
            return fail (EINTR);
    } else if (timeout != 0) {
        sim::broken ("somebody sleeps who must not");
    }
    return set->collect (out, capacity);
}

int __wrap_poll (pollfd *entries, nfds_t count, int timeout)
{
    const bool some = any_ready (entries, count);
    if (!some && timeout != 0)
        sim::broken ("somebody sleeps in poll who must not");
    int found = 0;
    for (nfds_t i = 0; i < count; ++i)
        found += entries[i].revents != 0;
    return found;
}

int __wrap_ppoll (pollfd *entries, nfds_t count, const timespec *timeout, const sigset_t *)
{
    if (sim::current_fiber || timeout)
        sim::broken ("only the end of a context is waited for");
    while (!any_ready (entries, count))
        sim::world->wait_a_turn ();
    return 1;
}

// ---- sockets ----

int __wrap_socket (int family, int type, int)
{
    const EnoughMemory enough;
    if (family != AF_INET || !(type & SOCK_STREAM))
        return fail (EAFNOSUPPORT);
    return kernel.socket_opened ();
}

int __wrap_bind (int fd, const sockaddr *address, socklen_t)
{
    const EnoughMemory enough;
    return kernel.bind (fd, port_of (address));
}

int __wrap_listen (int fd, int)
{
    const EnoughMemory enough;
    return kernel.listen (fd);
}

int __wrap_connect (int fd, const sockaddr *address, socklen_t)
{
    const EnoughMemory enough;
    return kernel.connect (fd, host_of (address), port_of (address));
}

int __wrap_accept4 (int fd, sockaddr *address, socklen_t *size, int)
{
    const EnoughMemory enough;
    const int taken = kernel.accept (fd);
    if (taken >= 0) {
        const auto *const socket = kernel.as<sim::Socket> (taken);
        put_address (socket->peer_host, socket->peer_port, address, size);
    }
    return taken;
}

int __wrap_getsockname (int fd, sockaddr *address, socklen_t *size)
{
    const auto *const socket = kernel.as<sim::Socket> (fd);
    put_address (socket->host, socket->port, address, size);
    return 0;
}

int __wrap_getpeername (int fd, sockaddr *address, socklen_t *size)
{
    const auto *const socket = kernel.as<sim::Socket> (fd);
    if (socket->state != sim::Socket::State::connected)
        return fail (ENOTCONN);
    put_address (socket->peer_host, socket->peer_port, address, size);
    return 0;
}

int __wrap_setsockopt (int fd, int, int, const void *, socklen_t)
{
    static_cast<void> (kernel.file (fd));
    return 0;
}

int __wrap_getsockopt (int fd, int level, int option, void *value, socklen_t *size)
{
    auto *const socket = kernel.as<sim::Socket> (fd);
    if (level != SOL_SOCKET || option != SO_ERROR)
        return fail (ENOPROTOOPT);
    const int error = std::exchange (socket->error, 0);
    std::memcpy (value, &error, sizeof error);
    *size = sizeof error;
    return 0;
}

ssize_t __wrap_recv (int fd, void *space, std::size_t size, int)
{
    const EnoughMemory enough;
    const iovec piece{space, size};
    return kernel.receive (fd, &piece, 1);
}

ssize_t __wrap_recvmsg (int fd, msghdr *header, int)
{
    const EnoughMemory enough;
    return kernel.receive (fd, header->msg_iov, header->msg_iovlen);
}

ssize_t __wrap_send (int fd, const void *bytes, std::size_t size, int)
{
    const EnoughMemory enough;
    const iovec piece{const_cast<void *> (bytes), size};
    return kernel.send (fd, &piece, 1);
}

ssize_t __wrap_sendmsg (int fd, const msghdr *header, int)
{
    const EnoughMemory enough;
    return kernel.send (fd, header->msg_iov, header->msg_iovlen);
}

int __wrap_shutdown (int fd, int how)
{
    const EnoughMemory enough;
    return kernel.shut_down (fd, how == SHUT_RDWR);
}
}
