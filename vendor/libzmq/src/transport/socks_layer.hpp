// SOCKS as a layer of a connection: it asks the proxy, to which the descriptor leads, for the target, and is gone.
#pragma once

#include "transport/byte_stream.hpp"
#include "transport/transport.hpp"

namespace engine {

// Nothing for a target that is dialled directly. 0 or ENOMEM.
int put_socks_on (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept;

}  // namespace engine
