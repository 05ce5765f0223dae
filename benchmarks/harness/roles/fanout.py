"""Publish and subscribe: one PUB floods, every SUB counts what reaches it."""

from __future__ import annotations

from harness import channel
from harness.library import Library


def publisher(library: str, endpoint: str, size: int, curve: bool = False) -> None:
    """PUB that publishes as fast as it can, for ever; what a subscriber's queue has no room for is dropped."""
    socket, reached = Library(library, curve).bound("PUB", endpoint)
    channel.ready(endpoint=reached)
    send, message = socket.send, b"x" * size
    while True:
        send(message)


def subscriber(library: str, endpoint: str, batch: int = 20, curve: bool = False) -> None:
    """SUB to everything that counts what it receives."""
    socket = Library(library, curve).connected("SUB", endpoint)
    socket.subscribe(b"")
    recv = socket.recv

    def step() -> int:
        for _ in range(batch):
            recv()
        return batch

    step()
    channel.ready()
    channel.count_steps(step, channel.window())
