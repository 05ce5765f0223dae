/* The keeper: a thread that gives lent buffers back where no thread of the program looks, because all sleep elsewhere.
 *
 * It is started with the first buffer that is lent, by no means of Python's that could be patched, and sleeps without the GIL. A
 * release rings it unless it is awake; awake, it waits for a moment, in which a program that goes on sending gives back all by itself,
 * and takes the GIL only if something is left. So a busy program has a hundred short wake-ups a second of it, an idle one none.
 *
 * No wake-up is lost: who releases puts the buffer on the list and then exchanges `rung`; the keeper stores `rung` and then looks at
 * the list; all sequentially consistent.
 */
#ifndef ZMQPY_KEEPER_H_INCLUDED
#define ZMQPY_KEEPER_H_INCLUDED

#include <Python.h>
#include <stdatomic.h>
#ifndef _WIN32
#    include <signal.h>
#endif

#define ZMQPY_KEEPER_MOMENT 10000 /* microseconds */
#define ZMQPY_KEEPER_END 2000     /* milliseconds that the end of the interpreter waits for it at most */

enum
{
    ZMQPY_KEEPER_NONE,
    ZMQPY_KEEPER_RUNS,
    ZMQPY_KEEPER_ENDS, /* at its next look */
    ZMQPY_KEEPER_OVER  /* there will be none any more */
};

static struct
{
    atomic_int state;
    atomic_int rung;          /* it is awake, or will be */
    PyThread_type_lock bell;  /* taken while it sleeps until it is rung */
    PyThread_type_lock hurry; /* taken while it may wait for a moment */
    int (*any) (void);        /* whether something is to be given back */
    void (*give_back) (void); /* with the GIL */
} zmqpy_keeper;

static void zmqpy_keeper_run (void *unused)
{
    (void) unused;
    while (atomic_load (&zmqpy_keeper.state) == ZMQPY_KEEPER_RUNS) {
        PyThread_acquire_lock (zmqpy_keeper.bell, 1);
        PyThread_acquire_lock_timed (zmqpy_keeper.hurry, ZMQPY_KEEPER_MOMENT, 0);
        atomic_store (&zmqpy_keeper.rung, 0);
        if (atomic_load (&zmqpy_keeper.state) == ZMQPY_KEEPER_RUNS && zmqpy_keeper.any ()) {
            PyGILState_STATE gil = PyGILState_Ensure ();
            zmqpy_keeper.give_back ();
            PyGILState_Release (gil);
        }
    }
    atomic_store (&zmqpy_keeper.state, ZMQPY_KEEPER_OVER);
}

/* Starts the thread. It takes no signals: one that came to it would not interrupt the main thread's sleep. */
static inline unsigned long zmqpy_keeper_thread (void)
{
#ifdef _WIN32
    return PyThread_start_new_thread (zmqpy_keeper_run, NULL);
#else
    sigset_t all, original;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &original);
    const unsigned long thread = PyThread_start_new_thread (zmqpy_keeper_run, NULL);
    pthread_sigmask (SIG_SETMASK, &original, NULL);
    return thread;
#endif
}

/* With the GIL held, before a buffer is lent: makes sure that there is a keeper. -1 with an exception where none can be had. */
static inline int zmqpy_keeper_start (int (*any) (void), void (*give_back) (void))
{
    if (atomic_load_explicit (&zmqpy_keeper.state, memory_order_relaxed) != ZMQPY_KEEPER_NONE)
        return 0;
    zmqpy_keeper.any = any;
    zmqpy_keeper.give_back = give_back;
    if (!zmqpy_keeper.bell && (zmqpy_keeper.bell = PyThread_allocate_lock ()))
        PyThread_acquire_lock (zmqpy_keeper.bell, 1);
    if (!zmqpy_keeper.hurry && (zmqpy_keeper.hurry = PyThread_allocate_lock ()))
        PyThread_acquire_lock (zmqpy_keeper.hurry, 1);
    if (!zmqpy_keeper.bell || !zmqpy_keeper.hurry) {
        PyErr_NoMemory ();
        return -1;
    }
    atomic_store (&zmqpy_keeper.rung, 0);
    atomic_store (&zmqpy_keeper.state, ZMQPY_KEEPER_RUNS);
    if (zmqpy_keeper_thread () == PYTHREAD_INVALID_THREAD_ID) {
        atomic_store (&zmqpy_keeper.state, ZMQPY_KEEPER_NONE);
        PyErr_SetString (PyExc_RuntimeError, "no thread can be started to give lent buffers back");
        return -1;
    }
    return 0;
}

/* Any thread, with or without the GIL: there is something to give back. */
static inline void zmqpy_keeper_ring (void)
{
    if (atomic_load (&zmqpy_keeper.state) == ZMQPY_KEEPER_RUNS && !atomic_exchange (&zmqpy_keeper.rung, 1))
        PyThread_release_lock (zmqpy_keeper.bell);
}

/* The interpreter goes down; with the GIL held. Nothing is given back any more when this returns. */
static inline void zmqpy_keeper_end (void)
{
    int running = ZMQPY_KEEPER_RUNS;
    if (!atomic_compare_exchange_strong (&zmqpy_keeper.state, &running, ZMQPY_KEEPER_ENDS)) {
        atomic_store (&zmqpy_keeper.state, ZMQPY_KEEPER_OVER);
        return;
    }
    PyThread_release_lock (zmqpy_keeper.hurry);
    if (!atomic_exchange (&zmqpy_keeper.rung, 1))
        PyThread_release_lock (zmqpy_keeper.bell);
    Py_BEGIN_ALLOW_THREADS;
    PyThread_type_lock pause = PyThread_allocate_lock ();
    if (pause) {
        PyThread_acquire_lock (pause, 1);
        for (int i = 0; i < ZMQPY_KEEPER_END && atomic_load (&zmqpy_keeper.state) != ZMQPY_KEEPER_OVER; ++i)
            PyThread_acquire_lock_timed (pause, 1000, 0);
        PyThread_release_lock (pause);
        PyThread_free_lock (pause);
    }
    Py_END_ALLOW_THREADS;
}

/* In a forked child, which has no such thread: the next buffer that is lent starts one. (The old locks may be in any state.) */
static inline void zmqpy_keeper_forked (void)
{
    if (atomic_load (&zmqpy_keeper.state) == ZMQPY_KEEPER_OVER)
        return;
    zmqpy_keeper.bell = zmqpy_keeper.hurry = NULL;
    atomic_store (&zmqpy_keeper.state, ZMQPY_KEEPER_NONE);
}

#endif
