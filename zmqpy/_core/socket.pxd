"""Socket, a handle of zmq_socket. See socket.pyx."""

from zmqpy._core.context cimport Context
from zmqpy._core.handle cimport Handle
from zmqpy._core.overrides cimport zmqpy_type_version


cdef class Socket(Handle):
    cdef void *abandoned      # closed while another thread was inside a call: the last one out closes it
    cdef int users            # threads inside a call that released the GIL
    cdef readonly Context context
    cdef public object copy_threshold
    cdef int type_number
    cdef unsigned int plain_version   # of the class, when it was seen that neither it nor this socket overrides anything
    cdef unsigned int looked_version  # of the class, when `overridden` was found
    cdef int overridden               # OWN_... of the class
    cdef bint touched                 # attributes of the socket itself may override methods

    # Raises ENOTSOCK if the socket is closed.
    cdef int require(self) except -1
    # Always raises what the errno `error` means for this socket.
    cdef int fail(self, int error) except -1
    # Around a call with the handle that releases the GIL: what another thread closes meanwhile is closed by leave_call.
    cdef void enter_call(self) noexcept
    cdef int leave_call(self) except -1
    # Which methods are overridden (OWN_...), whoever did it.
    cdef int overrides(self) except -1


# Whether the methods need not go through each other: nothing is overridden. False: ask `overrides`.
cdef inline bint is_plain(Socket socket) noexcept:
    return zmqpy_type_version(socket) == socket.plain_version
