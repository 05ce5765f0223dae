"""How requests wait on anyio."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel

from zmqpy.request import AsyncRequester


class AnyRequester(AsyncRequester):
    """For anyio's loops."""

    def running_loop(self) -> Any:
        token = anyio.lowlevel.current_token()
        return getattr(token, "native_token", token)  # anyio 4.11's tokens are made anew each time

    def make_lock(self) -> Any:
        return anyio.Lock()

    def make_event(self) -> Any:
        return anyio.Event()

    async def limited(self, seconds: float | None, awaitable: Any) -> bool:
        with anyio.move_on_after(seconds) as scope:
            await awaitable
        return not scope.cancelled_caught


__all__ = ["AnyRequester"]
