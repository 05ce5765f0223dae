# cython: language_level=3
"""The hot path: send, recv, send_multipart, recv_multipart and poll, each all its work in one call from Python.

Small messages are first tried without waiting and with the GIL held; only a call that has to wait, or moves much data, releases
it. Names, defaults and results follow pyzmq.
"""

from cpython.buffer cimport PyBUF_ANY_CONTIGUOUS, PyBUF_CONTIG, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_Check
from libc.errno cimport EAGAIN, EINTR, ENOTSOCK
from libc.limits cimport INT_MAX
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcpy
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_RCVTIMEO, ZMQ_SNDMORE, ZMQ_SNDTIMEO
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, raise_error, raise_unsupported, zmqpy_now_ms, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT, zmq_ext_spin
from zmqpy._core.frame cimport Frame, ReleaseEvent, give_back, init_copied, init_lent, track_event
from zmqpy._core.libzmq cimport *
from zmqpy._core.socket cimport Socket, group_bytes
from zmqpy._core.wait cimport Timeout, again_in_time, end_timeout, poll_items, start_timeout

cdef extern from *:
    """
    #define zmqpy_likely(x) __builtin_expect (!!(x), 1)
    """
    bint zmqpy_likely(bint x) nogil

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    GIL_FREE_SIZE = 65536  # bytes; sending or copying more than this lets other threads run


cdef inline bint worth_waiting(int flags) noexcept:
    """After a first try that failed: whether `wait` may do better. A signal can interrupt even what does not wait."""
    cdef int error = zmq_errno()
    return error == EINTR or (error == EAGAIN and not flags & ZMQ_DONTWAIT)


cdef class TransferSocket(Socket):
    """A Socket that sends and receives."""

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
                if not worth_waiting(flags):
                    self.fail(zmq_errno())
            self.wait(SEND_BYTES, NULL, PyBytes_AS_STRING(data), size, flags)
            return None
        if routing_id is not None or group is not None:
            return send_addressed(self, data, flags, copy, track, routing_id, group)
        if copy:
            self.send_part(data, flags, False, False)
            return None
        return self.send_uncopied(data, flags, track)

    cdef int send_part(self, object part, int flags, bint text, bint held) except -1:
        """Sends a copy of `part`: bytes, a buffer, a Frame; with `text` also str, as UTF-8.

        With `held` the engine is entered with the GIL held, whatever the size, and any waiting is done before that.
        """
        cdef int64_t started
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
            if held:
                started = zmqpy_now_ms()
                while zmq_send(self.handle, data, size, flags | ZMQ_DONTWAIT) < 0:
                    if not worth_waiting(flags):
                        self.fail(zmq_errno())
                    self.wait_for_turn(ZMQ_POLLOUT, ZMQ_SNDTIMEO, started)
                return 0
            if size < GIL_FREE_SIZE:
                if zmq_send(self.handle, data, size, flags | ZMQ_DONTWAIT) >= 0:
                    return 0
                if not worth_waiting(flags):
                    self.fail(zmq_errno())
            self.wait(SEND_BYTES, NULL, data, size, flags)
        finally:
            if is_view:
                PyBuffer_Release(&view)
        return 0

    cdef int send_msg(self, zmq_msg_t *msg, int flags) except -1:
        """Sends `msg`, which is empty afterwards; on an error it stays the caller's to close."""
        if zmq_msg_size(msg) < GIL_FREE_SIZE:
            if zmq_msg_send(msg, self.handle, flags | ZMQ_DONTWAIT) >= 0:
                return 0
            if not worth_waiting(flags):
                self.fail(zmq_errno())
        return self.wait(SEND_MSG, msg, NULL, 0, flags)

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
        cdef int last_flags
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
        if count == 1 and copy and not flags & ZMQ_SNDMORE:
            self.send_part(parts[0], flags, True, False)
            return None
        last_flags = flags
        flags |= ZMQ_SNDMORE
        for index in range(count):
            part = parts[index]
            if index == count - 1:
                flags = last_flags
            if copy:
                # Only the first part can have to wait, and then not in the engine: between the parts the GIL is not let go, so that no
                # other thread's parts come between.
                if PyBytes_CheckExact(part):
                    if zmqpy_likely(zmq_send(self.handle, PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part), flags | ZMQ_DONTWAIT) >= 0):
                        continue
                    if not worth_waiting(flags):
                        self.fail(zmq_errno())
                self.send_part(part, flags, True, True)
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
                if not worth_waiting(flags):
                    self.fail(zmq_errno())
                self.wait(RECV_MSG, &msg, NULL, 0, flags)
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
        if not worth_waiting(flags):
            self.fail(zmq_errno())
        return self.wait(RECV_MSG, msg, NULL, 0, flags)

    cdef bytes recv_bytes(self, int flags, bint *more):
        cdef zmq_msg_t msg
        zmq_msg_init(&msg)
        self.recv_msg(&msg, flags)
        more[0] = zmq_msg_more(&msg) != 0
        return take_bytes(&msg)

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receives all parts of one message: a list of bytes, or of Frames with copy=False. Arguments as for recv."""
        # All parts are taken without letting the GIL go in between, so that no other thread gets one of them.
        cdef list frames
        cdef bint more = True
        cdef Frame frame
        cdef zmq_msg_t msg
        if copy:
            zmq_msg_init(&msg)
            self.recv_held(&msg, flags)
            more = zmq_msg_more(&msg) != 0
            if not more:
                return [take_bytes(&msg)]
            if zmq_msg_size(&msg) >= GIL_FREE_SIZE:
                frame = Frame.__new__(Frame)
                zmq_msg_move(&frame.msg, &msg)
                frames = [frame]
            else:
                frames = [take_bytes(&msg)]
        else:
            frames = []
        while more:
            if copy:
                zmq_msg_init(&msg)
                self.recv_held(&msg, flags)
                more = zmq_msg_more(&msg) != 0
                if zmq_msg_size(&msg) < GIL_FREE_SIZE:
                    frames.append(take_bytes(&msg))
                    continue
                frame = Frame.__new__(Frame)
                zmq_msg_move(&frame.msg, &msg)
            else:
                frame = Frame.__new__(Frame)
                self.recv_held(&frame.msg, flags)
                more = zmq_msg_more(&frame.msg) != 0
                if track:
                    frame.tracker = track_event(None)
            frames.append(frame)
        if copy:
            for index in range(len(frames)):
                part = frames[index]
                if isinstance(part, Frame):
                    frames[index] = take_bytes(&(<Frame>part).msg)
                    zmq_msg_init(&(<Frame>part).msg)
        return frames

    cdef int recv_held(self, zmq_msg_t *msg, int flags) except -1:
        """Receives into an initialised message (closed on failure), the engine entered with the GIL held; waits before that if need be."""
        cdef int64_t started = 0
        try:
            while zmq_msg_recv(msg, self.handle, flags | ZMQ_DONTWAIT) < 0:
                if not worth_waiting(flags):
                    self.fail(zmq_errno())
                if started == 0:
                    started = zmqpy_now_ms()
                self.wait_for_turn(ZMQ_POLLIN, ZMQ_RCVTIMEO, started)
        except BaseException:
            zmq_msg_close(msg)
            zmq_msg_init(msg)
            raise
        return 0

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

    # ---- waiting ----

    cdef int spin(self, int operation, zmq_msg_t *msg, const char *data, size_t size, int flags) except -1:
        """Before anything slower: looks again for a moment, with the GIL let go and nothing else done. 1: it is done."""
        cdef int rc
        if not ZMQPY_HAVE_EXT or flags & ZMQ_DONTWAIT or size >= GIL_FREE_SIZE:
            return False
        self.enter_call()
        with nogil:
            rc = zmq_ext_spin(self.handle, ZMQ_POLLIN if operation == RECV_MSG else ZMQ_POLLOUT)
        self.leave_call()
        if rc <= 0 or self.handle == NULL:
            return False
        if operation == RECV_MSG:
            return zmq_msg_recv(msg, self.handle, flags | ZMQ_DONTWAIT) >= 0
        if operation == SEND_MSG:
            return zmq_msg_size(msg) < GIL_FREE_SIZE and zmq_msg_send(msg, self.handle, flags | ZMQ_DONTWAIT) >= 0
        return zmq_send(self.handle, data, size, flags | ZMQ_DONTWAIT) >= 0

    cdef int wait_for_turn(self, int events, int option, int64_t started) except -1:
        """Lets others run until the socket seems ready for `events`; raises Again when its time-out, `option`, has passed since `started`."""
        cdef zmq_pollitem_t item
        cdef int rc, whole = -1
        cdef size_t size = sizeof(int)
        cdef int64_t left = -1
        self.require()
        if zmq_getsockopt(self.handle, option, &whole, &size) < 0:
            self.fail(zmq_errno())
        if whole >= 0:
            left = started + whole - zmqpy_now_ms()
            if left <= 0 and (whole == 0 or left < 0):
                self.fail(EAGAIN)
        if ZMQPY_HAVE_EXT:
            self.enter_call()
            with nogil:
                rc = zmq_ext_spin(self.handle, events)
            self.leave_call()
            if rc > 0:
                return 0
            self.require()
        item.socket = self.handle
        item.fd = 0
        item.events = events
        item.revents = 0
        self.enter_call()
        try:
            rc = poll_items(&item, 1, left)
        finally:
            self.leave_call()
        self.require()
        if rc == 0 and whole >= 0 and started + whole <= zmqpy_now_ms():
            self.fail(EAGAIN)
        return 0

    cdef int wait_until_ready(self, int events, Timeout *timeout) except -1:
        """Sleeps until the socket seems ready or its time-out has passed; 0 either way, or the errno that ended it."""
        cdef zmq_pollitem_t item
        cdef long milliseconds = -1
        cdef size_t size = sizeof(int)
        cdef int whole = -1
        if zmq_getsockopt(self.handle, timeout.option, &whole, &size) < 0:
            return 0  # the call itself says why
        if whole >= 0:
            milliseconds = whole
        item.socket = self.handle
        item.fd = 0
        item.events = events
        item.revents = 0
        poll_items(&item, 1, milliseconds)
        return 0 if item.revents else EAGAIN

    cdef int wait(self, int operation, zmq_msg_t *msg, const char *data, size_t size, int flags) except -1:
        """One send or receive without the GIL, again after signals, within the socket's time-out in all."""
        cdef zmqpy_wait_t guard
        cdef Timeout timeout
        cdef int rc, error = 0
        self.require()
        if self.spin(operation, msg, data, size, flags):
            return 0
        start_timeout(&timeout, ZMQ_RCVTIMEO if operation == RECV_MSG else ZMQ_SNDTIMEO)
        self.enter_call()
        try:
            zmqpy_wait_init(&guard)
            while True:
                if not ZMQPY_HAVE_EXT and not flags & ZMQ_DONTWAIT:
                    # Another libzmq cannot sleep and unblock signals in one step: it is let sleep when there is something to do.
                    error = self.wait_until_ready(ZMQ_POLLIN if operation == RECV_MSG else ZMQ_POLLOUT, &timeout)
                    if error:
                        break
                begin_wait(&guard)
                with nogil:
                    if operation == RECV_MSG:
                        rc = zmq_msg_recv(msg, self.handle, flags)
                    elif operation == SEND_MSG:
                        rc = zmq_msg_send(msg, self.handle, flags)
                    else:
                        rc = zmq_send(self.handle, data, size, flags)
                    if rc < 0:
                        error = zmq_errno()
                end_wait(&guard)
                if rc >= 0:
                    return 0
                if error != EINTR:
                    break
                check_signals()
                if self.handle != NULL and not again_in_time(self.handle, &timeout):
                    error = EAGAIN
                    break
        finally:
            end_timeout(self.handle, &timeout)
            self.leave_call()
        self.fail(error)


cdef object number_error(object value):
    raise TypeError(f"timeout must be a number of milliseconds or None, not {value!r}")


cdef bytes take_bytes(zmq_msg_t *msg):
    """The content as bytes; closes the message."""
    cdef size_t size = zmq_msg_size(msg)
    cdef const char *data = <const char *>zmq_msg_data(msg)
    cdef char *target
    cdef bytes result
    if size < GIL_FREE_SIZE:
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


cdef object send_addressed(TransferSocket socket, object data, int flags, bint copy, bint track, object routing_id, object group):
    """Sends one part with the routing id or group that SERVER, PEER and RADIO sockets need."""
    cdef zmq_msg_t msg
    cdef Frame frame
    cdef uint32_t number
    if not zmq_has(b"draft"):
        raise RuntimeError("routing_id and group are for the draft socket types, which this libzmq does not have")
    tracker = None
    if not zmq_has(b"draft"):
        raise_unsupported("a message with a routing_id or a group")
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


cdef object send_parts_addressed(TransferSocket socket, object parts, int flags, bint copy, bint track, dict kwargs):
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
