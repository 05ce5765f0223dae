// What transports with TLS have in common: contexts made of options when an endpoint begins, and the names of peers.
#pragma once

#if defined ZMQ_HAVE_TLS

#    include <span>
#    include <string>

#    include "options/options.hpp"
#    include "transport/tls_context.hpp"
#    include "transport/transport.hpp"

namespace engine {

// Finds or makes options.tls_contexts' for the role. 0, or EINVAL, and the report says why. May block on files.
int prepare_tls (Options &options, TlsRole role, const TlsSettings &settings);

// Tells targets the host and port that a tcp address names. 0 or EINVAL.
int name_tls_targets (const std::string &address, std::span<DialTarget> targets);

// "tls+tcp://..." of "tcp://..."; empty stays empty.
inline std::string over_tls (const std::string &endpoint) { return endpoint.empty () ? endpoint : "tls+" + endpoint; }

}  // namespace engine

#endif
