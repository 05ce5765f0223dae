// What a socket type answers that has no options of its own and keeps no table of peers.
#include "pattern/pattern.hpp"

#include <cerrno>

namespace engine {

int Pattern::set_option (int, const void *, std::size_t) { return EINVAL; }

int Pattern::get_option (int, void *, std::size_t *) { return EINVAL; }

int Pattern::peer_state (const void *, std::size_t, int &) { return ENOTSUP; }

int Pattern::join (const char *) { return ENOTSUP; }

int Pattern::leave (const char *) { return ENOTSUP; }

int Pattern::disconnect_peer (std::uint32_t) { return ENOTSUP; }

}  // namespace engine
