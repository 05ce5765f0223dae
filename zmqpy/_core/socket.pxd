"""Socket, a handle of zmq_socket. See socket.pyx."""

from zmqpy._core.batch cimport FrameBatches
from zmqpy._core.context cimport Context
from zmqpy._core.handle cimport Handle
from zmqpy._core.overrides cimport zmqpy_type_version


cdef class Socket(Handle):
    cdef readonly Context context
    cdef public object copy_threshold
    cdef int type_number
    cdef unsigned int plain_version   # of the class, when it was seen that neither it nor this socket overrides anything
    cdef unsigned int looked_version  # of the class, when `overridden` was found
    cdef int overridden               # OWN_... of the class
    cdef bint touched                 # attributes of the socket itself may override methods
    cdef FrameBatches batches         # of recv_many; None before its first call

    # recv_many, which goes through methods that are overridden, and does not.
    cdef list take_many(self, Py_ssize_t limit, int flags)
    cdef list receive_batch(self, Py_ssize_t limit, int flags)
    # Which methods are overridden (OWN_...), whoever did it.
    cdef int overrides(self) except -1


# Whether the methods need not go through each other: nothing is overridden. False: ask `overrides`.
cdef inline bint is_plain(Socket socket) noexcept:
    return zmqpy_type_version(socket) == socket.plain_version
