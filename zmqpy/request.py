"""Socket.request: a question to a REP, or to a ROUTER that keeps envelopes, and the answer that belongs to it.

On a DEALER each request has an envelope of its own, [id][empty], which servers send back in front of the reply: many may be under way at
a time. One of those who wait receives for all; when it has its own reply, or has waited long enough, another goes on. On a REQ the
engine writes the envelope (REQ_CORRELATE), and there is one request after the other.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from zmqpy._core.errors import has
from zmqpy.constants import Errno, Flag, PollEvent, SocketOption, SocketType
from zmqpy.error import Again, RequestFailed, ZMQError
from zmqpy.peers import counted, in_words, peers_of

_ID_SIZE = 12  # bytes
_LONGEST_BACKOFF = 60_000  # ms
_SHARED_TURN = 5  # ms; another libzmq's sockets are one thread's at a time


class Call:
    """One request, under way."""

    __slots__ = ("backoff", "began", "event", "id", "parts", "reply", "retries", "sent", "timeout", "tries")

    def __init__(self, parts: Any, timeout: float | None, retries: int, backoff: float) -> None:
        if isinstance(parts, (bytes, bytearray, memoryview, str)):
            parts = (parts,)
        if not isinstance(parts, Iterable):
            raise TypeError(f"parts must be bytes, or an iterable of parts, not {parts!r:.60}")
        self.parts: list[Any] = list(parts)
        if not self.parts:
            raise ValueError("a request has at least one part")
        if retries < 0 or backoff < 0:
            raise ValueError("retries and backoff must not be negative")
        self.timeout: float | None = None if timeout is None or timeout < 0 else timeout / 1000
        self.retries: int = retries
        self.backoff: float = backoff
        self.began: float = time.monotonic()
        self.tries: int = 0
        self.sent: int = 0
        self.id: bytes = b""
        self.reply: list[bytes] | None = None
        self.event: Any = None

    def rounds(self) -> Any:
        """The moments until which each try waits, the pause before the next one included; None for ever."""
        for number in range(self.retries + 1):
            self.tries = number + 1
            if self.timeout is None:
                yield None
                continue
            pause = min(self.backoff * 2 ** min(number, 30), _LONGEST_BACKOFF) / 1000 if number < self.retries else 0
            yield time.monotonic() + self.timeout + pause

    def failed(self, socket: Any) -> RequestFailed:
        """Why there is no reply."""
        elapsed = (time.monotonic() - self.began) * 1000
        if self.sent:
            what = f"no reply to {counted(self.sent, 'request')} in {elapsed:.0f} ms"
            if self.sent < self.tries:
                what += (
                    f" ({counted(self.tries - self.sent, 'more try').replace('trys', 'tries')} found no room to send)"
                )
        elif not self.tries:
            what = f"could not be sent in {elapsed:.0f} ms: another request was under way"
        else:
            what = f"could not be sent in {counted(self.tries, 'try').replace('trys', 'tries')} and {elapsed:.0f} ms: no room"
        try:
            what += f"; {in_words(peers_of(socket))}"
        except ZMQError:  # another libzmq, or it is closed
            pass
        error = RequestFailed(what)
        error.tries, error.sent, error.elapsed = self.tries, self.sent, elapsed
        return error


def left(deadline: float | None) -> float | None:
    """Seconds until then; None: for ever."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def in_milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(min(seconds * 1000 + 0.999, 2**31 - 1))


class Requester:
    """What requests on one socket share."""

    def __init__(self, socket: Any) -> None:
        self.strict: bool = socket.type == SocketType.REQ
        if not self.strict and socket.type != SocketType.DEALER:
            raise ZMQError(Errno.ENOTSUP, f"a {socket.type.name} makes no requests: REQ and DEALER do")
        if self.strict:
            socket.set(SocketOption.REQ_CORRELATE, 1)
            socket.set(SocketOption.REQ_RELAXED, 1)
        self.lock: threading.Lock = threading.Lock()  # of what follows; never held while anybody waits
        self.calls: dict[bytes, Call] = {}
        self.line: dict[Call, None] = {}  # those that wait while another receives, the first one next
        self.reader: Call | None = None  # who receives for all
        self.prefix: bytes = os.urandom(_ID_SIZE - 8)
        self.numbers: count[int] = count(1)

    def forget(self) -> None:
        """Nobody waits any more."""
        with self.lock:
            self.calls.clear()
            self.line.clear()
            self.reader = None

    def begin(self, call: Call) -> None:
        """Enters a request among those that wait for replies."""
        call.id = self.prefix + next(self.numbers).to_bytes(8, "big")
        with self.lock:
            self.calls[call.id] = call

    def end(self, call: Call) -> None:
        with self.lock:
            self.calls.pop(call.id, None)

    @contextmanager
    def under_way(self, socket: Any, call: Call) -> Iterator[None]:
        """Around a request, however it ends."""
        try:
            yield
        except BaseException as error:
            if self.closed_meanwhile(socket, error):
                raise ZMQError(Errno.ENOTSOCK) from None
            raise
        finally:
            self.end(call)

    def closed_meanwhile(self, socket: Any, error: BaseException) -> bool:
        """Whether it says no more than that the socket has been closed, and is raised as ENOTSOCK for all who wait: poll has others."""
        return isinstance(error, ZMQError) and error.errno == Errno.ENOTSUP and socket.closed and not socket._forked

    def message(self, call: Call) -> list[Any]:
        return call.parts if self.strict else [call.id, b"", *call.parts]

    def take(self, frames: list[bytes]) -> None:
        """A message has come. One that is no reply to what is still under way goes."""
        if len(frames) < 3 or frames[1]:
            return
        with self.lock:
            call = self.calls.get(frames[0])
            if call is None or call.reply is not None:
                return
            call.reply = frames[2:]
            if call in self.line:
                del self.line[call]
                call.event.set()

    def may_read(self, call: Call, event: Any) -> bool:
        """Whether the caller is to receive for all. If not it stands in the line, to be woken by `event`."""
        with self.lock:
            if self.reader is None:
                self.reader = call
                return True
            if call.reply is None:
                call.event = event
                self.line[call] = None
            else:
                event.set()
            return False

    def reads(self, call: Call) -> bool:
        """Whether it is the one to receive for all: after the wait for its event, whatever ended that."""
        with self.lock:
            return self.reader is call

    def leave(self, call: Call) -> None:
        """The caller neither waits nor receives any more, whatever ended that: if it did receive, the next one in the line does."""
        with self.lock:
            self.line.pop(call, None)
            if self.reader is not call:
                return
            self.reader = next(iter(self.line), None)
            if self.reader is not None:
                del self.line[self.reader]
                self.reader.event.set()


def requester_of(socket: Any, cls: type[Any]) -> Any:
    """The one Requester of a socket."""
    found = socket._requester
    if found is None:
        with _making:
            found = socket._requester
            if found is None:
                found = socket._requester = cls(socket)
    return found


_making = threading.Lock()


class ThreadRequester(Requester):
    """For threads, and for greenlets with their own kinds of locks."""

    make_lock: Any = threading.Lock
    make_event: Any = threading.Event

    def __init__(self, socket: Any) -> None:
        super().__init__(socket)
        self.turn: Any = self.make_lock()  # REQ: of the request under way; another libzmq: of whoever uses the socket
        self.shared: bool = not has("zmqpy-engine")

    def ready(self, socket: Any, timeout: int | None, event: int) -> bool:
        """Waits, at most `timeout` ms, until the socket may have the event. Closing the socket ends the wait."""
        return bool(socket.poll(timeout, event))

    def request(self, socket: Any, call: Call) -> list[bytes]:
        with self.under_way(socket, call):
            if self.strict:
                return self.one_by_one(socket, call)
            self.begin(call)
            for deadline in call.rounds():
                if self.send(socket, call, deadline):
                    call.sent += 1
                if self.wait(socket, call, deadline):
                    assert call.reply is not None
                    return call.reply
        raise call.failed(socket)

    def one_by_one(self, socket: Any, call: Call) -> list[bytes]:
        """On a REQ."""
        if call.timeout is None:
            self.turn.acquire()
        elif not self.turn.acquire(timeout=call.timeout * (call.retries + 1)):
            raise call.failed(socket)
        try:
            for deadline in call.rounds():
                if not self.send_alone(socket, call, deadline):
                    continue
                call.sent += 1
                while self.ready(socket, in_milliseconds(left(deadline)), PollEvent.POLLIN):
                    try:
                        reply: list[bytes] = socket.recv_multipart(Flag.DONTWAIT)
                    except Again:  # what was there was an old reply
                        continue
                    return reply
        finally:
            self.turn.release()
        raise call.failed(socket)

    def send(self, socket: Any, call: Call, deadline: float | None) -> bool:
        """Sends it, when there is room before the deadline."""
        if not self.shared:
            return self.send_alone(socket, call, deadline)
        while True:
            with self.turn:
                if self.send_alone(socket, call, time.monotonic()):
                    return True
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                socket.poll(_SHARED_TURN, PollEvent.POLLOUT)

    def send_alone(self, socket: Any, call: Call, deadline: float | None) -> bool:
        while call.reply is None:
            try:
                socket.send_multipart(self.message(call), Flag.DONTWAIT)
                return True
            except Again:
                if not self.ready(socket, in_milliseconds(left(deadline)), PollEvent.POLLOUT):
                    return False
        return False

    def wait(self, socket: Any, call: Call, deadline: float | None) -> bool:
        """Until it has its reply."""
        while call.reply is None:
            time_left = left(deadline)
            if time_left == 0:
                return False
            event = self.make_event()
            try:
                if not self.may_read(call, event):
                    event.wait(time_left)
                    if not self.reads(call):
                        continue
                self.read(socket, call, deadline)
            finally:
                self.leave(call)
        return True

    def read(self, socket: Any, call: Call, deadline: float | None) -> None:
        """Receives for all, until the caller has its own."""
        while call.reply is None and left(deadline) != 0:
            limit = in_milliseconds(left(deadline))
            if self.shared:
                with self.turn:
                    ready = socket.poll(_SHARED_TURN if limit is None else min(limit, _SHARED_TURN), PollEvent.POLLIN)
                    frames = socket.recv_multipart(Flag.DONTWAIT) if ready else None
                if frames is not None:
                    self.take(frames)
                else:
                    time.sleep(0)  # others may have waited for their turn
            elif self.ready(socket, limit, PollEvent.POLLIN):
                try:
                    self.take(socket.recv_multipart(Flag.DONTWAIT))
                except Again:
                    pass  # what was there was for nobody


class AsyncRequester(Requester):
    """For event loops. A subclass says what wakes and limits there."""

    def __init__(self, socket: Any) -> None:
        super().__init__(socket)
        self.loop: Any = None  # whose what follows is, the reader and the line as well
        self.turn: Any = None  # REQ: of the request under way

    def running_loop(self) -> Any:
        """What tells one loop from another."""
        raise NotImplementedError

    def on_this_loop(self) -> None:
        """On another loop than before nobody waits: the old one's tasks have ended with it, or wait in vain."""
        loop = self.running_loop()
        if loop is self.loop:
            return
        self.forget()
        self.turn = self.make_lock()
        self.loop = loop

    def make_lock(self) -> Any:
        raise NotImplementedError

    def make_event(self) -> Any:
        raise NotImplementedError

    async def limited(self, seconds: float | None, awaitable: Any) -> bool:
        """Awaits it; False when the time is over first."""
        raise NotImplementedError

    async def request(self, socket: Any, call: Call) -> list[bytes]:
        self.on_this_loop()
        with self.under_way(socket, call):
            if self.strict:
                return await self.one_by_one(socket, call)
            self.begin(call)
            for deadline in call.rounds():
                if await self.send(socket, call, deadline):
                    call.sent += 1
                if await self.wait(socket, call, deadline):
                    assert call.reply is not None
                    return call.reply
        raise call.failed(socket)

    async def one_by_one(self, socket: Any, call: Call) -> list[bytes]:
        timeout = None if call.timeout is None else call.timeout * (call.retries + 1)
        turn = self.turn
        if not await self.limited(timeout, turn.acquire()):
            raise call.failed(socket)
        try:
            for deadline in call.rounds():
                if not await self.send(socket, call, deadline):
                    continue
                call.sent += 1
                while await socket.poll(in_milliseconds(left(deadline)), PollEvent.POLLIN):
                    try:
                        reply: list[bytes] = await socket.recv_multipart(Flag.DONTWAIT)
                    except Again:
                        continue
                    return reply
        finally:
            turn.release()
        raise call.failed(socket)

    async def send(self, socket: Any, call: Call, deadline: float | None) -> bool:
        while call.reply is None:
            try:
                await socket.send_multipart(self.message(call), Flag.DONTWAIT)
                return True
            except Again:
                if not await socket.poll(in_milliseconds(left(deadline)), PollEvent.POLLOUT):
                    return False
        return False

    async def wait(self, socket: Any, call: Call, deadline: float | None) -> bool:
        while call.reply is None:
            time_left = left(deadline)
            if time_left == 0:
                return False
            event = self.make_event()
            try:
                if not self.may_read(call, event):
                    await self.limited(time_left, event.wait())
                    if not self.reads(call):
                        continue
                while call.reply is None and left(deadline) != 0:
                    if await socket.poll(in_milliseconds(left(deadline)), PollEvent.POLLIN):
                        try:
                            self.take(await socket.recv_multipart(Flag.DONTWAIT))
                        except Again:
                            pass
            finally:
                self.leave(call)
        return True


__all__ = ["AsyncRequester", "Call", "Requester", "ThreadRequester"]
