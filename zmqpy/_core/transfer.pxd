"""One call of the engine that sends or receives, tried and waited for. See transfer.pyx."""

from zmqpy._core.constants cimport ZMQ_DONTWAIT
from zmqpy._core.ext cimport (
    zmq_ext_bytes_t,
    zmq_ext_msg_send_parts,
    zmq_ext_recv_messages,
    zmq_ext_send_parts,
)
from zmqpy._core.frame cimport GIL_FREE_SIZE
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport zmq_errno, zmq_msg_recv, zmq_msg_send, zmq_msg_t, zmq_send

cdef enum:
    SEND_BYTES     # data
    SEND_MSG       # msgs[0]
    SEND_PARTS     # one message: parts[0..count)
    SEND_MSGS      # one message: msgs[0..count)
    RECV_MSG       # into msgs[0], which is initialised
    RECV_MESSAGES  # up to `messages` whole ones, into msgs[0..count), or into a larger array from malloc that msgs then points to

# What to do about a call that cannot be done at once.
cdef enum Mode:
    TRY   # leave it: whoever has an event loop tries again
    WAIT  # as long as `flags` and the socket's time-out say

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
cdef inline int perform(void *handle, Operation *operation, int flags) noexcept nogil:
    cdef int rc
    if operation.kind == SEND_BYTES:
        return zmq_send(handle, operation.data, operation.size, flags)
    if operation.kind == SEND_MSG:
        return zmq_msg_send(operation.msgs, handle, flags)
    if operation.kind == RECV_MSG:
        return zmq_msg_recv(operation.msgs, handle, flags)
    if operation.kind == RECV_MESSAGES:
        rc = zmq_ext_recv_messages(handle, &operation.msgs, operation.count, operation.messages, flags)
        if rc > 0:
            operation.done = rc
        return rc
    if operation.kind == SEND_PARTS:
        rc = zmq_ext_send_parts(handle, operation.parts + operation.done, operation.count - operation.done, flags)
    else:
        rc = zmq_ext_msg_send_parts(handle, operation.msgs + operation.done, operation.count - operation.done, flags)
    if rc > 0:
        operation.done += rc
    return 0 if operation.done == operation.count else -1


# Makes the call: at first without waiting and, unless it is about much data, with the GIL held; then as `mode` says. False: it would
# have had to wait, which TRY does not.
cdef inline bint transfer(Handle socket, Operation *operation, int flags, Mode mode) except -1:
    cdef int error = 0
    if operation.size < GIL_FREE_SIZE:
        if perform(socket.handle, operation, flags | ZMQ_DONTWAIT) >= 0:
            return True
        error = zmq_errno()
    return go_on(socket, operation, flags, mode, error)


# What is left of it after a first try that failed with `error`; 0: there was none.
cdef bint go_on(Handle socket, Operation *operation, int flags, Mode mode, int error) except -1
