# cython: language_level=3
"""A Socket for greenlets: a call that would have to wait lets others run until the socket is ready.

Here is what needs no gevent: tries, and when to wait. How a greenlet waits, `_wait`, is zmqpy/green's.
"""

from libc.errno cimport EAGAIN, ENOTSOCK
from zmqpy._core.batch cimport BatchSocket, recv_batch, send_batch
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_ETERM, ZMQ_POLLIN, ZMQ_POLLOUT
from zmqpy._core.errors cimport raise_error
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.tries cimport (
    BLOCKED,
    events_of,
    try_recv,
    try_recv_into,
    try_recv_multipart,
    try_send,
    try_send_multipart,
)


cdef class GreenSocket(BatchSocket):
    """A Socket for greenlets. A subclass has _wait(event): false when the socket's time-out has passed."""

    cdef int pause(self, int flags, int event) except -1:
        if flags & ZMQ_DONTWAIT or not self._wait(event):
            raise_error(EAGAIN)
        return 0

    cdef int stirred(self) except -1:
        """After a call of the engine. Another libzmq's may have taken note of what its descriptor then tells no more."""
        if not ZMQPY_HAVE_EXT:
            self._look_soon()
        return 0

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """As Socket.recv."""
        result = try_recv(self, copy, track)
        while result is BLOCKED:
            self.pause(flags, ZMQ_POLLIN)
            result = try_recv(self, copy, track)
        self.stirred()
        return result

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """As Socket.recv_multipart."""
        result = try_recv_multipart(self, copy, track)
        while result is BLOCKED:
            self.pause(flags, ZMQ_POLLIN)
            result = try_recv_multipart(self, copy, track)
        self.stirred()
        return result

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0):
        """As Socket.recv_into."""
        result = try_recv_into(self, buffer, nbytes)
        while result is BLOCKED:
            self.pause(flags, ZMQ_POLLIN)
            result = try_recv_into(self, buffer, nbytes)
        self.stirred()
        return result

    def recv_many(self, Py_ssize_t max=1000, int flags=0):
        """As Socket.recv_many."""
        while True:
            try:
                return recv_batch(self, max, flags | ZMQ_DONTWAIT)
            except Exception as error:
                if getattr(error, "errno", None) != EAGAIN or flags & ZMQ_DONTWAIT:
                    raise
            self.pause(flags, ZMQ_POLLIN)

    def __next__(self):
        try:
            return self.recv_many(1)[0]
        except Exception as error:
            if getattr(error, "errno", None) in (ENOTSOCK, ZMQ_ETERM):
                raise StopIteration from None
            raise

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """As Socket.send."""
        result = try_send(self, data, flags, copy, track, routing_id, group)
        while result is BLOCKED:
            self.pause(flags, ZMQ_POLLOUT)
            result = try_send(self, data, flags, copy, track, routing_id, group)
        self.stirred()
        return result

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """As Socket.send_multipart."""
        cdef size_t done = 0
        cdef tuple parts
        if isinstance(msg_parts, str):
            raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
        parts = tuple(msg_parts)
        if not parts:
            raise IndexError("a message has at least one part")
        result = try_send_multipart(self, parts, flags, copy, track, routing_id, group, &done)
        while result is BLOCKED:
            self.pause(flags, ZMQ_POLLOUT)
            result = try_send_multipart(self, parts, flags, copy, track, routing_id, group, &done)
        self.stirred()
        return result

    def send_many(self, messages, int flags=0):
        """As Socket.send_many."""
        cdef tuple items
        cdef Py_ssize_t done = 0
        if isinstance(messages, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"messages must be an iterable of messages, not one {type(messages).__name__}")
        items = tuple(messages)
        while True:
            try:
                if done < len(items):
                    done += send_batch(self, items[done:], flags | ZMQ_DONTWAIT)
            except Exception as error:
                if getattr(error, "errno", None) != EAGAIN:
                    raise
            if done == len(items):
                return done
            if flags & ZMQ_DONTWAIT or not self._wait(ZMQ_POLLOUT):
                if done:
                    return done
                raise_error(EAGAIN)

    def _events(self):
        return events_of(self)
