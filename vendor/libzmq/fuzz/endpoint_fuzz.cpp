// Feeds every reader of addresses: endpoints, tcp and ipc addresses, accept filters, SOCKS5 answers. Nothing is looked up, opened or
// connected: names that would need the name service are left out. The first byte chooses the reader and the IPV6 option.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/un.h>

#include "options/accept_filter.hpp"
#include "transport/ipc_path.hpp"
#include "transport/socks.hpp"
#include "transport/tcp_address.hpp"
#include "transport/transport.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

void fuzz_endpoint (std::string_view text)
{
    EndpointName endpoint;
    if (parse_endpoint (text, endpoint) != 0)
        return;
    require (!endpoint.transport.empty () && !endpoint.address.empty ());
    require (endpoint.transport + "://" + endpoint.address == text);
    (void) find_transport (endpoint.transport);
}

void fuzz_tcp_bind (std::string_view text, bool ipv6)
{
    std::vector<SocketAddress> found;
    if (resolve_tcp_bind (text, ipv6, Names::never, found) != 0) {
        require (found.empty ());
        return;
    }
    require (!found.empty ());
    for (SocketAddress &address : found) {
        // What we write we read back as the same.
        const std::string written = tcp_endpoint_text (address);
        require (written.rfind ("tcp://", 0) == 0);
        std::vector<SocketAddress> again;
        require (resolve_tcp_bind (written.substr (6), ipv6, Names::never, again) == 0);
        require (tcp_endpoint_text (again.front ()) == written);
        (void) to_ipv4 (address);
    }
}

void fuzz_tcp_connect (std::string_view text, bool ipv6)
{
    const int checked = check_tcp_connect (text);
    std::vector<DialTarget> targets;
    const int resolved = resolve_tcp_connect (text, ipv6, Names::never, targets);
    require (checked == 0 || resolved == checked);
    require ((resolved == 0) == !targets.empty ());
    for (const DialTarget &target : targets)
        require (port_of (target.address) != 0);
    (void) tcp_resolves_at_once (text, ipv6);
    TcpTarget target;
    if (parse_tcp_target (text, target) == 0)
        require (!target.host.empty () && target.port != 0);
}

void fuzz_ipc (std::string_view text)
{
    SocketAddress address;
    if (parse_ipc_address (text, address) != 0)
        return;
    require (text.size () < sizeof (sockaddr_un{}.sun_path));
    require (ipc_endpoint_text (address) == "ipc://" + std::string (text));
}

void fuzz_filter (std::string_view text, bool ipv6)
{
    AddressMask mask;
    if (parse_address_mask (text, ipv6, mask) != 0)
        return;
    require (mask.bits <= (mask.ipv6 ? 128U : 32U));
    std::vector<SocketAddress> peers;
    (void) resolve_tcp_bind ("127.0.0.1:1", ipv6, Names::never, peers);
    for (const SocketAddress &peer : peers)
        (void) matches (mask, peer);
}

void fuzz_socks (std::string_view text, bool authenticate)
{
    SocksRequest request;
    request.host = "example.org";
    request.port = 80;
    request.username = authenticate ? "user" : "";
    SocksClient client (request);
    // The same bytes at once and one by one come to the same end.
    SocksClient slow (request);
    const std::vector<std::uint8_t> bytes (text.begin (), text.end ());
    const std::size_t used = client.feed (bytes);
    std::size_t used_slowly = 0;
    for (const std::uint8_t byte : bytes)
        used_slowly += slow.feed ({&byte, 1});
    require (used == used_slowly && client.state () == slow.state () && client.error () == slow.error ());
    require (client.state () != SocksClient::State::in_progress || used == bytes.size ());
    client.sent (client.output ().size ());
    require (client.output ().empty ());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view text (reinterpret_cast<const char *> (data) + 1, size - 1);
    const bool flag = (data[0] & 1U) != 0;
    switch ((data[0] >> 1U) % 6U) {
    case 0:
        fuzz_endpoint (text);
        break;
    case 1:
        fuzz_tcp_bind (text, flag);
        break;
    case 2:
        fuzz_tcp_connect (text, flag);
        break;
    case 3:
        fuzz_ipc (text);
        break;
    case 4:
        fuzz_filter (text, flag);
        break;
    default:
        fuzz_socks (text, flag);
        break;
    }
    return 0;
}
