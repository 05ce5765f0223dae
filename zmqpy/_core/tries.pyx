# cython: language_level=3
"""Sending and receiving that never waits, for event loops: what would have to wait is a value, not an exception.

One try is one call of the engine, with the GIL held unless much data is moved. When to try again, and what to do meanwhile, is the
loop's (async_socket.pyx, green_socket.pyx); waiting calls are transfer.pyx's.
"""

from cpython.buffer cimport PyBUF_CONTIG, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.errno cimport EAGAIN, EINTR
from libc.stdlib cimport free
from libc.string cimport memcpy
from zmqpy._core.batch cimport BatchSocket, recv_batch, send_batch
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_EVENTS
from zmqpy._core.errors cimport check_signals, raise_error
from zmqpy._core.ext cimport ZMQ_EXT_BARE, zmq_ext_bytes_t, zmq_ext_recv_placed
from zmqpy._core.frame cimport GIL_FREE_SIZE, Frame, give_back, track_event
from zmqpy._core.libzmq cimport *
from zmqpy._core.multipart cimport FEW, begin_parts, memory_for, tracker_of
from zmqpy._core.parts cimport address_message, describe, fill_message, place_bytes, take_bytes, take_parts
from zmqpy._core.transfer cimport (
    RECV_MESSAGES,
    RECV_MSG,
    SEND_BYTES,
    SEND_MSG,
    SEND_MSGS,
    SEND_PARTS,
    Operation,
    TransferSocket,
    perform,
)

cdef extern from *:
    """
    #define zmqpy_own(made) (made)
    """
    object own "zmqpy_own"(PyObject *made)  # takes over the reference

BLOCKED = object()


cdef bint attempt(TransferSocket socket, Operation *operation, int flags) except -1:
    """Whether it could be done at once. Raises what the call of the engine failed with otherwise."""
    cdef int rc, error = 0
    while True:
        if operation.size < GIL_FREE_SIZE:
            rc = perform(socket.handle, operation, flags | ZMQ_DONTWAIT)
            if rc < 0:
                error = zmq_errno()
        else:
            socket.require()
            socket.enter_call()
            with nogil:
                rc = perform(socket.handle, operation, flags | ZMQ_DONTWAIT)
                if rc < 0:
                    error = zmq_errno()
            socket.leave_call()
        if rc >= 0:
            return True
        if error == EAGAIN:
            return False
        if error != EINTR:
            socket.fail(error)
        check_signals()


# ---- receiving ----

cdef object try_recv(TransferSocket socket, bint copy, bint track):
    cdef zmq_msg_t msg
    cdef PyObject *made = NULL
    cdef Frame frame
    cdef Operation operation
    cdef int error
    if copy:
        while zmq_ext_recv_placed(socket.handle, place_bytes, &made, &msg, ZMQ_DONTWAIT) < 0:
            error = zmq_errno()
            if error == EAGAIN:
                return BLOCKED
            if error != EINTR:
                socket.fail(error)
            check_signals()
        return own(made) if made != NULL else take_bytes(&msg)
    frame = Frame.__new__(Frame)
    operation.kind = RECV_MSG
    operation.msgs = &frame.zmq_msg
    operation.size = 0
    if not attempt(socket, &operation, 0):
        return BLOCKED
    if track:
        frame.tracker = track_event(None)
    return frame


cdef object try_recv_multipart(TransferSocket socket, bint copy, bint track):
    cdef zmq_msg_t few[FEW]
    cdef Operation operation
    operation.kind = RECV_MESSAGES
    operation.size = 0
    operation.msgs = few
    operation.count = FEW
    operation.messages = 1
    if not attempt(socket, &operation, ZMQ_EXT_BARE if copy else 0):
        return BLOCKED
    try:
        return take_parts(operation.msgs, operation.done, copy, track)
    finally:
        if operation.msgs != few:
            free(operation.msgs)


cdef object try_recv_into(TransferSocket socket, object buffer, Py_ssize_t nbytes):
    cdef Py_buffer view
    cdef zmq_msg_t msg
    cdef Operation operation
    cdef size_t size, room
    if not memoryview(buffer).contiguous:
        raise BufferError("the buffer is not contiguous")
    PyObject_GetBuffer(buffer, &view, PyBUF_CONTIG)
    try:
        if nbytes < 0 or nbytes > view.len:
            raise ValueError(f"nbytes={nbytes} does not fit a buffer of {view.len} bytes")
        room = nbytes if nbytes else view.len
        zmq_msg_init(&msg)
        operation.kind = RECV_MSG
        operation.msgs = &msg
        operation.size = 0
        if not attempt(socket, &operation, 0):
            return BLOCKED
        size = zmq_msg_size(&msg)
        with nogil:
            memcpy(view.buf, zmq_msg_data(&msg), min(size, room))
            zmq_msg_close(&msg)
    finally:
        PyBuffer_Release(&view)
    return size


# ---- sending ----

cdef object try_send(TransferSocket socket, object data, int flags, bint copy, bint track, object routing_id, object group):
    cdef Operation operation
    cdef zmq_ext_bytes_t where
    cdef zmq_msg_t msg
    if copy and not track and routing_id is None and group is None:
        held = describe(data, False, -1, &where)
        operation.kind = SEND_BYTES
        operation.data = where.data
        operation.size = where.size
        return None if attempt(socket, &operation, flags) else BLOCKED
    tracker = fill_message(&msg, data, -1, copy, track, socket.copy_threshold)
    try:
        address_message(&msg, routing_id, group)
        operation.kind = SEND_MSG
        operation.msgs = &msg
        operation.size = zmq_msg_size(&msg)
        if not attempt(socket, &operation, flags):
            return BLOCKED
    finally:
        zmq_msg_close(&msg)
        give_back()
    return tracker


cdef object try_send_multipart(
    TransferSocket socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group, size_t *done
):
    if copy and not track and routing_id is None and group is None:
        return try_send_parts(socket, parts, flags, done)
    return try_send_messages(socket, parts, flags, copy, track, routing_id, group, done)


cdef object try_send_parts(TransferSocket socket, tuple parts, int flags, size_t *done):
    cdef zmq_ext_bytes_t few[FEW]
    cdef zmq_ext_bytes_t *where = few
    cdef Py_ssize_t index, count = len(parts)
    cdef Operation operation
    cdef list held = None
    cdef object part
    begin_parts(&operation, SEND_PARTS, count)
    if count > FEW:
        where = <zmq_ext_bytes_t *>memory_for(count, sizeof(zmq_ext_bytes_t))
    try:
        for index in range(count):
            part = parts[index]
            if PyBytes_CheckExact(part):
                where[index].data = PyBytes_AS_STRING(part)
                where[index].size = PyBytes_GET_SIZE(part)
            else:
                buffer = describe(part, True, index, &where[index])
                if buffer is not None:
                    if held is None:
                        held = []
                    held.append(buffer)
            operation.size += where[index].size
        operation.parts = where
        operation.done = done[0]
        try:
            return None if attempt(socket, &operation, flags) else BLOCKED
        finally:
            done[0] = operation.done
    finally:
        if where != few:
            free(where)


cdef object try_send_messages(
    TransferSocket socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group, size_t *done
):
    cdef zmq_msg_t few[FEW]
    cdef zmq_msg_t *msgs = few
    cdef Py_ssize_t index, count = len(parts), made = 0
    cdef Operation operation
    cdef list trackers = []
    begin_parts(&operation, SEND_MSGS, count)
    if count > FEW:
        msgs = <zmq_msg_t *>memory_for(count, sizeof(zmq_msg_t))
    try:
        for index in range(count):
            trackers.append(fill_message(&msgs[index], parts[index], index, copy, track, socket.copy_threshold))
            made += 1
            address_message(&msgs[index], routing_id, group)
            operation.size += zmq_msg_size(&msgs[index])
        operation.msgs = msgs
        operation.done = done[0]
        try:
            if not attempt(socket, &operation, flags):
                return BLOCKED
        finally:
            done[0] = operation.done
    finally:
        for index in range(made):
            zmq_msg_close(&msgs[index])
        if msgs != few:
            free(msgs)
        give_back()
    return tracker_of(trackers) if track else trackers[count - 1]


# ---- readiness ----

cdef int events_of(TransferSocket socket) except -1:
    cdef int events = 0, error
    cdef size_t size = sizeof(int)
    while zmq_getsockopt(socket.handle, ZMQ_EVENTS, &events, &size) < 0:
        error = zmq_errno()
        if error != EINTR:
            socket.fail(error)
        check_signals()
    return events


# ---- for loops in Python ----

def recv_part(TransferSocket socket not None, bint copy=True, bint track=False):
    """One part, as Socket.recv gives it; None if there is none."""
    result = try_recv(socket, copy, track)
    return None if result is BLOCKED else result


def recv_into(TransferSocket socket not None, buffer, Py_ssize_t nbytes=0):
    """One part into a buffer, as Socket.recv_into; None if there is none."""
    result = try_recv_into(socket, buffer, nbytes)
    return None if result is BLOCKED else result


def send_part(TransferSocket socket not None, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
    """Sends one part; (None or its tracker,), or None if there is no room."""
    result = try_send(socket, data, flags, copy, track, routing_id, group)
    return None if result is BLOCKED else (result,)


def recv_parts(TransferSocket socket not None, bint copy=True):
    """All parts of a message, as Socket.recv_multipart gives them; None if there is none."""
    result = try_recv_multipart(socket, copy, False)
    return None if result is BLOCKED else result


def send_parts(TransferSocket socket not None, tuple parts not None, int flags=0, bint copy=True, bint track=False):
    """Sends a message of at least one part; (None or its tracker,), or None if there is no room."""
    cdef size_t done = 0
    result = try_send_multipart(socket, parts, flags, copy, track, None, None, &done)
    if result is BLOCKED:
        if done:  # only another libzmq than ours begins a message that it has no room for
            raise_error(EAGAIN)
        return None
    return (result,)


def recv_messages(BatchSocket socket not None, Py_ssize_t max):
    """As Socket.recv_many; None if there is no message."""
    try:
        return recv_batch(socket, max, ZMQ_DONTWAIT)
    except Exception as error:
        if getattr(error, "errno", None) != EAGAIN:
            raise
    return None


def send_messages(BatchSocket socket not None, tuple messages not None, int flags=0):
    """As Socket.send_many; None if there is no room for one."""
    try:
        return send_batch(socket, messages, flags | ZMQ_DONTWAIT)
    except Exception as error:
        if getattr(error, "errno", None) != EAGAIN:
            raise
    return None


def events(TransferSocket socket not None):
    """Socket.EVENTS."""
    return events_of(socket)
