"""Futures that wait for a socket, in order. See waiters.pyx."""

from zmqpy._core.loops cimport Loop
from zmqpy._core.tries cimport Call


cdef class Waiter(Call):
    cdef object future
    cdef object load            # what becomes of the result; or None
    cdef object timer
    cdef object full            # of a send: reference to the socket that has no room
    cdef Waiter next, previous

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
    cdef bint dry              # the last try found nothing: what comes later the descriptor will tell

    cdef int add(self, Waiter waiter) except -1
    cdef int remove(self, Waiter waiter) except -1
    # The first whose future has not ended; those before it are dropped. None: there is none.
    cdef Waiter first(self)
