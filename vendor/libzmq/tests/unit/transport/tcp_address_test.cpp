// The text of tcp addresses: what is taken, what is refused and with which errno, and how addresses are written.
#include "transport/tcp_address.hpp"

#include <cerrno>
#include <string>

#include <net/if.h>
#include <netinet/in.h>

#include "transport/loopback.hpp"

using namespace engine;

namespace {

// The endpoint the first address gives, or "errno N".
std::string bind_text (const std::string &address, bool ipv6)
{
    std::vector<SocketAddress> found;
    if (const int error = resolve_tcp_bind (address, ipv6, Names::ask, found))
        return "errno " + std::to_string (error);
    REQUIRE (!found.empty ());
    return tcp_endpoint_text (found.front ());
}

std::string connect_text (const std::string &address, bool ipv6)
{
    std::vector<DialTarget> found;
    if (const int error = resolve_tcp_connect (address, ipv6, Names::ask, found))
        return "errno " + std::to_string (error);
    REQUIRE (!found.empty ());
    return tcp_endpoint_text (found.front ().address);
}

std::string error_text (int error) { return "errno " + std::to_string (error); }

std::string loopback_interface ()
{
#ifdef __linux__
    return "lo";
#else
    return "lo0";
#endif
}

}  // namespace

TEST_CASE ("tcp address: IPv4 forms for bind")
{
    const std::string lo = loopback_interface ();
    const std::vector<std::pair<std::string, std::string>> rows = {
      {"127.0.0.1:5555", "tcp://127.0.0.1:5555"},
      {"127.0.0.1:*", "tcp://127.0.0.1:0"},
      {"127.0.0.1:0", "tcp://127.0.0.1:0"},
      {"*:*", "tcp://0.0.0.0:0"},
      {"*:5555", "tcp://0.0.0.0:5555"},
      {"[*]:5555", "tcp://0.0.0.0:5555"},
      {"[127.0.0.1]:1", "tcp://127.0.0.1:1"},
      {"127.1:1", "tcp://127.0.0.1:1"},
      {"2130706433:1", "tcp://127.0.0.1:1"},
      {"0x7f.1:1", "tcp://127.0.0.1:1"},
      {"0:1", "tcp://0.0.0.0:1"},
      {"[::ffff:127.0.0.1]:1", "tcp://127.0.0.1:1"},
      {lo + ":65535", "tcp://127.0.0.1:65535"},
      {"[" + lo + "]:1", "tcp://127.0.0.1:1"},
      {lo + "%1:1", "tcp://127.0.0.1:1"},
      {"localhost:7", "tcp://127.0.0.1:7"},
      {"LOCALHOST:7", "tcp://127.0.0.1:7"},
      {"127.0.0.1:34567a", "tcp://127.0.0.1:34567"},
      {"127.0.0.1:34567 ", "tcp://127.0.0.1:34567"},
      {"*:034572", "tcp://0.0.0.0:34572"},
      {"127.0.0.1:0;127.0.0.1:34569", "tcp://127.0.0.1:34569"},
    };
    for (const auto &row : rows) {
        CAPTURE (row.first);
        CHECK (bind_text (row.first, false) == row.second);
    }
}

TEST_CASE ("tcp address: what bind refuses")
{
    for (const char *text : {"127.0.0.1:00", "127.0.0.1:!", "127.0.0.1:65536", "127.0.0.1:70000", "127.0.0.1:99999999999999999999",
                             "127.0.0.1:-1", "127.0.0.1:a", "127.0.0.1:", "127.0.0.1", "127.0.0.1:*x", ";127.0.0.1:*",
                             "127.0.0.1;127.0.0.1:*", "[fe80::1%nozone]:*", "[fe80::1%]:*", "*:%2034571", "", ":"})
    {
        CAPTURE (text);
        CHECK (bind_text (text, false) == error_text (EINVAL));
        CHECK (bind_text (text, true) == error_text (EINVAL));
    }
    CHECK (bind_text (std::string ("lo\0x:1", 6), false) == error_text (EINVAL));
    for (const char *text : {"nosuch0:*", ":34568", ":*", "[]:*", "256.1.1.1:*", "127.0.0.1::*", "127.0.0.1 :*", "[::1:*", "::1]:*"}) {
        CAPTURE (text);
        CHECK (bind_text (text, false) == error_text (ENODEV));
        CHECK (bind_text (text, true) == error_text (ENODEV));
    }
    // Without ZMQ_IPV6 there is no IPv6.
    for (const char *text : {"[::1]:*", "::1:*", "[::]:*", "[fe80::1%1]:*"}) {
        CAPTURE (text);
        CHECK (bind_text (text, false) == error_text (ENODEV));
    }
}

TEST_CASE ("tcp address: IPv6 forms for bind")
{
    const std::vector<std::pair<std::string, std::string>> rows = {
      {"127.0.0.1:5555", "tcp://[::ffff:127.0.0.1]:5555"},
      {"[127.0.0.1]:5555", "tcp://[::ffff:127.0.0.1]:5555"},
      {"[::ffff:127.0.0.1]:1", "tcp://[::ffff:127.0.0.1]:1"},
      {"127.1:1", "tcp://[::ffff:127.0.0.1]:1"},
      {"*:*", "tcp://[::]:0"},
      {"[*]:9", "tcp://[::]:9"},
      {"[::]:9", "tcp://[::]:9"},
      {":::9", "tcp://[::]:9"},
      {"[::1]:9", "tcp://[::1]:9"},
      {"::1:9", "tcp://[::1]:9"},
      {"[::1]:65535x", "tcp://[::1]:65535"},
    };
    for (const auto &row : rows) {
        CAPTURE (row.first);
        CHECK (bind_text (row.first, true) == row.second);
    }
    const std::string lo = loopback_interface ();
    const std::string by_name = bind_text (lo + ":9", true);
    CHECK ((by_name == "tcp://[::1]:9" || by_name == "tcp://[::ffff:127.0.0.1]:9"));
    const std::string localhost = bind_text ("localhost:9", true);
    CHECK ((localhost == "tcp://[::1]:9" || localhost == "tcp://[::ffff:127.0.0.1]:9"));

    // A zone is a name or a number, and both mean the same.
    const std::string zone_text = "tcp://[fe80::1%" + lo + "]:9";
    CHECK (bind_text ("[fe80::1%" + lo + "]:9", true) == zone_text);
    CHECK (bind_text ("[fe80::1%" + std::to_string (::if_nametoindex (lo.c_str ())) + "]:9", true) == zone_text);
}

TEST_CASE ("tcp address: what connect takes and refuses at once")
{
    for (const char *text : {"127.0.0.1:5555", "127.0.0.1:0", ":9", "127.0.0.1:9a", "a_b:9", "[::1]:9", "::1:9", "0:0;a:9", "a:*;b:9",
                             "a;b:9", "[::1%lo]:9", "lo:0;127.0.0.1:9", "a:9*", "a:9.x", "a:9;b", "a:65535"})
    {
        CAPTURE (text);
        CHECK (check_tcp_connect (text) == 0);
    }
    for (const char *text : {"", "127.0.0.1:*", "*:5", "-a:9", "_a:9", "a:9/", "*:0;a:9", "a:9:b", "a:", "a", "a:http", ";a:9", "%a:9",
                             "a@b:9", "a b:9", "a:65536", "a:70000", "a:4294967297"})
    {
        CAPTURE (text);
        CHECK (check_tcp_connect (text) == EINVAL);
    }
    CHECK (check_tcp_connect (std::string_view ("a\0b:9", 5)) == EINVAL);
}

TEST_CASE ("tcp address: resolving for connect")
{
    CHECK (connect_text ("127.0.0.1:5555", false) == "tcp://127.0.0.1:5555");
    CHECK (connect_text ("127.0.0.1:5555", true) == "tcp://[::ffff:127.0.0.1]:5555");
    CHECK (connect_text ("localhost:5555", false) == "tcp://127.0.0.1:5555");
    CHECK (connect_text ("[::1]:5555", true) == "tcp://[::1]:5555");
    CHECK (connect_text ("127.0.0.1:0", false) == error_text (EINVAL));
    CHECK (connect_text ("a;127.0.0.1:9", false) == error_text (EINVAL));
    CHECK (connect_text ("127.0.0.1:9;b", false) == error_text (EINVAL));
    CHECK (connect_text ("nosuch0:0;127.0.0.1:9", false) == error_text (ENODEV));
    CHECK (connect_text (":9", false) == error_text (EHOSTUNREACH));
    CHECK (connect_text ("[::1]:9", false) == error_text (EHOSTUNREACH));
    // An interface name is no host.
    std::vector<DialTarget> none;
    CHECK (resolve_tcp_connect (loopback_interface () + ":9", false, Names::never, none) == EHOSTUNREACH);
    CHECK (none.empty ());
}

TEST_CASE ("tcp address: sources")
{
    std::vector<DialTarget> found;
    REQUIRE (resolve_tcp_connect ("127.0.0.2:4000;127.0.0.1:9", false, Names::never, found) == 0);
    REQUIRE (found.size () == 1);
    CHECK (tcp_endpoint_text (found[0].source) == "tcp://127.0.0.2:4000");
    CHECK (tcp_endpoint_text (found[0].address) == "tcp://127.0.0.1:9");
    found.clear ();
    REQUIRE (resolve_tcp_connect (loopback_interface () + ":*;127.0.0.1:9", false, Names::never, found) == 0);
    CHECK (tcp_endpoint_text (found.at (0).source) == "tcp://127.0.0.1:0");
    found.clear ();
    REQUIRE (resolve_tcp_connect ("[*]:0;127.0.0.1:9", false, Names::never, found) == 0);
    CHECK (tcp_endpoint_text (found.at (0).source) == "tcp://0.0.0.0:0");
    found.clear ();
    REQUIRE (resolve_tcp_connect ("[::1]:0;[::1]:9", true, Names::never, found) == 0);
    CHECK (tcp_endpoint_text (found.at (0).source) == "tcp://[::1]:0");
}

TEST_CASE ("tcp address: which names need the name service")
{
    for (const char *text : {"127.0.0.1:9", "localhost:9", "LocalHost:9", "127.1:9", "lo:0;127.0.0.1:9"})
        CHECK (tcp_resolves_at_once (text, false));
    CHECK (tcp_resolves_at_once ("[::1]:9", true));
    CHECK (tcp_resolves_at_once ("localhost:9", true));
    CHECK (!tcp_resolves_at_once ("example.invalid:9", false));
    CHECK (!tcp_resolves_at_once ("example.invalid:9", true));
}

TEST_CASE ("tcp address: a target for a proxy is not looked up")
{
    TcpTarget target;
    REQUIRE (parse_tcp_target ("127.0.0.1:0;name.invalid:80", target) == 0);
    CHECK (target.source == "127.0.0.1:0");
    CHECK (target.host == "name.invalid");
    CHECK (target.port == 80);
    REQUIRE (parse_tcp_target ("[::1]:81", target) == 0);
    CHECK (target.source.empty ());
    CHECK (target.host == "::1");
    CHECK (target.port == 81);
    for (const char *text : {"a:0", ":80", "[]:80", "a", "*:80"})
        CHECK (parse_tcp_target (text, target) == EINVAL);
}

TEST_CASE ("tcp address: falling back to IPv4")
{
    std::vector<SocketAddress> found;
    REQUIRE (resolve_tcp_bind ("127.0.0.1:7", true, Names::never, found) == 0);
    REQUIRE (resolve_tcp_bind ("*:8", true, Names::never, found) == 0);
    REQUIRE (resolve_tcp_bind ("[::1]:9", true, Names::never, found) == 0);
    REQUIRE (found.size () == 3);
    CHECK (to_ipv4 (found[0]));
    CHECK (tcp_endpoint_text (found[0]) == "tcp://127.0.0.1:7");
    CHECK (to_ipv4 (found[1]));
    CHECK (tcp_endpoint_text (found[1]) == "tcp://0.0.0.0:8");
    CHECK (!to_ipv4 (found[2]));
    CHECK (!to_ipv4 (found[0]));
    CHECK (tcp_endpoint_text (SocketAddress{}).empty ());
}
