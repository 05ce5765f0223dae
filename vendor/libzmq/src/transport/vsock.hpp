// Sockets between virtual machines and their host (vsock(7)) as a row of the transport table. Address syntax: vsock_address.hpp.
#pragma once

#include "transport/transport.hpp"

namespace engine {

extern const Transport vsock_transport;

}  // namespace engine
