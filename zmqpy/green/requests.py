"""How requests wait for each other with gevent."""

from __future__ import annotations

from typing import Any

from gevent.event import Event
from gevent.lock import BoundedSemaphore

from zmqpy.request import ThreadRequester


class GreenRequester(ThreadRequester):
    """For greenlets."""

    make_lock: Any = BoundedSemaphore
    make_event: Any = Event


__all__ = ["GreenRequester"]
