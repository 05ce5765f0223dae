# cython: language_level=3
"""What waits for an asynchronous socket: a call that found nothing to do, its future, and its place among the others.

A future that is cancelled stays in its queue until somebody looks; the queue sees to it that those are never many.
"""

from libc.errno cimport EAGAIN
from zmqpy._core.errors cimport raise_about, raise_error
from zmqpy._core.loops cimport Loop
from zmqpy._core.tries cimport POLL, SEND_MANY, Call


cdef class Waiter(Call):
    """A call that waits, and its future."""

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
            self.timer = loop.loop.call_later(milliseconds / 1000.0, self._expire)
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
                if self.full is not None:
                    raise_about(EAGAIN, ("full", self.full))
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
