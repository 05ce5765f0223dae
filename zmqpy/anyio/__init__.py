"""ZeroMQ on anyio: the same sockets on trio, asyncio and uvloop, with anyio's cancellation.

    import zmqpy.anyio

    async with zmqpy.anyio.Context() as context:
        socket = context.socket(zmq.REQ)
        await socket.send(b"question")
        with anyio.fail_after(1):
            answer = await socket.recv()

Calls are coroutines. One that is cancelled has taken no message, and sent none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import anyio
from anyio.lowlevel import checkpoint

import zmqpy as _zmq
from zmqpy._core import tries
from zmqpy.constants import Errno, Flag, PollEvent, SocketOption

_IN = int(PollEvent.POLLIN)
_OUT = int(PollEvent.POLLOUT)
_IN_A_ROW = 64  # calls that need not wait, before others have their turn
_own = _zmq.has("zmqpy-engine")
_LONG = 0.001  # seconds, of such calls


class Socket(_zmq.Socket[Any]):
    """A ZeroMQ socket for anyio. Made by Context.socket(type). Several tasks may wait for one socket at a time."""

    _waits: _Waits | None = None

    def __repr__(self) -> str:
        return super().__repr__().replace("<zmq.", "<zmqpy.anyio.", 1)

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self.close()

    def close(self, linger: int | None = None) -> None:
        """Closes the socket. Tasks that wait for it get ZMQError ENOTSOCK."""
        waits, self._waits = self._waits, None
        if waits is not None and not self.closed:
            waits.close()
        super().close(linger)

    # ---- receiving ----

    async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:  # type: ignore[override]
        """One part of a message, as Socket.recv."""
        return await self._receive(flags, lambda: tries.recv_part(self, copy, track))

    async def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:  # type: ignore[override]
        """All parts of a message, as Socket.recv_multipart."""
        return await self._receive(flags, lambda: tries.recv_parts(self, copy))

    async def recv_into(self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0) -> int:  # type: ignore[override]
        """One part into a buffer, as Socket.recv_into."""
        size: int = await self._receive(flags, lambda: tries.recv_into(self, buffer, nbytes))
        return size

    async def recv_many(self, max: int = 1000, flags: int = 0) -> Any:  # type: ignore[override]
        """As Socket.recv_many."""
        return await self._receive(flags, lambda: tries.recv_messages(self, max))

    async def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str:  # type: ignore[override]
        """As Socket.recv_string."""
        text: str = (await self.recv(flags)).decode(encoding)
        return text

    recv_unicode = recv_string

    async def _load(self, recvd: Any, load: Callable[[Any], Any]) -> Any:
        return load(await recvd)

    def _deserialize(self, recvd: Any, load: Callable[[Any], Any]) -> Any:
        return self._load(recvd, load)

    def __aiter__(self) -> Socket:
        """Messages as they come, in the form recv_many gives, until the socket or its context is closed."""
        return self

    async def __anext__(self) -> Any:
        try:
            return (await self.recv_many(1))[0]
        except _zmq.ZMQError as error:
            if error.errno in (Errno.ENOTSOCK, Errno.ETERM):
                raise StopAsyncIteration from None
            raise

    def __iter__(self) -> Any:
        raise TypeError("use `async for` with this socket")

    # ---- sending ----

    async def send(  # type: ignore[override]
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Any:
        """One part of a message, as Socket.send."""
        return (
            await self._transmit(flags, lambda: tries.send_part(self, data, flags, copy, track, routing_id, group))
        )[0]

    async def send_multipart(  # type: ignore[override]
        self, msg_parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False
    ) -> Any:
        """A message of several parts, as Socket.send_multipart."""
        if isinstance(msg_parts, str):
            raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
        parts = tuple(msg_parts)
        if not parts:
            raise IndexError("a message has at least one part")
        return (await self._transmit(flags, lambda: tries.send_parts(self, parts, flags, copy, track)))[0]

    async def send_many(self, messages: Iterable[Any], flags: int = 0) -> int:  # type: ignore[override]
        """As Socket.send_many. Cancelled, some may have been sent."""
        if isinstance(messages, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"messages must be an iterable of messages, not one {type(messages).__name__}")
        items = tuple(messages)
        done = 0
        while done < len(items):
            try:
                done += await self._transmit(flags, partial(tries.send_messages, self, items[done:], flags))
            except _zmq.ZMQError as error:
                if not done or error.errno not in (Errno.EAGAIN, Errno.EHOSTUNREACH):
                    raise
                break
        return done

    # ---- waiting ----

    @classmethod
    def _events_classes(cls) -> tuple[Any, Any]:
        from zmqpy.events import AsyncSocketEvents

        return AsyncSocketEvents, Socket

    def _requests(self) -> Any:
        from zmqpy.anyio._requests import AnyRequester
        from zmqpy.request import requester_of

        return requester_of(self, AnyRequester)

    async def _wait_until(self, wait: Any, timeout: float | None) -> Any:
        return await wait.on_loop(timeout, anyio.sleep)

    def get(self, opt: int) -> Any:
        """The value of a SocketOption, as Socket.get."""
        value = super().get(opt)
        if opt == SocketOption.EVENTS and self._waits is not None:
            self._waits.tell(value)
        return value

    def getsockopt(self, option: int) -> Any:
        """As `get`."""
        return self.get(option)

    async def poll(self, timeout: float | None = None, flags: int = _IN) -> int:  # type: ignore[override]
        """The events of `flags` that the socket is ready for, 0 after `timeout` ms."""
        events = self._told() & flags
        if events or timeout == 0:
            await self._be_fair()
            return events
        with anyio.move_on_after(None if timeout is None or timeout < 0 else timeout / 1000):
            while True:
                await self._wait_state().wait(flags)
                events = self._told() & flags
                if events:
                    return events
        return 0

    async def _receive(self, flags: int, attempt: Callable[[], Any]) -> Any:
        return await self._do(flags, attempt, "receiving", _IN)

    async def _transmit(self, flags: int, attempt: Callable[[], Any]) -> Any:
        return await self._do(flags, attempt, "sending", _OUT)

    async def _do(self, flags: int, attempt: Callable[[], Any], queue: str, event: int) -> Any:
        """What `attempt` gives when it gives something, in order with others of its kind."""
        if flags & Flag.DONTWAIT:
            result = self._try(attempt)
            if result is None:
                raise _zmq.Again()
            return result
        waits = self._wait_state()
        lock: anyio.Lock = getattr(waits, queue)
        await self._be_fair()
        if not lock.locked():
            result = self._try(attempt)
            if result is not None:
                return result
        timeout = self.get(SocketOption.RCVTIMEO if event == _IN else SocketOption.SNDTIMEO)
        with anyio.move_on_after(None if timeout < 0 else timeout / 1000):
            async with lock:
                while True:
                    result = self._try(attempt)
                    if result is not None:
                        return result
                    if not self._told() & event:
                        if event == _OUT:
                            tries.refuse_vain_send(self)
                        await waits.wait(event)
        raise _zmq.Again()

    def _try(self, attempt: Callable[[], Any]) -> Any:
        try:
            return attempt()
        finally:
            # A call, also one that failed, may have taken note of what came.
            if not _own and self._waits is not None and self._waits.scope is not None:
                try:
                    self._told()
                except _zmq.ZMQError:
                    self._waits.scope.cancel()  # their own calls say why

    def _told(self) -> int:
        """The socket's events. Whoever asks tells others what the answer was: the descriptor does not tell it again."""
        events = tries.events(self)
        if self._waits is not None:
            self._waits.tell(events)
        return events

    async def _be_fair(self) -> None:
        """Before a message is taken or sent: sometimes others have their turn."""
        waits = self._wait_state()
        waits.in_a_row += 1
        if waits.in_a_row >= _IN_A_ROW or (waits.in_a_row & 3 == 0 and time.monotonic() - waits.turned > _LONG):
            await checkpoint()
            waits.turn()

    def _wait_state(self) -> _Waits:
        if self._waits is None:
            if self.closed:
                raise _zmq.ZMQError(Errno.ENOTSOCK)
            self._waits = _Waits(_zmq.Socket.getsockopt(self, SocketOption.FD))
        return self._waits


class _Waits:
    """Tasks that wait for a socket: one watches its descriptor and wakes the others."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.receiving = anyio.Lock(fast_acquire=True)
        self.sending = anyio.Lock(fast_acquire=True)
        self.watching = False
        self.scope: anyio.CancelScope | None = None  # of the wait for the descriptor
        self.wanted: list[int] = []  # events, of each task that waits
        self.others: list[anyio.Event] = []
        self.turn()

    def turn(self) -> None:
        self.in_a_row = 0
        self.turned = time.monotonic()

    async def wait(self, events: int) -> None:
        """Until something may have changed for one who wants these."""
        self.turn()
        self.wanted.append(events)
        try:
            if self.watching:
                event = anyio.Event()
                self.others.append(event)
                await event.wait()
                return
            await self.watch()
        finally:
            self.wanted.remove(events)
        self.turn()

    async def watch(self) -> None:
        self.watching = True
        try:
            with anyio.CancelScope() as scope:
                self.scope = scope
                await anyio.wait_readable(self.descriptor)
        except (anyio.ClosedResourceError, ValueError, OSError):
            await checkpoint()  # the next try says what has happened
        finally:
            self.watching, self.scope = False, None
            self.wake_others()

    def tell(self, events: int) -> None:
        """Wakes those who wait for one of these."""
        if self.scope is not None and any(events & wanted for wanted in self.wanted):
            self.scope.cancel()

    def wake_others(self) -> None:
        others, self.others = self.others, []
        for event in others:
            event.set()

    def close(self) -> None:
        if self.watching:
            anyio.notify_closing(self.descriptor)
        self.wake_others()


class Context(_zmq.Context[Socket]):
    """A Context that makes sockets for anyio. Context(context) is a shadow of that context."""

    _socket_class: ClassVar[Any] = Socket
    _instance: ClassVar[Any] = None
    _instance_pid: ClassVar[int | None] = None

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self.__exit__(*exc_info)

    def _authentication_place(self) -> tuple[Any, ...]:
        from zmqpy.auth.place import on_running_loop

        return (on_running_loop(),)


__all__ = ["Context", "Socket"]
