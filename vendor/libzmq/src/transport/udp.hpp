// UDP over IPv4 and IPv6, unicast and multicast, as a row of the table of datagram transports. Address syntax: udp_address.hpp.
#pragma once

#include "transport/datagram_transport.hpp"

namespace engine {

extern const DatagramTransport udp_transport;

}  // namespace engine
