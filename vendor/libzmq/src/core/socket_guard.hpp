// A strand's guard that hands out the socket.
#pragma once

#include "core/socket.hpp"
#include "strand/guard.hpp"

namespace engine {

using SocketGuard = Guard<Socket>;

}  // namespace engine
