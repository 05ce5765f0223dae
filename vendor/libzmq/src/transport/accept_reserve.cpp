// See accept_reserve.hpp.
#include "transport/accept_reserve.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "transport/descriptor.hpp"

namespace engine {

AcceptReserve::AcceptReserve () noexcept { arm (); }

AcceptReserve::~AcceptReserve ()
{
    if (fd_ >= 0)
        ::close (fd_);
}

void AcceptReserve::arm () noexcept
{
    if (fd_ < 0)
        fd_ = ::open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

int AcceptReserve::shed (int listen_fd, int limit) noexcept
{
    const int saved = errno;
    if (fd_ >= 0) {
        ::close (fd_);
        fd_ = -1;
    }
    int count = 0;
    while (count < limit) {
        int taken = -1;
        SocketAddress peer;
        const int error = accept_stream (listen_fd, taken, peer);
        if (error == ECONNABORTED)
            continue;  // that peer has left by itself
        if (error != 0)
            break;
        ::close (taken);
        ++count;
    }
    arm ();
    errno = saved;
    return count;
}

}  // namespace engine
