// See websocket_layer.hpp.
#include "transport/websocket_layer.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <zmq.h>

#include "mechanism/mechanism.hpp"
#include "options/options.hpp"
#include "platform/entropy.hpp"
#include "transport/byte_layer.hpp"
#include "transport/websocket_opening.hpp"
#include "zmtp/framing.hpp"

namespace engine {

namespace {

SubProtocols sub_protocols (const Options &options)
{
    SubProtocols ours;
    for (const MechanismRow &row : mechanism_table ())
        if (row.number == options.mechanism)
            ours.mechanism = row.name;
    // (Who asks for ZAP talks to nobody without a mechanism: there would be no ZAP.)
    ours.without_mechanism = options.mechanism == ZMQ_NULL && options.zap_domain.empty ();
    return ours;
}

// What the two sides have in common.
template <class Opening>
class WebSocketLayer : public OpeningLayer
{
  public:
    WebSocketLayer (const Framing &framing, Opening &&opening) : opening_ (std::move (opening)), framing_ (framing) {}
    std::optional<HandshakeStart> agreed () const noexcept override { return HandshakeStart{&framing_, opening_.with_mechanism ()}; }

  protected:
    std::span<const std::uint8_t> output () const noexcept override { return opening_.output (); }
    void sent (std::size_t count) noexcept override { opening_.sent (count); }
    std::size_t feed (std::span<const std::uint8_t> bytes) override { return opening_.feed (bytes); }
    int outcome () const noexcept override
    {
        switch (opening_.state ()) {
        case WebSocketOpening::State::in_progress:
            return EAGAIN;
        case WebSocketOpening::State::failed:
            return ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED;
        case WebSocketOpening::State::agreed:
            break;
        }
        return 0;
    }

    Opening opening_;

  private:
    const Framing &framing_;
};

using ClientLayer = WebSocketLayer<WebSocketRequest>;

// One that is refused is told why. Then its end is waited for, because what it has sent and nobody has read would take the answer from it.
class ServerLayer final : public WebSocketLayer<WebSocketAnswer>
{
  public:
    using WebSocketLayer::WebSocketLayer;

  private:
    bool refused () const noexcept { return opening_.state () == WebSocketOpening::State::failed; }
    void sent (std::size_t count) noexcept override
    {
        WebSocketLayer::sent (count);
        if (refused () && output ().empty ())
            below ().end_output ();
    }
    int outcome () const noexcept override
    {
        if (refused () && !opening_.overrun ())
            return EAGAIN;
        return WebSocketLayer::outcome ();
    }
    int peer_ended () const noexcept override { return refused () ? WebSocketLayer::outcome () : EPIPE; }
    int refusal () const noexcept override { return refused () ? WebSocketLayer::outcome () : 0; }
};

}  // namespace

int put_websocket_on (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept
try {
    std::array<std::uint8_t, WebSocketRequest::key_size> key{};
    if (const int error = get_entropy (key))
        return error;
    bytes.put_on (std::make_unique<ClientLayer> (websocket::client,
                                                 WebSocketRequest (sub_protocols (options), target.http_host, target.http_path, key)));
    return 0;
} catch (...) {
    return ENOMEM;
}

int put_websocket_on (ByteStream &bytes, const Options &options) noexcept
try {
    bytes.put_on (std::make_unique<ServerLayer> (websocket::server, WebSocketAnswer (sub_protocols (options))));
    return 0;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine
