// See heap.hpp. Only glibc has to be asked. Its malloc_trim(3) merges what is free in every thread's memory (arena), and gives back all
// whole pages in between, but the end only of the first arena. The end of another goes back when a block of 64 KiB or more is freed in it.
#include "platform/heap.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#    include <malloc.h>
#endif

namespace engine {

#ifdef __GLIBC__

namespace {

constexpr std::size_t mark_size = 96 * 1024;  // below the size that has pages of its own; all but its beginning stays untouched

}  // namespace

void trim_heap () noexcept
{
    ::malloc_trim (0);
    void *volatile block = make_heap_mark ();
    free_heap_mark (block);
}

void *make_heap_mark () noexcept { return std::malloc (mark_size); }

void free_heap_mark (void *mark) noexcept { std::free (mark); }

#else

void trim_heap () noexcept {}

void *make_heap_mark () noexcept { return nullptr; }

void free_heap_mark (void *) noexcept {}

#endif

}  // namespace engine
