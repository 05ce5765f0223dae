// See unsent.hpp. Linux answers for tcp and for local sockets; for the latter it is what the peer has not read.
#include "platform/unsent.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace engine {

int unsent_bytes (int fd) noexcept
{
    int unsent = 0;
    return ::ioctl (fd, SIOCOUTQ, &unsent) == 0 ? unsent : -1;
}

}  // namespace engine
