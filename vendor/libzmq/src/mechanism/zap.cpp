#include "mechanism/zap.hpp"

#include <utility>

#include <zmq.h>

namespace engine {

namespace {

constexpr std::string_view version = "1.0";
// Each question has a pipe of its own, so all may have the same number.
constexpr std::string_view request_id = "1";

}  // namespace

std::vector<std::string> zap_request (const HandshakeConfig &config, std::string_view mechanism, std::vector<std::string> credentials)
{
    std::vector<std::string> frames{std::string (),      std::string (version), std::string (request_id), config.zap_domain,
                                    config.peer_address, config.routing_id,     std::string (mechanism)};
    for (std::string &credential : credentials)
        frames.push_back (std::move (credential));
    return frames;
}

ZapVerdict read_zap_reply (std::span<const std::string> frames)
{
    using Outcome = ZapVerdict::Outcome;
    if (frames.size () != zap_reply_frames)
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY, {}};
    if (!frames[0].empty ())
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED, {}};
    if (frames[1] != version)
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION, {}};
    if (frames[2] != request_id)
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID, {}};
    int status = 0;
    for (const int known : {200, 300, 400, 500})
        if (frames[3] == std::to_string (known))
            status = known;
    if (status == 0)
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE, {}};
    // (frames[4] is a text for people.)
    ZapVerdict verdict{status == 200 ? Outcome::allowed : Outcome::refused, status, {{"User-Id", frames[5]}}};
    const auto *const metadata = reinterpret_cast<const std::uint8_t *> (frames[6].data ());
    if (!parse_properties ({metadata, frames[6].size ()}, verdict.properties))
        return {Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA, {}};
    return verdict;
}

}  // namespace engine
