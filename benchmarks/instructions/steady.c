/* Preloaded under callgrind: counts instructions of chosen stretches of the main thread, and makes them the same in every run.
 *
 * While a stretch is measured the clock does not run by itself but goes on by a fixed step with each look at it, and timers are
 * not armed: so what the library decides by the time (whether a burst is on, whether a batch has waited long enough) is decided
 * by what the program does. steady_begin and steady_end bound a stretch; a program may call them many times. */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/timerfd.h>
#include <time.h>

#include <valgrind/callgrind.h>

enum
{
    STEP = 200 /* ns */
};

static int steady;
static struct timespec clock_now;

static int real_clock (clockid_t id, struct timespec *time)
{
    static int (*function) (clockid_t, struct timespec *);
    if (!function)
        *(void **) &function = dlsym (RTLD_NEXT, "clock_gettime");
    return function (id, time);
}

int clock_gettime (clockid_t id, struct timespec *time)
{
    if (!steady)
        return real_clock (id, time);
    clock_now.tv_nsec += STEP;
    if (clock_now.tv_nsec >= 1000000000) {
        clock_now.tv_nsec -= 1000000000;
        clock_now.tv_sec++;
    }
    *time = clock_now;
    return 0;
}

int timerfd_settime (int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    static int (*function) (int, int, const struct itimerspec *, struct itimerspec *);
    if (steady)
        return 0;
    if (!function)
        *(void **) &function = dlsym (RTLD_NEXT, "timerfd_settime");
    return function (fd, flags, value, old);
}

void steady_begin (void)
{
    real_clock (CLOCK_MONOTONIC, &clock_now);
    steady = 1;
    CALLGRIND_TOGGLE_COLLECT;
}

void steady_end (void)
{
    CALLGRIND_TOGGLE_COLLECT;
    steady = 0;
}
