#include "transport/plain_stream.hpp"

#include <cerrno>

#include "transport/descriptor.hpp"

namespace engine {

int check_family (int family) noexcept
{
    if (family < 0)
        return EAFNOSUPPORT;
    const Descriptor socket (open_stream_socket (family));
    return socket.valid () || errno != EAFNOSUPPORT ? 0 : EAFNOSUPPORT;
}

int plain_listen (int family, const SocketAddress &address, int backlog, int &fd) noexcept
{
    Descriptor socket (open_stream_socket (family));
    if (!socket.valid ())
        return errno;
    if (address.size != 0 && ::bind (socket.get (), address.get (), address.size) != 0)
        return errno;
    if (::listen (socket.get (), backlog) != 0)
        return errno;
    fd = socket.release ();
    return 0;
}

void plain_unlisten (Listening &listening) noexcept { const Descriptor closed (listening.fd); }

int plain_dial (const DialTarget &target, const Options &, int &fd)
{
    fd = -1;
    Descriptor socket (open_stream_socket (target.address.get ()->sa_family));
    if (!socket.valid ())
        return errno;
    const int result = start_connect (socket.get (), target.address);
    if (result == 0 || result == EINPROGRESS)
        fd = socket.release ();
    return result;
}

int plain_finish (int fd, const Options &) noexcept { return connect_outcome (fd); }

int plain_accept (int listen_fd, const Options &, int &fd) noexcept
{
    SocketAddress peer;
    return accept_stream (listen_fd, fd, peer);
}

}  // namespace engine
