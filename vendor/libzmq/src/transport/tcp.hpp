// TCP over IPv4 and IPv6 as a row of the transport table. Address syntax: tcp_address.hpp; tuning: tcp_options.hpp;
// who may connect: accept_filter.hpp.
#pragma once

#include "transport/transport.hpp"

namespace engine {

extern const Transport tcp_transport;

}  // namespace engine
