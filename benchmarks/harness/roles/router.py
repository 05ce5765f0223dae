"""Routing: a ROUTER that answers every DEALER by its identity."""

from __future__ import annotations

import time

from harness import channel
from harness.library import Library


def echo(library: str, endpoint: str, backlog: int = 100, curve: bool = False) -> None:
    """ROUTER that sends every message back where it came from."""
    socket, reached = Library(library, curve).bound("ROUTER", endpoint, backlog=backlog)
    channel.ready(endpoint=reached)
    recv, send = socket.recv_multipart, socket.send_multipart
    while True:
        send(recv())


def dealers(library: str, endpoint: str, size: int, count: int) -> None:
    """`count` DEALERs in this process: each in turn sends one message, then each waits for its answer."""
    here = Library(library)
    sockets = [here.connected("DEALER", endpoint) for _ in range(count)]
    sends, recvs, message = [s.send for s in sockets], [s.recv for s in sockets], b"x" * size

    def step() -> int:
        for send in sends:
            send(message)
        for recv in recvs:
            recv()
        return count

    step()
    channel.ready()
    channel.count_steps(step, channel.window())


def storm(library: str, endpoint: str, count: int, curve: bool) -> None:
    """`count` DEALERs that connect at once when the window opens; over when each has sent a message and has it back."""
    here = Library(library, curve)
    sockets = [here.connecting("DEALER") for _ in range(count)]
    channel.ready()
    start, _ = channel.window()
    time.sleep(max(0.0, start - time.monotonic()))
    began = time.monotonic()
    for socket in sockets:
        socket.connect(endpoint)
        socket.send(b"hello")
    for socket in sockets:
        socket.recv()
    channel.result(1, time.monotonic() - began)
    channel.stay()


def idle_dealers(library: str, endpoint: str, count: int) -> None:
    """`count` DEALERs that exchange one message each and then stay connected and silent."""
    here = Library(library)
    sockets = [here.connected("DEALER", endpoint) for _ in range(count)]
    for socket in sockets:
        socket.send(b"hello")
    for socket in sockets:
        socket.recv()
    channel.ready()
    start, stop = channel.window()
    time.sleep(max(0.0, stop - time.monotonic()) + 0.1)  # the driver reads the clocks before anybody wakes
    channel.result(count, stop - start)
