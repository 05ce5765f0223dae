// See threads.hpp.
#include "platform/threads.hpp"

#include <sys/prctl.h>

#if __has_include(<sys/single_threaded.h>)
#    include <sys/single_threaded.h>
#endif

namespace engine {

bool single_threaded () noexcept
{
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded;
#else
    return false;
#endif
}

void wake_punctually () noexcept { ::prctl (PR_SET_TIMERSLACK, 1000ul); }

}  // namespace engine
