// How often fork(2) has happened between the first process that used the library and this one. strand/fork.hpp counts.
#pragma once

#include <atomic>

namespace engine {

inline constinit std::atomic<unsigned> fork_generation{0};

}  // namespace engine
