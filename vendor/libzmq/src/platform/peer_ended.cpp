// See peer_ended.hpp. Where poll(2) does not tell of a peer's end (POLLRDHUP: Linux, FreeBSD) kqueue(2) does, whatever lies unread.
#include "platform/peer_ended.hpp"

#include <poll.h>

#include "platform/ready_set.hpp"

#if !(defined POLLRDHUP && !defined ZMQ_PORTABLE)
#    include <cerrno>

#    include <sys/socket.h>
#endif

namespace engine {

bool peer_ended (int fd) noexcept
{
#if defined POLLRDHUP && !defined ZMQ_PORTABLE
    pollfd entry{fd, POLLRDHUP, 0};
    return ::poll (&entry, 1, 0) > 0;
#else
    ReadySet set;
    if (set.open () && set.add (fd, io_ended, nullptr) == 0) {
        bool ended = false;
        set.collect<1> (0, [&ended] (void *, std::uint32_t events) { ended = (events & (io_ended | io_error)) != 0; });
        return ended;
    }
    // No descriptor to be had: the end is seen once everything before it was read.
    char byte;
    const auto count = ::recv (fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
#endif
}

}  // namespace engine
