"""How requests wait on asyncio's loops."""

from __future__ import annotations

import asyncio
from typing import Any

from zmqpy.request import AsyncRequester


class LoopRequester(AsyncRequester):
    """For asyncio."""

    def make_lock(self) -> Any:
        return asyncio.Lock()

    def make_event(self) -> Any:
        return asyncio.Event()

    async def limited(self, seconds: float | None, awaitable: Any) -> bool:
        try:
            await asyncio.wait_for(awaitable, seconds)
        except asyncio.TimeoutError:
            return False
        return True


__all__ = ["LoopRequester"]
