// Feeds the opening of a connection: whatever a peer sends, at once or byte by byte, we come to the same end and say the same. Byte 0
// chooses our socket type and mechanism, and whether there is a greeting, byte 1 what else is configured and what ZAP says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include <zmq.h>

#include "mechanism/frame_cipher.hpp"
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

constexpr unsigned types = 22;  // one more than there are
constexpr unsigned mechanisms = 5;

HandshakeConfig make_config (std::uint8_t type, std::uint8_t what)
{
    HandshakeConfig config;
    config.socket_type = type % types;
    config.want_peer_routing_id = what & 1U;
    config.phantom_subscription = what & 2U;
    config.zap_domain = (what & 4U) ? "global" : "";
    config.zap_enforce_domain = what & 64U;
    switch (type / types % mechanisms) {
    case 1:
        config.mechanism = ZMQ_PLAIN;
        config.as_server = true;
        break;
    case 2:
        config.mechanism = ZMQ_PLAIN;
        config.plain_username.assign ((what & 8U) ? 255 : 1, 'u');
        break;
    case 3:
        config.mechanism = ZMQ_CURVE;
        config.as_server = true;
        config.curve_secretkey.fill (7);
        break;
    case 4:
        config.mechanism = ZMQ_CURVE;
        config.curve_secretkey.fill (7);
        config.curve_publickey.fill (9);
        config.curve_serverkey.fill (9);
        break;
    default:
        break;
    }
    config.routing_id.assign ((what & 8U) ? 255 : what >> 6U, 'r');
    config.max_message_size = (what & 16U) ? 30 : -1;
    if (what & 32U) {
        config.metadata = {{"X-One", "1"}, {"X-Two", ""}};
        config.peer_address = "::1";
        config.fd = 3;
    }
    return config;
}

std::unique_ptr<Handshake> make_handshake (std::uint8_t type, const HandshakeConfig &config)
{
    switch (type / types / mechanisms) {
    case 0:
        return std::make_unique<Handshake> (config);
    case 1:
        return std::make_unique<Handshake> (config, HandshakeStart{&zmtp::v3_1});
    default:
        return std::make_unique<Handshake> (config, HandshakeStart{&zmtp::v2, false});
    }
}

// As ZAP's handler answers the configuration.
ZapVerdict verdict (std::uint8_t what)
{
    using Outcome = ZapVerdict::Outcome;
    switch (what >> 6U) {
    case 0:
        return {Outcome::allowed, 200, {{"User-Id", "u"}}};
    case 1:
        return {Outcome::refused, (what & 1U) ? 300 : 400, {}};
    case 2:
        return {};
    default:
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION, {}};
    }
}

// Feeds all that is taken, ZAP's answers in between; what was used.
std::size_t feed (Handshake &handshake, std::span<const std::uint8_t> bytes, std::uint8_t what)
{
    std::size_t used = handshake.feed (bytes);
    while (handshake.waiting ()) {
        require (handshake.feed (bytes.subspan (used)) == 0);
        require (handshake.zap_request ().size () >= 7);
        handshake.decide (verdict (what));
        used += handshake.feed (bytes.subspan (used));
    }
    return used;
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

    const auto at_once = make_handshake (data[0], config);
    Handshake &handshake = *at_once;
    const std::size_t used = feed (handshake, bytes, data[1]);
    const std::string said = take (handshake);
    require (used <= bytes.size ());
    require (handshake.state () != Handshake::State::in_progress || used == bytes.size ());

    const auto piece_by_piece = make_handshake (data[0], config);
    Handshake &slow = *piece_by_piece;
    std::size_t used_slowly = feed (slow, {}, data[1]);
    std::string said_slowly;
    for (const std::uint8_t byte : bytes) {
        said_slowly += take (slow);
        used_slowly += feed (slow, {&byte, 1}, data[1]);
    }
    said_slowly += take (slow);

    // What came behind the greeting of an unversioned peer in the same piece may have betrayed that it is none.
    if (handshake.state () == Handshake::State::failed && slow.state () == Handshake::State::ready) {
        require (&slow.framing () == &zmtp::v1 && used < bytes.size () && handshake.failure ().event == 0);
        return 0;
    }
    // (CURVE draws its keys.)
    require (said.size () == said_slowly.size () && (config.mechanism == ZMQ_CURVE || said == said_slowly));
    // One that fails may have looked further than the byte that another piece ends with.
    require (handshake.state () == Handshake::State::failed ? used >= used_slowly : used == used_slowly);
    require (handshake.state () == slow.state () && &handshake.framing () == &slow.framing ());
    require (handshake.failure ().event == slow.failure ().event && handshake.failure ().value == slow.failure ().value);
    require (handshake.peer_routing_id () == slow.peer_routing_id ());
    require (config.want_peer_routing_id || handshake.peer_routing_id ().empty ());
    if (handshake.state () == Handshake::State::ready) {
        require (!handshake.mechanism_running () && handshake.greeting_done ());
        require (config.mechanism != ZMQ_CURVE && handshake.take_cipher () == nullptr);
        if (Metadata *metadata = handshake.metadata ())
            require (config.fd < 0 || metadata->get ("Peer-Address") == std::string ("::1"));
    }
    return 0;
}
