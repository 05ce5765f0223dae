// Bytes that nobody can foretell.
#pragma once

#include <cstdint>
#include <span>

namespace engine {

// At most 256. 0 or errno: the system has none to give.
int get_entropy (std::span<std::uint8_t> bytes) noexcept;

// As many bits of it, from a stock that each thread has and that no child of fork(2) shares with its parent. Where the system gives
// none they are made of what differs from call to call.
std::uint32_t random_word () noexcept;

}  // namespace engine
