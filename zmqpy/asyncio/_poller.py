"""A Poller whose poll is a future: over sockets for asyncio, synchronous ones and descriptors."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import zmqpy as _zmq
from zmqpy.asyncio._selectors import selector_of
from zmqpy.constants import PollEvent, SocketOption

_own = _zmq.has("zmqpy-engine")


class Poller(_zmq.Poller):
    """Waits for many sockets and descriptors at once, in an asyncio loop."""

    def poll(self, timeout: float | None = -1) -> Any:
        """A future of a list of (socket or descriptor, events it is ready for), [] after the timeout.

        timeout : ms; None or negative waits for ever.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            ready = self._poll_now()
        except Exception as error:
            future.set_exception(error)
            return future
        if ready or timeout == 0:
            future.set_result(ready)
        else:
            _Wait(self, future, timeout)
        return future

    def _poll_now(self) -> Any:
        try:
            return super().poll(0)
        finally:
            if not _own:  # that took note of what the descriptors then tell no more to others
                for target, _ in self.sockets:
                    view = target if isinstance(target, _AsyncSocket) else _Wait.view_of(target)
                    if view is not None:
                        with suppress(_zmq.ZMQError):  # their own calls say why
                            _AsyncSocket.get(view, SocketOption.EVENTS)


class _Wait:
    """One poll that waits: watches everything that is registered until something is ready or the future has ended."""

    _views: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # asynchronous shadows of synchronous sockets

    def __init__(self, poller: Poller, future: asyncio.Future[Any], timeout: float | None) -> None:
        self.poller = poller
        self.future = future
        self.loop = future.get_loop()
        self.polls: set[asyncio.Future[Any]] = set()
        self.readers: list[int] = []
        self.writers: list[int] = []
        self.timer = None
        if timeout is not None and timeout > 0:
            self.timer = self.loop.call_later(timeout / 1000, self.expired)
        future.add_done_callback(self.ended)
        for target, flags in poller.sockets:
            self.watch(target, flags)

    def watch(self, target: Any, flags: int) -> None:
        if isinstance(target, _zmq.Socket):
            self.watch_socket(self.view(target), flags)
            return
        descriptor = target if isinstance(target, int) else target.fileno()
        selector = selector_of(self.loop)
        if flags & PollEvent.POLLIN:
            selector.add_reader(descriptor, self.look)
            self.readers.append(descriptor)
        if flags & PollEvent.POLLOUT:
            selector.add_writer(descriptor, self.look)
            self.writers.append(descriptor)

    @classmethod
    def view_of(cls, target: Any) -> Any:
        """The shadow by which a synchronous socket is waited for, None if nobody has."""
        return cls._views.get(target) if isinstance(target, _zmq.Socket) else None

    def view(self, socket: Any) -> Any:
        from zmqpy.asyncio import Socket

        if isinstance(socket, Socket):
            return socket
        view = self._views.get(socket)
        if view is None:
            view = self._views[socket] = Socket(shadow=socket.underlying)
        return view

    def watch_socket(self, socket: Any, flags: int) -> None:
        poll = _POLL(socket, None, flags)
        self.polls.add(poll)
        poll.add_done_callback(lambda done: self.polled(socket, flags, done))

    def polled(self, socket: Any, flags: int, poll: asyncio.Future[Any]) -> None:
        self.polls.discard(poll)
        if self.future.done():
            return
        if not self.look() and not poll.cancelled() and poll.exception() is None:
            self.watch_socket(socket, flags)  # another took the message

    def look(self) -> bool:
        """Whether something was ready, or the future had ended."""
        if self.future.done():
            return True
        try:
            ready = self.poller._poll_now()
        except Exception as error:
            self.future.set_exception(error)
            return True
        if ready:
            self.future.set_result(ready)
        return bool(ready)

    def expired(self) -> None:
        if not self.look():
            self.future.set_result([])

    def ended(self, future: asyncio.Future[Any]) -> None:
        if self.timer is not None:
            self.timer.cancel()
        selector = selector_of(self.loop)
        for descriptor in self.readers:
            selector.remove_reader(descriptor)
        for descriptor in self.writers:
            selector.remove_writer(descriptor)
        for poll in list(self.polls):
            poll.cancel()


from zmqpy._core.async_socket import AsyncSocket as _AsyncSocket  # noqa: E402

_POLL = _AsyncSocket.poll
