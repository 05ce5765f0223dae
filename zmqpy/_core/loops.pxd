"""The event loop an asynchronous socket finds itself in. See loops.pyx."""

from libc.stdint cimport int64_t


cdef class Loop:
    cdef object __weakref__
    cdef readonly object loop
    cdef object future_class  # None: the loop's create_future makes them
    cdef void *session        # what tells that it is still this loop that runs; NULL: ask asyncio
    cdef object session_held
    cdef object on_turn
    cdef int completed        # awaits that did not have to wait since the loop had its turn
    cdef int64_t begun        # ns, of about the first of them
    cdef bint turning         # on_turn is under way

    # A new future of this loop; one that is done; one that has failed.
    cdef object future(self)
    cdef object done(self, object result)
    cdef object failed(self, object error)
    # Whether one more await may be done without the loop having its turn.
    cdef bint may_complete(self) except -1
    # The loop's own callback is running.
    cdef void turned(self) noexcept
    # Completes `future`, which is not done, from a callback of the loop: a task that awaits it and nobody else goes on at once.
    cdef int complete(self, object future, object result) except -1
    cdef int call_soon(self, object function) except -1


# Whether `loop` is the one that runs in this thread.
cdef bint is_running(Loop loop) except -1
# The one that runs in this thread; without one asyncio's current one, with pyzmq's warning.
cdef Loop running_loop()
