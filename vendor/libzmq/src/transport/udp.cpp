// UDP (RFC 768), and membership of multicast groups (RFC 3493 5.2, RFC 3678). Option names: ip(7), ipv6(7).
//
// A receiver of a group is bound to the wildcard address, as libzmq's is, and takes only the groups that it has joined itself, where the
// system would give it those of every other program, too. Nothing is connected in the kernel's sense: an answer of ICMP, or a route that
// has gone, is about one datagram and not the end of anything.
#include "transport/udp.hpp"

#include <algorithm>
#include <cerrno>

#include <net/if.h>
#include <netinet/in.h>

#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/tcp_options.hpp"
#include "transport/udp_address.hpp"

namespace engine {

namespace {

int set_int (int fd, int level, int name, int value) noexcept
{
    return ::setsockopt (fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

// BSD's first form of these two is a byte, which is all that OpenBSD takes.
int set_for_group (int fd, int name, int value) noexcept
{
    const int error = set_int (fd, IPPROTO_IP, name, value);
    if (error != EINVAL)
        return error;
    const unsigned char byte = static_cast<unsigned char> (value);
    return ::setsockopt (fd, IPPROTO_IP, name, &byte, sizeof byte) == 0 ? 0 : errno;
}

bool is_ipv6 (const UdpAddress &address) noexcept { return address.address.get ()->sa_family == AF_INET6; }

std::string endpoint_text (const std::string &address) { return "udp://" + address; }

// How datagrams to a group leave.
int tune_multicast (int fd, const UdpAddress &where, const Options &options) noexcept
{
    constexpr int most_hops = 255;
    const int hops = std::min (options.multicast_hops, most_hops);
    if (is_ipv6 (where)) {
        if (const int error = set_int (fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops))
            return error;
        if (const int error = set_int (fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, options.multicast_loop))
            return error;
        return where.interface_index == 0 ? 0 : set_int (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int> (where.interface_index));
    }
    if (const int error = set_for_group (fd, IP_MULTICAST_TTL, hops))
        return error;
    if (const int error = set_for_group (fd, IP_MULTICAST_LOOP, options.multicast_loop))
        return error;
    if (where.interface_index == 0)
        return 0;
    ip_mreqn request{};
    request.imr_ifindex = static_cast<int> (where.interface_index);
    return ::setsockopt (fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0 ? 0 : errno;
}

int join (int fd, const UdpAddress &group) noexcept
{
    group_req request{};
    request.gr_interface = group.interface_index;
    request.gr_group = group.address.storage;
    const int level = is_ipv6 (group) ? IPPROTO_IPV6 : IPPROTO_IP;
#if defined IP_MULTICAST_ALL
    set_int (fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
#endif
#if defined IPV6_MULTICAST_ALL
    if (is_ipv6 (group))
        set_int (fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
#endif
    return ::setsockopt (fd, level, MCAST_JOIN_GROUP, &request, sizeof request) == 0 ? 0 : errno;
}

int share_address (int fd, bool multicast) noexcept
{
    if (const int error = set_int (fd, SOL_SOCKET, SO_REUSEADDR, 1))
        return error;
#ifdef SO_REUSEPORT
    if (multicast)
        return set_int (fd, SOL_SOCKET, SO_REUSEPORT, 1);
#else
    (void) multicast;
#endif
    return 0;
}

SocketAddress wildcard_for (const UdpAddress &group) noexcept
{
    SocketAddress any;
    any.size = group.address.size;
    if (is_ipv6 (group)) {
        auto &address = *reinterpret_cast<sockaddr_in6 *> (&any.storage);
        address.sin6_family = AF_INET6;
        address.sin6_port = reinterpret_cast<const sockaddr_in6 *> (&group.address.storage)->sin6_port;
    } else {
        auto &address = *reinterpret_cast<sockaddr_in *> (&any.storage);
        address.sin_family = AF_INET;
        address.sin_port = reinterpret_cast<const sockaddr_in *> (&group.address.storage)->sin_port;
    }
    return any;
}

// As typed, with the port that the system chose.
std::string bound_name (const std::string &typed, int fd)
{
    SocketAddress bound;
    if (local_address (fd, bound) != 0)
        return endpoint_text (typed);
    return endpoint_text (typed.substr (0, typed.rfind (':') + 1) + std::to_string (port_of (bound)));
}

int open (UdpAddress &where, bool wildcard, const Options &options, bool strict, Descriptor &out)
{
    out.reset (open_datagram_socket (where.address.get ()->sa_family));
    if (!out.valid () && errno == EAFNOSUPPORT && wildcard && to_ipv4 (where.address))
        out.reset (open_datagram_socket (AF_INET));  // a system without IPv6
    if (!out.valid ())
        return errno;
    const int family = where.address.get ()->sa_family;
    if (const int error = tune_before_use (out.get (), family, options, strict))
        return error;
    return is_ipv6 (where) ? set_int (out.get (), IPPROTO_IPV6, IPV6_V6ONLY, where.multicast) : 0;
}

int bind (const std::string &address, const Options &options, DatagramPort &out)
{
    UdpAddress where;
    if (const int error = resolve_udp_bind (address, options.ipv6, Names::ask, where))
        return error;
    Descriptor socket;
    if (const int error = open (where, !where.multicast, options, true, socket))
        return error;
    // With SO_REUSEADDR the system might choose a port that others share already.
    const bool ephemeral = port_of (where.address) == 0;
    if (!ephemeral)
        if (const int error = share_address (socket.get (), where.multicast))
            return error;
    const SocketAddress local = where.multicast ? wildcard_for (where) : where.address;
    if (::bind (socket.get (), local.get (), local.size) != 0)
        return errno;
    if (ephemeral)
        if (const int error = share_address (socket.get (), where.multicast))
            return error;
    // (DGRAM sends from here.)
    if (const int error = tune_multicast (socket.get (), where, options))
        return error;
    if (where.multicast)
        if (const int error = join (socket.get (), where))
            return error;
    out.endpoint = ephemeral ? bound_name (address, socket.get ()) : endpoint_text (address);
    out.fd = socket.release ();
    return 0;
}

int connect (const std::string &address, const Options &options, DatagramPort &out)
{
    UdpAddress where;
    if (const int error = resolve_udp_connect (address, options.ipv6, Names::ask, where))
        return error;
    Descriptor socket;
    if (const int error = open (where, false, options, false, socket))
        return error;
    if (where.multicast)
        if (const int error = tune_multicast (socket.get (), where, options))
            return error;
    out.endpoint = endpoint_text (address);
    out.target = where.address;
    out.fd = socket.release ();
    return 0;
}

}  // namespace

constinit const DatagramTransport udp_transport = {
  .name = "udp",
  .bind = &bind,
  .connect = &connect,
  .parse_peer = &parse_udp_peer,
  .peer_text = &udp_peer_text,
};

}  // namespace engine
