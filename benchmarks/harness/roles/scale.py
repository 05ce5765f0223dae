"""Many of something on one socket: connections of a ROUTER, topics of a PUB."""

from __future__ import annotations

import sys
import time
from typing import Any

from harness import channel
from harness.library import Library

_TOPIC = b"markets.%08d"  # 16 bytes
_DONE = b"done"


def router(library: str, endpoint: str, backlog: int) -> None:
    """ROUTER that echoes until it is asked to end (a message `end`), then says how long closing it and its context took."""
    here = Library(library)
    socket, reached = here.bound("ROUTER", endpoint, backlog=backlog, sndhwm=0)
    ender = here.socket("PULL")
    ender.bind("inproc://end")
    channel.ready(endpoint=reached)
    recv, send = socket.recv_multipart, socket.send_multipart
    while True:
        parts = recv()
        if parts[-1] == b"end":
            break
        send(parts)
    began = time.monotonic()
    ender.close()
    socket.close()
    here.context.term()
    channel.result(1, time.monotonic() - began)
    channel.stay()


def dealer(library: str, endpoint: str) -> None:
    """A DEALER that asks the ROUTER to end when the window opens."""
    socket = Library(library).connected("DEALER", endpoint)
    channel.ready()
    channel.window()
    socket.send(b"end")
    channel.stay()


def publisher(library: str, endpoint: str) -> None:
    """PUB that does what the lines of standard input ask: `until` publishes `done` until the next line comes; `publish N TOPIC`
    publishes N messages of 64 bytes on a topic and says how long that took."""
    import select

    socket, reached = Library(library).bound("PUB", endpoint, sndhwm=0)
    channel.ready(endpoint=reached)
    for line in iter(sys.stdin.readline, ""):
        word, *rest = line.split()
        if word == "publish":
            count, message = int(rest[0]), rest[1].encode().ljust(64)
            began = time.monotonic()
            for _ in range(count):
                socket.send(message)
            channel.result(count, time.monotonic() - began)
        else:
            while not select.select([sys.stdin], [], [], 0.001)[0]:
                socket.send(_DONE)


def subscriber(library: str, endpoint: str, peers: int, topics: int) -> None:
    """`peers` SUBs of one process. In the first window each subscribes to all topics, in the second each unsubscribes from them again; a
    window is over when the publisher has taken notice, which shows by `done`."""
    here = Library(library)
    sockets = [here.connecting("SUB") for _ in range(peers)]
    for socket in sockets:
        socket.sndhwm = socket.rcvhwm = 0  # libzmq forgets subscriptions above SNDHWM
        socket.connect(endpoint)
    names = [_TOPIC % number for number in range(topics)]
    channel.ready()
    channel.window()
    _change([socket.subscribe for socket in sockets], names, sockets)
    channel.window()
    for socket in sockets:
        socket.unsubscribe(_DONE)
    while any(socket.poll(50) and socket.recv() for socket in sockets):
        pass  # what was under way
    _change([socket.unsubscribe for socket in sockets], names, sockets)
    channel.stay()


def _change(changes: list[Any], names: list[bytes], sockets: list[Any]) -> None:
    began = time.monotonic()
    for change in changes:
        for name in names:
            change(name)
    for socket in sockets:
        socket.subscribe(_DONE)
    for socket in sockets:
        socket.recv()
    channel.result(1, time.monotonic() - began)
