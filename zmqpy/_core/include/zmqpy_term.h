/* Terminating a context that nobody waits for. */
#ifndef ZMQPY_TERM_H_INCLUDED
#define ZMQPY_TERM_H_INCLUDED

#include "zmqpy_libzmq.h"

#ifdef _WIN32
#    include <process.h>
static void __cdecl zmqpy_term_run (void *context)
{
    while (zmq_ctx_term (context) < 0 && zmq_errno () == EINTR)
        ;
}

static inline int zmqpy_term_detached (void *context) { return _beginthread (zmqpy_term_run, 0, context) == (uintptr_t) -1 ? -1 : 0; }
#else
#    include <pthread.h>
#    include <signal.h>

static void *zmqpy_term_run (void *context)
{
    while (zmq_ctx_term (context) < 0 && zmq_errno () == EINTR)
        ;
    return NULL;
}

/* 0, or an errno: then the context is left to the end of the process. Signals stay with the other threads. */
static inline int zmqpy_term_detached (void *context)
{
    pthread_t thread;
    sigset_t all, original;
    int rc;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &original);
    rc = pthread_create (&thread, NULL, zmqpy_term_run, context);
    if (rc == 0)
        pthread_detach (thread);
    pthread_sigmask (SIG_SETMASK, &original, NULL);
    return rc;
}
#endif

#endif
