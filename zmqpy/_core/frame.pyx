# cython: language_level=3
"""Frames (zmq_msg_t as a Python object) and the buffers that zero-copy sends lend to the engine.

A lent buffer is held by a zmqpy_hold_t until the engine's free callback, in whatever thread, queues it; it is given back by the
next call that looks (give_back), whoever waits for it or asks for it included, or where nobody looks by a thread that is there for
that (zmqpy_keeper.h). No GIL in the callback.
Sending and receiving frames is messages.pyx's.
"""

import atexit
import os
import weakref

from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS,
    PyBuffer_FillInfo,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport EINVAL
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from zmqpy._core.constants cimport ZMQ_MORE, ZMQ_SHARED, ZMQ_SRCFD
from zmqpy._core.errors cimport check_signals, raise_error, raise_unsupported, zmqpy_now_ms
from zmqpy._core.ext cimport zmq_ext_msg_init_data
from zmqpy._core.libzmq cimport *

cdef extern from "zmqpy_release.h":
    ctypedef struct zmqpy_hold_t:
        Py_buffer view
        zmqpy_done_t *done
    void zmqpy_hold_drain() noexcept
    int zmqpy_hold_any() noexcept nogil
    int zmqpy_hold_waiting() nogil
    void zmqpy_hold_release(void *data, void *hint) noexcept nogil
    int zmqpy_keeper_start(int (*any)() noexcept nogil, void (*give_back)() noexcept) except -1
    void zmqpy_keeper_end()
    void zmqpy_keeper_forked()
    zmqpy_done_t *zmqpy_done_new()
    void zmqpy_done_share(zmqpy_done_t *done)
    void zmqpy_done_drop(zmqpy_done_t *done)
    void zmqpy_done_wake(zmqpy_done_t *done)
    void zmqpy_done_set(zmqpy_done_t *done)

cdef extern from "pythread.h" nogil:
    ctypedef enum PyLockStatus:
        PY_LOCK_FAILURE
        PY_LOCK_ACQUIRED
        PY_LOCK_INTR
    void PyThread_release_lock(PyThread_type_lock lock)
    PyLockStatus PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds, int interruptible)


COPY_THRESHOLD = 65536
cdef enum:
    LONGEST_WAIT = 86400000  # ms, of one sleep
cdef Py_ssize_t GIL_FREE_COPY = 1 << 18  # bytes; larger copies let other threads run

cdef object _tracker_class = None
cdef object _finished = None


def _at_exit():
    """Keeps the engine's callbacks away from an interpreter that is going down."""
    zmqpy_keeper_end()


def _after_fork():
    zmqpy_keeper_forked()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


cdef int give_back() except -1:
    if zmqpy_hold_waiting():
        zmqpy_hold_drain()
    return 0


cdef object track_event(ReleaseEvent event):
    global _tracker_class, _finished
    if _tracker_class is None:
        from zmqpy.tracker import _FINISHED_TRACKER, MessageTracker

        _tracker_class = MessageTracker
        _finished = _FINISHED_TRACKER
    if event is None:
        return _finished
    return _tracker_class(event)


cdef class ReleaseEvent:
    """Set when the engine has given up one lent buffer. Has the part of threading.Event that waits."""

    def __cinit__(self):
        self.state = zmqpy_done_new()
        if self.state == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self.state != NULL:
            zmqpy_done_drop(self.state)

    def is_set(self) -> bool:
        """Whether nobody uses the buffer any more: neither the engine nor, as its keeper meanwhile, this module."""
        if not self.state.done:
            give_back()
        return bool(self.state.done)

    def set(self) -> None:
        """Marks the buffer free; for messages that never reached the engine."""
        zmqpy_done_set(self.state)
        zmqpy_done_wake(self.state)

    def wait(self, timeout=None) -> bool:
        """Waits up to `timeout` seconds (None: for ever) until `is_set`; whether it is."""
        cdef int64_t deadline = -1
        cdef bint passed
        cdef double milliseconds
        if self.is_set():
            return True
        if timeout is not None:
            if timeout <= 0:
                return False
            milliseconds = min(<double>timeout * 1000, 1e15)
            deadline = zmqpy_now_ms() + max(1, <int64_t>milliseconds)
        if not acquire(self.state.lock, deadline):
            return self.is_set()
        give_back()
        if not self.state.done:
            # Another thread is giving it back just now, and passes the lock on when it has.
            self.state.awaited = True
            passed = False
            try:
                passed = acquire(self.state.lock, deadline)
            finally:
                if not self.state.done:
                    self.state.awaited = False
                    PyThread_release_lock(self.state.lock)
            if not passed:
                return bool(self.state.done)
        PyThread_release_lock(self.state.lock)  # for the next one who waits
        return True


cdef bint acquire(PyThread_type_lock lock, int64_t deadline) except -1:
    """Takes the lock; False if it was not to be had by `deadline` (negative: none). Python's signal handlers may raise."""
    cdef PyLockStatus status
    cdef long long microseconds = -1
    while True:
        if deadline >= 0:
            microseconds = min(max(0, deadline - zmqpy_now_ms()), LONGEST_WAIT) * 1000
        with nogil:
            status = PyThread_acquire_lock_timed(lock, microseconds, 1)
        if status == PY_LOCK_ACQUIRED:
            return True
        if status == PY_LOCK_INTR:
            check_signals()
        elif zmqpy_now_ms() >= deadline:
            return False


cdef int init_copied(zmq_msg_t *msg, object data) except -1:
    cdef Py_buffer view
    cdef char *target
    if isinstance(data, str):
        raise TypeError(f"a message must be bytes or another buffer, not str: encode it or use send_string ({data!r:.40})")
    PyObject_GetBuffer(data, &view, PyBUF_ANY_CONTIGUOUS)
    if zmq_msg_init_size(msg, view.len) < 0:
        PyBuffer_Release(&view)
        raise MemoryError
    target = <char *>zmq_msg_data(msg)
    if view.len > GIL_FREE_COPY:
        with nogil:
            memcpy(target, view.buf, view.len)
    elif view.len > 0:
        memcpy(target, view.buf, view.len)
    PyBuffer_Release(&view)
    return 0


cdef int init_lent(zmq_msg_t *msg, object data, ReleaseEvent event) except -1:
    cdef zmqpy_hold_t *hold
    if isinstance(data, str):
        raise TypeError(f"a message must be bytes or another buffer, not str: encode it or use send_string ({data!r:.40})")
    give_back()
    zmqpy_keeper_start(zmqpy_hold_any, zmqpy_hold_drain)
    hold = <zmqpy_hold_t *>malloc(sizeof(zmqpy_hold_t))
    if hold == NULL:
        raise MemoryError
    try:
        PyObject_GetBuffer(data, &hold.view, PyBUF_ANY_CONTIGUOUS)
    except BaseException:
        free(hold)
        raise
    hold.done = NULL
    # zmqpy_hold_release neither blocks nor calls the engine, so it may be called at once.
    if zmq_ext_msg_init_data(msg, hold.view.buf, hold.view.len, zmqpy_hold_release, hold) < 0:
        PyBuffer_Release(&hold.view)
        free(hold)
        raise MemoryError
    if event is not None:
        hold.done = event.state
        zmqpy_done_share(event.state)  # the callback's
        zmqpy_done_share(event.state)  # the list's
    return 0


cdef class Frame:
    """One part of a message.

    Frame(data=None, track=False, copy=None, copy_threshold=zmqpy.COPY_THRESHOLD)

    data : bytes or another contiguous buffer; None for an empty frame. str raises TypeError.
    track : whether `tracker` tells when the engine no longer uses the buffer.
    copy : True copies `data`; False refers to it without copying; None copies what is smaller than `copy_threshold` bytes.

    The content is a buffer: `memoryview(frame)`, `frame.buffer`, `frame.bytes`, `len(frame)`. Frames compare by identity.
    """

    def __cinit__(self, data=None, bint track=False, copy=None, copy_threshold=None, *args, **kwargs):
        cdef ReleaseEvent event = None
        cdef bint lend
        if data is None:
            zmq_msg_init(&self.zmq_msg)
            self.initialised = True
            if track:
                self.tracker = track_event(None)
            return
        if copy is None:
            if copy_threshold is None:
                copy_threshold = COPY_THRESHOLD
            lend = not isinstance(data, str) and buffer_size(data) >= copy_threshold
        else:
            lend = not copy
        if lend:
            if track:
                event = ReleaseEvent()
            init_lent(&self.zmq_msg, data, event)
            self.initialised = True
            self.source = data
            self.tracker_event = event
            self.read_only = is_read_only(data)
        else:
            init_copied(&self.zmq_msg, data)
            self.initialised = True
        if track:
            self.tracker = track_event(event)

    def __dealloc__(self):
        if self.initialised:
            close_messages(&self.zmq_msg, 1, zmq_msg_size(&self.zmq_msg))
            if zmqpy_hold_waiting():
                zmqpy_hold_drain()

    cdef int share(self, zmq_msg_t *msg) except -1:
        zmq_msg_init(msg)
        if zmq_msg_copy(msg, &self.zmq_msg) < 0:
            raise_error(zmq_errno())
        return 0

    def __copy__(self):
        """A frame with the same content, shared and not copied where the engine can."""
        cdef Frame other = type(self).__new__(type(self))
        if zmq_msg_copy(&other.zmq_msg, &self.zmq_msg) < 0:
            raise_error(zmq_errno())
        other.source = self.source
        other.cached_bytes = self.cached_bytes
        other.read_only = self.read_only
        other.tracker = self.tracker
        other.tracker_event = self.tracker_event
        return other

    def __reduce__(self):
        raise TypeError("a Frame cannot be pickled; pickle frame.bytes")

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, zmq_msg_data(&self.zmq_msg), zmq_msg_size(&self.zmq_msg), self.read_only, flags)

    def __len__(self):
        return <Py_ssize_t>zmq_msg_size(&self.zmq_msg)

    def __repr__(self):
        cdef Py_ssize_t size = zmq_msg_size(&self.zmq_msg)
        cdef bytes head = PyBytes_FromStringAndSize(<char *>zmq_msg_data(&self.zmq_msg), min(size, 12))
        content = repr(head)
        if size > 16:
            unit = "B"
            scaled = size
            for larger in ("kB", "MB", "GB"):
                if scaled < 1000:
                    break
                scaled //= 1000
                unit = larger
            content = f"{content}...{scaled}{unit}"
        elif size > 12:
            content = repr(self.bytes)
        return f"<zmq.{type(self).__name__}({content})>"

    def __str__(self):
        return repr(self)

    @property
    def bytes(self) -> bytes:
        """The content as bytes (copied once, then kept)."""
        if self.cached_bytes is None:
            if type(self.source) is bytes:
                self.cached_bytes = self.source
            else:
                self.cached_bytes = PyBytes_FromStringAndSize(<char *>zmq_msg_data(&self.zmq_msg), zmq_msg_size(&self.zmq_msg))
        return self.cached_bytes

    @property
    def buffer(self) -> memoryview:
        """The content without copying, as long as the view lives; the same view again while somebody has it."""
        view = None if self.last_view is None else self.last_view()
        if view is not None:
            try:
                view.nbytes
                return view
            except ValueError:
                pass  # it was released
        view = memoryview(self)
        self.last_view = weakref.ref(view)
        return view

    @property
    def more(self) -> bool:
        """Whether another part of the same message follows."""
        return zmq_msg_more(&self.zmq_msg) != 0

    # Message options by name, for programs that read them so.
    MORE = property(lambda self: option_of(self, ZMQ_MORE), doc="As `more`, an int.")
    shared = SHARED = property(lambda self: option_of(self, ZMQ_SHARED), doc="Whether another message has the same content, an int.")
    srcfd = SRCFD = property(lambda self: option_of(self, ZMQ_SRCFD), doc="The descriptor it came from, where that is known.")

    @property
    def group(self) -> str:
        """The group of a RADIO/DISH message; "" if it has none."""
        return draft_property(self, "group")

    @group.setter
    def group(self, value):
        self.set("group", value)

    @property
    def routing_id(self) -> int:
        """The routing id of a SERVER/PEER message; 0 if it has none."""
        return draft_property(self, "routing_id")

    @routing_id.setter
    def routing_id(self, value):
        self.set("routing_id", value)

    def get(self, option):
        """A property of the message.

        option : MessageOption (int value); "routing_id" or "group"; or the name of a metadata property such as "User-Id",
            "Socket-Type", "Peer-Address" (str value).

        Raises ZMQError (EINVAL) if the message has no such property.
        """
        cdef int value
        cdef int64_t routing_id
        cdef const char *text
        if isinstance(option, int):
            value = zmq_msg_get(&self.zmq_msg, option)
            if value < 0:
                raise_error(zmq_errno())
            return value
        if option == "routing_id":
            routing_id = zmqpy_msg_routing_id(&self.zmq_msg)
            if routing_id < 0:
                raise_unsupported("a routing id of a message")
            return routing_id
        if option == "group":
            text = zmqpy_msg_group(&self.zmq_msg)
            if text == NULL:
                raise_unsupported("a group of a message")
            return (<bytes>text).decode("utf-8")
        if isinstance(option, str):
            name = option.encode("utf-8")
        elif isinstance(option, (bytes, bytearray)):
            name = bytes(option)
        else:
            raise TypeError(f"option must be an int or the name of a property, not {option!r}")
        text = zmq_msg_gets(&self.zmq_msg, <bytes>name)
        if text == NULL:
            raise_error(zmq_errno())
        return (<bytes>text).decode("utf-8")

    def set(self, option, value):
        """Sets "routing_id" (int) or "group" (str or bytes); every other option raises ZMQError (EINVAL)."""
        cdef int rc
        if option == "routing_id":
            rc = zmqpy_msg_set_routing_id(&self.zmq_msg, value)
        elif option == "group":
            group = value.encode("utf-8") if isinstance(value, str) else value
            if not isinstance(group, bytes):
                raise TypeError(f"group must be str or bytes, not {value!r}")
            rc = zmqpy_msg_set_group(&self.zmq_msg, <bytes>group)
        elif isinstance(option, int):
            if not isinstance(value, int):
                raise TypeError(f"the value of option {option} must be an int, not {value!r}")
            rc = zmq_msg_set(&self.zmq_msg, option, value)
        else:
            rc = -1
            raise_error(EINVAL)
        if rc < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported(f"the {option} of a message")
            raise_error(zmq_errno())

    def __getitem__(self, key):
        """The property `key`, as `get`."""
        return self.get(key)

    def __iter__(self):
        raise TypeError("a Frame is not iterable; use frame.bytes or frame.buffer")

    def __contains__(self, item):
        raise TypeError("use 'in' on frame.bytes or frame.buffer")


cdef object draft_property(Frame frame, str name):
    try:
        return frame.get(name)
    except Exception as error:
        if getattr(error, "errno", None) == ENOTSUP:
            raise AttributeError(str(error)) from error
        raise


cdef object option_of(Frame frame, int option):
    cdef int value = zmq_msg_get(&frame.zmq_msg, option)
    if value < 0:
        raise AttributeError(f"the message has no option {option}")
    return value


cdef Py_ssize_t buffer_size(object data) except -1:
    cdef Py_buffer view
    cdef Py_ssize_t size
    PyObject_GetBuffer(data, &view, PyBUF_ANY_CONTIGUOUS)
    size = view.len
    PyBuffer_Release(&view)
    return size


cdef bint is_read_only(object data) except -1:
    cdef Py_buffer view
    cdef bint read_only
    PyObject_GetBuffer(data, &view, PyBUF_ANY_CONTIGUOUS)
    read_only = view.readonly
    PyBuffer_Release(&view)
    return read_only
