// See threads.hpp.
#include "platform/threads.hpp"

#include <pthread.h>
#include <sched.h>

#include "platform/system.hpp"

#if defined __linux__
#    include <sys/prctl.h>
#endif
#if __has_include(<sys/single_threaded.h>)
#    include <sys/single_threaded.h>
#endif
#if __has_include(<pthread_np.h>)
#    include <pthread_np.h>
#endif
#if defined __FreeBSD__
#    include <sys/cpuset.h>
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

void wake_punctually () noexcept
{
#if defined __linux__
    ::prctl (PR_SET_TIMERSLACK, 1000ul);
#endif
}

void name_thread (const char *name) noexcept
{
#if defined __APPLE__
    ::pthread_setname_np (name);
#elif defined __NetBSD__
    ::pthread_setname_np (::pthread_self (), "%s", const_cast<char *> (name));
#elif defined __FreeBSD__ || defined __OpenBSD__ || defined __DragonFly__
    ::pthread_set_name_np (::pthread_self (), name);
#else
    ::pthread_setname_np (::pthread_self (), name);
#endif
}

void keep_to_processors (std::span<const int> processors) noexcept
{
#if defined __linux__ || defined __FreeBSD__
#    if defined __linux__
    using Set = cpu_set_t;
#    else
    using Set = cpuset_t;
#    endif
    Set set;
    CPU_ZERO (&set);
    for (const int processor : processors)
        if (processor < CPU_SETSIZE)
            CPU_SET (static_cast<unsigned> (processor), &set);
    ::pthread_setaffinity_np (::pthread_self (), sizeof set, &set);
#elif defined __NetBSD__
    if (cpuset_t *const set = ::cpuset_create ()) {
        for (const int processor : processors)
            ::cpuset_set (static_cast<cpuid_t> (processor), set);
        ::pthread_setaffinity_np (::pthread_self (), ::cpuset_size (set), set);
        ::cpuset_destroy (set);
    }
#else
    (void) processors;
#endif
}

}  // namespace engine
