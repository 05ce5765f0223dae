"""LLM serving without a model: an asyncio front end with many streams, and an engine that answers all of them in steps.

The front end sends a stream's requests by ROUTER; the engine takes them from its DEALER between two steps and answers by PUSH, one
message a step for all streams, which says whose request has ended. The engine keeps time by the clock, so that the load offered is
the same for every library: `streams` requests are always under way, each takes as many steps as it asks for.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from typing import Any

from harness import channel
from harness.library import Library
from harness.roles.coroutines import Ends

STEP = 0.001  # s
REQUEST, ANSWER, BUFFER = 2048, 8192, 4 << 20  # bytes
OUT_OF_BAND = 8  # one request in so many carries a BUFFER, in the variant that has them

_REQUEST = struct.Struct("<II")  # the stream, and how many steps it wants
_STEP = struct.Struct("<dI")  # when it was sent (time.monotonic), and how many ended; then so many streams


def front(library: str, endpoint: str, answers: str, streams: int, steps: int, buffers: bool) -> None:
    """The front end: counts requests, and the times from a step's sending to its delivery."""
    asyncio.run(_Front(library, streams, steps, buffers).serve(endpoint, answers))


class _Front:
    def __init__(self, library: str, streams: int, steps: int, buffers: bool) -> None:
        self.ends = Ends(library)
        self.streams, self.steps = streams, steps
        self.buffer = memoryview(bytearray(BUFFER)) if buffers else None
        self.under_way: dict[int, asyncio.Future[None]] = {}
        self.sent = self.ended = 0

    async def serve(self, endpoint: str, answers: str) -> None:
        self.requests, reached = self.ends.listening("ROUTER", endpoint)
        self.answers, answered = self.ends.listening("PULL", answers)
        channel.ready(endpoint=reached, answers=answered)
        self.engine, *_ = await self.requests.recv_multipart()
        start, stop = channel.window()
        tasks = [asyncio.ensure_future(self.stream(number)) for number in range(self.streams)]
        await self.deliver(start, stop)
        for task in tasks:
            task.cancel()

    async def stream(self, number: int) -> None:
        """One request after the other."""
        lengths = random.Random(number)
        body = b"x" * REQUEST
        create_future = asyncio.get_running_loop().create_future
        wanted = lengths.randint(1, self.steps)  # as if it had begun before
        while True:
            parts: list[Any] = [self.engine, _REQUEST.pack(number, wanted), body]
            self.sent += 1
            if self.buffer is not None and self.sent > self.streams and self.sent % OUT_OF_BAND == 0:
                parts.append(self.buffer)
            wanted = lengths.randint(self.steps // 2, self.steps * 3 // 2)
            ended = self.under_way[number] = create_future()
            await self.requests.send_multipart(parts, copy=False)
            await ended

    async def deliver(self, start: float, stop: float) -> None:
        """Hands on what the engine answers, until the window is over."""
        clock, receive, under_way = time.monotonic, self.answers.recv_multipart, self.under_way
        delays: list[float] = []
        began = now = 0.0
        while now < stop or now == began:
            head, _ = await receive(copy=False)
            now = clock()
            sent, ended = _STEP.unpack_from(head.buffer)
            for number in struct.unpack_from(f"<{ended}I", head.buffer, _STEP.size):
                under_way.pop(number).set_result(None)
            if now < start:
                continue
            began = began or now
            delays.append(now - sent)
            self.ended += ended
        delays.sort()
        channel.result(
            self.ended,
            now - began,
            steps=len(delays) / (now - began),
            p50=delays[len(delays) // 2] * 1e6,
            p99=delays[len(delays) * 99 // 100] * 1e6,
        )


def engine(library: str, endpoint: str, answers: str) -> None:
    """The engine: a step each STEP, for ever. When it comes late it goes on from there."""
    here = Library(library)
    dealer = here.connecting("DEALER")
    dealer.setsockopt(here.zmq.IDENTITY, b"engine")
    dealer.connect(endpoint)
    push = here.connected("PUSH", answers)
    dealer.send(b"here")
    channel.ready()
    again, dontwait = here.zmq.Again, here.zmq.DONTWAIT
    ending: dict[int, list[int]] = {}  # step -> the streams whose requests end with it
    body, step, due = b"x" * ANSWER, 0, time.monotonic()
    while True:
        try:
            while True:
                head = dealer.recv_multipart(dontwait, copy=False)[0]
                number, wanted = _REQUEST.unpack_from(head.buffer)
                ending.setdefault(step + wanted, []).append(number)
        except again:
            pass
        ended = ending.pop(step, [])
        step += 1
        stamp = _STEP.pack(time.monotonic(), len(ended))
        push.send_multipart([stamp + struct.pack(f"<{len(ended)}I", *ended), body], copy=False)
        now = time.monotonic()
        due = max(due + STEP, now)
        time.sleep(due - now)
