// See udp_address.hpp. Multicast groups are 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291 2.7).
#include "transport/udp_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace engine {

namespace {

const in_addr &ipv4_of (const SocketAddress &address) noexcept
{
    return reinterpret_cast<const sockaddr_in *> (&address.storage)->sin_addr;
}

const sockaddr_in6 &ipv6_of (const SocketAddress &address) noexcept { return *reinterpret_cast<const sockaddr_in6 *> (&address.storage); }

bool is_ipv4 (const SocketAddress &address) noexcept { return address.get ()->sa_family == AF_INET; }

bool is_multicast (const SocketAddress &address) noexcept
{
    return is_ipv4 (address) ? IN_MULTICAST (ntohl (ipv4_of (address).s_addr)) : IN6_IS_ADDR_MULTICAST (&ipv6_of (address).sin6_addr) != 0;
}

bool is_any (const SocketAddress &address) noexcept { return !is_ipv4 (address) && IN6_IS_ADDR_UNSPECIFIED (&ipv6_of (address).sin6_addr); }

bool is_address_of (const sockaddr *one, const SocketAddress &address) noexcept
{
    if (one == nullptr || one->sa_family != address.get ()->sa_family)
        return false;
    if (is_ipv4 (address))
        return reinterpret_cast<const sockaddr_in *> (one)->sin_addr.s_addr == ipv4_of (address).s_addr;
    return IN6_ARE_ADDR_EQUAL (&reinterpret_cast<const sockaddr_in6 *> (one)->sin6_addr, &ipv6_of (address).sin6_addr);
}

// By name, or by one of its addresses, which then has to be of the group's family.
int find_interface (std::string_view text, const SocketAddress &group, std::uint32_t &index)
{
    const std::string name (text);
    index = ::if_nametoindex (name.c_str ());
    if (index != 0)
        return 0;
    std::vector<SocketAddress> found;
    if (text.find (':') != text.npos && text.front () != '[')
        return find_interface ('[' + name + ']', group, index);
    if (resolve_tcp_bind (name + ":0", !is_ipv4 (group), Names::never, found) != 0)
        return ENODEV;
    SocketAddress &address = found.front ();
    if (!is_any (address))
        to_ipv4 (address);
    if (address.get ()->sa_family != group.get ()->sa_family)
        return EINVAL;
    if (name == "*")
        return 0;
    ifaddrs *list = nullptr;
    if (::getifaddrs (&list) != 0)
        return errno;
    const std::unique_ptr<ifaddrs, decltype (&::freeifaddrs)> owner (list, &::freeifaddrs);
    for (const ifaddrs *entry = list; entry != nullptr; entry = entry->ifa_next)
        if (is_address_of (entry->ifa_addr, address)) {
            index = ::if_nametoindex (entry->ifa_name);
            return index != 0 ? 0 : ENODEV;
        }
    return ENODEV;
}

// All of it, and nothing but digits.
template <class Number>
bool parse_number (std::string_view text, Number &out) noexcept
{
    const char *const end = text.data () + text.size ();
    const auto parsed = std::from_chars (text.data (), end, out);
    return parsed.ec == std::errc () && parsed.ptr == end;
}

bool cut_interface (std::string_view &text, std::string_view &name) noexcept
{
    const std::size_t separator = text.find (';');
    if (separator == text.npos)
        return false;
    name = text.substr (0, separator);
    text.remove_prefix (separator + 1);
    return true;
}

int finish (const SocketAddress &found, bool has_interface, std::string_view name, UdpAddress &out)
{
    UdpAddress made;
    made.address = found;
    if (!is_any (made.address))
        to_ipv4 (made.address);
    made.multicast = is_multicast (made.address);
    if (has_interface) {
        if (!made.multicast || name.empty ())
            return EINVAL;
        if (const int error = find_interface (name, made.address, made.interface_index))
            return error;
        if (!is_ipv4 (made.address))
            reinterpret_cast<sockaddr_in6 *> (&made.address.storage)->sin6_scope_id = made.interface_index;
    } else if (made.multicast && !is_ipv4 (made.address)) {
        made.interface_index = ipv6_of (made.address).sin6_scope_id;
    }
    out = made;
    return 0;
}

}  // namespace

int resolve_udp_bind (std::string_view text, bool ipv6, Names names, UdpAddress &out)
{
    std::string_view name;
    const bool has_interface = cut_interface (text, name);
    std::vector<SocketAddress> found;
    if (text.find (';') != text.npos)
        return EINVAL;
    if (const int error = resolve_tcp_bind (text, ipv6, names, found))
        return error;
    return finish (found.front (), has_interface, name, out);
}

int resolve_udp_connect (std::string_view text, bool ipv6, Names names, UdpAddress &out)
{
    std::string_view name;
    const bool has_interface = cut_interface (text, name);
    std::vector<DialTarget> found;
    if (text.find (';') != text.npos)
        return EINVAL;
    if (const int error = resolve_tcp_connect (text, ipv6, names, found))
        return error == EHOSTUNREACH ? EINVAL : error;  // as libzmq says of a host that is not found: nobody will look again
    return finish (found.front ().address, has_interface, name, out);
}

int parse_udp_peer (std::string_view text, int family, SocketAddress &out) noexcept
{
    std::string_view host;
    std::string_view port_text;
    std::uint16_t port = 0;
    if (split_host_port (text, host, port_text) != 0)
        return EINVAL;
    if (!parse_number (port_text, port) || port == 0 || host.find ('\0') != host.npos)
        return EINVAL;
    const bool bracketed = host.size () > 2 && host.front () == '[' && host.back () == ']';
    if (bracketed)
        host = host.substr (1, host.size () - 2);
    std::uint32_t zone = 0;
    std::array<char, INET6_ADDRSTRLEN + IF_NAMESIZE> name{};
    if (host.size () >= name.size ())
        return EINVAL;
    if (const std::size_t percent = host.find ('%'); percent != host.npos) {
        const std::string_view zone_text = host.substr (percent + 1);
        std::copy (zone_text.begin (), zone_text.end (), name.begin ());
        zone = ::if_nametoindex (name.data ());
        if (zone == 0 && !parse_number (zone_text, zone))
            return EINVAL;
        name.fill ('\0');
        host = host.substr (0, percent);
    }
    std::copy (host.begin (), host.end (), name.begin ());
    SocketAddress made;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (!bracketed && ::inet_pton (AF_INET, name.data (), &v4.sin_addr) == 1) {
        if (family == AF_INET) {
            v4.sin_family = AF_INET;
            v4.sin_port = htons (port);
            std::memcpy (&made.storage, &v4, made.size = sizeof v4);
            out = made;
            return 0;
        }
        v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
        std::memcpy (&v6.sin6_addr.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
    } else if (family != AF_INET6 || ::inet_pton (AF_INET6, name.data (), &v6.sin6_addr) != 1) {
        return EINVAL;
    }
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons (port);
    v6.sin6_scope_id = zone;
    std::memcpy (&made.storage, &v6, made.size = sizeof v6);
    out = made;
    return 0;
}

std::string udp_peer_text (const SocketAddress &address)
{
    SocketAddress plain = address;
    if (!is_any (plain))
        to_ipv4 (plain);
    if (!is_ipv4 (plain)) {
        const std::string host = host_text (plain);
        return host.empty () ? host : '[' + host + "]:" + std::to_string (port_of (plain));
    }
    std::array<char, INET_ADDRSTRLEN> host{};
    if (::inet_ntop (AF_INET, &ipv4_of (plain), host.data (), host.size ()) == nullptr)
        return {};
    return host.data () + (':' + std::to_string (port_of (plain)));
}

}  // namespace engine
