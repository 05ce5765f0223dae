// Notices fork(2): contexts and sockets belong to the process that made them. In a child every call on an inherited handle
// fails instead of touching what the parent uses, and the parent's ports and connections are closed (platform/inherited_sockets.hpp).
#pragma once

#include "platform/fork_generation.hpp"

namespace engine {

void watch_forks () noexcept;  // keeps fork_generation from now on; idempotent

}  // namespace engine
