// udp's sockets: what is set on them, whom they hear, and what becomes of their names.
#include "transport/udp.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <net/if.h>
#include <netinet/in.h>

#include <doctest/doctest.h>

#include "loopback.hpp"
#include "transport/udp_address.hpp"

using namespace engine;
using namespace loopback;

namespace {

struct Opened
{
    Opened (bool bind, const std::string &address, const Options &options = {})
        : error ((bind ? udp_transport.bind : udp_transport.connect) (address, options, port)), owner (port.fd)
    {}
    DatagramPort port;
    int error;
    Descriptor owner;
    int get (int level, int name) const { return int_option (port.fd, level, name); }
    std::string number () const { return port.endpoint.substr (port.endpoint.rfind (':') + 1); }
};

}  // namespace

TEST_CASE ("udp: a bound port shares its address, and says which one it got")
{
    const Opened one (true, "127.0.0.1:*");
    REQUIRE (one.error == 0);
    CHECK (non_blocking (one.port.fd));
    CHECK (one.get (SOL_SOCKET, SO_REUSEADDR) == 1);
    CHECK (one.port.target.size == 0);
    CHECK (one.port.endpoint.starts_with ("udp://127.0.0.1:"));
    CHECK (std::atoi (one.number ().c_str ()) > 0);
    const Opened other (true, "127.0.0.1:" + one.number ());
    CHECK (other.error == 0);
    CHECK (other.port.endpoint == one.port.endpoint);
    const Opened named (true, "lo:" + one.number ());
    CHECK (named.port.endpoint == "udp://lo:" + one.number ());
    CHECK (Opened (true, "192.0.2.99:5555").error == EADDRNOTAVAIL);
}

TEST_CASE ("udp: options reach the system")
{
    Options options;
    options.sndbuf = 30000;
    options.rcvbuf = 40000;
    options.tos = 0x28;
    options.priority = 3;
    for (const bool bind : {true, false}) {
        const Opened one (bind, bind ? "127.0.0.1:*" : "127.0.0.1:9", options);
        REQUIRE (one.error == 0);
        CHECK (one.get (SOL_SOCKET, SO_SNDBUF) >= 30000);
        CHECK (one.get (SOL_SOCKET, SO_RCVBUF) >= 40000);
        CHECK (one.get (IPPROTO_IP, IP_TOS) == 0x28);
    }
    options.bindtodevice = "nosuchif0";
    CHECK (Opened (true, "127.0.0.1:*", options).error != 0);
    CHECK (Opened (false, "127.0.0.1:9", options).error != 0);
    options.bindtodevice = "lo";
    CHECK (Opened (true, "127.0.0.1:*", options).error == 0);
}

TEST_CASE ("udp: how datagrams to a group leave")
{
    Options options;
    const Opened plain (false, "239.1.2.3:5555", options);
    REQUIRE (plain.error == 0);
    CHECK (plain.get (IPPROTO_IP, IP_MULTICAST_TTL) == 1);
    CHECK (plain.get (IPPROTO_IP, IP_MULTICAST_LOOP) == 1);
    CHECK (udp_peer_text (plain.port.target) == "239.1.2.3:5555");
    options.multicast_hops = 7;
    options.multicast_loop = false;
    const Opened tuned (false, "lo;239.1.2.3:5555", options);
    REQUIRE (tuned.error == 0);
    CHECK (tuned.get (IPPROTO_IP, IP_MULTICAST_TTL) == 7);
    CHECK (tuned.get (IPPROTO_IP, IP_MULTICAST_LOOP) == 0);
    ip_mreqn request{};
    socklen_t size = sizeof (in_addr);
    CHECK (::getsockopt (tuned.port.fd, IPPROTO_IP, IP_MULTICAST_IF, &request, &size) == 0);
    options.multicast_hops = 1000;  // no more than there can be
    CHECK (Opened (false, "239.1.2.3:5555", options).get (IPPROTO_IP, IP_MULTICAST_TTL) == 255);
    if (!ipv6_available ())
        return;
    options.ipv6 = true;
    options.multicast_hops = 7;
    const Opened six (false, "lo;[ff02::7]:5555", options);
    REQUIRE (six.error == 0);
    CHECK (six.get (IPPROTO_IPV6, IPV6_MULTICAST_HOPS) == 7);
    CHECK (six.get (IPPROTO_IPV6, IPV6_MULTICAST_LOOP) == 0);
    CHECK (six.get (IPPROTO_IPV6, IPV6_MULTICAST_IF) == static_cast<int> (::if_nametoindex ("lo")));
}

TEST_CASE ("udp: a member of a group is bound to every address, and hears no other group")
{
    const Opened one (true, "lo;239.1.2.3:*");
    if (one.error == ENODEV) {
        MESSAGE ("not run: the loopback interface takes no group here");
        return;
    }
    REQUIRE (one.error == 0);
    CHECK (one.port.endpoint.starts_with ("udp://lo;239.1.2.3:"));
    SocketAddress local;
    REQUIRE (local_address (one.port.fd, local) == 0);
    CHECK (udp_peer_text (local) == "0.0.0.0:" + one.number ());
    CHECK (one.get (SOL_SOCKET, SO_REUSEADDR) == 1);
#ifdef IP_MULTICAST_ALL
    CHECK (one.get (IPPROTO_IP, IP_MULTICAST_ALL) == 0);
#endif
    const Opened member (true, "lo;239.1.2.3:" + one.number ());
    CHECK (member.error == 0);
}

TEST_CASE ("udp: the wildcard hears both families with ZMQ_IPV6")
{
    Options options;
    options.ipv6 = true;
    const Opened one (true, "*:*", options);
    REQUIRE (one.error == 0);
    const Opened sender (false, "127.0.0.1:" + one.number ());
    REQUIRE (sender.error == 0);
    REQUIRE (::sendto (sender.port.fd, "x", 1, 0, sender.port.target.get (), sender.port.target.size) == 1);
    REQUIRE (wait_for (one.port.fd, POLLIN));
    SocketAddress from;
    from.size = sizeof from.storage;
    char byte;
    CHECK (::recvfrom (one.port.fd, &byte, 1, 0, from.get (), &from.size) == 1);
    CHECK (udp_peer_text (from).starts_with ("127.0.0.1:"));
}
