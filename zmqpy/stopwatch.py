"""Stopwatch, which measures microseconds; old programs use it."""

from __future__ import annotations

import time
import warnings


class Stopwatch:
    """Measures time. Deprecated: use time.perf_counter."""

    _started: float

    def __init__(self) -> None:
        warnings.warn("Stopwatch is deprecated: use time.perf_counter", DeprecationWarning, stacklevel=2)
        self._started = 0.0

    def start(self) -> None:
        """Starts, or starts again."""
        self._started = time.perf_counter()

    def stop(self) -> int:
        """Microseconds since start."""
        return int(1e6 * (time.perf_counter() - self._started))
