/* What surrounds a call that may sleep: on the main thread no signal may slip in between Python's check for signals and the
 * sleep. With our engine signals are blocked before the check and the engine opens the mask only while it sleeps; with another
 * libzmq the call fails with EINTR when a signal arrives while it sleeps.
 */
#ifndef ZMQPY_WAIT_H_INCLUDED
#define ZMQPY_WAIT_H_INCLUDED

#include <time.h>
#include "zmqpy_libzmq.h"

#ifndef _WIN32
#include <signal.h>
#endif

typedef struct zmqpy_wait_t
{
    int blocked;
#if ZMQPY_HAVE_EXT && !defined _WIN32
    sigset_t original;
#endif
} zmqpy_wait_t;

/* Blocks every signal that can wait. */
static inline void zmqpy_wait_block (zmqpy_wait_t *wait)
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
    wait->blocked = 1;
#else
    wait->blocked = 0;
#endif
}

static inline void zmqpy_wait_unblock (zmqpy_wait_t *wait)
{
#if ZMQPY_HAVE_EXT && !defined _WIN32
    if (wait->blocked) {
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
