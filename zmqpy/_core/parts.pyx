# cython: language_level=3
"""Parts of messages between Python and C: what may be sent, as memory or as zmq_msg_t, and what was received, as bytes or Frames.

Sends and receives nothing itself: messages.pyx does.
"""

from cpython.buffer cimport PyBUF_ANY_CONTIGUOUS, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_Check
from cython cimport freelist
from libc.stdint cimport uint32_t
from libc.string cimport memcpy
from zmqpy._core.errors cimport raise_error, raise_unsupported
from zmqpy._core.frame cimport GIL_FREE_SIZE, Frame, ReleaseEvent, close_messages, init_copied, init_lent, track_event
from zmqpy._core.libzmq cimport *

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size)
    void *bytes_memory "PyBytes_AS_STRING"(PyObject *bytes)
    void PyErr_Clear()


@freelist(16)
cdef class HeldBuffer:
    """The memory of an object, which keeps it in place until this is gone."""

    cdef Py_buffer view
    cdef bint held

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef tuple parts_of(object msg_parts):
    cdef tuple parts
    if PyUnicode_Check(msg_parts):
        raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
    parts = tuple(msg_parts)
    if not parts:
        raise IndexError("a message has at least one part")
    return parts


cdef tuple messages_of(object messages):
    if PyUnicode_Check(messages) or isinstance(messages, (bytes, bytearray, memoryview)):
        raise TypeError(f"messages must be an iterable of messages, not one {type(messages).__name__}")
    return tuple(messages)


def sendable_parts(msg_parts):
    """The parts of a message, each bytes, another buffer or a Frame: str becomes UTF-8. Raises as send_multipart does."""
    cdef list parts = [(<str>part).encode("utf-8") if PyUnicode_Check(part) else part for part in parts_of(msg_parts)]
    for index, part in enumerate(parts):
        if not isinstance(part, (bytes, Frame)):
            try:
                memoryview(part)
            except TypeError:
                refuse(part, index)
    return parts


def sendable_messages(messages):
    """The messages of a batch. Raises as send_many does."""
    return messages_of(messages)


cdef int refuse(object part, Py_ssize_t index) except -1:
    if index >= 0:
        raise TypeError(f"part {index} of the message must be bytes, another buffer or str, not {part!r:.40}")
    if PyUnicode_Check(part):
        raise TypeError(f"a message must be bytes or another buffer, not str: encode it or use send_string ({part!r:.40})")
    raise TypeError(f"a message must be bytes or another buffer, not {part!r:.40}")


cdef object describe(object part, bint text, Py_ssize_t index, zmq_ext_bytes_t *where):
    cdef HeldBuffer buffer
    cdef Py_ssize_t size = 0
    if PyBytes_CheckExact(part):
        where.data = PyBytes_AS_STRING(part)
        where.size = PyBytes_GET_SIZE(part)
        return None
    if isinstance(part, Frame):
        where.data = zmq_msg_data(&(<Frame>part).zmq_msg)
        where.size = zmq_msg_size(&(<Frame>part).zmq_msg)
        return None
    if PyUnicode_Check(part):
        if not text:
            refuse(part, index)
        where.data = PyUnicode_AsUTF8AndSize(part, &size)
        where.size = size
        return None
    buffer = HeldBuffer.__new__(HeldBuffer)
    try:
        PyObject_GetBuffer(part, &buffer.view, PyBUF_ANY_CONTIGUOUS)
    except TypeError:
        refuse(part, index)
    buffer.held = True
    where.data = buffer.view.buf
    where.size = buffer.view.len
    return buffer


cdef object fill_message(zmq_msg_t *msg, object part, Py_ssize_t index, bint copy, bint track, object threshold):
    cdef zmq_ext_bytes_t where
    cdef ReleaseEvent event = None
    cdef Frame frame
    if isinstance(part, Frame):
        frame = part
        if track and frame.tracker is None:
            raise ValueError("the Frame was made without track=True")
        frame.share(msg)
        return frame.tracker  # as pyzmq does
    if PyUnicode_Check(part) and index >= 0:
        part = (<str>part).encode("utf-8")
    held = describe(part, False, index, &where)
    if copy or where.size < <size_t>threshold:
        init_copied(msg, part)
        return None if copy else track_event(None)
    if track:
        event = ReleaseEvent()
    init_lent(msg, part, event)
    return track_event(event) if track else None


cdef tuple address_of(dict kwargs):
    for name in kwargs:
        if name != "routing_id" and name != "group":
            raise TypeError(f"send_multipart() got an unexpected keyword argument {name!r}")
    return kwargs.get("routing_id"), kwargs.get("group")


cdef bint is_addressed(object part) noexcept:
    cdef const char *group
    if not isinstance(part, Frame):
        return False
    group = zmqpy_msg_group(&(<Frame>part).zmq_msg)
    return (group != NULL and group[0] != 0) or zmqpy_msg_routing_id(&(<Frame>part).zmq_msg) > 0


cdef int address_message(zmq_msg_t *msg, object routing_id, object group) except -1:
    cdef uint32_t number
    if routing_id is None and group is None:
        return 0
    if not zmq_has(b"draft"):
        raise RuntimeError("routing_id and group are for the draft socket types, which this libzmq does not have")
    if routing_id is not None:
        number = routing_id
        if zmqpy_msg_set_routing_id(msg, number) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("a message with a routing_id")
            raise_error(zmq_errno())
    if group is not None:
        name = group.encode("utf-8") if isinstance(group, str) else group
        if not isinstance(name, bytes):
            raise TypeError(f"group must be str or bytes, not {group!r}")
        if zmqpy_msg_set_group(msg, <bytes>name) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("a message with a group")
            raise_error(zmq_errno())
    return 0


cdef void *place_bytes(size_t size, void *hint) noexcept:
    cdef PyObject *result
    if size >= GIL_FREE_SIZE:
        return NULL
    result = new_bytes(NULL, size)
    if result == NULL:
        PyErr_Clear()  # whoever makes bytes of the message says so
        return NULL
    (<PyObject **>hint)[0] = result
    return bytes_memory(result)


cdef bytes copy_bytes(const char *data, size_t size):
    cdef char *target
    cdef bytes result
    if size < GIL_FREE_SIZE:
        return PyBytes_FromStringAndSize(data, size)
    result = PyBytes_FromStringAndSize(NULL, size)
    target = PyBytes_AS_STRING(result)
    with nogil:
        memcpy(target, data, size)
    return result


cdef bytes take_bytes(zmq_msg_t *msg):
    cdef size_t size = zmq_msg_size(msg)
    try:
        return copy_bytes(<const char *>zmq_msg_data(msg), size)
    finally:
        close_messages(msg, 1, size)


cdef list take_parts(zmq_msg_t *msgs, Py_ssize_t count, bint copy, bint track):
    cdef list parts = []
    cdef Py_ssize_t index = 0, closed
    cdef Frame frame
    try:
        while index < count:
            if copy:
                index += 1
                parts.append(take_bytes(&msgs[index - 1]))
                continue
            frame = Frame.__new__(Frame)
            zmq_msg_move(&frame.zmq_msg, &msgs[index])
            index += 1
            if track:
                frame.tracker = track_event(None)
            parts.append(frame)
    except BaseException:
        for closed in range(index, count):
            zmq_msg_close(&msgs[closed])
        raise
    return parts
