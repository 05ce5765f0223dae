"""Sending and receiving that never waits, for event loops. See tries.pyx."""

from zmqpy._core.transfer cimport TransferSocket

# What a try returns instead of a result when it would have to wait; nothing was sent or received then.
cdef object BLOCKED

# One part: bytes, or with `copy` false a Frame.
cdef object try_recv(TransferSocket socket, bint copy, bint track)
# All parts of a message: a list.
cdef object try_recv_multipart(TransferSocket socket, bint copy, bint track)
# One part into a buffer: its whole size.
cdef object try_recv_into(TransferSocket socket, object buffer, Py_ssize_t nbytes)
# One part: None or its tracker. `flags`: SNDMORE.
cdef object try_send(TransferSocket socket, object data, int flags, bint copy, bint track, object routing_id, object group)
# A message of several parts. `done`: how many were taken; 0 before the first try, and to be kept for the next one.
cdef object try_send_multipart(
    TransferSocket socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group, size_t *done
)
# ZMQ_EVENTS. After a BLOCKED, and each time ZMQ_FD was readable: what comes later makes that readable again.
cdef int events_of(TransferSocket socket) except -1
