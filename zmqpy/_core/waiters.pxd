"""Futures that wait for a socket, in order. See waiters.pyx."""

from zmqpy._core.batch cimport BatchSocket
from zmqpy._core.loops cimport Loop

cdef enum:
    RECV
    RECV_MULTIPART
    RECV_INTO
    RECV_MANY
    NEXT            # one message for `async for`
    SEND
    SEND_MULTIPART
    SEND_MANY
    POLL


cdef class Waiter:
    cdef object future
    cdef int kind
    cdef int flags              # SNDMORE; of POLL the events waited for
    cdef bint copy, track
    cdef Py_ssize_t number      # RECV_INTO: nbytes; RECV_MANY: max; SEND_MANY: how many were accepted
    cdef size_t done            # SEND_MULTIPART: parts that were taken
    cdef object data, routing_id, group
    cdef object load            # what becomes of the result; or None
    cdef object timer
    cdef Waiter next, previous

    # The result, or BLOCKED.
    cdef object attempt(self, BatchSocket socket)
    # Whether the future has ended otherwise: cancelled, timed out.
    cdef bint over(self) except -1
    # Completes the future with what `attempt` gave, from a callback of `loop`.
    cdef int complete(self, Loop loop, object result) except -1
    cdef int fail(self, object error) except -1
    # Ends the wait after so many ms; negative: never.
    cdef int limit(self, Loop loop, int milliseconds) except -1
    cdef int forget_timer(self) except -1


cdef class WaiterQueue:
    cdef Waiter head, tail
    cdef Py_ssize_t count, swept

    cdef int add(self, Waiter waiter) except -1
    cdef int remove(self, Waiter waiter) except -1
    # The first whose future has not ended; those before it are dropped. None: there is none.
    cdef Waiter first(self)
