// Overwriting bytes that nobody reads again, which a compiler would otherwise leave out.
#pragma once

#include <cstddef>

namespace engine {

void wipe (void *bytes, std::size_t size) noexcept;

}  // namespace engine
