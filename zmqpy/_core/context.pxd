"""Context, a handle of zmq_ctx_new. See context.pyx."""


cdef class Context:
    cdef object __weakref__
    cdef void *handle
    cdef bint borrowed        # a shadow: somebody else terminates it
    cdef bint forked          # made before a fork, in the parent
    cdef int require(self) except -1
