"""How requests wait for each other with gevent."""

from __future__ import annotations

from typing import Any

from gevent import Timeout
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from zmqpy.request import ThreadRequester


class GreenRequester(ThreadRequester):
    """For greenlets."""

    make_lock: Any = BoundedSemaphore
    make_event: Any = Event

    def __init__(self, socket: Any) -> None:
        super().__init__(socket)
        self.shared = False  # greenlets of one thread: with any libzmq one may send while another waits

    def ready(self, socket: Any, timeout: int | None, event: int) -> bool:
        """As ThreadRequester's: where send and receive wait, since closing does not end a wait in poll."""
        with Timeout(None if timeout is None else timeout / 1000, False):
            while not socket._told() & event:
                socket._sleep(event)
            return True
        return False


__all__ = ["GreenRequester"]
