/* Buffers lent to the engine by zero-copy sends, and how they come back.
 *
 * The engine calls zmqpy_hold_release in any thread, with or without the GIL: it puts the buffer on a lock-free list and wakes who
 * waits for it. Whoever has the GIL and looks next, a waiter or a call that asks whether the buffer is free among them, gives the
 * buffers back by zmqpy_hold_drain; only then they count as done. Where nobody looks, the keeper (zmqpy_keeper.h) does. State is
 * static: include this in one module.
 */
#ifndef ZMQPY_RELEASE_H_INCLUDED
#define ZMQPY_RELEASE_H_INCLUDED

#include <Python.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "zmqpy_keeper.h"

/* What is known of one lent buffer. The tracker's event, the engine's callback and the list have a share each. */
typedef struct zmqpy_done_t
{
    atomic_int shares;
    atomic_int woken;        /* `lock` was released, which happens once */
    PyThread_type_lock lock; /* held until the engine has given up the buffer; then taken by one waiter after the other */
    int done;                /* the buffer was given back; the rest with the GIL held */
    int awaited;             /* a waiter has `lock` and wants it again: it sleeps until somebody else has given the buffer back */
} zmqpy_done_t;

typedef struct zmqpy_hold_t
{
    struct zmqpy_hold_t *next;
    Py_buffer view;
    zmqpy_done_t *done; /* NULL when not tracked */
} zmqpy_hold_t;

static _Atomic (zmqpy_hold_t *) zmqpy_hold_list;
static zmqpy_hold_t *zmqpy_hold_taken; /* from that list, in the order of release; with the GIL held */

/* One share, of the caller; NULL without memory. */
static inline zmqpy_done_t *zmqpy_done_new (void)
{
    zmqpy_done_t *done = (zmqpy_done_t *) malloc (sizeof *done);
    if (!done)
        return NULL;
    if (!(done->lock = PyThread_allocate_lock ())) {
        free (done);
        return NULL;
    }
    PyThread_acquire_lock (done->lock, 1);
    atomic_init (&done->shares, 1);
    atomic_init (&done->woken, 0);
    done->done = done->awaited = 0;
    return done;
}

static inline void zmqpy_done_share (zmqpy_done_t *done) { atomic_fetch_add (&done->shares, 1); }

static inline void zmqpy_done_drop (zmqpy_done_t *done)
{
    if (atomic_fetch_sub (&done->shares, 1) == 1) {
        PyThread_free_lock (done->lock);
        free (done);
    }
}

/* Any thread: lets the first waiter look. */
static inline void zmqpy_done_wake (zmqpy_done_t *done)
{
    if (!atomic_exchange (&done->woken, 1))
        PyThread_release_lock (done->lock);
}

/* With the GIL: the buffer was given back. */
static inline void zmqpy_done_set (zmqpy_done_t *done)
{
    done->done = 1;
    if (done->awaited) {
        done->awaited = 0;
        PyThread_release_lock (done->lock);
    }
}

/* With the GIL held. One at a time: giving back runs destructors, which may look at the others or let other threads do so. */
static void zmqpy_hold_drain (void)
{
    for (;;) {
        zmqpy_hold_t *hold = zmqpy_hold_taken;
        if (!hold) {
            zmqpy_hold_t *newest = atomic_exchange (&zmqpy_hold_list, NULL);
            while (newest) {
                zmqpy_hold_t *next = newest->next;
                newest->next = hold;
                hold = newest;
                newest = next;
            }
            if (!hold)
                return;
        }
        zmqpy_hold_taken = hold->next;
        PyBuffer_Release (&hold->view);
        if (hold->done) {
            zmqpy_done_set (hold->done);
            zmqpy_done_drop (hold->done);
        }
        free (hold);
    }
}

/* With the GIL held. */
static inline int zmqpy_hold_waiting (void)
{
    return zmqpy_hold_taken || atomic_load_explicit (&zmqpy_hold_list, memory_order_relaxed) != NULL;
}

static int zmqpy_hold_any (void) { return atomic_load (&zmqpy_hold_list) != NULL; }

/* zmq_free_fn; any thread, GIL or not, never blocks. */
static void zmqpy_hold_release (void *data, void *hint)
{
    zmqpy_hold_t *hold = (zmqpy_hold_t *) hint;
    zmqpy_done_t *done = hold->done;
    (void) data;
    hold->next = atomic_load (&zmqpy_hold_list);
    while (!atomic_compare_exchange_weak (&zmqpy_hold_list, &hold->next, hold))
        ;
    /* From here on `hold` is whoever drains'. A waiter finds it in the list, or finds that another thread is at it. */
    if (done) {
        zmqpy_done_wake (done);
        zmqpy_done_drop (done);
    }
    zmqpy_keeper_ring ();
}

#endif
