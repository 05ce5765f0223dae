"""Parts and whole messages, sent and received. See messages.pyx.

Each function takes a Mode (transfer.pxd). With TRY it returns BLOCKED instead of waiting; nothing was sent or received then.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from zmqpy._core.constants cimport ZMQ_DONTWAIT
from zmqpy._core.ext cimport zmq_ext_recv_placed
from zmqpy._core.frame cimport GIL_FREE_SIZE
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport zmq_errno, zmq_msg_t, zmq_send
from zmqpy._core.parts cimport place_bytes, take_bytes
from zmqpy._core.transfer cimport Mode

cdef extern from "zmqpy_hints.h":
    bint zmqpy_likely(bint x) nogil
    bint zmqpy_unlikely(bint x) nogil
    object own "zmqpy_own"(PyObject *made)  # takes over the reference

cdef object BLOCKED


# ---- one part ----

# Receives a part: bytes, or with `copy` false a Frame.
cdef inline object receive(Handle socket, int flags, bint copy, bint track, Mode mode):
    cdef zmq_msg_t msg
    cdef PyObject *made = NULL
    if zmqpy_unlikely(not copy):
        return receive_frame(socket, flags, track, mode)
    if zmqpy_likely(zmq_ext_recv_placed(socket.handle, place_bytes, &made, &msg, flags | ZMQ_DONTWAIT) >= 0):
        return own(made) if zmqpy_likely(made != NULL) else take_bytes(&msg)
    return receive_later(socket, flags, mode, zmq_errno())

# The same for a Frame.
cdef object receive_frame(Handle socket, int flags, bint track, Mode mode)
# What is left of it for bytes, after a first try that failed with `error`.
cdef object receive_later(Handle socket, int flags, Mode mode, int error)
# Receives a part as text.
cdef object receive_text(Handle socket, int flags, str encoding, Mode mode)
# Receives a part into a buffer, of which `nbytes` may be used (0: all of it): the part's whole size.
cdef object receive_into(Handle socket, object buffer, Py_ssize_t nbytes, int flags, Mode mode)

# Sends a part: None, or its tracker.
cdef object send(
    Handle socket, object data, int flags, bint copy, bint track, object routing_id, object group, object threshold, Mode mode
)

# Sends a copy of exactly bytes: None.
cdef inline object send_bytes(Handle socket, object data, int flags, Mode mode):
    if zmqpy_likely(PyBytes_GET_SIZE(data) < GIL_FREE_SIZE):
        if zmqpy_likely(zmq_send(socket.handle, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), flags | ZMQ_DONTWAIT) >= 0):
            return None
        return send_later(socket, data, flags, mode, zmq_errno())
    return send_later(socket, data, flags, mode, 0)

# What is left of it after a first try that failed with `error`; 0: there was none.
cdef object send_later(Handle socket, object data, int flags, Mode mode, int error)
# Sends a copy of bytes, a buffer, a Frame; with `text` also of str, as UTF-8: None.
cdef object send_copy(Handle socket, object part, int flags, bint text, Mode mode)

# ---- whole messages ----

# Receives a message: a list of its parts.
cdef object receive_parts(Handle socket, int flags, bint copy, bint track, Mode mode)
# Sends a message of at least one part: None, or the tracker of all. `done`: how many parts were taken; 0 before the first try, and to
# be kept for the next one.
cdef object send_parts(
    Handle socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group, object threshold, size_t *done,
    Mode mode
)
# The same for copies.
cdef object send_copies(Handle socket, tuple parts, int flags, size_t *done, Mode mode)
