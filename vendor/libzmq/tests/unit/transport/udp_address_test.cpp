// The text of udp addresses: where to bind and to send, groups and interfaces, peers of a DGRAM.
#include "transport/udp_address.hpp"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>
#include <net/if.h>
#include <netinet/in.h>

#include "loopback.hpp"

using namespace engine;

namespace {

int bind_error (const std::string &text, bool ipv6 = false)
{
    UdpAddress out;
    return resolve_udp_bind (text, ipv6, Names::never, out);
}
int connect_error (const std::string &text, bool ipv6 = false)
{
    UdpAddress out;
    return resolve_udp_connect (text, ipv6, Names::never, out);
}
UdpAddress bound (const std::string &text, bool ipv6 = false)
{
    UdpAddress out;
    REQUIRE (resolve_udp_bind (text, ipv6, Names::never, out) == 0);
    return out;
}
UdpAddress connected (const std::string &text, bool ipv6 = false)
{
    UdpAddress out;
    REQUIRE (resolve_udp_connect (text, ipv6, Names::never, out) == 0);
    return out;
}
std::string text_of (const UdpAddress &address) { return udp_peer_text (address.address); }
unsigned loopback_index () { return ::if_nametoindex ("lo"); }

}  // namespace

TEST_CASE ("udp address: hosts, the wildcard and ports")
{
    CHECK (text_of (bound ("127.0.0.1:5555")) == "127.0.0.1:5555");
    CHECK (text_of (bound ("*:5555")) == "0.0.0.0:5555");
    CHECK (text_of (bound ("*:*")) == "0.0.0.0:0");
    CHECK (text_of (bound ("*:5555", true)) == "[::]:5555");
    CHECK (text_of (bound ("lo:5555")) == "127.0.0.1:5555");
    CHECK (text_of (connected ("127.0.0.1:5555")) == "127.0.0.1:5555");
    CHECK (text_of (connected ("localhost:5555")) == "127.0.0.1:5555");
    CHECK (text_of (connected ("[::1]:5555", true)) == "[::1]:5555");
    // IPv4 stays IPv4.
    CHECK (bound ("127.0.0.1:5555", true).address.get ()->sa_family == AF_INET);
    CHECK (connected ("127.0.0.1:5555", true).address.get ()->sa_family == AF_INET);
    for (const char *text :
         {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "lo;127.0.0.1:5", ";239.0.0.1:5", "a;b;239.0.0.1:5"})
    {
        CAPTURE (std::string (text));
        CHECK (bind_error (text) == EINVAL);
        CHECK (connect_error (text) == EINVAL);
    }
    CHECK (connect_error ("127.0.0.1:0") == EINVAL);
    CHECK (connect_error ("*:5555") == EINVAL);
    CHECK (connect_error ("no-such-host:5555") == EINVAL);
    CHECK (bind_error ("no-such-host:5555") == ENODEV);
    CHECK (bind_error ("[::1]:5555") == ENODEV);
}

TEST_CASE ("udp address: groups, on an interface by name or by address")
{
    const UdpAddress plain = bound ("239.1.2.3:5555");
    CHECK (plain.multicast);
    CHECK (plain.interface_index == 0);
    CHECK_FALSE (bound ("127.0.0.1:5555").multicast);
    CHECK (bound ("224.0.0.1:1").multicast);
    CHECK (bound ("239.255.255.255:1").multicast);
    CHECK_FALSE (connected ("223.255.255.255:1").multicast);
    CHECK_FALSE (connected ("240.0.0.1:1").multicast);
    for (const UdpAddress &address : {bound ("lo;239.1.2.3:5555"), connected ("lo;239.1.2.3:5555"), bound ("127.0.0.1;239.1.2.3:5555"),
                                      connected ("127.0.0.1;239.1.2.3:5555"), bound ("lo;239.1.2.3:5555", true)})
    {
        CHECK (address.multicast);
        CHECK (address.interface_index == loopback_index ());
        CHECK (text_of (address) == "239.1.2.3:5555");
    }
    CHECK (bound ("*;239.1.2.3:5555").interface_index == 0);
    CHECK (bind_error ("nosuchif0;239.1.2.3:5555") == ENODEV);
    CHECK (connect_error ("nosuchif0;239.1.2.3:5555") == ENODEV);
    CHECK (bind_error ("192.0.2.99;239.1.2.3:5555") == ENODEV);  // nobody's address here
    if (!loopback::ipv6_available ()) {
        MESSAGE ("IPv6 groups not tried: there is no IPv6 here");
        return;
    }
    for (const char *text : {"lo;[ff02::7]:5555", "[ff02::7%lo]:5555", "::1;[ff02::7]:5555", "[::1];[ff02::7]:5555"}) {
        CAPTURE (std::string (text));
        const UdpAddress group = bound (text, true);
        CHECK (group.multicast);
        CHECK (group.interface_index == loopback_index ());
        CHECK (text_of (group) == "[ff02::7%lo]:5555");
    }
    CHECK (bind_error ("127.0.0.1;[ff02::7]:5555", true) == EINVAL);  // another family
    CHECK (bind_error ("lo;[::1]:5555", true) == EINVAL);
}

TEST_CASE ("udp address: peers of a DGRAM")
{
    SocketAddress out;
    for (const char *text : {"127.0.0.1:5555", "255.255.255.255:65535", "0.0.0.0:1"}) {
        CAPTURE (std::string (text));
        REQUIRE (parse_udp_peer (text, AF_INET, out) == 0);
        CHECK (out.get ()->sa_family == AF_INET);
        CHECK (udp_peer_text (out) == text);
        // For an IPv6 socket, and written the same.
        REQUIRE (parse_udp_peer (text, AF_INET6, out) == 0);
        CHECK (out.get ()->sa_family == AF_INET6);
        CHECK (out.size == sizeof (sockaddr_in6));
        CHECK (udp_peer_text (out) == text);
    }
    for (const char *text : {"[::1]:5555", "[fe80::1%lo]:1", "[2001:db8::1]:65535"}) {
        CAPTURE (std::string (text));
        REQUIRE (parse_udp_peer (text, AF_INET6, out) == 0);
        CHECK (udp_peer_text (out) == text);
        CHECK (parse_udp_peer (text, AF_INET, out) == EINVAL);
    }
    for (const char *text : {"",
                             ":",
                             "127.0.0.1",
                             "127.0.0.1:",
                             "127.0.0.1:0",
                             "127.0.0.1:65536",
                             "127.0.0.1:+5",
                             "127.0.0.1: 5",
                             "127.0.0.1:5x",
                             "127.0.0.1:99999999999",
                             "localhost:5",
                             "*:5",
                             "127.1:5",
                             "[127.0.0.1]:5",
                             "256.0.0.1:5",
                             "[]:5",
                             "[::1:5",
                             "[::1%nosuchif0]:5",
                             "[::1%]:5",
                             "[::1%lo%lo]:5"})
    {
        CAPTURE (std::string (text));
        CHECK (parse_udp_peer (text, AF_INET, out) == EINVAL);
        CHECK (parse_udp_peer (text, AF_INET6, out) == EINVAL);
    }
    CHECK (parse_udp_peer (std::string (300, '1') + ":5", AF_INET6, out) == EINVAL);
    CHECK (parse_udp_peer (std::string_view ("127.0.0.1\0:5", 12), AF_INET, out) == EINVAL);
    SocketAddress local;
    local.get ()->sa_family = AF_UNIX;
    local.size = sizeof (sa_family_t);
    CHECK (udp_peer_text (local).empty ());
}
