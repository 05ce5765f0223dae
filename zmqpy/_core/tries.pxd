"""Calls of a socket that never wait, for event loops. See tries.pyx."""

from zmqpy._core.handle cimport Handle
from zmqpy._core.socket cimport Socket

cdef enum:
    RECV
    RECV_MULTIPART
    RECV_INTO
    RECV_MANY
    NEXT            # one message for iteration
    SEND
    SEND_MULTIPART
    SEND_MANY
    POLL


cdef class Call:
    cdef int kind
    cdef int flags              # SNDMORE; of POLL the events waited for
    cdef bint copy, track
    cdef Py_ssize_t number      # RECV_INTO: nbytes; RECV_MANY: max; SEND_MANY: how many were accepted
    cdef size_t done            # SEND_MULTIPART: parts that were taken
    cdef object data, routing_id, group

    # The result, or BLOCKED (messages.pxd): it would have to wait.
    cdef object attempt(self, Socket socket)


# Sets what a call is about; the arguments are checked.
cdef int set_receive(Call call, int kind, int flags, bint copy, bint track) except -1
cdef int set_receive_into(Call call, object buffer, Py_ssize_t nbytes, int flags) except -1
cdef int set_receive_many(Call call, Py_ssize_t limit, int flags) except -1
cdef int set_send(Call call, object data, int flags, bint copy, bint track, object routing_id, object group) except -1
cdef int set_send_multipart(Call call, object parts, int flags, bint copy, bint track, object routing_id, object group) except -1
cdef int set_send_many(Call call, object messages, int flags) except -1

# Before a send waits for room: EHOSTUNREACH where Socket.send raises that, since no peer can come any more.
cdef int refuse_vain_wait(Handle socket) except -1

# ZMQ_EVENTS. After a BLOCKED, and each time ZMQ_FD was readable: what comes later makes that readable again.
cdef int events_of(Handle socket) except -1
