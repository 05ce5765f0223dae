"""How requests wait on asyncio's loops."""

from __future__ import annotations

import asyncio
from typing import Any

from zmqpy.request import AsyncRequester


class LoopRequester(AsyncRequester):
    """For asyncio."""

    def running_loop(self) -> Any:
        return asyncio.get_running_loop()

    def make_lock(self) -> Any:
        return asyncio.Lock()

    def make_event(self) -> Any:
        return asyncio.Event()

    def closed_meanwhile(self, socket: Any, error: BaseException) -> bool:
        """As Requester's. Closing cancels the future of poll as well, and before Python 3.11 no task knows whether it is itself cancelled."""
        if isinstance(error, asyncio.CancelledError):
            task: Any = asyncio.current_task()
            return socket.closed and hasattr(task, "cancelling") and not task.cancelling()
        return super().closed_meanwhile(socket, error)

    async def limited(self, seconds: float | None, awaitable: Any) -> bool:
        try:
            await asyncio.wait_for(awaitable, seconds)
        except asyncio.TimeoutError:
            return False
        return True


__all__ = ["LoopRequester"]
