// TIPC, services in a cluster (linux/tipc.h), as a row of the transport table. Address syntax: tipc_address.hpp.
#pragma once

#include "transport/transport.hpp"

namespace engine {

extern const Transport tipc_transport;

}  // namespace engine
