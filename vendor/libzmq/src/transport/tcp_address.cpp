// See tcp_address.hpp. getaddrinfo(3) reads literal addresses (also the old short forms such as 127.1) and host names,
// getifaddrs(3) knows the interfaces.
#include "transport/tcp_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>

namespace engine {

namespace {

constexpr char source_separator = ';';

enum class Side : std::uint8_t
{
    local,  // `*` and interface names are allowed
    remote
};

bool is_digit (char c) noexcept { return c >= '0' && c <= '9'; }

bool is_alpha (char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

SocketAddress from_ipv4 (const sockaddr_in &address) noexcept
{
    SocketAddress out;
    std::memcpy (&out.storage, &address, sizeof address);
    out.size = sizeof address;
    return out;
}

SocketAddress from_ipv6 (const sockaddr_in6 &address) noexcept
{
    SocketAddress out;
    std::memcpy (&out.storage, &address, sizeof address);
    out.size = sizeof address;
    return out;
}

SocketAddress mapped (const sockaddr_in &address) noexcept
{
    sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    out.sin6_port = address.sin_port;
    out.sin6_addr.s6_addr[10] = 0xff;
    out.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy (&out.sin6_addr.s6_addr[12], &address.sin_addr, sizeof address.sin_addr);
    return from_ipv6 (out);
}

// In the family the IPV6 option asks for; false if it cannot be said in that family.
bool convert (const sockaddr *address, bool ipv6, SocketAddress &out) noexcept
{
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy (&v4, address, sizeof v4);
        out = ipv6 ? mapped (v4) : from_ipv4 (v4);
        return true;
    }
    if (address->sa_family == AF_INET6 && ipv6) {
        sockaddr_in6 v6;
        std::memcpy (&v6, address, sizeof v6);
        out = from_ipv6 (v6);
        return true;
    }
    return false;
}

void set_port (SocketAddress &address, std::uint16_t port) noexcept
{
    if (address.get ()->sa_family == AF_INET6)
        reinterpret_cast<sockaddr_in6 *> (&address.storage)->sin6_port = htons (port);
    else
        reinterpret_cast<sockaddr_in *> (&address.storage)->sin_port = htons (port);
}

void set_zone (SocketAddress &address, std::uint32_t zone) noexcept
{
    if (zone != 0 && address.get ()->sa_family == AF_INET6)
        reinterpret_cast<sockaddr_in6 *> (&address.storage)->sin6_scope_id = zone;
}

bool same_address (const SocketAddress &a, const SocketAddress &b) noexcept
{
    return a.size == b.size && std::memcmp (&a.storage, &b.storage, a.size) == 0;
}

SocketAddress any_address (bool ipv6) noexcept
{
    if (ipv6) {
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        return from_ipv6 (any);
    }
    sockaddr_in any{};
    any.sin_family = AF_INET;
    return from_ipv4 (any);
}

SocketAddress ipv4_loopback () noexcept
{
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    return from_ipv4 (loopback);
}

// A host as it is looked up: brackets and zone taken off.
struct Host
{
    std::string name;
    std::uint32_t zone = 0;
};

int parse_host (std::string_view text, Host &out)
{
    if (text.find ('\0') != std::string_view::npos)
        return EINVAL;
    if (text.size () >= 2 && text.front () == '[' && text.back () == ']')
        text = text.substr (1, text.size () - 2);
    if (const std::size_t percent = text.rfind ('%'); percent != std::string_view::npos) {
        const std::string zone (text.substr (percent + 1));
        out.zone = ::if_nametoindex (zone.c_str ());
        if (out.zone == 0 && !zone.empty () && std::all_of (zone.begin (), zone.end (), is_digit) && zone.size () <= 9)
            out.zone = static_cast<std::uint32_t> (std::stoul (zone));
        if (out.zone == 0)
            return EINVAL;
        text = text.substr (0, percent);
    }
    out.name.assign (text);
    return 0;
}

using AddressList = std::unique_ptr<addrinfo, decltype (&::freeaddrinfo)>;

int look_up (const std::string &name, int family, int flags, AddressList &out) noexcept
{
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo *found = nullptr;
    const int result = ::getaddrinfo (name.c_str (), nullptr, &hints, &found);
    if (result == 0)
        out.reset (found);
    return result;
}

void collect (const addrinfo *list, bool ipv6, std::vector<SocketAddress> &out)
{
    for (; list != nullptr; list = list->ai_next) {
        SocketAddress address;
        if (!convert (list->ai_addr, ipv6, address))
            continue;
        const auto known = [&] (const SocketAddress &other) { return same_address (address, other); };
        if (std::none_of (out.begin (), out.end (), known))
            out.push_back (address);
    }
}

bool find_literal (const std::string &name, bool ipv6, std::vector<SocketAddress> &out)
{
    AddressList found (nullptr, &::freeaddrinfo);
    const int flags = AI_NUMERICHOST | (ipv6 ? AI_V4MAPPED : 0);
    if (name.empty () || look_up (name, ipv6 ? AF_INET6 : AF_INET, flags, found) != 0)
        return false;
    collect (found.get (), ipv6, out);
    return !out.empty ();
}

// The interface's first address of the wanted family; with ipv6 and no such address, its first IPv4 one.
bool find_interface (const std::string &name, bool ipv6, std::vector<SocketAddress> &out)
{
    ifaddrs *list = nullptr;
    if (name.empty () || ::getifaddrs (&list) != 0)
        return false;
    const std::unique_ptr<ifaddrs, decltype (&::freeifaddrs)> owner (list, &::freeifaddrs);
    const std::array<int, 2> families = {ipv6 ? AF_INET6 : AF_INET, AF_INET};
    for (const int family : families) {
        for (const ifaddrs *entry = list; entry != nullptr; entry = entry->ifa_next) {
            SocketAddress address;
            if (entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == family && name == entry->ifa_name &&
                convert (entry->ifa_addr, ipv6, address))
            {
                out.push_back (address);
                return true;
            }
        }
    }
    return false;
}

bool is_localhost (const std::string &name) noexcept { return ::strcasecmp (name.c_str (), "localhost") == 0; }

int find_name (const std::string &name, bool ipv6, int missing, std::vector<SocketAddress> &out)
{
    if (name.empty ())
        return missing;
    // RFC 6761 6.3: localhost needs no name service. With IPv6 the host table says whether it means ::1 or 127.0.0.1.
    if (!ipv6 && is_localhost (name)) {
        out.push_back (ipv4_loopback ());
        return 0;
    }
    AddressList found (nullptr, &::freeaddrinfo);
    const int result = look_up (name, ipv6 ? AF_UNSPEC : AF_INET, 0, found);
    if (result == EAI_MEMORY)
        return ENOMEM;
    if (result != 0)
        return missing;
    collect (found.get (), ipv6, out);
    return out.empty () ? missing : 0;
}

int resolve_host (std::string_view text, std::uint16_t port, bool ipv6, Side side, Names names, std::vector<SocketAddress> &out)
{
    Host host;
    if (const int error = parse_host (text, host))
        return error;
    const bool local = side == Side::local;
    std::vector<SocketAddress> found;
    if (local && host.name == "*")
        found.push_back (any_address (ipv6));
    else if (!find_literal (host.name, ipv6, found) && !(local && find_interface (host.name, ipv6, found))) {
        const int missing = local ? ENODEV : EHOSTUNREACH;
        if (names == Names::never && !is_localhost (host.name))
            return missing;
        if (const int error = find_name (host.name, ipv6, missing, found))
            return error;
    }
    for (SocketAddress &address : found) {
        set_port (address, port);
        set_zone (address, host.zone);
    }
    out.insert (out.end (), found.begin (), found.end ());
    return 0;
}

void split_source (std::string_view address, std::string_view &source, std::string_view &destination) noexcept
{
    const std::size_t separator = address.rfind (source_separator);
    if (separator == std::string_view::npos) {
        source = {};
        destination = address;
    } else {
        source = address.substr (0, separator);
        destination = address.substr (separator + 1);
    }
}

int resolve_source (std::string_view source, bool ipv6, SocketAddress &out)
{
    std::string_view host;
    std::string_view port_text;
    std::uint16_t port = 0;
    if (split_host_port (source, host, port_text) != 0 || parse_port (port_text, true, port) != 0)
        return EINVAL;
    std::vector<SocketAddress> found;
    if (const int error = resolve_host (host, port, ipv6, Side::local, Names::never, found))
        return error;
    out = found.front ();
    return 0;
}

}  // namespace

int split_host_port (std::string_view text, std::string_view &host, std::string_view &port) noexcept
{
    const std::size_t colon = text.rfind (':');
    if (colon == std::string_view::npos || colon + 1 == text.size ())
        return EINVAL;
    host = text.substr (0, colon);
    port = text.substr (colon + 1);
    return 0;
}

int parse_port (std::string_view text, bool wildcard, std::uint16_t &port) noexcept
{
    if (wildcard && (text == "*" || text == "0")) {
        port = 0;
        return 0;
    }
    unsigned value = 0;
    for (const char c : text) {
        if (!is_digit (c))
            break;
        value = value * 10 + static_cast<unsigned> (c - '0');
        if (value > 65535)
            return EINVAL;
    }
    if (value == 0)
        return EINVAL;
    port = static_cast<std::uint16_t> (value);
    return 0;
}

int check_tcp_connect (std::string_view address) noexcept
{
    if (address.empty ())
        return EINVAL;
    const char first = address.front ();
    if (!is_alpha (first) && !is_digit (first) && first != '[' && first != ':')
        return EINVAL;
    constexpr std::string_view marks = ".-:%;[]_*";
    for (const char c : address)
        if (!is_alpha (c) && !is_digit (c) && marks.find (c) == std::string_view::npos)
            return EINVAL;
    std::string_view host;
    std::string_view port_text;
    if (split_host_port (address, host, port_text) != 0 || !is_digit (port_text.front ()))
        return EINVAL;
    unsigned value = 0;
    for (std::size_t i = 0; i < port_text.size () && is_digit (port_text[i]); ++i) {
        value = value * 10 + static_cast<unsigned> (port_text[i] - '0');
        if (value > 65535)
            return EINVAL;
    }
    return 0;
}

bool tcp_resolves_at_once (std::string_view address, bool ipv6)
{
    std::vector<DialTarget> ignored;
    return resolve_tcp_connect (address, ipv6, Names::never, ignored) != EHOSTUNREACH;
}

int resolve_tcp_bind (std::string_view address, bool ipv6, Names names, std::vector<SocketAddress> &out)
{
    // libzmq lets a source stand here too, if it is complete, and makes no use of it.
    std::string_view source;
    std::string_view local;
    split_source (address, source, local);
    SocketAddress ignored;
    if (local.size () != address.size ())
        if (const int error = resolve_source (source, ipv6, ignored))
            return error;
    std::string_view host;
    std::string_view port_text;
    std::uint16_t port = 0;
    if (split_host_port (local, host, port_text) != 0 || parse_port (port_text, true, port) != 0)
        return EINVAL;
    return resolve_host (host, port, ipv6, Side::local, names, out);
}

int resolve_tcp_connect (std::string_view address, bool ipv6, Names names, std::vector<DialTarget> &out)
{
    if (const int error = check_tcp_connect (address))
        return error;
    std::string_view source_text;
    std::string_view destination;
    split_source (address, source_text, destination);
    SocketAddress source;
    if (destination.size () != address.size ())
        if (const int error = resolve_source (source_text, ipv6, source))
            return error;
    std::string_view host;
    std::string_view port_text;
    std::uint16_t port = 0;
    if (split_host_port (destination, host, port_text) != 0 || parse_port (port_text, false, port) != 0)
        return EINVAL;
    std::vector<SocketAddress> found;
    if (const int error = resolve_host (host, port, ipv6, Side::remote, names, found))
        return error;
    for (const SocketAddress &address_found : found) {
        DialTarget target;
        target.address = address_found;
        target.source = source;
        out.push_back (std::move (target));
    }
    return 0;
}

int parse_tcp_target (std::string_view address, TcpTarget &out)
{
    if (const int error = check_tcp_connect (address))
        return error;
    std::string_view source;
    std::string_view destination;
    split_source (address, source, destination);
    std::string_view host;
    std::string_view port_text;
    if (split_host_port (destination, host, port_text) != 0 || parse_port (port_text, false, out.port) != 0)
        return EINVAL;
    if (host.size () >= 2 && host.front () == '[' && host.back () == ']')
        host = host.substr (1, host.size () - 2);
    if (host.empty ())
        return EINVAL;
    out.source.assign (source);
    out.host.assign (host);
    return 0;
}

std::string host_text (const SocketAddress &address)
{
    std::array<char, NI_MAXHOST> host{};
    const int family = address.get ()->sa_family;
    if (family != AF_INET && family != AF_INET6)
        return {};
    if (::getnameinfo (address.get (), address.size, host.data (), host.size (), nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return host.data ();
}

std::string tcp_endpoint_text (const SocketAddress &address)
{
    const std::string host = host_text (address);
    if (host.empty ())
        return {};
    const std::string port = std::to_string (port_of (address));
    if (address.get ()->sa_family == AF_INET6)
        return "tcp://[" + host + "]:" + port;
    return "tcp://" + host + ":" + port;
}

std::uint16_t port_of (const SocketAddress &address) noexcept
{
    if (address.get ()->sa_family == AF_INET6)
        return ntohs (reinterpret_cast<const sockaddr_in6 *> (&address.storage)->sin6_port);
    return ntohs (reinterpret_cast<const sockaddr_in *> (&address.storage)->sin_port);
}

bool to_ipv4 (SocketAddress &address) noexcept
{
    if (address.get ()->sa_family != AF_INET6)
        return false;
    const auto *v6 = reinterpret_cast<const sockaddr_in6 *> (&address.storage);
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr) != 0;
    const bool is_any = IN6_IS_ADDR_UNSPECIFIED (&v6->sin6_addr) != 0;
    if (!is_mapped && !is_any)
        return false;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = v6->sin6_port;
    if (is_mapped)
        std::memcpy (&v4.sin_addr, &v6->sin6_addr.s6_addr[12], sizeof v4.sin_addr);
    address = from_ipv4 (v4);
    return true;
}

}  // namespace engine
