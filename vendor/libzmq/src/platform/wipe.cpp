// See wipe.hpp. The C library has a function for it, by one of three names.
#if defined __APPLE__
#    define __STDC_WANT_LIB_EXT1__ 1
#endif
#include "platform/wipe.hpp"

#include <string.h>

namespace engine {

void wipe (void *bytes, std::size_t size) noexcept
{
    if (size == 0)
        return;
#if defined __APPLE__
    ::memset_s (bytes, size, 0, size);
#elif defined __NetBSD__
    ::explicit_memset (bytes, 0, size);
#else
    ::explicit_bzero (bytes, size);
#endif
}

}  // namespace engine
