// Feeds what reads datagrams and their addresses: the group and body of RADIO and DISH, peers of a DGRAM, udp endpoints. Nothing is looked
// up, opened or sent. The first byte chooses the reader and the family.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "transport/udp_address.hpp"
#include "zmtp/datagram.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

void fuzz_grouped (std::string_view text)
{
    GroupedDatagram found;
    const std::span bytes (reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ());
    if (!parse_grouped (bytes, found))
        return;
    require (text.size () <= longest_datagram && found.group.size () <= 255);
    require (found.group.find ('\0') == found.group.npos);
    // What we write is what we have read.
    std::string written (1, static_cast<char> (found.group.size ()));
    written += found.group;
    written.append (found.body.begin (), found.body.end ());
    require (written == text);
}

void fuzz_peer (std::string_view text, int family)
{
    SocketAddress address;
    if (parse_udp_peer (text, family, address) != 0) {
        require (address.size == 0);
        return;
    }
    require (address.get ()->sa_family == family && port_of (address) != 0);
    const std::string written = udp_peer_text (address);
    SocketAddress again;
    require (parse_udp_peer (written, family, again) == 0);
    require (udp_peer_text (again) == written);
}

void fuzz_endpoint (std::string_view text, bool ipv6)
{
    UdpAddress found;
    if (resolve_udp_bind (text, ipv6, Names::never, found) == 0)
        require (found.address.size != 0 && (found.multicast || found.interface_index == 0));
    UdpAddress target;
    if (resolve_udp_connect (text, ipv6, Names::never, target) == 0)
        require (port_of (target.address) != 0 && (target.multicast || target.interface_index == 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view text (reinterpret_cast<const char *> (data) + 1, size - 1);
    const bool flag = (data[0] & 1U) != 0;
    switch ((data[0] >> 1U) % 3U) {
    case 0:
        fuzz_grouped (text);
        break;
    case 1:
        fuzz_peer (text, flag ? AF_INET6 : AF_INET);
        break;
    default:
        fuzz_endpoint (text, flag);
        break;
    }
    return 0;
}
