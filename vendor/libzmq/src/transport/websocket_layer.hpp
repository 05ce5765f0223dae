// WebSocket as a layer of a connection: it asks the peer, or answers it, as HTTP does, agrees with it on how frames look from then on
// (zmtp/websocket_framing.cpp), and is gone.
#pragma once

#include "transport/byte_stream.hpp"
#include "transport/transport.hpp"

namespace engine {

// 0 or ENOMEM. What an opening ends with that fails is ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED.
int put_websocket_on (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept;
int put_websocket_on (ByteStream &bytes, const Options &options) noexcept;

}  // namespace engine
