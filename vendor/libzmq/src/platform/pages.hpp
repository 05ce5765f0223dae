// Memory straight from the system, for blocks that are large and seldom: it goes back with the block, and the C library is not taught by
// its size to keep more for itself (glibc's thresholds grow with the largest block that was freed).
#pragma once

#include <cstddef>

namespace engine {

void *map_pages (std::size_t size) noexcept;  // null: out of memory
void unmap_pages (void *block, std::size_t size) noexcept;

}  // namespace engine
