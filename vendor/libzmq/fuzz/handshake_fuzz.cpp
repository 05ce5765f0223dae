// Feeds the opening of a connection: whatever a peer sends, at once or byte by byte, we come to the same end and say the same. Byte 0
// chooses our socket type, byte 1 what else is configured.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "mechanism/mechanism.hpp"
#include "message/metadata.hpp"
#include "zmtp/handshake.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

HandshakeConfig make_config (std::uint8_t type, std::uint8_t what)
{
    HandshakeConfig config;
    config.socket_type = type % 22;  // one more than there are
    config.want_peer_routing_id = what & 1U;
    config.phantom_subscription = what & 2U;
    config.has_zap_domain = what & 4U;
    config.routing_id.assign ((what & 8U) ? 255 : what >> 6U, 'r');
    config.max_message_size = (what & 16U) ? 30 : -1;
    if (what & 32U) {
        config.metadata = {{"X-One", "1"}, {"X-Two", ""}};
        config.peer_address = "::1";
        config.fd = 3;
    }
    return config;
}

std::string take (Handshake &handshake)
{
    const auto output = handshake.output ();
    std::string bytes (reinterpret_cast<const char *> (output.data ()), output.size ());
    handshake.sent (bytes.size ());
    require (handshake.output ().empty ());
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size < 2)
        return 0;
    const HandshakeConfig config = make_config (data[0], data[1]);
    const std::span<const std::uint8_t> bytes (data + 2, size - 2);

    Handshake handshake (config);
    const std::size_t used = handshake.feed (bytes);
    const std::string said = take (handshake);
    require (used <= bytes.size ());
    require (handshake.state () != Handshake::State::in_progress || used == bytes.size ());

    Handshake slow (config);
    std::size_t used_slowly = 0;
    std::string said_slowly;
    for (const std::uint8_t byte : bytes) {
        said_slowly += take (slow);
        used_slowly += slow.feed ({&byte, 1});
    }
    said_slowly += take (slow);

    // What came behind the greeting of an unversioned peer in the same piece may have betrayed that it is none.
    if (handshake.state () == Handshake::State::failed && slow.state () == Handshake::State::ready) {
        require (slow.wire () == Wire::v1 && used < bytes.size () && handshake.failure ().event == 0);
        return 0;
    }
    require (used == used_slowly && said == said_slowly);
    require (handshake.state () == slow.state () && handshake.wire () == slow.wire ());
    require (handshake.failure ().event == slow.failure ().event && handshake.failure ().value == slow.failure ().value);
    require (handshake.peer_routing_id () == slow.peer_routing_id ());
    require (config.want_peer_routing_id || handshake.peer_routing_id ().empty ());
    if (handshake.state () == Handshake::State::ready) {
        require (!handshake.mechanism_running () && handshake.greeting_done ());
        require (handshake.take_mechanism () == nullptr);
        if (Metadata *metadata = handshake.metadata ())
            require (config.fd < 0 || metadata->get ("Peer-Address") == std::string ("::1"));
    }
    return 0;
}
