// ZMQ_TCP_ACCEPT_FILTER: "address" or "address/bits", a literal IPv4 or IPv6 network. A listener with filters takes only
// peers that one of them matches; a peer reaches an IPv6 listener over IPv4 as a mapped address and is compared as IPv4 then.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/socket_address.hpp"

namespace engine {

struct AddressMask
{
    bool ipv6 = false;
    unsigned bits = 0;  // leading bits that must agree: 0..32 or 0..128
    std::array<std::uint8_t, 16> bytes{};
};

// EINVAL: no literal address, bits missing after '/' or out of range, an IPv6 address while `ipv6` (ZMQ_IPV6) is off.
int parse_address_mask (std::string_view text, bool ipv6, AddressMask &out) noexcept;

bool matches (const AddressMask &mask, const SocketAddress &peer) noexcept;

}  // namespace engine
