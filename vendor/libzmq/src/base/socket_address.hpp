// An address as bind(2), connect(2) and accept(2) take and give it.
#pragma once

#include <sys/socket.h>

namespace engine {

struct SocketAddress
{
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr *get () const noexcept { return reinterpret_cast<const sockaddr *> (&storage); }
    sockaddr *get () noexcept { return reinterpret_cast<sockaddr *> (&storage); }
};

}  // namespace engine
