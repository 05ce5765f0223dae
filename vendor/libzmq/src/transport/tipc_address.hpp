// The text of tipc addresses: a service `{TYPE,LOWER,UPPER}` to bind, `{TYPE,INSTANCE}` with an optional `@Z.C.N` (where to look for it)
// to connect to, a socket's own id `<Z.C.N:REFERENCE>` to connect to, and `<*>` to bind to an id that the system chooses.
#pragma once

#include <string>
#include <string_view>

#include "platform/machine_address.hpp"

namespace engine {

// EINVAL. For bind; `chosen`: it is `<*>`.
int parse_tipc_bind (std::string_view text, TipcAddress &out, bool &chosen) noexcept;
int parse_tipc_connect (std::string_view text, TipcAddress &out) noexcept;
std::string tipc_text (const TipcAddress &address);

}  // namespace engine
