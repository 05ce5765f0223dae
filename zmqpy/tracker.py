"""MessageTracker: when has the engine given up the buffers of messages sent with copy=False."""

from __future__ import annotations

import time
from typing import Any

from zmqpy.error import NotDone


class MessageTracker:
    """Watches messages sent with copy=False.

    MessageTracker(*towatch): trackers, Frames made with track=True, and events (anything with is_set and wait).
    events, peers : sets of the events and of the trackers watched.
    """

    events: set[Any]
    peers: set[MessageTracker]

    def __init__(self, *towatch: Any):
        self.events = set()
        self.peers = set()
        for item in towatch:
            if isinstance(item, MessageTracker):
                self.peers.add(item)
            elif hasattr(item, "is_set") and hasattr(item, "wait"):
                self.events.add(item)
            elif hasattr(item, "tracker") and hasattr(item, "tracker_event"):
                if item.tracker is None:
                    raise ValueError("the Frame was made without track=True")
                self.peers.add(item.tracker)
            else:
                raise TypeError(f"can only watch trackers, tracked Frames and events, not {item!r}")

    @property
    def done(self) -> bool:
        """Whether the engine no longer uses any of the buffers."""
        return all(event.is_set() for event in self.events) and all(peer.done for peer in self.peers)

    def wait(self, timeout: float | int = -1) -> None:
        """Waits until `done`.

        timeout : seconds; negative waits for ever.

        Raises NotDone when the time has passed.
        """
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout
        for event in self.events:
            event.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if not event.is_set():
                raise NotDone
        for peer in self.peers:
            peer.wait(-1 if deadline is None else max(0.0, deadline - time.monotonic()))


_FINISHED_TRACKER = MessageTracker()

__all__ = ["_FINISHED_TRACKER", "MessageTracker"]
