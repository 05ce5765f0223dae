// See heap.hpp. Only glibc has to be asked. malloc_trim(3) leaves the end of other threads' arenas alone; that goes back when a large
// block is freed there.
#include "platform/heap.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#    include <malloc.h>
#endif

namespace engine {

void trim_heap () noexcept
{
#ifdef __GLIBC__
    void *volatile block = std::malloc (96 * 1024);  // below the size that has pages of its own
    std::free (block);
    ::malloc_trim (0);
#endif
}

}  // namespace engine
