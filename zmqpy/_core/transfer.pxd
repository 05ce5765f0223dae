"""A Socket that sends and receives. See transfer.pyx."""

from libc.stdint cimport int64_t
from zmqpy._core.libzmq cimport zmq_msg_t
from zmqpy._core.socket cimport Socket
from zmqpy._core.wait cimport Timeout

cdef enum:
    SEND_BYTES
    SEND_MSG
    RECV_MSG


cdef class TransferSocket(Socket):
    # One zmq_send, zmq_msg_send or zmq_msg_recv that may wait.
    cdef int wait(self, int operation, zmq_msg_t *msg, const char *data, size_t size, int flags) except -1
    # Before `wait`: looks again for a moment with the GIL let go. 1: it is done.
    cdef int spin(self, int operation, zmq_msg_t *msg, const char *data, size_t size, int flags) except -1
    # As recv_msg, but the engine is entered with the GIL held, so that the parts of a message stay together.
    cdef int recv_held(self, zmq_msg_t *msg, int flags) except -1
    cdef int wait_for_turn(self, int events, int option, int64_t started) except -1
    # Without our engine: sleeps in slices, so that no signal is missed for long. 0 or errno.
    cdef int wait_until_ready(self, int events, Timeout *timeout) except -1
    # Sends a copy of `part`: bytes, a buffer, a Frame; with `text` also str, as UTF-8; with `held` never letting the GIL go but to wait.
    cdef int send_part(self, object part, int flags, bint text, bint held) except -1
    # Sends `msg`, which is empty afterwards; on an error it stays the caller's to close.
    cdef int send_msg(self, zmq_msg_t *msg, int flags) except -1
    # Sends `part` in place if it is large enough to be worth it; a MessageTracker, or None when nobody has to wait.
    cdef object send_uncopied(self, object part, int flags, bint track)
    # Receives into an initialised message, waiting unless `flags` forbid it.
    cdef int recv_msg(self, zmq_msg_t *msg, int flags) except -1
    cdef bytes recv_bytes(self, int flags, bint *more)


# The content of `msg` as bytes; closes the message.
cdef bytes take_bytes(zmq_msg_t *msg)
