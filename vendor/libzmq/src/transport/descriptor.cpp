// See descriptor.hpp.
#include "transport/descriptor.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "platform/inherited_sockets.hpp"
#include "platform/system.hpp"

namespace engine {

Descriptor::~Descriptor () { reset (); }

int Descriptor::release () noexcept
{
    const int fd = fd_;
    fd_ = -1;
    return fd;
}

void Descriptor::reset (int fd) noexcept
{
    if (fd_ >= 0) {
        // close(2) releases the descriptor on Linux even when it reports EINTR, so it is never repeated.
        const int saved = errno;
        ::close (fd_);
        errno = saved;
    }
    fd_ = fd;
}

namespace {

int set_flags (int fd) noexcept
{
    const int descriptor_flags = ::fcntl (fd, F_GETFD);
    if (descriptor_flags < 0 || ::fcntl (fd, F_SETFD, descriptor_flags | FD_CLOEXEC) < 0)
        return errno;
    const int status_flags = ::fcntl (fd, F_GETFL);
    if (status_flags < 0 || ::fcntl (fd, F_SETFL, status_flags | O_NONBLOCK) < 0)
        return errno;
    return 0;
}

// No SIGPIPE, where that is not asked for in each call.
void silence ([[maybe_unused]] int fd) noexcept
{
#if ENGINE_HAS_QUIET_SOCKETS
    const int yes = 1;
    ::setsockopt (fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
}

int get_int (int fd, int option, int &value) noexcept
{
    socklen_t size = sizeof value;
    return ::getsockopt (fd, SOL_SOCKET, option, &value, &size) == 0 ? 0 : errno;
}

}  // namespace

namespace {

int open_socket (int family, int type) noexcept
{
    SocketCreation creation;
#if ENGINE_HAS_OPEN_FLAGS
    const int made = ::socket (family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    creation.opened (made);
    silence (made);
    return made;
#else
    Descriptor fd (::socket (family, type, 0));
    creation.opened (fd.get ());
    if (fd.valid ()) {
        if (const int error = set_flags (fd.get ())) {
            errno = error;
            return -1;
        }
        silence (fd.get ());
    }
    return fd.release ();
#endif
}

}  // namespace

int open_stream_socket (int family) noexcept { return open_socket (family, SOCK_STREAM); }

int open_datagram_socket (int family) noexcept { return open_socket (family, SOCK_DGRAM); }

int adopt_listener (int fd, int family, int other_family, int backlog) noexcept
{
    int type = 0;
    if (const int error = get_int (fd, SO_TYPE, type))
        return error;
    SocketAddress address;
    if (const int error = local_address (fd, address))
        return error;
    if (type != SOCK_STREAM || (address.get ()->sa_family != family && address.get ()->sa_family != other_family))
        return EINVAL;
    if (const int error = set_flags (fd))
        return error;
    int listening = 0;
    if (get_int (fd, SO_ACCEPTCONN, listening) == 0 && listening == 0 && ::listen (fd, backlog) != 0)
        return errno;
    return 0;
}

int start_connect (int fd, const SocketAddress &address) noexcept
{
    if (::connect (fd, address.get (), address.size) == 0)
        return 0;
    // After EINTR the attempt goes on by itself (connect(2)); its end is seen like that of any other.
    return errno == EINTR ? EINPROGRESS : errno;
}

int connect_outcome (int fd) noexcept
{
    int outcome = 0;
    if (const int error = get_int (fd, SO_ERROR, outcome))
        return error;
    return outcome;
}

int accept_stream (int listen_fd, int &fd, SocketAddress &peer) noexcept
{
    fd = -1;
    for (;;) {
        peer.size = sizeof peer.storage;
        SocketCreation creation;
#if ENGINE_HAS_OPEN_FLAGS
        const int taken = ::accept4 (listen_fd, peer.get (), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
        const int taken = ::accept (listen_fd, peer.get (), &peer.size);
#endif
        if (taken < 0) {
            if (errno == EINTR)
                continue;
            return errno == EWOULDBLOCK ? EAGAIN : errno;
        }
        creation.opened (taken);
        silence (taken);
#if !ENGINE_HAS_OPEN_FLAGS
        if (const int error = set_flags (taken)) {
            ::close (taken);
            return error;
        }
#endif
        fd = taken;
        return 0;
    }
}

int local_address (int fd, SocketAddress &out) noexcept
{
    out.size = sizeof out.storage;
    return ::getsockname (fd, out.get (), &out.size) == 0 ? 0 : errno;
}

int remote_address (int fd, SocketAddress &out) noexcept
{
    out.size = sizeof out.storage;
    return ::getpeername (fd, out.get (), &out.size) == 0 ? 0 : errno;
}

}  // namespace engine
