// The socket types as the wire knows them: number, Socket-Type name and which peers each accepts (RFC 37 and the draft patterns'
// RFCs). The patterns' table takes these facts from here.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace engine {

struct SocketType
{
    int number;                // ZMQ_PAIR ...
    const char *name;          // Socket-Type property
    std::uint32_t compatible;  // bit (1 << number) for each peer type it accepts
    bool sends_identity;       // puts an Identity property into its READY
};

std::span<const SocketType> socket_types () noexcept;  // in order of number, without gaps
const SocketType *find_socket_type (int number) noexcept;
const SocketType *find_socket_type (std::string_view name) noexcept;
// True if a socket of type `own` talks to a peer that calls itself `peer_name`.
bool accepts_peer (int own, std::string_view peer_name) noexcept;

}  // namespace engine
