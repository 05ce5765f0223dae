// Sending and receiving one frame, blocking if need be: what all the C functions that move messages are made of.
#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>

#include "api/handles.hpp"
#include "core/wait.hpp"
#include "message/msg.hpp"

namespace engine {

// 0 or errno. On 0 the frame is empty, otherwise untouched. flags: ZMQ_DONTWAIT.
int send_frame (SocketGuard &guard, Msg &frame, int flags) noexcept;
// The same for a body in the caller's memory. The last part of a message, if large, goes from there to the kernel, and only what that
// would not take is copied. flags: ZMQ_DONTWAIT, ZMQ_SNDMORE.
int send_bytes (SocketGuard &guard, const void *data, std::size_t size, int flags) noexcept;
// A size as the functions of zmq.h return it.
inline int capped (std::size_t size) noexcept { return static_cast<int> (std::min<std::size_t> (size, INT_MAX)); }

// 0 or errno. On an error the frame is empty.
int recv_frame (SocketGuard &guard, Msg &frame, int flags) noexcept;

}  // namespace engine
