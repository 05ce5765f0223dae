// The text of udp addresses: [INTERFACE;]HOST:PORT for bind and connect, HOST:PORT for one peer of a DGRAM.
//
// HOST is what it is for tcp (tcp_address.hpp), or a multicast group. INTERFACE, allowed with a group only, is the name of an interface
// or one of its addresses. IPv4 stays IPv4 whatever the IPV6 option says, but for `*`. Errors are errno values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/socket_address.hpp"
#include "transport/tcp_address.hpp"

namespace engine {

struct UdpAddress
{
    SocketAddress address;
    bool multicast = false;
    std::uint32_t interface_index = 0;  // for a group: where it is joined, or sent from; 0: the system's choice
};

// EINVAL syntax, port 0 or an unknown host (connect), or an interface where there is no group; ENODEV unknown interface or host (bind).
int resolve_udp_bind (std::string_view text, bool ipv6, Names names, UdpAddress &out);
int resolve_udp_connect (std::string_view text, bool ipv6, Names names, UdpAddress &out);

// "127.0.0.1:5555" or "[fe80::1%eth0]:5555", numeric only, port not 0. For a socket of the family: IPv4 is mapped for AF_INET6. EINVAL.
int parse_udp_peer (std::string_view text, int family, SocketAddress &out) noexcept;
// A mapped IPv4 address as IPv4.
std::string udp_peer_text (const SocketAddress &address);

}  // namespace engine
