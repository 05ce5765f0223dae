// See accept_filter.hpp.
#include "options/accept_filter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace engine {

namespace {

constexpr std::size_t longest_text = 255;

// The address bytes to compare, 4 or 16; 0 if it is not an IP address.
std::size_t address_bytes (const SocketAddress &address, std::array<std::uint8_t, 16> &bytes) noexcept
{
    if (address.get ()->sa_family == AF_INET) {
        const auto *v4 = reinterpret_cast<const sockaddr_in *> (&address.storage);
        std::memcpy (bytes.data (), &v4->sin_addr, 4);
        return 4;
    }
    if (address.get ()->sa_family != AF_INET6)
        return 0;
    const auto *v6 = reinterpret_cast<const sockaddr_in6 *> (&address.storage);
    if (IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr)) {
        std::memcpy (bytes.data (), &v6->sin6_addr.s6_addr[12], 4);
        return 4;
    }
    std::memcpy (bytes.data (), &v6->sin6_addr, 16);
    return 16;
}

int parse_bits (std::string_view text, unsigned limit, unsigned &out) noexcept
{
    if (text.empty () || text.size () > 3)
        return EINVAL;
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return EINVAL;
        value = value * 10 + static_cast<unsigned> (c - '0');
    }
    if (value > limit)
        return EINVAL;
    out = value;
    return 0;
}

}  // namespace

int parse_address_mask (std::string_view text, bool ipv6, AddressMask &out) noexcept
{
    const std::size_t slash = text.find ('/');
    std::string_view host = text.substr (0, slash);
    if (host.size () >= 2 && host.front () == '[' && host.back () == ']')
        host = host.substr (1, host.size () - 2);
    if (host.empty () || text.size () > longest_text || host.find ('\0') != std::string_view::npos)
        return EINVAL;
    std::array<char, longest_text + 1> name{};
    std::copy (host.begin (), host.end (), name.begin ());

    AddressMask mask;
    if (::inet_pton (AF_INET, name.data (), mask.bytes.data ()) == 1)
        mask.ipv6 = false;
    else if (ipv6 && ::inet_pton (AF_INET6, name.data (), mask.bytes.data ()) == 1)
        mask.ipv6 = true;
    else
        return EINVAL;
    unsigned offset = 0;  // bits that only say "this is an IPv4 address"
    const auto *v6 = reinterpret_cast<const in6_addr *> (mask.bytes.data ());
    const bool is_mapped = mask.ipv6 && IN6_IS_ADDR_V4MAPPED (v6);
    if (is_mapped)
        offset = 96;
    const unsigned limit = mask.ipv6 ? 128 : 32;
    mask.bits = limit;
    if (slash != std::string_view::npos)
        if (const int error = parse_bits (text.substr (slash + 1), limit, mask.bits))
            return error;
    if (is_mapped && mask.bits >= offset) {
        std::copy (mask.bytes.begin () + 12, mask.bytes.end (), mask.bytes.begin ());
        mask.bits -= offset;
        mask.ipv6 = false;
    }
    out = mask;
    return 0;
}

bool matches (const AddressMask &mask, const SocketAddress &peer) noexcept
{
    std::array<std::uint8_t, 16> bytes{};
    const std::size_t size = address_bytes (peer, bytes);
    if (size == 0)
        return false;
    if (size != (mask.ipv6 ? 16U : 4U)) {
        // "::/0" and the like mean everybody, IPv4 peers of an IPv6 listener included.
        return mask.bits == 0;
    }
    const std::size_t whole = mask.bits / 8;
    if (!std::equal (bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (whole), mask.bytes.begin ()))
        return false;
    const unsigned rest = mask.bits % 8;
    if (rest == 0)
        return true;
    const auto significant = static_cast<std::uint8_t> (0xff00U >> rest);
    return ((bytes[whole] ^ mask.bytes[whole]) & significant) == 0;
}

}  // namespace engine
