// TLS over TCP (tls+tcp://) as a row of the transport table: tcp's addresses, descriptors and SOCKS, with TLS above them. It exists only
// with OpenSSL (ZMQ_HAVE_TLS).
#pragma once

#include "transport/transport.hpp"

namespace engine {

#if defined ZMQ_HAVE_TLS
extern const Transport tls_tcp_transport;
#endif

}  // namespace engine
