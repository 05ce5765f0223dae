"""One-way streams: PUSH to PULL, one message a call or in batches."""

from __future__ import annotations

import threading
from typing import Any

from harness import channel
from harness.library import Library


def sender(library: str, endpoint: str, size: int, many: int = 0, curve: bool = False, hwm: int = 1000) -> None:
    """PUSH that sends as fast as it can, for ever; `many` messages a call when that is not 0."""
    socket = Library(library, curve).connecting("PUSH")
    if hwm != 1000:
        socket.sndhwm = hwm
    socket.connect(endpoint)
    channel.ready()
    _send_for_ever(socket, size, many)


def receiver(library: str, endpoint: str, batch: int, many: int = 0, curve: bool = False, hwm: int = 1000) -> None:
    """PULL that counts what arrives; takes up to `many` messages a call when that is not 0."""
    options = {} if hwm == 1000 else {"rcvhwm": hwm}
    socket, reached = Library(library, curve).bound("PULL", endpoint, **options)
    channel.ready(endpoint=reached)
    _count(socket, batch, many)


def inproc(library: str, size: int, batch: int, many: int = 0) -> None:
    """PUSH to PULL in two threads of this process."""
    here = Library(library)
    pull, _ = here.bound("PULL", "inproc://stream")
    push = here.connected("PUSH", "inproc://stream")
    threading.Thread(target=_send_for_ever, args=(push, size, many), daemon=True).start()
    channel.ready()
    _count(pull, batch, many)


def _send_for_ever(socket: Any, size: int, many: int) -> None:
    message = b"x" * size
    if many:
        send_many, messages = socket.send_many, [message] * many
        while True:
            send_many(messages)
    send = socket.send
    while True:
        send(message)


def _count(socket: Any, batch: int, many: int) -> None:
    recv = socket.recv

    def one_by_one() -> int:
        for _ in range(batch):
            recv()
        return batch

    def in_batches() -> int:
        return len(socket.recv_many(many))

    channel.count_steps(in_batches if many else one_by_one, channel.window())
