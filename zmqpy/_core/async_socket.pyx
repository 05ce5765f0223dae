# cython: language_level=3
"""A Socket whose calls return futures of the running asyncio loop.

A call that finds what it wants returns a future that is done. One that does not becomes a waiter (waiters.pyx), in order with the
others of its kind, and is tried again when the loop finds ZMQ_FD readable. Which loop runs, fairness and how a task is woken are
loops.pyx's; conveniences and what users see are zmqpy/asyncio's.
"""

import asyncio
import os
import weakref

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, ENOTSOCK
from zmqpy._core.constants cimport (
    ZMQ_DONTWAIT,
    ZMQ_ETERM,
    ZMQ_EVENTS,
    ZMQ_FD,
    ZMQ_POLLIN,
    ZMQ_POLLOUT,
    ZMQ_RCVTIMEO,
    ZMQ_SNDTIMEO,
)
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.frame cimport GIL_FREE_SIZE
from zmqpy._core.libzmq cimport *
from zmqpy._core.loops cimport Loop, is_running, running_loop
from zmqpy._core.messages cimport BLOCKED, receive, receive_parts
from zmqpy._core.options cimport get_option
from zmqpy._core.socket cimport Socket
from zmqpy._core.transfer cimport TRY
from zmqpy._core.tries cimport *
from zmqpy._core.waiters cimport *


cdef class Ready:
    """What a loop calls for a socket when its descriptor is readable. Keeps it alive only while somebody waits for it."""

    cdef object reference
    cdef AsyncSocket held
    cdef object selector       # has add_reader and remove_reader
    cdef int descriptor
    cdef bint descriptor_own   # a duplicate

    def __call__(self):
        cdef AsyncSocket socket = self.reference()
        if socket is not None and socket.ready is self:
            socket.serve()
        elif self.descriptor >= 0:
            self.stop()

    cdef int stop(self) except -1:
        self.held = None
        if self.descriptor < 0:
            return 0
        try:
            self.selector.remove_reader(self.descriptor)
        except Exception:
            pass  # the loop is closed
        if self.descriptor_own:
            os.close(self.descriptor)
        self.descriptor = -1
        return 0


cdef class AsyncSocket(Socket):
    """A Socket for asyncio."""

    def __cinit__(self, *args, **kwargs):
        self.receivers = WaiterQueue.__new__(WaiterQueue)
        self.senders = WaiterQueue.__new__(WaiterQueue)
        self.pollers = WaiterQueue.__new__(WaiterQueue)

    # ---- receiving ----

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """A future of what Socket.recv returns. With DONTWAIT it is done, maybe with Again."""
        cdef Loop loop = self.enter()
        if self.receivers.head is None and not flags & ZMQ_DONTWAIT and loop.may_complete():
            try:
                result = receive(self, 0, copy, track, TRY)
            except Exception as error:
                self.stirred()
                return loop.failed(error)
            self.stirred()
            self.receivers.dry = result is BLOCKED
            if result is not BLOCKED:
                return loop.done(result)
            return self.wait_in(self.receivers, receiver(RECV, flags, copy, track))
        return self.begin(self.receivers, receiver(RECV, flags, copy, track))

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """A future of what Socket.recv_multipart returns."""
        cdef Loop loop = self.enter()
        if self.receivers.head is None and not flags & ZMQ_DONTWAIT and loop.may_complete():
            try:
                result = receive_parts(self, 0, copy, track, TRY)
            except Exception as error:
                self.stirred()
                return loop.failed(error)
            self.stirred()
            self.receivers.dry = result is BLOCKED
            if result is not BLOCKED:
                return loop.done(result)
            return self.wait_in(self.receivers, receiver(RECV_MULTIPART, flags, copy, track))
        return self.begin(self.receivers, receiver(RECV_MULTIPART, flags, copy, track))

    def recv_into(self, buf, /, *, Py_ssize_t nbytes=0, int flags=0):
        """A future of what Socket.recv_into returns."""
        cdef Waiter waiter = Waiter.__new__(Waiter)
        set_receive_into(waiter, buf, nbytes, flags)
        return self.begin(self.receivers, waiter)

    def recv_many(self, Py_ssize_t max=1000, int flags=0):
        """A future of what Socket.recv_many returns."""
        cdef Waiter waiter = Waiter.__new__(Waiter)
        set_receive_many(waiter, max, flags)
        return self.begin(self.receivers, waiter)

    def __aiter__(self):
        """Messages as they come, in the form recv_many gives, until the socket or its context is closed."""
        return self

    def __anext__(self):
        cdef Waiter waiter = Waiter.__new__(Waiter)
        if self.handle == NULL:
            raise StopAsyncIteration
        waiter.kind = NEXT
        return self.begin(self.receivers, waiter)

    def __iter__(self):
        raise TypeError("use `async for` with this socket")

    # ---- sending ----

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """A future of what Socket.send returns; the message is on its way when it is done.

        Cancelled before, the message is not sent. With DONTWAIT the future is done, maybe with Again.
        """
        cdef Loop loop = self.enter()
        cdef Waiter waiter
        if (
            self.senders.head is None and copy and PyBytes_CheckExact(data) and PyBytes_GET_SIZE(data) < GIL_FREE_SIZE
            and routing_id is None and group is None and loop.may_complete()
        ):
            if zmq_send(self.handle, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), flags | ZMQ_DONTWAIT) >= 0:
                self.stirred()
                self.senders.dry = False
                return loop.done(None)
        waiter = Waiter.__new__(Waiter)
        set_send(waiter, data, flags, copy, track, routing_id, group)
        return self.begin(self.senders, waiter)

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """A future of what Socket.send_multipart returns."""
        cdef Waiter waiter = Waiter.__new__(Waiter)
        cdef Loop loop = self.enter()
        try:
            set_send_multipart(waiter, msg_parts, flags, copy, track, routing_id, group)
        except Exception as error:
            return loop.failed(error)
        return self.begin(self.senders, waiter)

    def send_many(self, messages, int flags=0):
        """A future of what Socket.send_many returns. Cancelled, some may have been sent."""
        cdef Waiter waiter = Waiter.__new__(Waiter)
        set_send_many(waiter, messages, flags)
        if not waiter.data:
            return self.enter().done(0)
        return self.begin(self.senders, waiter)

    cdef int stirred(self) except -1:
        """Others wait. A call of another libzmq, also a shadow's or one that failed, may have noted what its descriptor tells no more."""
        if not ZMQPY_HAVE_EXT and (self.receivers.head is not None or self.senders.head is not None or self.pollers.head is not None):
            self.serve_soon()
        return 0

    # ---- waiting ----

    def poll(self, timeout=None, int flags=ZMQ_POLLIN):
        """A future of what Socket.poll returns."""
        cdef Waiter waiter
        cdef Loop loop
        cdef long milliseconds = -1
        if self.handle == NULL:
            self.fail(ENOTSUP if not self.forked else ENOTSOCK)
        if timeout is not None:
            milliseconds = max(-1, int(timeout))
        loop = self.enter()
        try:
            events = events_of(self) & flags
        except Exception as error:
            return loop.failed(error)
        if self.receivers.head is not None or self.senders.head is not None or self.pollers.head is not None:
            self.serve_soon()  # the descriptor tells no more what was told here
        if (events and loop.may_complete()) or milliseconds == 0:
            return loop.done(events)
        waiter = Waiter.__new__(Waiter)
        waiter.kind = POLL
        waiter.flags = flags
        waiter.number = milliseconds
        future = self.wait_in(self.pollers, waiter)
        if events:
            self.serve_soon()
        return future

    def get(self, int key):
        """The value of a SocketOption, as Socket.get. Asked for EVENTS by somebody else, futures that wait are told."""
        value = Socket.get(self, key)
        if key == ZMQ_EVENTS and self.ready is not None and not self.idle():
            self.serve_soon()
        return value

    cdef object begin(self, WaiterQueue queue, Waiter waiter):
        """The future of a call: done if it could be done at once, else waiting in `queue`."""
        cdef Loop loop = self.enter()
        if waiter.flags & ZMQ_DONTWAIT:
            return self.at_once(waiter)
        if queue.first() is not None:
            self.stirred()
            return self.wait_in(queue, waiter)
        if not loop.may_complete():
            future = self.wait_in(queue, waiter)
            self.serve_soon()
            return future
        try:
            result = waiter.attempt(self)
        except Exception as error:
            self.stirred()
            return loop.failed(end_of(waiter, error))
        self.stirred()
        queue.dry = result is BLOCKED
        if result is not BLOCKED:
            return loop.done(result)
        if queue is self.senders:
            try:
                refuse_vain_wait(self)
            except Exception as error:
                return loop.done(waiter.number) if waiter.kind == SEND_MANY and waiter.number else loop.failed(error)
        return self.wait_in(queue, waiter)

    cdef object at_once(self, Waiter waiter):
        """The call with DONTWAIT."""
        try:
            result = waiter.attempt(self)
            if result is BLOCKED:
                if waiter.kind == SEND_MANY and waiter.number:
                    result = waiter.number
                else:
                    self.fail(EAGAIN, SEND <= waiter.kind <= SEND_MANY)
        except Exception as error:
            self.stirred()
            return self.loop.failed(error)
        self.stirred()
        return self.loop.done(result)

    cdef object wait_in(self, WaiterQueue queue, Waiter waiter):
        cdef Loop loop = self.loop
        if self.ready is None:
            self.register()
        waiter.future = future = loop.future()
        queue.add(waiter)
        (<Ready>self.ready).held = self
        if waiter.kind == POLL:
            waiter.limit(loop, waiter.number)
        elif queue is self.receivers:
            waiter.limit(loop, get_option(self.handle, ZMQ_RCVTIMEO))
        else:
            waiter.full = weakref.ref(self)
            waiter.limit(loop, get_option(self.handle, ZMQ_SNDTIMEO))
        return future

    cdef Loop enter(self):
        """The loop that runs, with which this socket works from now on. Raises ENOTSOCK if it is closed."""
        if self.handle == NULL:
            self.require()
        if self.loop is not None and is_running(self.loop):
            return self.loop
        return self.change_loop()

    cdef Loop change_loop(self):
        cdef Loop loop = running_loop()
        if loop is not self.loop:
            if self.loop is not None:
                self.unregister()
                self.give_up(None)
            self.loop = loop
        return loop

    def _deserialize(self, recvd, load):
        """A future, or another awaitable, of what `load` makes of the result of the awaitable `recvd`."""
        cdef Waiter waiter = self.receivers.tail
        while waiter is not None and waiter.future is not recvd:
            waiter = waiter.previous
        if waiter is not None and waiter.load is None:
            waiter.load = load
            return recvd
        if not asyncio.isfuture(recvd):
            return asyncio.ensure_future(load_later(recvd, load))
        if not recvd.done() or recvd.cancelled():
            return asyncio.ensure_future(load_later(recvd, load))
        if recvd.exception() is not None:
            return recvd
        try:
            return self.enter().done(load(recvd.result()))
        except Exception as error:
            return self.enter().failed(error)

    # ---- the loop's callback ----

    cdef int register(self) except -1:
        """From now on the loop serves this socket when its descriptor is readable."""
        cdef Ready ready = Ready.__new__(Ready)
        ready.reference = weakref.ref(self)
        ready.selector = self._get_selector(self.loop.loop)
        ready.descriptor = get_option(self.handle, ZMQ_FD)
        if self.borrowed:
            # The socket of which this is a shadow may have registered the same descriptor.
            ready.descriptor = os.dup(ready.descriptor)
            ready.descriptor_own = True
        ready.selector.add_reader(ready.descriptor, ready)
        self.ready = ready
        if not ZMQPY_HAVE_EXT:
            self.serve_soon()  # what was told before is not told again
        return 0

    cdef int unregister(self) except -1:
        if self.ready is not None:
            (<Ready>self.ready).stop()
            self.ready = None
        self.scheduled = False
        return 0

    cdef int serve_soon(self) except -1:
        if not self.scheduled and self.ready is not None:
            self.scheduled = True
            self.loop.call_soon(self.ready)
        return 0

    cdef bint idle(self) except -1:
        return self.receivers.first() is None and self.senders.first() is None and self.pollers.first() is None

    cdef int serve(self) except -1:
        """Tries for those that wait. Called by the loop."""
        cdef int events = 0
        self.scheduled = False
        self.loop.turned()
        try:
            events = events_of(self)
        except Exception as error:
            self.unregister()
            self.give_up(error)
            return 0
        if self.pollers.head is not None:
            self.report(events)
        try:
            if events & ZMQ_POLLIN and self.receivers.head is not None:
                self.serve_queue(self.receivers)
            if self.senders.head is not None:
                if events & ZMQ_POLLOUT:
                    self.serve_queue(self.senders)
                else:
                    self.refuse_vain_waits()
        finally:
            if self.ready is not None:
                if self.idle():
                    (<Ready>self.ready).held = None
                elif not ZMQPY_HAVE_EXT and self.handle != NULL:
                    self.serve_again()
        return 0

    cdef int serve_queue(self, WaiterQueue queue) except -1:
        """Those that wait now: tasks that go on may call again, and are served the next time, unless they have just tried in vain."""
        cdef Py_ssize_t most = queue.count
        cdef Waiter waiter
        queue.dry = False
        try:
            while most > 0 and self.handle != NULL:
                most -= 1
                waiter = queue.first()
                if waiter is None:
                    break
                try:
                    result = waiter.attempt(self)
                except Exception as error:
                    queue.remove(waiter)
                    waiter.fail(end_of(waiter, error))
                    continue
                queue.dry = result is BLOCKED
                if result is BLOCKED:
                    break
                queue.remove(waiter)
                waiter.complete(self.loop, result)
        finally:
            if queue.head is not None and not queue.dry:
                self.serve_soon()
        return 0

    cdef int refuse_vain_waits(self) except -1:
        try:
            refuse_vain_wait(self)
        except Exception as error:
            self.fail_all(self.senders, error)
        return 0

    cdef int report(self, int events) except -1:
        """Ends the polls that wait for one of `events`."""
        cdef Waiter waiter = self.pollers.first(), following
        cdef list ready = []
        while waiter is not None:
            following = waiter.next
            if waiter.over() or events & waiter.flags:
                self.pollers.remove(waiter)
                ready.append(waiter)
            waiter = following
        for waiter in ready:
            if not waiter.over():
                waiter.complete(self.loop, events & waiter.flags)
        return 0

    cdef int serve_again(self) except -1:
        """Another libzmq's descriptor does not tell what the calls above have taken note of."""
        cdef int events = events_of(self)
        if (
            (events & ZMQ_POLLIN and self.receivers.head is not None)
            or (events & ZMQ_POLLOUT and self.senders.head is not None)
            or self.polled(events)
        ):
            self.serve_soon()
        return 0

    cdef bint polled(self, int events) except -1:
        cdef Waiter waiter = self.pollers.head
        while waiter is not None:
            if events & waiter.flags:
                return True
            waiter = waiter.next
        return False

    # ---- the end ----

    cdef int give_up(self, object error) except -1:
        """Ends all waits: with `error`; None: cancels them."""
        cdef WaiterQueue queue
        for queue in (self.receivers, self.senders, self.pollers):
            self.fail_all(queue, error)
        return 0

    cdef int fail_all(self, WaiterQueue queue, object error) except -1:
        """Ends the waits of one queue: with `error`; None: cancels them."""
        cdef Waiter waiter
        while True:
            waiter = queue.first()
            if waiter is None:
                return 0
            queue.remove(waiter)
            try:
                if waiter.kind == SEND_MANY and waiter.number and error is not None:
                    waiter.complete(self.loop, waiter.number)
                elif error is not None:
                    waiter.fail(end_of(waiter, error))
                elif waiter.kind == NEXT:
                    waiter.future.set_exception(StopAsyncIteration())
                else:
                    waiter.future.cancel()
            except RuntimeError:
                pass  # the loop is closed

    def end_waits(self):
        """The socket is about to be closed, or was. Futures that wait for it are cancelled, in their own thread."""
        if self.loop is None or self.forked:
            return
        self.unregister()
        if self.loop.loop.is_running() and not is_running(self.loop):
            self.loop.loop.call_soon_threadsafe(self._cancel_waits)
        else:
            self.give_up(None)

    def _cancel_waits(self):
        self.give_up(None)

    cdef int lose(self) except -1:
        self.handle = NULL
        self.end_waits()
        return 0

    def close(self, linger=None):
        """Closes the socket, as Socket.close does. Futures that wait for it are cancelled; `async for` ends."""
        self.end_waits()
        super(AsyncSocket, self).close(linger)


cdef Waiter receiver(int kind, int flags, bint copy, bint track):
    cdef Waiter waiter = Waiter.__new__(Waiter)
    set_receive(waiter, kind, flags, copy, track)
    return waiter


cdef object end_of(Waiter waiter, object error):
    """What ends a wait when its socket has failed with `error`."""
    if waiter.kind == NEXT and getattr(error, "errno", None) in (ENOTSOCK, ZMQ_ETERM):
        return StopAsyncIteration()
    return error


async def load_later(recvd, load):
    return load(await recvd)
