"""The worker's side of the talk with the driver: one line of JSON at a time over standard input and output.

A worker says `ready` once, with whatever the others need to reach it. A worker that counts then waits for its `window`
(two readings of the monotonic clock, which is the same in every process) and says its `result`. Workers that only serve
run until they are killed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Callable

Window = tuple[float, float]  # (start, stop), seconds of time.monotonic()


def ready(**facts: Any) -> None:
    """Tell the driver that this process is set up."""
    _say({"ready": facts})


def window() -> Window:
    """Wait for the driver's word when to start and to stop counting."""
    start, stop = json.loads(sys.stdin.readline())
    return start, stop


def result(count: float, elapsed: float, **numbers: float) -> None:
    """Report how many messages (or round trips) were counted in how many seconds, and other numbers of the case."""
    _say({"result": {"count": count, "elapsed": elapsed, "numbers": numbers}})


def stay() -> None:
    """Keep everything open until the driver ends this process."""
    sys.stdin.readline()


def count_steps(step: Callable[[], float], when: Window) -> None:
    """Call step(), which returns how many messages it handled, throughout the window (and before it, to warm up), and
    report the sum."""
    start, stop = when
    clock = time.monotonic
    while clock() < start:
        step()
    began = clock()
    count = 0.0
    while True:
        count += step()
        now = clock()
        if now >= stop:
            break
    result(count, now - began)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
