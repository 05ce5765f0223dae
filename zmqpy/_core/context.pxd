"""Context, a handle of zmq_ctx_new. See context.pyx."""

from zmqpy._core.handle cimport Handle


cdef class Context(Handle):
    pass
