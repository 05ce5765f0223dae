# cython: language_level=3
"""Parts and whole messages between Python and a socket: an operation is made of them, carried out, and made into Python objects again.

A message of several parts is one call of the engine: no other thread's parts come between, and it is entered once. With another
libzmq than ours it is a loop over its calls (zmqpy_ext.h), and a socket is one thread's.
"""

from cpython.buffer cimport PyBUF_CONTIG, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from zmqpy._core.ext cimport ZMQ_EXT_BARE, zmq_ext_bytes_t
from zmqpy._core.frame cimport GIL_FREE_SIZE, Frame, give_back, track_event
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.parts cimport address_message, describe, fill_message, is_addressed, take_bytes, take_parts
from zmqpy._core.transfer cimport (
    RECV_MESSAGES,
    RECV_MSG,
    SEND_BYTES,
    SEND_MSG,
    SEND_MSGS,
    SEND_PARTS,
    Mode,
    Operation,
    go_on,
    transfer,
)

cdef enum:
    FEW = 16  # parts; a message of more needs memory of its own while it is sent or received

cdef object _tracker_class = None

BLOCKED = object()


# ---- receiving one part ----

cdef inline void begin_receive(Operation *operation, zmq_msg_t *msg) noexcept:
    operation.kind = RECV_MSG
    operation.msgs = msg
    operation.size = 0


cdef object receive_later(Handle socket, int flags, Mode mode, int error):
    cdef zmq_msg_t msg
    cdef Operation operation
    zmq_msg_init(&msg)
    begin_receive(&operation, &msg)
    if not go_on(socket, &operation, flags, mode, error):
        return BLOCKED
    return take_bytes(&msg)


cdef object receive_frame(Handle socket, int flags, bint track, Mode mode):
    cdef Frame frame = Frame.__new__(Frame)
    cdef Operation operation
    begin_receive(&operation, &frame.zmq_msg)
    if not transfer(socket, &operation, flags, mode):
        return BLOCKED
    if track:
        frame.tracker = track_event(None)
    return frame


cdef object receive_text(Handle socket, int flags, str encoding, Mode mode):
    cdef zmq_msg_t msg
    cdef Operation operation
    zmq_msg_init(&msg)
    begin_receive(&operation, &msg)
    if not transfer(socket, &operation, flags, mode):
        return BLOCKED
    if encoding != "utf-8":
        return take_bytes(&msg).decode(encoding)
    try:
        return PyUnicode_DecodeUTF8(<const char *>zmq_msg_data(&msg), zmq_msg_size(&msg), NULL)
    finally:
        zmq_msg_close(&msg)


cdef object receive_into(Handle socket, object buffer, Py_ssize_t nbytes, int flags, Mode mode):
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
        begin_receive(&operation, &msg)
        if not transfer(socket, &operation, flags, mode):
            return BLOCKED
        size = zmq_msg_size(&msg)
        if size < GIL_FREE_SIZE:
            memcpy(view.buf, zmq_msg_data(&msg), min(size, room))
            zmq_msg_close(&msg)
        else:
            with nogil:
                memcpy(view.buf, zmq_msg_data(&msg), min(size, room))
                zmq_msg_close(&msg)
    finally:
        PyBuffer_Release(&view)
    return size


# ---- sending one part ----

cdef object send_later(Handle socket, object data, int flags, Mode mode, int error):
    cdef Operation operation
    operation.kind = SEND_BYTES
    operation.data = PyBytes_AS_STRING(data)
    operation.size = PyBytes_GET_SIZE(data)
    return None if go_on(socket, &operation, flags, mode, error) else BLOCKED


cdef object send_copy(Handle socket, object part, int flags, bint text, Mode mode):
    cdef Operation operation
    cdef zmq_ext_bytes_t where
    held = describe(part, text, -1, &where)
    operation.kind = SEND_BYTES
    operation.data = where.data
    operation.size = where.size
    return None if transfer(socket, &operation, flags, mode) else BLOCKED


cdef object send(
    Handle socket, object data, int flags, bint copy, bint track, object routing_id, object group, object threshold, Mode mode
):
    cdef zmq_msg_t msg
    cdef Operation operation
    if copy and not track and routing_id is None and group is None and not is_addressed(data):
        result = send_copy(socket, data, flags, False, mode)
        return (<Frame>data).tracker if result is None and isinstance(data, Frame) else result
    # In place, or with the routing id or group that SERVER, PEER and RADIO sockets need.
    tracker = fill_message(&msg, data, -1, copy, track, threshold)
    try:
        address_message(&msg, routing_id, group)
        operation.kind = SEND_MSG
        operation.msgs = &msg
        operation.size = zmq_msg_size(&msg)
        if not transfer(socket, &operation, flags, mode):
            return BLOCKED
    finally:
        zmq_msg_close(&msg)
        give_back()
    return tracker


# ---- whole messages ----

cdef object receive_parts(Handle socket, int flags, bint copy, bint track, Mode mode):
    cdef zmq_msg_t few[FEW]
    cdef Operation operation
    operation.kind = RECV_MESSAGES
    operation.size = 0
    operation.msgs = few
    operation.count = FEW
    operation.messages = 1
    if not transfer(socket, &operation, flags | ZMQ_EXT_BARE if copy else flags, mode):
        return BLOCKED
    try:
        return take_parts(operation.msgs, operation.done, copy, track)
    finally:
        if operation.msgs != few:
            free(operation.msgs)


cdef object send_parts(
    Handle socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group, object threshold, size_t *done,
    Mode mode
):
    cdef zmq_msg_t few[FEW]
    cdef zmq_msg_t *msgs = few
    cdef Py_ssize_t index, count = len(parts), made = 0
    cdef Operation operation
    cdef list trackers = []
    if copy and not track and routing_id is None and group is None and not (count == 1 and is_addressed(parts[0])):
        return send_copies(socket, parts, flags, done, mode)
    begin_send(&operation, SEND_MSGS, count)
    if count > FEW:
        msgs = <zmq_msg_t *>memory_for(count, sizeof(zmq_msg_t))
    try:
        for index in range(count):
            trackers.append(fill_message(&msgs[index], parts[index], index, copy, track, threshold))
            made += 1
            address_message(&msgs[index], routing_id, group)
            operation.size += zmq_msg_size(&msgs[index])
        operation.msgs = msgs
        if not carry_on(socket, &operation, flags, done, mode):
            return BLOCKED
    finally:
        for index in range(made):
            zmq_msg_close(&msgs[index])
        if msgs != few:
            free(msgs)
        give_back()
    return tracker_of(trackers) if track or trackers[count - 1] is not None else None


cdef object send_copies(Handle socket, tuple parts, int flags, size_t *done, Mode mode):
    cdef zmq_ext_bytes_t few[FEW]
    cdef zmq_ext_bytes_t *where = few
    cdef Py_ssize_t index, count = len(parts)
    cdef Operation operation
    cdef list held = None
    cdef object part
    cdef bint frames = False
    begin_send(&operation, SEND_PARTS, count)
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
                elif isinstance(part, Frame):
                    frames = True
            operation.size += where[index].size
        operation.parts = where
        if not carry_on(socket, &operation, flags, done, mode):
            return BLOCKED
    finally:
        if where != few:
            free(where)
    return tracker_of_frames(parts) if frames else None


cdef inline bint carry_on(Handle socket, Operation *operation, int flags, size_t *done, Mode mode) except -1:
    """The call for a message of which `done` parts were taken before."""
    operation.done = done[0]
    try:
        return transfer(socket, operation, flags, mode)
    finally:
        done[0] = operation.done


cdef inline void begin_send(Operation *operation, int kind, Py_ssize_t count) noexcept:
    """A message of `count` parts, whose sizes are added while they are made."""
    operation.kind = kind
    operation.count = count
    operation.size = 0


cdef void *memory_for(Py_ssize_t count, size_t size) except NULL:
    """For that many parts, to be freed."""
    memory = malloc(count * size)
    if memory == NULL:
        raise MemoryError
    return memory


# ---- trackers ----

cdef object tracker_of_frames(tuple parts):
    """What send_multipart returns when nobody asked for a tracker: as with pyzmq one only if the last part is a tracked Frame."""
    cdef list trackers = [(<Frame>part).tracker if isinstance(part, Frame) else None for part in parts]
    return tracker_of(trackers) if trackers[len(trackers) - 1] is not None else None


cdef object tracker_of(list trackers):
    """One tracker of all parts; None if no part has one."""
    global _tracker_class
    cdef bint tracked = any(tracker is not None for tracker in trackers)
    finished = track_event(None)
    trackers = [tracker for tracker in trackers if tracker is not None and tracker is not finished]
    if len(trackers) < 2:
        return trackers[0] if trackers else finished if tracked else None
    if _tracker_class is None:
        from zmqpy.tracker import MessageTracker

        _tracker_class = MessageTracker
    return _tracker_class(*trackers)
