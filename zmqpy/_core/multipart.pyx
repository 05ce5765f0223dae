# cython: language_level=3
"""Messages of several parts, each in one call of the engine: no other thread's parts come between, and it is entered once.

With another libzmq than ours a message is a loop over its calls (zmqpy_ext.h), and a socket is one thread's.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_Check
from libc.stdlib cimport free, malloc
from zmqpy._core.ext cimport ZMQ_EXT_BARE, zmq_ext_bytes_t
from zmqpy._core.frame cimport Frame, give_back, track_event
from zmqpy._core.libzmq cimport *
from zmqpy._core.overrides cimport OWN_RECV, OWN_SEND, part_by_part
from zmqpy._core.parts cimport address_message, describe, fill_message, take_parts
from zmqpy._core.socket cimport is_plain
from zmqpy._core.transfer cimport RECV_MESSAGES, SEND_MSGS, SEND_PARTS, Operation, TransferSocket

cdef object _tracker_class = None


cdef class MultipartSocket(TransferSocket):
    """A Socket that also sends and receives messages of several parts."""

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, **kwargs):
        """Sends a message of several parts.

        msg_parts : iterable of bytes, buffers, Frames or str (sent as UTF-8).
        flags, copy, track : as for send.

        Nothing is sent if one of the parts is of the wrong type. Returns None, or with track=True and copy=False a MessageTracker
        of all parts.
        """
        cdef tuple parts
        if not is_plain(self) and self.overrides() & OWN_SEND:
            return part_by_part().send_multipart(self, msg_parts, flags, copy, track, **kwargs)
        if PyUnicode_Check(msg_parts):
            raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
        parts = tuple(msg_parts)  # nobody else can change it while a send waits
        if not parts:
            raise IndexError("a message has at least one part")
        if copy and not track and not kwargs:
            return tracker_of_frames(parts) if self.send_parts(parts, flags) else None
        return send_messages(self, parts, flags, copy, track, kwargs)

    cdef int send_parts(self, tuple parts, int flags) except -1:
        cdef zmq_ext_bytes_t few[FEW]
        cdef zmq_ext_bytes_t *where = few
        cdef Py_ssize_t index, count = len(parts)
        cdef Operation operation
        cdef list held = None
        cdef object part
        cdef int frames = 0
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
                    elif isinstance(part, Frame):
                        frames += 1
                operation.size += where[index].size
            operation.parts = where
            self.transfer(&operation, flags)
        finally:
            if where != few:
                free(where)
        return frames

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receives all parts of one message: a list of bytes, or of Frames with copy=False. Arguments as for recv."""
        cdef zmq_msg_t few[FEW]
        cdef Operation operation
        if not is_plain(self) and self.overrides() & OWN_RECV:
            return part_by_part().recv_multipart(self, flags, copy, track)
        operation.kind = RECV_MESSAGES
        operation.size = 0
        operation.msgs = few
        operation.count = FEW
        operation.messages = 1
        self.transfer(&operation, flags | ZMQ_EXT_BARE if copy else flags)
        try:
            return take_parts(operation.msgs, operation.done, copy, track)
        finally:
            if operation.msgs != few:
                free(operation.msgs)


cdef object send_messages(MultipartSocket socket, tuple parts, int flags, bint copy, bint track, dict kwargs):
    """send_multipart without copying, or with the keyword arguments of send."""
    cdef zmq_msg_t few[FEW]
    cdef zmq_msg_t *msgs = few
    cdef Py_ssize_t index, count = len(parts), made = 0
    cdef Operation operation
    cdef list trackers = []
    routing_id = kwargs.pop("routing_id", None)
    group = kwargs.pop("group", None)
    if kwargs:
        raise TypeError(f"send_multipart() got an unexpected keyword argument {list(kwargs)[0]!r}")
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
        socket.transfer(&operation, flags)
    finally:
        for index in range(made):
            zmq_msg_close(&msgs[index])
        if msgs != few:
            free(msgs)
    give_back()
    return tracker_of(trackers) if track or trackers[count - 1] is not None else None


cdef void begin_parts(Operation *operation, int kind, Py_ssize_t count) noexcept:
    """An operation on `count` parts, whose sizes are added while they are made."""
    operation.kind = kind
    operation.count = count
    operation.size = 0
    operation.done = 0


cdef void *memory_for(Py_ssize_t count, size_t size) except NULL:
    memory = malloc(count * size)
    if memory == NULL:
        raise MemoryError
    return memory


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
