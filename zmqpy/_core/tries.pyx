# cython: language_level=3
"""Calls of a socket that never wait, for event loops: what would have to wait is a value, not an exception.

A Call is one with its arguments, to be tried again when the socket is ready. When that is, and what is done meanwhile, is the loop's
(async_socket.pyx, green_socket.pyx, and in Python zmqpy/anyio and zmqpy/eventloop by the functions at the end).
"""

from cython cimport freelist
from libc.errno cimport EAGAIN, EHOSTUNREACH, EINTR
from zmqpy._core.batch cimport send_batch
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_EVENTS, ZMQ_EXT_UNREACHABLE, ZMQ_SNDTIMEO
from zmqpy._core.errors cimport check_signals, raise_error
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.messages cimport BLOCKED, receive, receive_into, receive_parts, send
from zmqpy._core.messages cimport send_parts as send_message
from zmqpy._core.options cimport get_option
from zmqpy._core.parts cimport messages_of, parts_of
from zmqpy._core.socket cimport Socket
from zmqpy._core.transfer cimport TRY


@freelist(64)
cdef class Call:
    """A call that may be tried again."""

    cdef object attempt(self, Socket socket):
        if self.kind == RECV:
            return receive(socket, 0, self.copy, self.track, TRY)
        if self.kind == RECV_MULTIPART:
            return receive_parts(socket, 0, self.copy, self.track, TRY)
        if self.kind == SEND:
            return send(
                socket, self.data, self.flags, self.copy, self.track, self.routing_id, self.group, socket.copy_threshold, TRY
            )
        if self.kind == SEND_MULTIPART:
            return send_message(
                socket, self.data, self.flags, self.copy, self.track, self.routing_id, self.group, socket.copy_threshold, &self.done, TRY
            )
        if self.kind == RECV_INTO:
            return receive_into(socket, self.data, self.number, 0, TRY)
        try:
            if self.kind == SEND_MANY:
                if self.number < len(self.data):
                    self.number += send_batch(socket, self.data[self.number:], self.flags | ZMQ_DONTWAIT)
                return self.number if self.number == len(self.data) else BLOCKED
            messages = socket.receive_batch(self.number if self.kind == RECV_MANY else 1, ZMQ_DONTWAIT)
        except Exception as error:
            if getattr(error, "errno", None) == EAGAIN:
                return BLOCKED
            raise
        return messages if self.kind == RECV_MANY else messages[0]


cdef int set_receive(Call call, int kind, int flags, bint copy, bint track) except -1:
    call.kind = kind
    call.flags = flags
    call.copy = copy
    call.track = track
    return 0


cdef int set_receive_into(Call call, object buffer, Py_ssize_t nbytes, int flags) except -1:
    call.kind = RECV_INTO
    call.flags = flags
    call.data = buffer
    call.number = nbytes
    return 0


cdef int set_receive_many(Call call, Py_ssize_t limit, int flags) except -1:
    if limit < 1:
        raise ValueError(f"max must be at least 1, not {limit}")
    call.kind = RECV_MANY
    call.flags = flags
    call.number = limit
    return 0


cdef int set_send(Call call, object data, int flags, bint copy, bint track, object routing_id, object group) except -1:
    call.kind = SEND
    call.flags = flags
    call.copy = copy
    call.track = track
    call.data = data
    call.routing_id = routing_id
    call.group = group
    return 0


cdef int set_send_multipart(Call call, object parts, int flags, bint copy, bint track, object routing_id, object group) except -1:
    set_send(call, parts_of(parts), flags, copy, track, routing_id, group)
    call.kind = SEND_MULTIPART
    return 0


cdef int set_send_many(Call call, object messages, int flags) except -1:
    call.kind = SEND_MANY
    call.flags = flags
    call.data = messages_of(messages)
    return 0


cdef int events_of(Handle socket) except -1:
    cdef int events = 0, error
    cdef size_t size = sizeof(int)
    while zmq_getsockopt(socket.handle, ZMQ_EVENTS, &events, &size) < 0:
        error = zmq_errno()
        if error != EINTR:
            socket.fail(error)
        check_signals()
    return events


cdef int refuse_vain_wait(Handle socket) except -1:
    if send_in_vain(socket):
        raise_error(EHOSTUNREACH)
    return 0


# ---- for loops in Python ----

def send_in_vain(Handle socket not None):
    """Whether a send that waits for room would wait for ever, since no peer can come any more."""
    return (
        ZMQPY_HAVE_EXT
        and get_option(socket.handle, ZMQ_EXT_UNREACHABLE) > 0
        and get_option(socket.handle, ZMQ_SNDTIMEO) < 0
    )


def refuse_vain_send(Socket socket not None):
    """Raises EHOSTUNREACH if send_in_vain."""
    refuse_vain_wait(socket)



def recv_part(Socket socket not None, bint copy=True, bint track=False):
    """One part, as Socket.recv gives it; None if there is none."""
    result = receive(socket, 0, copy, track, TRY)
    return None if result is BLOCKED else result


def recv_into(Socket socket not None, buffer, Py_ssize_t nbytes=0):
    """One part into a buffer, as Socket.recv_into; None if there is none."""
    result = receive_into(socket, buffer, nbytes, 0, TRY)
    return None if result is BLOCKED else result


def send_part(Socket socket not None, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
    """Sends one part; (None or its tracker,), or None if there is no room."""
    result = send(socket, data, flags, copy, track, routing_id, group, socket.copy_threshold, TRY)
    return None if result is BLOCKED else (result,)


def recv_parts(Socket socket not None, bint copy=True):
    """All parts of a message, as Socket.recv_multipart gives them; None if there is none."""
    result = receive_parts(socket, 0, copy, False, TRY)
    return None if result is BLOCKED else result


def send_parts(Socket socket not None, tuple parts not None, int flags=0, bint copy=True, bint track=False):
    """Sends a message of at least one part; (None or its tracker,), or None if there is no room."""
    cdef size_t done = 0
    result = send_message(socket, parts, flags, copy, track, None, None, socket.copy_threshold, &done, TRY)
    if result is BLOCKED:
        if done:  # only another libzmq than ours begins a message that it has no room for
            raise_error(EAGAIN)
        return None
    return (result,)


def recv_messages(Socket socket not None, Py_ssize_t max):
    """As Socket.recv_many; None if there is no message."""
    try:
        return socket.receive_batch(max, ZMQ_DONTWAIT)
    except Exception as error:
        if getattr(error, "errno", None) != EAGAIN:
            raise
    return None


def send_messages(Socket socket not None, tuple messages not None, int flags=0):
    """As Socket.send_many; None if there is no room for one."""
    try:
        return send_batch(socket, messages, flags | ZMQ_DONTWAIT)
    except Exception as error:
        if getattr(error, "errno", None) != EAGAIN:
            raise
    return None


def events(Socket socket not None):
    """Socket.EVENTS."""
    return events_of(socket)
