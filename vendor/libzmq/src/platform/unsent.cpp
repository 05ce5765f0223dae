// See unsent.hpp. Linux and macOS answer for tcp and for local sockets; for the latter Linux says what the peer has not read.
#include "platform/unsent.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#if defined __linux__
#    include <linux/sockios.h>
#elif __has_include(<sys/filio.h>)
#    include <sys/filio.h>
#endif

namespace engine {

int unsent_bytes (int fd) noexcept
{
    int unsent = 0;
#if defined SIOCOUTQ
    return ::ioctl (fd, SIOCOUTQ, &unsent) == 0 ? unsent : -1;
#elif defined SO_NWRITE
    socklen_t size = sizeof unsent;
    return ::getsockopt (fd, SOL_SOCKET, SO_NWRITE, &unsent, &size) == 0 ? unsent : -1;
#elif defined FIONWRITE
    return ::ioctl (fd, FIONWRITE, &unsent) == 0 ? unsent : -1;
#elif defined TIOCOUTQ
    return ::ioctl (fd, TIOCOUTQ, &unsent) == 0 ? unsent : -1;
#else
    (void) fd;
    (void) unsent;
    return -1;
#endif
}

}  // namespace engine
