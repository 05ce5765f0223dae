// ZMQ_TCP_ACCEPT_FILTER: reading networks and comparing peers with them.
#include "options/accept_filter.hpp"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "transport/tcp_address.hpp"

using namespace engine;

namespace {

bool match (const char *filter, const char *peer, bool peer_ipv6)
{
    AddressMask mask;
    REQUIRE (parse_address_mask (filter, true, mask) == 0);
    std::vector<SocketAddress> found;
    REQUIRE (resolve_tcp_bind (std::string (peer) + ":1", peer_ipv6, Names::never, found) == 0);
    return matches (mask, found.front ());
}

}  // namespace

TEST_CASE ("accept filter: syntax")
{
    AddressMask mask;
    for (const char *text : {"127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "[127.0.0.1]/8"}) {
        CAPTURE (text);
        CHECK (parse_address_mask (text, false, mask) == 0);
        CHECK (parse_address_mask (text, true, mask) == 0);
    }
    for (const char *text : {"::1", "fe80::/10", "::/0", "::1/128", "[::1]/128"}) {
        CAPTURE (text);
        CHECK (parse_address_mask (text, true, mask) == 0);
        CHECK (parse_address_mask (text, false, mask) == EINVAL);
    }
    for (const char *text : {"", "/", "/8", "localhost", "127.0.0.1/", "127.0.0.1/33", "127.0.0.1/-1", "127.0.0.1/8x", "127.0.0.1/0x8",
                             "::1/129", "127.0.0.1:80", "127.0.0.1/8/8", "127.0.0.1 ", "127.0.0.1/999999"})
    {
        CAPTURE (text);
        CHECK (parse_address_mask (text, true, mask) == EINVAL);
    }
    CHECK (parse_address_mask (std::string (300, '1'), true, mask) == EINVAL);
}

TEST_CASE ("accept filter: matching")
{
    CHECK (match ("127.0.0.1", "127.0.0.1", false));
    CHECK (!match ("127.0.0.1", "127.0.0.2", false));
    CHECK (match ("127.0.0.0/8", "127.255.0.2", false));
    CHECK (!match ("127.0.0.0/8", "128.0.0.1", false));
    CHECK (match ("10.128.0.0/9", "10.255.1.1", false));
    CHECK (!match ("10.128.0.0/9", "10.127.1.1", false));
    CHECK (match ("1.2.3.4/31", "1.2.3.5", false));
    CHECK (!match ("1.2.3.4/31", "1.2.3.6", false));
    CHECK (match ("9.9.9.9/0", "1.2.3.6", false));
    CHECK (match ("::1", "[::1]", true));
    CHECK (!match ("::1", "[::2]", true));
    CHECK (match ("fe80::/10", "[febf::1]", true));
    CHECK (!match ("fe80::/10", "[fec0::1]", true));
}

TEST_CASE ("accept filter: an IPv4 peer of an IPv6 listener is an IPv4 peer")
{
    CHECK (match ("127.0.0.0/8", "127.0.0.1", true));
    CHECK (!match ("127.0.0.0/8", "128.0.0.1", true));
    CHECK (!match ("127.0.0.0/8", "[::1]", true));
    CHECK (match ("::ffff:127.0.0.0/104", "127.1.2.3", true));
    CHECK (match ("::ffff:127.0.0.0/104", "127.1.2.3", false));
    CHECK (!match ("::ffff:127.0.0.0/104", "128.1.2.3", true));
    CHECK (match ("::/0", "127.0.0.1", true));
    CHECK (match ("0.0.0.0/0", "[::1]", true));
    CHECK (!matches (AddressMask{}, SocketAddress{}));
}
