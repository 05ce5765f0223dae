// See pages.hpp.
#include "platform/pages.hpp"

#include <sys/mman.h>

namespace engine {

void *map_pages (std::size_t size) noexcept
{
    void *const block = ::mmap (nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? nullptr : block;
}

void unmap_pages (void *block, std::size_t size) noexcept { ::munmap (block, size); }

}  // namespace engine
