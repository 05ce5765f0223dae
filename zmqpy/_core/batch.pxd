"""Many messages, sent and received in one call. See batch.pyx."""

from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport zmq_msg_t

cdef enum:
    BATCH = 128  # messages handed to the engine, or taken from it, in one call


cdef class FrameBatch:
    cdef zmq_msg_t own[BATCH]
    cdef zmq_msg_t *frames      # `own`, or a larger array from the engine
    cdef Py_ssize_t start, end  # frames[start..end) are left
    cdef list made              # messages of frames before those, likewise left; or None
    cdef FrameBatch next        # another one that a socket keeps

    cdef bint rest(self) noexcept
    cdef void close_to(self, Py_ssize_t index, size_t largest) noexcept
    cdef list take_made(self, Py_ssize_t limit)


# Of one socket: what recv_many has taken from the engine, and its memory for the next time.
cdef class FrameBatches:
    cdef FrameBatch spare  # for the next batch; None while one is at work
    cdef FrameBatch kept   # the first of those whose messages are not all handed out; or None

    cdef FrameBatch begin(self, Handle socket)
    cdef void end(self, FrameBatch batch) noexcept


# What send_many does: how many were accepted. Raises Again if none was.
cdef Py_ssize_t send_batch(Handle socket, object messages, int flags) except -1
# What recv_many does. Raises Again if there is none.
cdef list receive_batch(Handle socket, FrameBatches batches, Py_ssize_t limit, int flags)
