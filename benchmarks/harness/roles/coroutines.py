"""Coroutines on a library's `asyncio` module: awaited sends and receives, on asyncio's own loop or on uvloop."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Coroutine
from typing import Any

from harness import channel


class Ends:
    """An asynchronous context's sockets; pyomq's module is named otherwise than pyzmq's and ours."""

    def __init__(self, library: str) -> None:
        self.zmq = importlib.import_module(library)
        self.context = importlib.import_module(f"{library}.asyncio").Context()

    def socket(self, kind: str) -> Any:
        socket = self.context.socket(getattr(self.zmq, kind))
        socket.linger = 0
        return socket

    def listening(self, kind: str, endpoint: str) -> tuple[Any, str]:
        socket = self.socket(kind)
        socket.bind(endpoint)
        return socket, socket.getsockopt(self.zmq.LAST_ENDPOINT).decode().rstrip("\0")

    def bound(self, kind: str, endpoint: str) -> Any:
        socket, reached = self.listening(kind, endpoint)
        channel.ready(endpoint=reached)
        return socket

    def connected(self, kind: str, endpoint: str) -> Any:
        socket = self.socket(kind)
        socket.connect(endpoint)
        return socket


def _run(main: Coroutine[Any, Any, None], uvloop: bool) -> None:
    if uvloop:
        importlib.import_module("uvloop").run(main)
    else:
        asyncio.run(main)


def server(library: str, endpoint: str, uvloop: bool = False) -> None:
    """REP that echoes for ever."""

    async def serve() -> None:
        socket = Ends(library).bound("REP", endpoint)
        while True:
            await socket.send(await socket.recv())

    _run(serve(), uvloop)


def client(library: str, endpoint: str, size: int, uvloop: bool = False) -> None:
    """REQ that counts round trips."""

    async def ask() -> None:
        socket, message = Ends(library).connected("REQ", endpoint), b"x" * size
        await socket.send(message)
        await socket.recv()
        channel.ready()
        start, stop = channel.window()
        count, began, clock = 0, 0.0, time.monotonic
        while True:
            await socket.send(message)
            await socket.recv()
            now = clock()
            if not began:
                began = now if now >= start else 0.0
                continue
            count += 1
            if now >= stop:
                break
        channel.result(count, now - began)

    _run(ask(), uvloop)


def sender(library: str, endpoint: str, size: int) -> None:
    """PUSH as fast as it goes."""

    async def send() -> None:
        socket, message = Ends(library).connected("PUSH", endpoint), b"x" * size
        channel.ready()
        while True:
            await socket.send(message)

    _run(send(), False)


def receiver(library: str, endpoint: str, batch: int) -> None:
    """PULL that counts."""

    async def receive() -> None:
        socket = Ends(library).bound("PULL", endpoint)
        start, stop = channel.window()
        count, began, clock = 0, 0.0, time.monotonic
        while True:
            for _ in range(batch):
                await socket.recv()
            now = clock()
            if not began:
                began = now if now >= start else 0.0
                continue
            count += batch
            if now >= stop:
                break
        channel.result(count, now - began)

    _run(receive(), False)
