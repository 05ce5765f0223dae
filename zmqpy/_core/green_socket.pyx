# cython: language_level=3
"""A Socket for greenlets: a call that would have to wait lets others run until the socket is ready.

Here is what needs no gevent: tries, and when to wait. How a greenlet waits, `_wait`, is zmqpy/green's.
"""

from cpython.bytes cimport PyBytes_CheckExact
from libc.errno cimport EAGAIN, EHOSTUNREACH, ENOTSOCK
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_ETERM, ZMQ_POLLIN, ZMQ_POLLOUT
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.messages cimport BLOCKED, receive, receive_parts, send_bytes
from zmqpy._core.parts cimport address_of
from zmqpy._core.socket cimport Socket
from zmqpy._core.transfer cimport TRY
from zmqpy._core.tries cimport *


cdef class GreenSocket(Socket):
    """A Socket for greenlets. A subclass has _wait(event): false when the socket's time-out has passed."""

    cdef object finish(self, Call call, int event):
        """The result of a call, made whenever the socket is ready for `event` until it need not wait."""
        try:
            result = call.attempt(self)
            while result is BLOCKED:
                if call.flags & ZMQ_DONTWAIT:
                    self.fail(EAGAIN, event == ZMQ_POLLOUT)
                if event == ZMQ_POLLOUT:
                    refuse_vain_wait(self)
                if not self._wait(event):
                    self.fail(EAGAIN, event == ZMQ_POLLOUT)
                result = call.attempt(self)
            return result
        finally:
            self.stirred()

    cdef int stirred(self) except -1:
        """After a call of the engine. Another libzmq's, also one that failed, may have noted what its descriptor then tells no more."""
        if not ZMQPY_HAVE_EXT:
            self._look_soon()
        return 0

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """As Socket.recv."""
        result = receive(self, 0, copy, track, TRY)
        if result is BLOCKED:
            return self.finish(receiver(RECV, flags, copy, track), ZMQ_POLLIN)
        self.stirred()
        return result

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """As Socket.recv_multipart."""
        result = receive_parts(self, 0, copy, track, TRY)
        if result is BLOCKED:
            return self.finish(receiver(RECV_MULTIPART, flags, copy, track), ZMQ_POLLIN)
        self.stirred()
        return result

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0):
        """As Socket.recv_into."""
        cdef Call call = Call.__new__(Call)
        set_receive_into(call, buffer, nbytes, flags)
        return self.finish(call, ZMQ_POLLIN)

    def recv_many(self, Py_ssize_t max=1000, int flags=0):
        """As Socket.recv_many."""
        cdef Call call = Call.__new__(Call)
        set_receive_many(call, max, flags)
        return self.finish(call, ZMQ_POLLIN)

    def __next__(self):
        cdef Call call = Call.__new__(Call)
        call.kind = NEXT
        try:
            return self.finish(call, ZMQ_POLLIN)
        except Exception as error:
            if getattr(error, "errno", None) in (ENOTSOCK, ZMQ_ETERM):
                raise StopIteration from None
            raise

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """As Socket.send."""
        cdef Call call
        if PyBytes_CheckExact(data) and copy and routing_id is None and group is None:
            result = send_bytes(self, data, flags, TRY)
            if result is not BLOCKED:
                self.stirred()
                return result
        call = Call.__new__(Call)
        set_send(call, data, flags, copy, track, routing_id, group)
        return self.finish(call, ZMQ_POLLOUT)

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, **kwargs):
        """As Socket.send_multipart."""
        routing_id, group = address_of(kwargs)
        cdef Call call = Call.__new__(Call)
        set_send_multipart(call, msg_parts, flags, copy, track, routing_id, group)
        return self.finish(call, ZMQ_POLLOUT)

    def send_many(self, messages, int flags=0):
        """As Socket.send_many."""
        cdef Call call = Call.__new__(Call)
        set_send_many(call, messages, flags)
        try:
            return self.finish(call, ZMQ_POLLOUT)
        except Exception as error:
            if call.number and getattr(error, "errno", None) in (EAGAIN, EHOSTUNREACH):
                return call.number
            raise

    def _events(self):
        return events_of(self)


cdef Call receiver(int kind, int flags, bint copy, bint track):
    cdef Call call = Call.__new__(Call)
    set_receive(call, kind, flags, copy, track)
    return call
