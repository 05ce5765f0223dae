// Notices fork(2): contexts and sockets belong to the process that made them. In a child every call on an inherited handle
// fails instead of touching what the parent uses, and the parent's ports and connections are closed (platform/inherited_sockets.hpp).
#pragma once

#include <atomic>

namespace engine {

// Number of forks between the first process that used the library and this one.
extern std::atomic<unsigned> fork_generation;
void watch_forks () noexcept;  // idempotent

}  // namespace engine
