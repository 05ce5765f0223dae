/* Buffers lent to the engine by zero-copy sends, and how they come back.
 *
 * The engine calls zmqpy_hold_release in any thread, with or without the GIL: it marks the tracker done, puts the buffer on a
 * lock-free list and asks the interpreter for a pending call. zmqpy_hold_drain, with the GIL, gives the buffers back. After
 * zmqpy_hold_finalize (interpreter exit) nothing of Python is touched any more. State is static: include this in one module.
 */
#ifndef ZMQPY_RELEASE_H_INCLUDED
#define ZMQPY_RELEASE_H_INCLUDED

#include <Python.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Set once when the buffer is free; `lock` is held until then, so that waiters wait for it. */
typedef struct zmqpy_done_t
{
    atomic_int done;
    PyThread_type_lock lock;
} zmqpy_done_t;

typedef struct zmqpy_hold_t
{
    struct zmqpy_hold_t *next;
    Py_buffer view;
    PyObject *owner; /* keeps `done` alive; NULL when not tracked */
    zmqpy_done_t *done;
} zmqpy_hold_t;

static _Atomic (zmqpy_hold_t *) zmqpy_hold_list;
static atomic_int zmqpy_hold_scheduled;
static atomic_int zmqpy_hold_finalized;

static inline void zmqpy_done_set (zmqpy_done_t *done)
{
    if (!atomic_exchange (&done->done, 1) && done->lock)
        PyThread_release_lock (done->lock);
}

static inline int zmqpy_done_get (zmqpy_done_t *done) { return atomic_load (&done->done); }

/* With the GIL held. Buffers may run destructors. */
static int zmqpy_hold_drain (void *unused)
{
    (void) unused;
    atomic_store (&zmqpy_hold_scheduled, 0);
    zmqpy_hold_t *hold = atomic_exchange (&zmqpy_hold_list, NULL);
    while (hold) {
        zmqpy_hold_t *next = hold->next;
        PyBuffer_Release (&hold->view);
        Py_XDECREF (hold->owner);
        free (hold);
        hold = next;
    }
    return 0;
}

static inline int zmqpy_hold_waiting (void) { return atomic_load_explicit (&zmqpy_hold_list, memory_order_relaxed) != NULL; }

/* zmq_free_fn; any thread, GIL or not, never blocks. */
static void zmqpy_hold_release (void *data, void *hint)
{
    zmqpy_hold_t *hold = (zmqpy_hold_t *) hint;
    (void) data;
    if (hold->done)
        zmqpy_done_set (hold->done);
    hold->next = atomic_load (&zmqpy_hold_list);
    while (!atomic_compare_exchange_weak (&zmqpy_hold_list, &hold->next, hold))
        ;
    if (!atomic_load (&zmqpy_hold_finalized) && !atomic_exchange (&zmqpy_hold_scheduled, 1) &&
        Py_AddPendingCall (zmqpy_hold_drain, NULL) < 0)
        atomic_store (&zmqpy_hold_scheduled, 0);
}

static inline void zmqpy_hold_finalize (void) { atomic_store (&zmqpy_hold_finalized, 1); }

#endif
