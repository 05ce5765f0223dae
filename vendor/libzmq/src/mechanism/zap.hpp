// ZAP (RFC 27), the question whether a peer is to be let in, without I/O: the frames of a request, and what a reply's frames mean.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mechanism/handshake_config.hpp"
#include "mechanism/properties.hpp"

namespace engine {

struct ZapVerdict
{
    enum class Outcome
    {
        allowed,     // status 200
        refused,     // `value`: status 300, 400 or 500
        malformed,   // no reply at all; `value`: ZMQ_PROTOCOL_ERROR_ZAP_*
        no_handler,  // there is none
        no_memory
    };
    Outcome outcome = Outcome::no_handler;
    int value = 0;
    Properties properties;  // of one who is allowed: User-Id, then what the handler says about the peer
};

// The frames after the peer's routing id, the empty one that ends an envelope included.
std::vector<std::string> zap_request (const HandshakeConfig &config, std::string_view mechanism, std::vector<std::string> credentials);

// A reply has exactly so many; a reader need not keep more than one above it.
constexpr std::size_t zap_reply_frames = 7;
ZapVerdict read_zap_reply (std::span<const std::string> frames);

}  // namespace engine
