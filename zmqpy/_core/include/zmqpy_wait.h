/* What surrounds a call that may sleep: on the main thread no signal may slip in between Python's check for signals and the
 * sleep. With our engine signals are blocked before the check and the engine opens the mask only while it sleeps; with another
 * libzmq the call fails with EINTR when a signal arrives while it sleeps.
 *
 * Where there are other threads, the system gives them a signal that the main thread blocks just then; Python notes it, but the
 * main thread is not woken. Therefore the first sleep of a call is then limited to ZMQPY_FIRST_SLEEP, each further one to twice
 * the last: the call ends in time, and an idle process soon makes no wake-ups worth the name.
 */
#ifndef ZMQPY_WAIT_H_INCLUDED
#define ZMQPY_WAIT_H_INCLUDED

#include "zmqpy_ext.h"
#include <time.h>

#ifndef _WIN32
#    include <signal.h>
#endif

#define ZMQPY_FIRST_SLEEP 40        /* ms */
#define ZMQPY_LONGEST_SLEEP 3600000 /* ms */

typedef struct zmqpy_wait_t
{
    int blocked;
    int sleep; /* ms, limit of the last sleep; 0 before the first */
#if ZMQPY_HAVE_EXT && !defined _WIN32
    sigset_t original;
#endif
} zmqpy_wait_t;

static inline void zmqpy_wait_init (zmqpy_wait_t *wait)
{
    wait->blocked = 0;
    wait->sleep = 0;
}

/* Blocks every signal that can wait. */
static inline void zmqpy_wait_block (zmqpy_wait_t *wait, int other_threads)
{
#if ZMQPY_HAVE_EXT && !defined _WIN32
    sigset_t all;
    sigfillset (&all);
    sigdelset (&all, SIGSEGV);
    sigdelset (&all, SIGBUS);
    sigdelset (&all, SIGFPE);
    sigdelset (&all, SIGILL);
    sigdelset (&all, SIGTRAP);
    sigdelset (&all, SIGABRT);
    pthread_sigmask (SIG_SETMASK, &all, &wait->original);
    zmq_ext_wait_sigmask (&wait->original);
    if (other_threads) {
        wait->sleep = wait->sleep ? wait->sleep * 2 : ZMQPY_FIRST_SLEEP;
        if (wait->sleep > ZMQPY_LONGEST_SLEEP)
            wait->sleep = ZMQPY_LONGEST_SLEEP;
        zmq_ext_wait_limit (wait->sleep);
    }
    wait->blocked = 1;
#else
    (void) other_threads;
    wait->blocked = 0;
#endif
}

static inline void zmqpy_wait_unblock (zmqpy_wait_t *wait)
{
#if ZMQPY_HAVE_EXT && !defined _WIN32
    if (wait->blocked) {
        if (wait->sleep)
            zmq_ext_wait_limit (0);
        zmq_ext_wait_sigmask (NULL);
        pthread_sigmask (SIG_SETMASK, &wait->original, NULL);
    }
#endif
    wait->blocked = 0;
}

/* Milliseconds of a clock that never goes back. */
static inline int64_t zmqpy_now_ms (void)
{
#ifdef _WIN32
    return (int64_t) GetTickCount64 ();
#else
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
#endif
}

#endif
