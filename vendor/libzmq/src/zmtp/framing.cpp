// See framing.hpp.
#include "zmtp/framing.hpp"

#include <cstring>

namespace engine {

void apply_mask (std::uint32_t mask, std::span<std::uint8_t> body) noexcept
{
    std::uint8_t bytes[sizeof mask];
    std::memcpy (bytes, &mask, sizeof mask);
    for (std::size_t at = 0; at < body.size (); ++at)
        body[at] ^= bytes[at % sizeof mask];
}

}  // namespace engine
