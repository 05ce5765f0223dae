// Numbers in network order.
#pragma once

#include <cstdint>

namespace engine {

inline void put_u64 (std::uint8_t *at, std::uint64_t value) noexcept
{
    for (int byte = 7; byte >= 0; --byte, value >>= 8)
        at[byte] = static_cast<std::uint8_t> (value);
}

inline std::uint64_t get_u64 (const std::uint8_t *at) noexcept
{
    std::uint64_t value = 0;
    for (int byte = 0; byte < 8; ++byte)
        value = value << 8 | at[byte];
    return value;
}

}  // namespace engine
