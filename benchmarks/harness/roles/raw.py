"""The limit: the same exchanges over plain sockets, without any framing."""

from __future__ import annotations

import os
import socket
from typing import Any, Callable

from harness import channel


def accept_one(ready: Callable[..., None], path: str = "") -> socket.socket:
    """Listen on a free TCP port of the loopback interface, or on a Unix path; say where; return the first connection."""
    if path:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        endpoint = f"ipc://{path}"
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    listener.listen()
    ready(endpoint=endpoint)
    connection, _ = listener.accept()
    _no_delay(connection)
    return connection


def connect(endpoint: str) -> socket.socket:
    """Connect to a tcp:// or ipc:// endpoint."""
    transport, _, address = endpoint.partition("://")
    if transport == "ipc":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(address)
        return connection
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)))
    _no_delay(connection)
    return connection


class NonBlocking:
    """Receive and answer on a plain socket from an event loop."""

    def __init__(self, connection: socket.socket) -> None:
        self.descriptor = connection.fileno()
        self._connection = connection

    def answer_all(self, answer: Callable[[bytes], bytes | None]) -> None:
        """Receive what is there; send what `answer` makes of it."""
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return
        if not data:
            os._exit(0)
        message = answer(data)
        if message is not None:
            self._connection.send(message)


def echo(endpoint: str, library: str = "raw") -> None:
    """Echo for ever."""
    connection = accept_one(channel.ready, endpoint.partition("ipc://")[2])
    recv, sendall = connection.recv, connection.sendall
    while True:
        sendall(recv(65536))


def client(endpoint: str, size: int, batch: int = 20, library: str = "raw") -> None:
    """Count round trips of `size` bytes."""
    connection = connect(endpoint)
    recv, sendall, message = connection.recv, connection.sendall, b"x" * size

    def step() -> int:
        for _ in range(batch):
            sendall(message)
            recv(65536)
        return batch

    step()
    channel.ready()
    channel.count_steps(step, channel.window())


def sender(endpoint: str, size: int, many: int = 0, library: str = "raw") -> None:
    """Write `size` bytes a call (times `many`), for ever."""
    connection = connect(endpoint)
    channel.ready()
    sendall, message = connection.sendall, b"x" * (size * max(1, many))
    while True:
        sendall(message)


def receiver(endpoint: str, size: int, batch: int, many: int = 0, library: str = "raw") -> None:
    """Read the stream and count how many times `size` bytes came."""
    connection = accept_one(channel.ready)
    buffer: Any = bytearray(max(65536, size))

    def step() -> float:
        return sum(connection.recv_into(buffer) for _ in range(batch)) / size

    channel.count_steps(step, channel.window())


def _no_delay(connection: socket.socket) -> None:
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
