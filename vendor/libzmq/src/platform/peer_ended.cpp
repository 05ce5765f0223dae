// See peer_ended.hpp. POLLRDHUP is Linux's and FreeBSD's; elsewhere the end is seen once everything before it was read.
#include "platform/peer_ended.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace engine {

bool peer_ended (int fd) noexcept
{
#ifdef POLLRDHUP
    pollfd entry{fd, POLLRDHUP, 0};
    return ::poll (&entry, 1, 0) > 0;
#else
    char byte;
    const auto count = ::recv (fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
#endif
}

}  // namespace engine
