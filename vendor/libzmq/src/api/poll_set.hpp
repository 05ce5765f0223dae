// What zmq_poll, zmq_poller and zmq_proxy share: asking a socket what it is ready for, and translating descriptors' events.
#pragma once

#include <poll.h>
#include <zmq.h>

#include "api/handles.hpp"

namespace engine {

// Which of `wanted` (ZMQ_POLLIN, ZMQ_POLLOUT) the socket is ready for now, after doing its input and output. 0, ENOTSOCK, ETERM.
inline int look_at_socket (void *handle, int wanted, int &found) noexcept
{
    Strand *const strand = Strand::from_handle (handle);
    if (!strand)
        return ENOTSOCK;
    SocketGuard guard (*strand);
    if (!guard)
        return ENOTSOCK;
    if (guard->terminated ())
        return ETERM;
    found = guard->ready_now (wanted);
    return 0;
}

inline short descriptor_wanted (short wanted) noexcept
{
    return static_cast<short> ((wanted & ZMQ_POLLIN ? POLLIN : 0) | (wanted & ZMQ_POLLOUT ? POLLOUT : 0) |
                               (wanted & ZMQ_POLLPRI ? POLLPRI : 0));
}

inline short descriptor_found (short wanted, short got) noexcept
{
    int found = (got & POLLIN ? ZMQ_POLLIN : 0) | (got & POLLOUT ? ZMQ_POLLOUT : 0) | (got & POLLPRI ? ZMQ_POLLPRI : 0);
    found &= wanted;
    if (got & ~(POLLIN | POLLOUT | POLLPRI))
        found |= ZMQ_POLLERR;
    return static_cast<short> (found);
}

}  // namespace engine
