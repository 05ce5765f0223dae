"""Socket, a handle of zmq_socket. See socket.pyx."""

from zmqpy._core.context cimport Context
from zmqpy._core.libzmq cimport zmq_msg_t


cdef class Socket:
    cdef object __weakref__
    cdef void *handle         # NULL once closed
    cdef void *abandoned      # closed while another thread was inside a call: the last one out closes it
    cdef int users            # threads inside a call that released the GIL
    cdef bint borrowed        # a shadow: somebody else closes it
    cdef bint forked          # made before a fork, in the parent
    cdef readonly Context context
    cdef public object copy_threshold
    cdef int type_number

    cdef int require(self) except -1
    cdef void enter_call(self) noexcept
    cdef int leave_call(self) except -1
    cdef int fail(self, int error) except -1
    cdef int wait_send(self, const char *data, size_t size, int flags) except -1
    cdef int wait_send_msg(self, zmq_msg_t *msg, int flags) except -1
    cdef int wait_recv_msg(self, zmq_msg_t *msg, int flags) except -1
    cdef int recv_msg(self, zmq_msg_t *msg, int flags) except -1
    cdef int send_part(self, object part, int flags, bint text) except -1
    cdef int send_msg(self, zmq_msg_t *msg, int flags) except -1
    cdef object send_uncopied(self, object part, int flags, bint track)
    cdef bytes recv_bytes(self, int flags, bint *more)


# The content of `msg` as bytes; closes the message.
cdef bytes take_bytes(zmq_msg_t *msg)
