// One row of the table for each socket type, defined in the file of that type and constant-initialised. Only table.cpp needs them.
#pragma once

#include <cstdint>

#include "pattern/socket_type.hpp"

namespace engine {

extern const SocketType pair_row;
extern const SocketType pub_row;
extern const SocketType sub_row;
extern const SocketType req_row;
extern const SocketType rep_row;
extern const SocketType dealer_row;
extern const SocketType router_row;
extern const SocketType pull_row;
extern const SocketType push_row;
extern const SocketType xpub_row;
extern const SocketType xsub_row;
extern const SocketType stream_row;
extern const SocketType server_row;
extern const SocketType client_row;
extern const SocketType radio_row;
extern const SocketType dish_row;
extern const SocketType gather_row;
extern const SocketType scatter_row;
extern const SocketType dgram_row;
extern const SocketType peer_row;
extern const SocketType channel_row;

// The set of peer types for SocketType::compatible.
template <class... Types>
constexpr std::uint32_t peer_types (Types... types) noexcept
{
    return ((std::uint32_t{1} << types) | ... | std::uint32_t{0});
}

}  // namespace engine
