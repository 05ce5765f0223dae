// ZeroMQ over WebSocket over TLS (wss://) as a row of the transport table: ws with TLS below its layer, and libzmq's options for it. It
// exists only with OpenSSL (ZMQ_HAVE_TLS).
#pragma once

#include "transport/transport.hpp"

namespace engine {

#if defined ZMQ_HAVE_TLS
extern const Transport wss_transport;
#endif

}  // namespace engine
