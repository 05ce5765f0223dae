# cython: language_level=3
"""Sockets: the whole hot path, send and receive in one call from Python, and the calls on the handle.

Small messages are first tried without waiting and with the GIL held; only a call that has to wait, or moves much data, releases
it. Names, defaults and results follow pyzmq. Conveniences (strings, JSON, context managers) are in zmqpy/socket.py, options in
options.pyx, batches in batch.pyx.
"""

import atexit
import os
import weakref

from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS,
    PyBUF_CONTIG,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.unicode cimport PyUnicode_Check
from libc.errno cimport EAGAIN, EINTR, ENOTSOCK
from libc.limits cimport INT_MAX
from libc.stdint cimport int64_t, uint32_t, uintptr_t
from libc.string cimport memcpy
from zmqpy._core.constants cimport (
    ZMQ_DONTWAIT,
    ZMQ_ETERM,
    ZMQ_LINGER,
    ZMQ_POLLIN,
    ZMQ_RCVTIMEO,
    ZMQ_SNDMORE,
    ZMQ_SNDTIMEO,
    ZMQ_TYPE,
)
from zmqpy._core.context cimport Context
from zmqpy._core.errors cimport (
    begin_wait,
    check_signals,
    end_wait,
    raise_error,
    raise_unsupported,
    zmqpy_now_ms,
    zmqpy_wait_t,
)
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.frame cimport (
    Frame,
    ReleaseEvent,
    give_back,
    init_copied,
    init_lent,
    track_event,
)
from zmqpy._core.libzmq cimport *
from zmqpy._core.options cimport get_option, set_option
from zmqpy._core.wait cimport poll_items

cdef extern from *:
    """
    #define zmqpy_likely(x) __builtin_expect (!!(x), 1)
    """
    bint zmqpy_likely(bint x) nogil

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object instance, object name, object value) except -1
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    GIL_FREE_SIZE = 65536  # bytes; moving more than this lets other threads run

_live = weakref.WeakSet()
cdef bint exiting = False


def _at_exit():
    global exiting
    exiting = True


def _after_fork_in_child():
    """Sockets belong to the parent: in the child they count as closed and the engine is never called with them."""
    for item in list(_live):
        (<Socket>item).handle = NULL
        (<Socket>item).abandoned = NULL
        (<Socket>item).users = 0
        (<Socket>item).forked = True


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


cdef class Socket:
    """A ZeroMQ socket. Socket(context, socket_type, shadow=0, copy_threshold=zmqpy.COPY_THRESHOLD)"""

    def __cinit__(self, *args, **kwargs):
        self.handle = NULL
        self.abandoned = NULL
        self.users = 0
        self.type_number = -1
        self.copy_threshold = 65536

    def __init__(self, context=None, int socket_type=0, shadow=0, copy_threshold=None):
        if self.handle != NULL:
            return
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold
        if shadow:
            self.handle = <void *><uintptr_t>shadow
            self.borrowed = True
            self.context = context
            self.type_number = get_option(self.handle, ZMQ_TYPE)
        else:
            if not isinstance(context, Context):
                raise TypeError(f"context must be a Context, not {context!r}")
            self.context = context
            if self.context.handle == NULL:
                self.context.require()
            self.handle = zmq_socket(self.context.handle, socket_type)
            if self.handle == NULL:
                raise_error(zmq_errno())
            self.type_number = socket_type
        _live.add(self)

    def __dealloc__(self):
        if self.handle != NULL and not self.borrowed:
            zmq_close(self.handle)
            self.handle = NULL

    def __reduce__(self):
        raise TypeError("a Socket cannot be pickled")

    # ---- the handle ----

    cdef int require(self) except -1:
        if self.handle == NULL:
            self.fail(ENOTSOCK)
        return 0

    cdef int fail(self, int error) except -1:
        """Raises what `error` means for this socket."""
        if self.handle == NULL and error == ENOTSOCK and self.forked:
            import zmqpy.error

            raise zmqpy.error.ZMQError(
                ENOTSOCK, "this Socket belongs to the process that forked; make a Context and sockets of your own in the child"
            )
        raise_error(error)

    cdef void enter_call(self) noexcept:
        """Before a call with the handle that releases the GIL."""
        self.users += 1

    cdef int leave_call(self) except -1:
        """After it; closes what was closed meanwhile by another thread."""
        self.users -= 1
        if self.users == 0 and self.abandoned != NULL:
            zmq_close(self.abandoned)
            self.abandoned = NULL
        return 0

    @property
    def underlying(self) -> int:
        """Address of the C socket; 0 once closed."""
        return <uintptr_t>self.handle

    @property
    def closed(self) -> bool:
        """Whether the socket is closed, or its context terminated, or it belongs to the parent of a forked process."""
        cdef int number = 0
        cdef size_t size = sizeof(number)
        if self.handle == NULL:
            return True
        if zmq_getsockopt(self.handle, ZMQ_TYPE, &number, &size) < 0 and zmq_errno() == ENOTSOCK:
            self.handle = NULL
            return True
        return False

    @property
    def _closed(self) -> bool:
        return self.handle == NULL

    @property
    def _type_number(self) -> int:
        return self.type_number

    def close(self, linger=None) -> None:
        """Closes the socket (zmq_close(3)). Never waits; closing again does nothing.

        linger : int, ms, how long unsent messages are kept for sending; None leaves the option as it is.
        """
        cdef void *handle = self.handle
        if handle == NULL:
            return
        if linger is not None and not self.borrowed:
            try:
                set_option(handle, ZMQ_LINGER, linger)
            except TypeError:
                raise
            except Exception as error:
                if getattr(error, "errno", None) not in (ENOTSOCK, ZMQ_ETERM):
                    raise
        self.handle = NULL
        if self.borrowed:
            return
        if self.users > 0 and not ZMQPY_HAVE_EXT:
            self.abandoned = handle
            return
        if zmq_close(handle) < 0 and zmq_errno() != ENOTSOCK:
            raise_error(zmq_errno())

    # ---- options ----

    def get(self, int option):
        """The value of a SocketOption: int, or bytes (zmq_getsockopt(3)).

        Raises ZMQError (EINVAL: no such option, or it cannot be read).
        """
        self.require()
        return get_option(self.handle, option)

    def set(self, int option, optval):
        """Sets a SocketOption to an int or bytes (zmq_setsockopt(3)).

        Raises TypeError for a value of the wrong type, ZMQError (EINVAL) for one out of range.
        """
        self.require()
        set_option(self.handle, option, optval)

    # ---- endpoints ----

    def bind(self, addr):
        """Listens at `addr`, e.g. "tcp://*:5555" (zmq_bind(3)). Raises ZMQError, which names the address."""
        cdef bytes endpoint = endpoint_bytes(addr)
        cdef char *text = endpoint
        cdef int rc, error = 0
        if self.forked:
            self.require()
        self.enter_call()
        with nogil:
            rc = zmq_bind(self.handle, text)
            if rc < 0:
                error = zmq_errno()
        self.leave_call()
        if rc < 0:
            raise_error(error, endpoint)

    def connect(self, addr):
        """Connects to `addr`, now and whenever the connection is lost (zmq_connect(3)). Raises ZMQError, naming the address."""
        cdef bytes endpoint = endpoint_bytes(addr)
        cdef char *text = endpoint
        cdef int rc, error = 0
        if self.forked:
            self.require()
        self.enter_call()
        with nogil:
            rc = zmq_connect(self.handle, text)
            if rc < 0:
                error = zmq_errno()
        self.leave_call()
        if rc < 0:
            raise_error(error, endpoint)

    def unbind(self, addr):
        """Stops listening at `addr` (zmq_unbind(3)). Raises ZMQError (ENOENT if it was not bound)."""
        cdef bytes endpoint = endpoint_bytes(addr)
        self.require()
        if zmq_unbind(self.handle, endpoint) < 0:
            raise_error(zmq_errno(), endpoint)

    def disconnect(self, addr):
        """Ends the connection to `addr` (zmq_disconnect(3)). Raises ZMQError (ENOENT if it was not connected)."""
        cdef bytes endpoint = endpoint_bytes(addr)
        self.require()
        if zmq_disconnect(self.handle, endpoint) < 0:
            raise_error(zmq_errno(), endpoint)

    def monitor(self, addr, int events=0xFFFF):
        """Publishes this socket's events on a PAIR socket at `addr`, "inproc://..." (zmq_socket_monitor(3)).

        addr : str, or None to stop.  events : Event flags.
        """
        cdef bytes endpoint = b""
        cdef char *text = NULL
        cdef int rc, error = 0
        self.require()
        if addr is not None:
            endpoint = endpoint_bytes(addr)
            text = endpoint
        self.enter_call()
        with nogil:
            rc = zmq_socket_monitor(self.handle, text, events)
            if rc < 0:
                error = zmq_errno()
        self.leave_call()
        if rc < 0:
            raise_error(error, None if addr is None else endpoint)

    def join(self, group):
        """Joins a group of messages (DISH only, str or bytes). Raises ZMQError."""
        self.require()
        if zmqpy_join(self.handle, group_bytes(group)) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("join")
            raise_error(zmq_errno())

    def leave(self, group):
        """Leaves a group that was joined. Raises ZMQError."""
        self.require()
        if zmqpy_leave(self.handle, group_bytes(group)) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("leave")
            raise_error(zmq_errno())

    # ---- sending ----

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Sends one part of a message (zmq_msg_send(3)).

        data : bytes or another contiguous buffer, or a Frame; str raises TypeError.
        flags : Flag.DONTWAIT (fail with Again instead of waiting), Flag.SNDMORE (more parts follow).
        copy : False lets the engine use the buffer in place; do not change it until it is done.
        track : with copy=False, return a MessageTracker that knows when the engine is done.
        routing_id, group : of SERVER and RADIO sockets.

        Returns None or the MessageTracker. Raises Again (DONTWAIT, or SNDTIMEO has passed), ContextTerminated, ZMQError.
        """
        cdef Py_ssize_t size
        if PyBytes_CheckExact(data) and copy and routing_id is None and group is None:
            size = PyBytes_GET_SIZE(data)
            if zmqpy_likely(size < GIL_FREE_SIZE):
                if zmqpy_likely(zmq_send(self.handle, PyBytes_AS_STRING(data), size, flags | ZMQ_DONTWAIT) >= 0):
                    return None
                if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
                    self.fail(zmq_errno())
            self.wait_send(PyBytes_AS_STRING(data), size, flags)
            return None
        if routing_id is not None or group is not None:
            return send_addressed(self, data, flags, copy, track, routing_id, group)
        if copy:
            self.send_part(data, flags, False)
            return None
        return self.send_uncopied(data, flags, track)

    cdef int send_part(self, object part, int flags, bint text) except -1:
        """Sends a copy of `part`: bytes, a buffer, a Frame; with `text` also str, as UTF-8."""
        cdef Py_buffer view
        cdef const char *data
        cdef Py_ssize_t size = 0
        cdef bint is_view = False
        if PyBytes_CheckExact(part):
            data = PyBytes_AS_STRING(part)
            size = PyBytes_GET_SIZE(part)
        elif isinstance(part, Frame):
            data = <const char *>zmq_msg_data(&(<Frame>part).msg)
            size = zmq_msg_size(&(<Frame>part).msg)
        elif PyUnicode_Check(part):
            if not text:
                raise TypeError(f"a message must be bytes or another buffer, not str: encode it or use send_string ({part!r:.40})")
            data = PyUnicode_AsUTF8AndSize(part, &size)
        else:
            PyObject_GetBuffer(part, &view, PyBUF_ANY_CONTIGUOUS)
            is_view = True
            data = <const char *>view.buf
            size = view.len
        try:
            if size < GIL_FREE_SIZE:
                if zmq_send(self.handle, data, size, flags | ZMQ_DONTWAIT) >= 0:
                    return 0
                if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
                    self.fail(zmq_errno())
            self.wait_send(data, size, flags)
        finally:
            if is_view:
                PyBuffer_Release(&view)
        return 0

    cdef int wait_send(self, const char *data, size_t size, int flags) except -1:
        """zmq_send without the GIL, again after signals, within SNDTIMEO in all."""
        cdef zmqpy_wait_t wait
        cdef Timeout timeout
        cdef int rc, error = 0
        self.require()
        start_timeout(&timeout, ZMQ_SNDTIMEO)
        self.enter_call()
        try:
            while True:
                begin_wait(&wait)
                with nogil:
                    rc = zmq_send(self.handle, data, size, flags)
                    if rc < 0:
                        error = zmq_errno()
                end_wait(&wait)
                if rc >= 0:
                    return 0
                if error != EINTR:
                    break
                check_signals()
                if not again_in_time(self, &timeout):
                    error = EAGAIN
                    break
        finally:
            end_timeout(self, &timeout)
            self.leave_call()
        self.fail(error)

    cdef int send_msg(self, zmq_msg_t *msg, int flags) except -1:
        """Sends `msg`, which is empty afterwards; on an error it stays the caller's to close."""
        if zmq_msg_size(msg) < GIL_FREE_SIZE:
            if zmq_msg_send(msg, self.handle, flags | ZMQ_DONTWAIT) >= 0:
                return 0
            if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
                self.fail(zmq_errno())
        return self.wait_send_msg(msg, flags)

    cdef int wait_send_msg(self, zmq_msg_t *msg, int flags) except -1:
        cdef zmqpy_wait_t wait
        cdef Timeout timeout
        cdef int rc, error = 0
        self.require()
        start_timeout(&timeout, ZMQ_SNDTIMEO)
        self.enter_call()
        try:
            while True:
                begin_wait(&wait)
                with nogil:
                    rc = zmq_msg_send(msg, self.handle, flags)
                    if rc < 0:
                        error = zmq_errno()
                end_wait(&wait)
                if rc >= 0:
                    return 0
                if error != EINTR:
                    break
                check_signals()
                if not again_in_time(self, &timeout):
                    error = EAGAIN
                    break
        finally:
            end_timeout(self, &timeout)
            self.leave_call()
        self.fail(error)

    cdef object send_uncopied(self, object part, int flags, bint track):
        """Sends `part` in place if it is large enough to be worth it; a MessageTracker, or None when nobody has to wait."""
        cdef zmq_msg_t msg
        cdef ReleaseEvent event = None
        cdef Frame frame
        cdef Py_ssize_t size
        if isinstance(part, Frame):
            frame = part
            if track and frame.tracker is None:
                raise ValueError("the Frame was made without track=True")
            frame.share(&msg)
            tracker = frame.tracker if track else None
        else:
            size = length_of(part)
            if size < self.copy_threshold:
                init_copied(&msg, part)
                tracker = track_event(None)
            else:
                if track:
                    event = ReleaseEvent()
                init_lent(&msg, part, event)
                tracker = track_event(event) if track else None
        try:
            self.send_msg(&msg, flags)
        finally:
            zmq_msg_close(&msg)
        give_back()
        return tracker

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, **kwargs):
        """Sends a message of several parts.

        msg_parts : iterable of bytes, buffers, Frames or str (sent as UTF-8).
        flags, copy, track : as for send.

        Nothing is sent if one of the parts is of the wrong type. Returns None or the last part's MessageTracker.
        """
        cdef Py_ssize_t count, index
        cdef tuple parts
        cdef object part
        cdef object tracker = None
        if kwargs:
            return send_parts_addressed(self, msg_parts, flags, copy, track, kwargs)
        if PyUnicode_Check(msg_parts):
            raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
        parts = tuple(msg_parts)  # nobody else can change it while a send waits
        count = len(parts)
        if count == 0:
            raise IndexError("a message has at least one part")
        for index in range(count):
            part = parts[index]
            if not PyBytes_CheckExact(part) and not isinstance(part, Frame) and not PyUnicode_Check(part):
                check_part(part, index)
        flags |= ZMQ_SNDMORE
        for index in range(count):
            part = parts[index]
            if index == count - 1:
                flags &= ~ZMQ_SNDMORE
            if copy:
                if PyBytes_CheckExact(part) and PyBytes_GET_SIZE(part) < GIL_FREE_SIZE:
                    if zmq_send(self.handle, PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part), flags | ZMQ_DONTWAIT) >= 0:
                        continue
                    if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
                        self.fail(zmq_errno())
                self.send_part(part, flags, True)
            else:
                if PyUnicode_Check(part):
                    part = (<str>part).encode("utf-8")
                tracker = self.send_uncopied(part, flags, track and index == count - 1 and not isinstance(part, Frame))
        return tracker

    # ---- receiving ----

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """Receives one part of a message (zmq_msg_recv(3)).

        flags : Flag.DONTWAIT: fail with Again instead of waiting.
        copy : True for bytes, False for a Frame that refers to the engine's memory.
        track : gives the Frame a tracker.

        Raises Again (DONTWAIT, or RCVTIMEO has passed), ContextTerminated, ZMQError.
        """
        cdef zmq_msg_t msg
        cdef int size
        cdef object result
        cdef Frame frame
        if zmqpy_likely(copy):
            zmq_msg_init(&msg)
            size = zmq_msg_recv(&msg, self.handle, flags | ZMQ_DONTWAIT)
            if size < 0:
                if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
                    self.fail(zmq_errno())
                self.wait_recv_msg(&msg, flags)
                size = INT_MAX
            if zmqpy_likely(size < GIL_FREE_SIZE):
                result = PyBytes_FromStringAndSize(<const char *>zmq_msg_data(&msg), size)
                zmq_msg_close(&msg)
                return result
            return take_bytes(&msg)
        frame = Frame.__new__(Frame)
        self.recv_msg(&frame.msg, flags)
        if track:
            frame.tracker = track_event(None)
        return frame

    cdef int recv_msg(self, zmq_msg_t *msg, int flags) except -1:
        """Receives into an initialised message, waiting unless `flags` forbid it."""
        if zmq_msg_recv(msg, self.handle, flags | ZMQ_DONTWAIT) >= 0:
            return 0
        if flags & ZMQ_DONTWAIT or zmq_errno() != EAGAIN:
            self.fail(zmq_errno())
        return self.wait_recv_msg(msg, flags)

    cdef int wait_recv_msg(self, zmq_msg_t *msg, int flags) except -1:
        """zmq_msg_recv without the GIL, again after signals, within RCVTIMEO in all."""
        cdef zmqpy_wait_t wait
        cdef Timeout timeout
        cdef int rc, error = 0
        self.require()
        start_timeout(&timeout, ZMQ_RCVTIMEO)
        self.enter_call()
        try:
            while True:
                begin_wait(&wait)
                with nogil:
                    rc = zmq_msg_recv(msg, self.handle, flags)
                    if rc < 0:
                        error = zmq_errno()
                end_wait(&wait)
                if rc >= 0:
                    return 0
                if error != EINTR:
                    break
                check_signals()
                if not again_in_time(self, &timeout):
                    error = EAGAIN
                    break
        finally:
            end_timeout(self, &timeout)
            self.leave_call()
        self.fail(error)

    cdef bytes recv_bytes(self, int flags, bint *more):
        cdef zmq_msg_t msg
        zmq_msg_init(&msg)
        self.recv_msg(&msg, flags)
        more[0] = zmq_msg_more(&msg) != 0
        return take_bytes(&msg)

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receives all parts of one message: a list of bytes, or of Frames with copy=False. Arguments as for recv."""
        cdef list parts = []
        cdef bint more = True
        cdef Frame frame
        while more:
            if copy:
                parts.append(self.recv_bytes(flags, &more))
            else:
                frame = Frame.__new__(Frame)
                self.recv_msg(&frame.msg, flags)
                if track:
                    frame.tracker = track_event(None)
                more = zmq_msg_more(&frame.msg) != 0
                parts.append(frame)
        return parts

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0) -> int:
        """Receives one part into a writable buffer; what does not fit is lost. Returns the part's whole size in bytes.

        nbytes : how much of the buffer to use; 0: all of it.
        """
        cdef Py_buffer view
        cdef zmq_msg_t msg
        cdef size_t size, room
        if not memoryview(buffer).contiguous:
            raise BufferError("the buffer is not contiguous")
        PyObject_GetBuffer(buffer, &view, PyBUF_CONTIG)
        try:
            if nbytes < 0 or nbytes > view.len:
                raise ValueError(f"nbytes={nbytes} does not fit a buffer of {view.len} bytes")
            room = nbytes if nbytes else view.len
            zmq_msg_init(&msg)
            self.recv_msg(&msg, flags)
            size = zmq_msg_size(&msg)
            memcpy(view.buf, zmq_msg_data(&msg), min(size, room))
            zmq_msg_close(&msg)
        finally:
            PyBuffer_Release(&view)
        return size

    def poll(self, timeout=None, int flags=ZMQ_POLLIN) -> int:
        """Waits until the socket is ready for `flags` (PollEvent); the events it is ready for, 0 after the timeout.

        timeout : ms; None or negative waits for ever.
        """
        cdef zmq_pollitem_t item
        cdef long milliseconds = -1
        if self.handle == NULL:
            self.fail(ENOTSUP if not self.forked else ENOTSOCK)
        if timeout is not None:
            milliseconds = max(-1, int(timeout) if not isinstance(timeout, str) else number_error(timeout))
        item.socket = self.handle
        item.fd = 0
        item.events = flags
        item.revents = 0
        poll_items(&item, 1, milliseconds)
        return item.revents

    # ---- attributes ----

    def __setattr__(self, name, value):
        """Attributes are those of the class, and options by name in any case; everything else is a mistake."""
        cdef type cls = type(self)
        if name == "subscribe" or name == "unsubscribe":
            # Methods, and also options that may be assigned.
            from zmqpy.constants import SocketOption

            if not callable(value):
                self.set(SocketOption[name.upper()], value)
                return
        if hasattr(cls, name) or is_annotated(cls, name):
            PyObject_GenericSetAttr(self, name, value)
            return
        from zmqpy.constants import SocketOption

        option = SocketOption.__members__.get(name.upper())
        if option is None:
            raise AttributeError(f"{cls.__name__} has no such option: {name.upper()}")
        self.set(option, value)


cdef object number_error(object value):
    raise TypeError(f"timeout must be a number of milliseconds or None, not {value!r}")


cdef bint is_annotated(type cls, str name) except -1:
    for base in cls.__mro__:
        try:
            if name in base.__annotations__:
                return True
        except (AttributeError, NameError):  # none, or (from 3.14 on) one that cannot be evaluated yet
            continue
    return False


cdef bytes endpoint_bytes(object addr):
    if isinstance(addr, str):
        return (<str>addr).encode("utf-8")
    if isinstance(addr, bytes):
        return addr
    raise TypeError(f"addr must be str, not {addr!r}")


cdef bytes group_bytes(object group):
    if isinstance(group, str):
        return (<str>group).encode("utf-8")
    if isinstance(group, bytes):
        return group
    raise TypeError(f"group must be str or bytes, not {group!r}")


cdef bytes take_bytes(zmq_msg_t *msg):
    """The content as bytes; closes the message."""
    cdef size_t size = zmq_msg_size(msg)
    cdef const char *data = <const char *>zmq_msg_data(msg)
    cdef char *target
    cdef bytes result
    if size < GIL_FREE_SIZE * 4:
        result = PyBytes_FromStringAndSize(data, size)
        zmq_msg_close(msg)
        return result
    try:
        result = PyBytes_FromStringAndSize(NULL, size)
    except BaseException:
        zmq_msg_close(msg)
        raise
    target = PyBytes_AS_STRING(result)
    with nogil:
        memcpy(target, data, size)
        zmq_msg_close(msg)
    return result


cdef Py_ssize_t length_of(object part) except -1:
    cdef Py_buffer view
    cdef Py_ssize_t size
    if PyBytes_CheckExact(part):
        return PyBytes_GET_SIZE(part)
    if PyUnicode_Check(part):
        raise TypeError(f"a message must be bytes or another buffer, not str: encode it or use send_string ({part!r:.40})")
    PyObject_GetBuffer(part, &view, PyBUF_ANY_CONTIGUOUS)
    size = view.len
    PyBuffer_Release(&view)
    return size


cdef int check_part(object part, Py_ssize_t index) except -1:
    try:
        length_of(part)
    except TypeError:
        raise TypeError(f"part {index} of the message must be bytes, another buffer or str, not {part!r:.40}") from None
    return 0


cdef object send_addressed(Socket socket, object data, int flags, bint copy, bint track, object routing_id, object group):
    """Sends one part with the routing id or group that SERVER, PEER and RADIO sockets need."""
    cdef zmq_msg_t msg
    cdef Frame frame
    cdef uint32_t number
    tracker = None
    name = group_bytes(group) if group is not None else None
    number = routing_id if routing_id is not None else 0
    if isinstance(data, Frame):
        (<Frame>data).share(&msg)
        tracker = (<Frame>data).tracker if track else None
    elif copy:
        init_copied(&msg, data)
    else:
        frame = Frame(data, track=track, copy=False)
        tracker = frame.tracker
        frame.share(&msg)
    try:
        if routing_id is not None and zmqpy_msg_set_routing_id(&msg, number) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("a message with a routing_id")
            raise_error(zmq_errno())
        if name is not None and zmqpy_msg_set_group(&msg, <bytes>name) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("a message with a group")
            raise_error(zmq_errno())
        socket.send_msg(&msg, flags)
    finally:
        zmq_msg_close(&msg)
    return tracker


cdef object send_parts_addressed(Socket socket, object parts, int flags, bint copy, bint track, dict kwargs):
    """send_multipart with keyword arguments of send."""
    parts = list(parts)
    for index, part in enumerate(parts):
        if isinstance(part, str):
            parts[index] = part.encode("utf-8")
        elif not isinstance(part, Frame):
            check_part(part, index)
    if not parts:
        raise IndexError("a message has at least one part")
    last = parts.pop()
    for part in parts:
        socket.send(part, flags | ZMQ_SNDMORE, copy=copy, track=track, **kwargs)
    return socket.send(last, flags, copy=copy, track=track, **kwargs)


# ---- timeouts of calls that signals interrupt ----

cdef struct Timeout:
    int option       # ZMQ_SNDTIMEO or ZMQ_RCVTIMEO
    int64_t started  # ms
    int whole        # ms, what the option was before it was shortened
    int shortened    # ms, what it is now; -2: not touched


cdef inline void start_timeout(Timeout *timeout, int option) noexcept:
    timeout.option = option
    timeout.started = zmqpy_now_ms()
    timeout.shortened = -2


cdef bint again_in_time(Socket socket, Timeout *timeout) except -1:
    """After a signal: whether time is left. Sets the option to what is left of it for the next try."""
    cdef size_t size = sizeof(int)
    cdef int64_t left
    if socket.handle == NULL:
        return True
    if timeout.shortened == -2:
        if zmq_getsockopt(socket.handle, timeout.option, &timeout.whole, &size) < 0:
            return True  # the next try says why
    if timeout.whole < 0:
        return True
    left = timeout.started + timeout.whole - zmqpy_now_ms()
    if left <= 0:
        return False
    timeout.shortened = <int>left
    zmq_setsockopt(socket.handle, timeout.option, &timeout.shortened, sizeof(int))
    return True


cdef int end_timeout(Socket socket, Timeout *timeout) except -1:
    """Gives the option its value back, unless somebody else has set it meanwhile."""
    cdef int now = 0
    cdef size_t size = sizeof(int)
    if timeout.shortened == -2 or socket.handle == NULL:
        return 0
    if zmq_getsockopt(socket.handle, timeout.option, &now, &size) == 0 and now == timeout.shortened:
        zmq_setsockopt(socket.handle, timeout.option, &timeout.whole, sizeof(int))
    return 0
