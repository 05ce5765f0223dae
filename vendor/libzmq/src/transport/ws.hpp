// ZeroMQ over WebSocket (RFC 45) as a row of the transport table: tcp under another name, with a path behind the address, and
// websocket_layer.hpp on its connections.
#pragma once

#include "transport/transport.hpp"

namespace engine {

extern const Transport ws_transport;

}  // namespace engine
