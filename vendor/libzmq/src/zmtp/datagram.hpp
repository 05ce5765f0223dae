// What lies in one datagram of RADIO and DISH (RFC 48 over udp): the length of the group in one byte, the group, the body. There is no
// version, no handshake and no JOIN: a RADIO sends all groups, and a DISH takes those it has joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace engine {

// Bytes of payload, headers of ours included; libzmq's limit. What is longer is not sent, and not taken.
constexpr std::size_t longest_datagram = 8192;

struct GroupedDatagram
{
    std::string_view group;
    std::span<const std::uint8_t> body;
};

// Views into the bytes. False: it is shorter than its group claims to be, longer than a datagram may be, or has a zero in its group,
// which no group has.
bool parse_grouped (std::span<const std::uint8_t> bytes, GroupedDatagram &out) noexcept;

}  // namespace engine
