// Unix-domain stream sockets as a row of the transport table: paths, abstract names, wildcard directories, peer credentials.
#pragma once

#include "transport/transport.hpp"

namespace engine {

extern const Transport ipc_transport;

}  // namespace engine
