// ZeroMQ over WebSocket (RFC 45) as a row of the transport table: tcp under another name, with a path behind the address, and
// websocket_layer.hpp on its connections.
#pragma once

#include <cstdint>
#include <string>

#include "transport/transport.hpp"

namespace engine {

extern const Transport ws_transport;

// What a request says of the peer that a connect address of tcp's syntax names: no zone, which is nothing to the peer, and no port that
// goes without saying. 0 or EINVAL.
int http_host (const std::string &tcp_address, std::uint16_t unsaid_port, std::string &out);

}  // namespace engine
