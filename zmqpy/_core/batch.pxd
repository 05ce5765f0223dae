"""A Socket that also sends and receives many messages at a time. See batch.pyx."""

from zmqpy._core.libzmq cimport zmq_msg_t
from zmqpy._core.multipart cimport MultipartSocket

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


cdef class BatchSocket(MultipartSocket):
    cdef FrameBatch spare  # for the next batch; None while one is at work
    cdef FrameBatch kept   # the first of those whose messages are not all handed out; or None

    cdef FrameBatch begin_batch(self)
    cdef void end_batch(self, FrameBatch batch) noexcept


# What send_many and recv_many do. Both raise Again if nothing could be done.
cdef Py_ssize_t send_batch(MultipartSocket socket, object messages, int flags) except -1
cdef list recv_batch(BatchSocket socket, Py_ssize_t limit, int flags)
