# cython: language_level=3
"""The hot path: send, recv and poll, each all its work in one call from Python; and how every call of the engine waits.

Small messages are first tried without waiting and with the GIL held; only a call that has to wait, or moves much data, releases
it. Names, defaults and results follow pyzmq. Messages of several parts are multipart.pyx's, batches batch.pyx's.
"""

from cpython.buffer cimport PyBUF_CONTIG, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_Check, PyUnicode_DecodeUTF8
from libc.errno cimport EAGAIN, EINTR, ENOTSOCK
from libc.stdint cimport int64_t
from libc.string cimport memcpy
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_RCVTIMEO, ZMQ_SNDTIMEO
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, zmqpy_now_ms, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.ext cimport (
    ZMQPY_HAVE_EXT,
    zmq_ext_bytes_t,
    zmq_ext_msg_send_parts,
    zmq_ext_recv_messages,
    zmq_ext_recv_placed,
    zmq_ext_send_parts,
    zmq_ext_spin,
    zmq_ext_wait_deadline,
)
from zmqpy._core.frame cimport GIL_FREE_SIZE, Frame, give_back, track_event
from zmqpy._core.libzmq cimport *
from zmqpy._core.overrides cimport (
    OWN_DESERIALIZE,
    OWN_POLL,
    OWN_RECV,
    OWN_SEND,
    ZMQPY_NEVER,
    part_by_part,
    plain_poller,
    zmqpy_type_version,
)
from zmqpy._core.parts cimport address_message, describe, fill_message, place_bytes, take_bytes
from zmqpy._core.socket cimport Socket, is_plain
from zmqpy._core.wait cimport deadline_of, poll_items

cdef extern from *:
    """
    #define zmqpy_likely(x) __builtin_expect (!!(x), 1)
    #define zmqpy_unlikely(x) __builtin_expect (!!(x), 0)
    #define zmqpy_own(made) (made)
    """
    object own "zmqpy_own"(PyObject *made)  # takes over the reference
    bint zmqpy_likely(bint x) nogil
    bint zmqpy_unlikely(bint x) nogil


cdef enum:
    LONGEST_NAP = 16  # ms


cdef inline bint worth_waiting(int flags) noexcept:
    """After a first try that failed: whether `wait` may do better. A signal can interrupt even what does not wait."""
    cdef int error = zmq_errno()
    return error == EINTR or (error == EAGAIN and not flags & ZMQ_DONTWAIT)


cdef int perform(void *handle, Operation *operation, int flags) noexcept nogil:
    """The call itself. Negative, and errno, if something is left to be done."""
    cdef int rc
    if operation.kind == SEND_BYTES:
        return zmq_send(handle, operation.data, operation.size, flags)
    if operation.kind == SEND_MSG:
        return zmq_msg_send(operation.msgs, handle, flags)
    if operation.kind == RECV_MSG:
        return zmq_msg_recv(operation.msgs, handle, flags)
    if operation.kind == RECV_MESSAGES:
        rc = zmq_ext_recv_messages(handle, &operation.msgs, operation.count, operation.messages, flags)
        if rc > 0:
            operation.done = rc
        return rc
    if operation.kind == SEND_PARTS:
        rc = zmq_ext_send_parts(handle, operation.parts + operation.done, operation.count - operation.done, flags)
    else:
        rc = zmq_ext_msg_send_parts(handle, operation.msgs + operation.done, operation.count - operation.done, flags)
    if rc > 0:
        operation.done += rc
    return 0 if operation.done == operation.count else -1


cdef object poller = None                         # one of the class that Socket.poll would use, unless that was patched
cdef unsigned int poller_version = ZMQPY_NEVER    # of that class


cdef class TransferSocket(Socket):
    """A Socket that sends and receives."""

    # ---- sending ----

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Sends one part of a message (zmq_msg_send(3)).

        data : bytes or another contiguous buffer, or a Frame; str raises TypeError.
        flags : Flag.DONTWAIT (fail with Again instead of waiting), Flag.SNDMORE (more parts follow).
        copy : False lets the engine use the buffer in place; do not change it until it is done.
        track : with copy=False, or for a Frame made with track=True, return a MessageTracker that knows when the engine is done.
        routing_id, group : of SERVER and RADIO sockets.

        Returns None or the MessageTracker. Raises Again (DONTWAIT, or SNDTIMEO has passed), ContextTerminated, ZMQError.
        """
        cdef Py_ssize_t size
        cdef Operation operation
        if PyBytes_CheckExact(data) and copy and routing_id is None and group is None:
            size = PyBytes_GET_SIZE(data)
            if zmqpy_likely(size < GIL_FREE_SIZE):
                if zmqpy_likely(zmq_send(self.handle, PyBytes_AS_STRING(data), size, flags | ZMQ_DONTWAIT) >= 0):
                    return None
                if not worth_waiting(flags):
                    self.fail(zmq_errno())
            operation.kind = SEND_BYTES
            operation.data = PyBytes_AS_STRING(data)
            operation.size = size
            self.wait(&operation, flags)
            return None
        if copy and not track and routing_id is None and group is None:
            self.send_part(data, flags, False)
            return (<Frame>data).tracker if isinstance(data, Frame) else None
        return send_message(self, data, flags, copy, track, routing_id, group)

    cdef int send_part(self, object part, int flags, bint text) except -1:
        cdef Operation operation
        cdef zmq_ext_bytes_t where
        held = describe(part, text, -1, &where)
        operation.kind = SEND_BYTES
        operation.data = where.data
        operation.size = where.size
        return self.transfer(&operation, flags)

    def send_string(self, u, int flags=0, bint copy=True, str encoding="utf-8", **kwargs):
        """Sends a text, encoded; other arguments as for send."""
        if not PyUnicode_Check(u):
            raise TypeError(f"u must be str, not {u!r:.60}")
        if kwargs or not copy or not is_plain(self) and self.overrides() & OWN_SEND:
            return part_by_part().send_string(self, u, flags, copy, encoding, **kwargs)
        self.send_part(u if encoding == "utf-8" else u.encode(encoding), flags, True)

    # ---- receiving ----

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """Receives one part of a message (zmq_msg_recv(3)).

        flags : Flag.DONTWAIT: fail with Again instead of waiting.
        copy : True for bytes, False for a Frame that refers to the engine's memory.
        track : gives the Frame a tracker.

        Raises Again (DONTWAIT, or RCVTIMEO has passed), ContextTerminated, ZMQError.
        """
        cdef zmq_msg_t msg
        cdef PyObject *made = NULL
        cdef Frame frame
        cdef Operation operation
        if zmqpy_likely(copy):
            if zmqpy_likely(zmq_ext_recv_placed(self.handle, place_bytes, &made, &msg, flags | ZMQ_DONTWAIT) >= 0):
                return own(made) if zmqpy_likely(made != NULL) else take_bytes(&msg)
            if not worth_waiting(flags):
                self.fail(zmq_errno())
            zmq_msg_init(&msg)
            operation.kind = RECV_MSG
            operation.msgs = &msg
            operation.size = 0
            self.wait(&operation, flags)
            return take_bytes(&msg)
        frame = Frame.__new__(Frame)
        operation.kind = RECV_MSG
        operation.msgs = &frame.zmq_msg
        operation.size = 0
        self.transfer(&operation, flags)
        if track:
            frame.tracker = track_event(None)
        return frame

    def recv_string(self, int flags=0, str encoding="utf-8"):
        """Receives a text. Raises UnicodeDecodeError if it is none, and what recv raises."""
        cdef zmq_msg_t msg
        cdef Operation operation
        if not is_plain(self) and self.overrides() & (OWN_RECV | OWN_DESERIALIZE):
            return part_by_part().recv_string(self, flags, encoding)
        zmq_msg_init(&msg)
        operation.kind = RECV_MSG
        operation.msgs = &msg
        operation.size = 0
        self.transfer(&operation, flags)
        if encoding != "utf-8":
            return take_bytes(&msg).decode(encoding)
        try:
            return PyUnicode_DecodeUTF8(<const char *>zmq_msg_data(&msg), zmq_msg_size(&msg), NULL)
        finally:
            zmq_msg_close(&msg)

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0) -> int:
        """Receives one part into a writable buffer; what does not fit is lost. Returns the part's whole size in bytes.

        nbytes : how much of the buffer to use; 0: all of it.
        """
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
            self.transfer(&operation, flags)
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

    def poll(self, timeout=None, int flags=ZMQ_POLLIN) -> int:
        """Waits until the socket is ready for `flags` (PollEvent); the events it is ready for, 0 after the timeout.

        timeout : ms, at most 2**31 - 1 (else OverflowError); None or negative waits for ever.
        """
        cdef zmq_pollitem_t item
        cdef int milliseconds = -1
        if zmqpy_unlikely(not is_plain(self) or zmqpy_type_version(poller) != poller_version) and polls_otherwise(self):
            return part_by_part().poll(self, timeout, flags)
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

    cdef int transfer(self, Operation *operation, int flags) except -1:
        if operation.size < GIL_FREE_SIZE:
            if perform(self.handle, operation, flags | ZMQ_DONTWAIT) >= 0:
                return 0
            if not worth_waiting(flags):
                self.fail(zmq_errno())
        return self.wait(operation, flags)

    cdef int spin(self, Operation *operation, int flags) except -1:
        """Before anything slower: looks again for a moment, with the GIL let go and nothing else done. 1: it is done."""
        cdef int rc
        if not ZMQPY_HAVE_EXT or flags & ZMQ_DONTWAIT or operation.size >= GIL_FREE_SIZE:
            return False
        self.enter_call()
        with nogil:
            rc = zmq_ext_spin(self.handle, ZMQ_POLLIN if operation.kind >= RECV_MSG else ZMQ_POLLOUT)
        self.leave_call()
        if rc <= 0 or self.handle == NULL:
            return False
        return perform(self.handle, operation, flags | ZMQ_DONTWAIT) >= 0

    cdef int wait(self, Operation *operation, int flags) except -1:
        """Without the GIL, again after signals, within the socket's time-out in all."""
        cdef zmqpy_wait_t guard
        cdef int option = ZMQ_RCVTIMEO if operation.kind >= RECV_MSG else ZMQ_SNDTIMEO
        cdef int rc, error = 0
        cdef int64_t started, deadline = -1
        self.require()
        if self.spin(operation, flags):
            return 0
        if not ZMQPY_HAVE_EXT:
            return self.wait_by_polling(operation, flags, option)
        started = zmqpy_now_ms()
        self.enter_call()
        try:
            zmqpy_wait_init(&guard)
            while True:
                begin_wait(&guard)
                with nogil:
                    if deadline >= 0:
                        zmq_ext_wait_deadline(deadline)
                    rc = perform(self.handle, operation, flags)
                    if rc < 0:
                        error = zmq_errno()
                    if deadline >= 0:
                        zmq_ext_wait_deadline(-1)
                end_wait(&guard)
                if rc >= 0:
                    return 0
                if error != EINTR:
                    break
                check_signals()
                if deadline < 0 and self.handle != NULL:
                    deadline = deadline_of(self.handle, option, started)
                if deadline >= 0 and zmqpy_now_ms() >= deadline:
                    error = EAGAIN
                    break
        finally:
            self.leave_call()
        self.fail(error)

    cdef int wait_by_polling(self, Operation *operation, int flags, int option) except -1:
        """The same with another libzmq, which cannot sleep and unblock signals in one step, nor be given a deadline: its calls never
        wait, zmq_poll does, in slices."""
        cdef zmq_pollitem_t item
        cdef int64_t deadline, left = -1
        cdef int rc, error = 0
        cdef long nap = 1
        deadline = deadline_of(self.handle, option, zmqpy_now_ms())
        self.enter_call()
        try:
            while True:
                with nogil:
                    rc = perform(self.handle, operation, flags | ZMQ_DONTWAIT)
                    if rc < 0:
                        error = zmq_errno()
                if rc >= 0:
                    return 0
                if error == EINTR:
                    check_signals()
                    continue
                if error != EAGAIN or flags & ZMQ_DONTWAIT:
                    break
                if deadline >= 0:
                    left = deadline - zmqpy_now_ms()
                    if left <= 0:
                        break
                if self.handle == NULL:
                    continue  # closed by another thread: the call says so
                item.socket = self.handle
                item.fd = 0
                item.events = ZMQ_POLLIN if operation.kind >= RECV_MSG else ZMQ_POLLOUT
                item.revents = 0
                if zmq_poll(&item, 1, 0) > 0:
                    # Ready, but not for this message: a ROUTER whose one peer is full. Nothing tells when that changes.
                    poll_items(NULL, 0, nap if left < 0 else min(nap, left))
                    nap = min(nap * 2, LONGEST_NAP)
                else:
                    poll_items(&item, 1, left)
                    nap = 1
        finally:
            self.leave_call()
        self.fail(error)


cdef bint polls_otherwise(Socket socket) except -1:
    """Whether polling goes through a class of the socket's own or a patched Poller."""
    global poller, poller_version
    poller = plain_poller()
    poller_version = ZMQPY_NEVER if poller is None else zmqpy_type_version(poller) or ZMQPY_NEVER
    return poller is None or socket.overrides() & OWN_POLL


cdef object number_error(object value):
    raise TypeError(f"timeout must be a number of milliseconds or None, not {value!r}")


cdef object send_message(TransferSocket socket, object data, int flags, bint copy, bint track, object routing_id, object group):
    """Sends one part as a zmq_msg_t: in place, or with the routing id or group that SERVER, PEER and RADIO sockets need."""
    cdef zmq_msg_t msg
    cdef Operation operation
    tracker = fill_message(&msg, data, -1, copy, track, socket.copy_threshold)
    try:
        address_message(&msg, routing_id, group)
        operation.kind = SEND_MSG
        operation.msgs = &msg
        operation.size = zmq_msg_size(&msg)
        socket.transfer(&operation, flags)
    finally:
        zmq_msg_close(&msg)
    give_back()
    return tracker
