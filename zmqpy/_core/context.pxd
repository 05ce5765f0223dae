"""Context, a handle of zmq_ctx_new. See context.pyx."""

from libc.stdint cimport int64_t
from zmqpy._core.handle cimport Handle


cdef class Context(Handle):
    cdef bint lost          # ended by somebody else, and `term` has not been called here since: not closed, but every call fails
    cdef void *lost_handle  # what it was then, until `term`

    # zmq_ctx_term, with signals seen, until `deadline` (ms, negative: none). Whether it has ended.
    cdef int wait_for_end(self, int64_t deadline) except -1
