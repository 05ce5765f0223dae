"""Many sockets of one asyncio loop, each awaited by a task of its own, and a ROUTER that sends to them at random."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from harness import channel
from harness.library import Library
from harness.roles.coroutines import Ends

WINDOW = 64  # messages that one acknowledgement is for; twice as many are under way


def sender(library: str, endpoint: str, count: int, busy: int, size: int) -> None:
    """A ROUTER that sends to `busy` of `count` peers at random, and no more than are acknowledged."""
    here = Library(library)
    router, reached = here.bound("ROUTER", endpoint, backlog=4 * count)
    channel.ready(endpoint=reached)
    peers = sorted(router.recv_multipart()[0] for _ in range(count))[:busy]
    pick, message = random.Random(1).choice, b"x" * size

    def send() -> None:
        for _ in range(WINDOW):
            router.send_multipart([pick(peers), message])

    send()
    while True:
        send()
        router.recv_multipart()


def receivers(library: str, endpoint: str, count: int) -> None:
    """`count` tasks, each with a DEALER of its own that it awaits; counts what they receive."""
    asyncio.run(_receive_all(Ends(library), endpoint, count))


async def _receive_all(ends: Ends, endpoint: str, count: int) -> None:
    sockets = []
    for number in range(count):
        socket = ends.socket("DEALER")
        socket.setsockopt(ends.zmq.IDENTITY, b"%06d" % number)
        socket.connect(endpoint)
        await socket.send(b"here")
        sockets.append(socket)
    over = asyncio.get_running_loop().create_future()
    received, start, stop, began, counted, clock = 0, 0.0, 0.0, 0.0, 0, time.monotonic

    async def receive(socket: Any) -> None:
        nonlocal received, began, counted
        while True:
            await socket.recv()
            received += 1
            if received % WINDOW:
                continue
            await sockets[0].send(b"")
            now = clock()
            if began:
                counted += WINDOW
            elif start and now >= start:
                began = now
                continue
            if stop and now >= stop and not over.done():
                over.set_result((counted, now - began))

    tasks = [asyncio.ensure_future(receive(socket)) for socket in sockets]
    while not received:
        await asyncio.sleep(0.01)
    channel.ready()
    start, stop = channel.window()
    channel.result(*await over)
    for task in tasks:
        task.cancel()
