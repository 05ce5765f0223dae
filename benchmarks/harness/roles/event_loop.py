"""Plain asyncio: add_reader() on a socket's descriptor at both ends, receive and answer in the callback."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable

from harness import channel
from harness.library import Library
from harness.roles import raw


class _Ends:
    """Receive and answer on a library's socket, by the documented rule of its descriptor: after each wake-up, until
    ZMQ_EVENTS says that nothing is there."""

    def __init__(self, here: Library, socket: Any) -> None:
        self.descriptor = socket.getsockopt(here.zmq.FD)
        self._events, self._readable = here.zmq.EVENTS, here.zmq.POLLIN
        self._dontwait = here.zmq.DONTWAIT
        self._socket = socket

    def answer_all(self, answer: Callable[[bytes], bytes | None]) -> None:
        """Receive every message that is there; send what `answer` makes of it."""
        socket = self._socket
        while socket.getsockopt(self._events) & self._readable:
            message = answer(socket.recv(self._dontwait))
            if message is not None:
                socket.send(message)


def server(library: str, endpoint: str) -> None:
    """Echo from an event loop."""
    ends: Any
    if library == "raw":
        connection = raw.accept_one(channel.ready)
        connection.setblocking(False)
        ends = raw.NonBlocking(connection)
    else:
        here = Library(library)
        socket, reached = here.bound("REP", endpoint)
        channel.ready(endpoint=reached)
        ends = _Ends(here, socket)
    asyncio.run(_serve(ends))


async def _serve(ends: Any) -> None:
    asyncio.get_running_loop().add_reader(ends.descriptor, lambda: ends.answer_all(lambda message: message))
    await asyncio.Event().wait()


def client(library: str, endpoint: str, size: int) -> None:
    """Ask from an event loop and count the round trips."""
    ends: Any
    if library == "raw":
        socket: Any = raw.connect(endpoint)
        socket.setblocking(False)
        ends = raw.NonBlocking(socket)
    else:
        here = Library(library)
        socket = here.connected("REQ", endpoint)
        ends = _Ends(here, socket)
    channel.ready()
    start, stop = channel.window()
    socket.send(b"x" * size)
    count, elapsed = asyncio.run(_ask(ends, start, stop))
    channel.result(count, elapsed)


async def _ask(ends: Any, start: float, stop: float) -> tuple[int, float]:
    done: asyncio.Future[tuple[int, float]] = asyncio.get_running_loop().create_future()
    count, began = 0, 0.0
    clock = time.monotonic

    def answer(message: bytes) -> bytes | None:
        nonlocal count, began
        now = clock()
        if not began:
            if now >= start:
                began = now
        else:
            count += 1
            if now >= stop:
                done.set_result((count, now - began))
                return None
        return message

    asyncio.get_running_loop().add_reader(ends.descriptor, lambda: ends.answer_all(answer))
    ends.answer_all(answer)
    return await done
