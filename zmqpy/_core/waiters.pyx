# cython: language_level=3
"""What waits for an asynchronous socket: a call that found nothing to do, its future, and its place among the others.

A future that is cancelled stays in its queue until somebody looks; the queue sees to it that those are never many.
"""

from cython cimport freelist
from libc.errno cimport EAGAIN
from zmqpy._core.batch cimport BatchSocket, recv_batch, send_batch
from zmqpy._core.constants cimport ZMQ_DONTWAIT
from zmqpy._core.errors cimport raise_error
from zmqpy._core.loops cimport Loop
from zmqpy._core.tries cimport BLOCKED, try_recv, try_recv_into, try_recv_multipart, try_send, try_send_multipart


@freelist(64)
cdef class Waiter:
    """A call that waits."""

    cdef object attempt(self, BatchSocket socket):
        if self.kind == RECV:
            return try_recv(socket, self.copy, self.track)
        if self.kind == RECV_MULTIPART:
            return try_recv_multipart(socket, self.copy, self.track)
        if self.kind == SEND:
            return try_send(socket, self.data, self.flags, self.copy, self.track, self.routing_id, self.group)
        if self.kind == SEND_MULTIPART:
            return try_send_multipart(
                socket, self.data, self.flags, self.copy, self.track, self.routing_id, self.group, &self.done
            )
        if self.kind == RECV_INTO:
            return try_recv_into(socket, self.data, self.number)
        try:
            if self.kind == SEND_MANY:
                self.number += send_batch(socket, self.data[self.number:], self.flags | ZMQ_DONTWAIT)
                return self.number if self.number == len(self.data) else BLOCKED
            messages = recv_batch(socket, self.number if self.kind == RECV_MANY else 1, ZMQ_DONTWAIT)
        except Exception as error:
            if getattr(error, "errno", None) == EAGAIN:
                return BLOCKED
            raise
        return messages if self.kind == RECV_MANY else messages[0]

    cdef bint over(self) except -1:
        return self.future.done()

    cdef int complete(self, Loop loop, object result) except -1:
        self.forget_timer()
        if self.load is not None:
            try:
                result = self.load(result)
            except Exception as error:
                self.future.set_exception(error)
                return 0
        return loop.complete(self.future, result)

    cdef int fail(self, object error) except -1:
        self.forget_timer()
        if not self.future.done():
            self.future.set_exception(error)
        return 0

    cdef int limit(self, Loop loop, int milliseconds) except -1:
        if milliseconds >= 0:
            self.timer = loop.loop.call_later(milliseconds / 1000, self._expire)
        return 0

    cdef int forget_timer(self) except -1:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return 0

    def _expire(self):
        self.timer = None
        if self.future.done():
            return
        if self.kind == POLL:
            self.future.set_result(0)
        elif self.kind == SEND_MANY and self.number:
            self.future.set_result(self.number)
        else:
            try:
                raise_error(EAGAIN)
            except Exception as error:
                self.future.set_exception(error)


cdef class WaiterQueue:
    """Waiters in the order they came."""

    cdef int add(self, Waiter waiter) except -1:
        cdef Waiter each, following
        # One that timed out just before is the last, as a rule.
        while self.tail is not None and self.tail.over():
            self.remove(self.tail)
        if self.count > 2 * self.swept + 16:
            each = self.head
            while each is not None:
                following = each.next
                if each.over():
                    self.remove(each)
                each = following
            self.swept = self.count
        waiter.previous = self.tail
        if self.tail is None:
            self.head = waiter
        else:
            self.tail.next = waiter
        self.tail = waiter
        self.count += 1
        return 0

    cdef int remove(self, Waiter waiter) except -1:
        if waiter.previous is None:
            self.head = waiter.next
        else:
            waiter.previous.next = waiter.next
        if waiter.next is None:
            self.tail = waiter.previous
        else:
            waiter.next.previous = waiter.previous
        waiter.next = waiter.previous = None
        self.count -= 1
        if self.count == 0:
            self.swept = 0
        waiter.forget_timer()
        return 0

    cdef Waiter first(self):
        while self.head is not None and self.head.over():
            self.remove(self.head)
        return self.head
