"""Waiting for what a socket has no message for: peers, subscribers, an empty queue.

With threads the engine waits (facts.pyx); an event loop looks again and again, soon at first, seldom later.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from zmqpy._core import facts
from zmqpy.constants import Errno
from zmqpy.error import Again, TimedOut, ZMQError
from zmqpy.peers import PeerState, in_words, peers_of

_FIRST_PAUSE = 0.001  # seconds
_LONGEST_PAUSE = 0.02


class Wait:
    """Something to wait for."""

    def __init__(self, look: Callable[[int], int], missing: Callable[[int | None], str]) -> None:
        """look(milliseconds) : its result, or Again after so long.  missing(milliseconds) : what there is not."""
        self._look = look
        self._missing = missing

    def here(self, timeout: float | None) -> int:
        """In this thread."""
        try:
            return self._look(milliseconds(timeout))
        except Again:
            raise self.over(timeout) from None

    def by_pausing(self, timeout: float | None, sleep: Callable[[float], Any]) -> int:
        """While others run in sleep(seconds)."""
        for pause in pauses(timeout):
            try:
                return self._look(0)
            except Again:
                sleep(pause)
        raise self.over(timeout)

    async def on_loop(self, timeout: float | None, sleep: Callable[[float], Awaitable[Any]]) -> int:
        """While others run in an awaitable of an event loop."""
        for pause in pauses(timeout):
            try:
                return self._look(0)
            except Again:
                await sleep(pause)
        raise self.over(timeout)

    def over(self, timeout: float | None) -> TimedOut:
        """The error of a wait that has taken so long."""
        return TimedOut(self._missing(milliseconds(timeout)))


def milliseconds(timeout: float | None) -> int:
    """A time-out as C takes it: -1 for none."""
    return -1 if timeout is None or timeout < 0 else int(min(timeout, 2**31 - 1))


def pauses(timeout: float | None) -> Any:
    """How long to sleep after each look, in seconds, until it is time for no more."""
    limit = milliseconds(timeout)
    deadline = time.monotonic() + limit / 1000
    pause = _FIRST_PAUSE
    while True:
        left = deadline - time.monotonic() if limit >= 0 else pause
        yield max(0.0, min(pause, left))
        if left <= 0:
            return
        pause = min(2 * pause, _LONGEST_PAUSE)


def until_connected(socket: Any, n: int) -> Wait:
    """Until `n` peers are up."""

    def missing(limit: int | None) -> str:
        peers = peers_of(socket)
        up = sum(peer.state is PeerState.UP for peer in peers)
        return f"{up} of {n} peers connected after {limit} ms: {in_words(peers)}"

    return Wait(partial(facts.wait_peers, socket, n), missing)


def until_subscribed(socket: Any, topic: str | bytes, n: int) -> Wait:
    """Until `n` peers have subscribed."""
    prefix = topic.encode("utf-8") if isinstance(topic, str) else bytes(topic)

    def look(limit: int) -> int:
        try:
            return facts.wait_subscribers(socket, prefix, n, limit)
        except ZMQError as error:
            if error.errno == Errno.ENOTSUP and type(error) is ZMQError:
                raise ZMQError(error.errno, f"{error.strerror}: only PUB and XPUB have subscribers") from None
            raise

    def missing(limit: int | None) -> str:
        found = facts.wait_subscribers(socket, prefix, 0, 0)
        to = f" to {prefix!r}" if prefix else ""
        return f"{found} of {n} peers subscribed{to} after {limit} ms: {in_words(peers_of(socket))}"

    return Wait(look, missing)


def until_flushed(socket: Any) -> Wait:
    """Until nothing is left to be sent."""

    def missing(limit: int | None) -> str:
        left = [peer for peer in peers_of(socket) if peer.queued_out or peer.unsent]
        return f"unsent after {limit} ms: {in_words(left)}"

    return Wait(partial(facts.flush, socket), missing)
