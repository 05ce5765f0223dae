"""Socket, a handle of zmq_socket. See socket.pyx."""

from zmqpy._core.context cimport Context
from zmqpy._core.handle cimport Handle


cdef class Socket(Handle):
    cdef void *abandoned      # closed while another thread was inside a call: the last one out closes it
    cdef int users            # threads inside a call that released the GIL
    cdef readonly Context context
    cdef public object copy_threshold
    cdef int type_number

    # Raises ENOTSOCK if the socket is closed.
    cdef int require(self) except -1
    # Always raises what the errno `error` means for this socket.
    cdef int fail(self, int error) except -1
    # Around a call with the handle that releases the GIL: what another thread closes meanwhile is closed by leave_call.
    cdef void enter_call(self) noexcept
    cdef int leave_call(self) except -1
