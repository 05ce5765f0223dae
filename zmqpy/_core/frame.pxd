"""Frame, one part of a message, and the buffers lent to the engine. See frame.pyx."""

from zmqpy._core.ext cimport zmq_ext_msg_close_all
from zmqpy._core.libzmq cimport zmq_msg_close, zmq_msg_t

cdef enum:
    GIL_FREE_SIZE = 65536  # bytes; sending, copying or closing as much as this lets other threads run


cdef extern from "zmqpy_release.h" nogil:
    ctypedef void *PyThread_type_lock
    ctypedef struct zmqpy_done_t:
        PyThread_type_lock lock
        int done
        int awaited


cdef class ReleaseEvent:
    cdef object __weakref__
    cdef zmqpy_done_t *state


cdef class Frame:
    cdef object __weakref__
    cdef zmq_msg_t zmq_msg  # its name in pyzmq, whose users read it from Cython
    cdef bint initialised
    cdef bint read_only
    cdef object source
    cdef object cached_bytes
    cdef object last_view  # a weak reference: a strong one would make a circle, and keep what was received until it is collected
    cdef readonly object tracker
    cdef readonly object tracker_event
    # A second reference to this frame's content in `msg`, which must be uninitialised.
    cdef int share(self, zmq_msg_t *msg) except -1


# Makes `msg` (uninitialised) refer to the buffer of `data` without copying. `event` is set when the engine is done with it.
cdef int init_lent(zmq_msg_t *msg, object data, ReleaseEvent event) except -1
# Makes `msg` (uninitialised) a copy of the bytes of `data`.
cdef int init_copied(zmq_msg_t *msg, object data) except -1
# Gives back the buffers the engine is done with.
cdef int give_back() except -1
# Closes `count` messages, of which the largest has `largest` bytes: giving much memory back takes the system a while.
cdef inline void close_messages(zmq_msg_t *msgs, size_t count, size_t largest) noexcept:
    if largest >= GIL_FREE_SIZE:
        with nogil:
            zmq_ext_msg_close_all(msgs, count)
    elif count == 1:
        zmq_msg_close(msgs)
    else:
        zmq_ext_msg_close_all(msgs, count)
# A MessageTracker for `event`, or the finished one for None.
cdef object track_event(ReleaseEvent event)
