"""How requests wait on anyio."""

from __future__ import annotations

from typing import Any

import anyio

from zmqpy.request import AsyncRequester


class AnyRequester(AsyncRequester):
    """For anyio's loops."""

    def make_lock(self) -> Any:
        return anyio.Lock()

    def make_event(self) -> Any:
        return anyio.Event()

    async def limited(self, seconds: float | None, awaitable: Any) -> bool:
        with anyio.move_on_after(seconds) as scope:
            await awaitable
        return not scope.cancelled_caught


__all__ = ["AnyRequester"]
