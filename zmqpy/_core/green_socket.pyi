from collections.abc import Iterable
from typing import Any

from zmqpy._core.batch import BatchSocket
from zmqpy.tracker import MessageTracker

class GreenSocket(BatchSocket):
    def _events(self) -> int: ...
    def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Iterable[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> MessageTracker | None: ...
