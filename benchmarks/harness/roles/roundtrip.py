"""Request and reply: one message there, one back."""

from __future__ import annotations

import threading

from harness import channel
from harness.library import Library


def server(library: str, endpoint: str, curve: bool = False) -> None:
    """REP that echoes for ever."""
    socket, reached = Library(library, curve).bound("REP", endpoint)
    channel.ready(endpoint=reached)
    recv, send = socket.recv, socket.send
    while True:
        send(recv())


def client(library: str, endpoint: str, size: int, batch: int = 20, curve: bool = False) -> None:
    """REQ that counts round trips."""
    socket = Library(library, curve).connected("REQ", endpoint)
    send, recv, message = socket.send, socket.recv, b"x" * size

    def step() -> int:
        for _ in range(batch):
            send(message)
            recv()
        return batch

    step()
    channel.ready()
    channel.count_steps(step, channel.window())


def inproc_pair(library: str, size: int, batch: int = 20) -> None:
    """PAIR to PAIR in two threads of this process."""
    here = Library(library)
    near, _ = here.bound("PAIR", "inproc://roundtrip")
    far = here.connected("PAIR", "inproc://roundtrip")

    def echo() -> None:
        recv, send = far.recv, far.send
        while True:
            send(recv())

    threading.Thread(target=echo, daemon=True).start()
    send, recv, message = near.send, near.recv, b"x" * size

    def step() -> int:
        for _ in range(batch):
            send(message)
            recv()
        return batch

    step()
    channel.ready()
    channel.count_steps(step, channel.window())
