// Addresses of sockets between virtual machines (AF_VSOCK) and of services in a cluster (AF_TIPC), as far as the system has them.
#pragma once

#include <cstdint>

#include <sys/socket.h>

namespace engine {

// The families; -1: this kind of system has none. (One that knows a family may still be without it: socket(2) says EAFNOSUPPORT.)
int vsock_family () noexcept;
int tipc_family () noexcept;

struct VsockAddress
{
    static constexpr std::uint32_t any = 0xffffffff;  // a machine, or a port that the system chooses
    static constexpr std::uint32_t host = 2;

    std::uint32_t cid = any;
    std::uint32_t port = any;
};

// As the system takes it; its size.
socklen_t to_system (const VsockAddress &address, sockaddr_storage &out) noexcept;
// False: it is none.
bool from_system (const sockaddr_storage &address, socklen_t size, VsockAddress &out) noexcept;

struct TipcAddress
{
    enum class Kind : std::uint8_t
    {
        range,    // numbers: type, lower, upper
        service,  // type, instance; domain
        id        // node, reference
    };
    Kind kind = Kind::id;
    std::uint32_t numbers[3] = {0, 0, 0};
    std::uint32_t domain = 0;  // 0: anywhere
};

// As the system takes it; its size.
socklen_t to_system (const TipcAddress &address, sockaddr_storage &out) noexcept;
bool from_system (const sockaddr_storage &address, socklen_t size, TipcAddress &out) noexcept;

}  // namespace engine
