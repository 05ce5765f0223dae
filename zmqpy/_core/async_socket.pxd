"""A Socket for asyncio: its calls return futures. See async_socket.pyx."""

from zmqpy._core.loops cimport Loop
from zmqpy._core.socket cimport Socket
from zmqpy._core.waiters cimport Waiter, WaiterQueue


cdef class AsyncSocket(Socket):
    cdef Loop loop             # the one it was last used in; or None
    cdef WaiterQueue receivers, senders, pollers
    cdef object ready          # what the loop calls when the descriptor is readable; None: not registered
    cdef bint scheduled        # the loop will serve this socket in its next turn

    cdef Loop enter(self)
    cdef Loop change_loop(self)
    cdef object begin(self, WaiterQueue queue, Waiter waiter)
    cdef object at_once(self, Waiter waiter)
    cdef object wait_in(self, WaiterQueue queue, Waiter waiter)
    cdef int register(self) except -1
    cdef int unregister(self) except -1
    cdef int serve_soon(self) except -1
    cdef int serve(self) except -1
    cdef int serve_queue(self, WaiterQueue queue) except -1
    cdef int report(self, int events) except -1
    cdef int refuse_vain_waits(self) except -1
    cdef int give_up(self, object error) except -1
    cdef int fail_all(self, WaiterQueue queue, object error) except -1
    cdef bint idle(self) except -1
    cdef int stirred(self) except -1
    cdef int serve_again(self) except -1
    cdef bint polled(self, int events) except -1
