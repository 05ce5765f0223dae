// The text of tcp addresses: HOST:PORT for bind, [SRC:SPORT;]DST:DPORT for connect, and how a socket address is written.
//
// HOST is `*` (bind and source only), a literal IPv4 or IPv6 address (IPv6 also in brackets, with an optional %zone), the
// name of an interface (bind and source only), or a host name. With ipv6 every address comes out as AF_INET6, IPv4 ones
// mapped (RFC 4291 2.5.5.2); without it only IPv4 exists. Errors are errno values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transport/transport.hpp"

namespace engine {

// Whether host names may be looked up, which can block for seconds.
enum class Names : std::uint8_t
{
    never,  // a host name is an error
    ask
};

// "HOST:PORT" cut at its last colon; no colon or nothing behind it: EINVAL. The host may be empty and keeps its brackets.
int split_host_port (std::string_view text, std::string_view &host, std::string_view &port) noexcept;

// A leading decimal number 1..65535; what follows it is ignored, as in libzmq. `wildcard`: `*` and `0` mean any port (0).
int parse_port (std::string_view text, bool wildcard, std::uint16_t &port) noexcept;

// What zmq_connect refuses at once. Names, and port 0, are only found wrong when the connection is attempted.
int check_tcp_connect (std::string_view address) noexcept;

// True if resolve_tcp_connect needs no name service.
bool tcp_resolves_at_once (std::string_view address, bool ipv6);

// The addresses to try in order; at least one on success. EINVAL syntax, ENODEV unknown interface or host.
int resolve_tcp_bind (std::string_view address, bool ipv6, Names names, std::vector<SocketAddress> &out);

// Ways to reach the peer, in order; at least one on success. EINVAL syntax or port 0, ENODEV unknown source interface,
// EHOSTUNREACH a host without address.
int resolve_tcp_connect (std::string_view address, bool ipv6, Names names, std::vector<DialTarget> &out);

// The parts of a connect address with nothing looked up, for a proxy that does the looking up.
struct TcpTarget
{
    std::string source;  // "SRC:SPORT" or empty
    std::string host;    // without brackets
    std::uint16_t port = 0;
};
int parse_tcp_target (std::string_view address, TcpTarget &out);

// "127.0.0.1" or "fe80::1%eth0"; empty if not an IP address.
std::string host_text (const SocketAddress &address);
// "tcp://127.0.0.1:5555" or "tcp://[::1]:5555"; empty if not an IP address.
std::string tcp_endpoint_text (const SocketAddress &address);

std::uint16_t port_of (const SocketAddress &address) noexcept;
// Turns a mapped address or `::` into its IPv4 form, for systems without IPv6; false if there is none.
bool to_ipv4 (SocketAddress &address) noexcept;

}  // namespace engine
