"""A Socket that sends and receives. See transfer.pyx."""

from zmqpy._core.ext cimport zmq_ext_bytes_t
from zmqpy._core.libzmq cimport zmq_msg_t
from zmqpy._core.socket cimport Socket

cdef enum:
    SEND_BYTES     # data
    SEND_MSG       # msgs[0]
    SEND_PARTS     # one message: parts[0..count)
    SEND_MSGS      # one message: msgs[0..count)
    RECV_MSG       # into msgs[0], which is initialised
    RECV_MESSAGES  # up to `messages` whole ones, into msgs[0..count), or into a larger array from malloc that msgs then points to

# One call of the engine, as it can be made with or without waiting, and again after a signal.
cdef struct Operation:
    int kind
    size_t size               # bytes to be sent in all; 0 when receiving
    const void *data
    const zmq_ext_bytes_t *parts
    zmq_msg_t *msgs
    size_t count
    size_t messages
    size_t done               # how many of `parts` or `msgs` were sent or received


# The call itself. Negative, and errno, if something is left to be done.
cdef int perform(void *handle, Operation *operation, int flags) noexcept nogil


cdef class TransferSocket(Socket):
    # Makes the call: at first without waiting and, unless it is about much data, with the GIL held; then as `flags` say.
    cdef int transfer(self, Operation *operation, int flags) except -1
    # The part of `transfer` that waits, after a call that found nothing to do.
    cdef int wait(self, Operation *operation, int flags) except -1
    # Before `wait`: looks again for a moment with the GIL let go. 1: it is done.
    cdef int spin(self, Operation *operation, int flags) except -1
    # `wait` without our engine.
    cdef int wait_by_polling(self, Operation *operation, int flags, int option) except -1
    # Sends a copy of `part`: bytes, a buffer, a Frame; with `text` also str, as UTF-8.
    cdef int send_part(self, object part, int flags, bint text) except -1
