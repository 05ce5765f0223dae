"""Messages of several parts for Socket classes with a send or recv of their own: part by part, through that.

Socket itself hands whole messages to the engine (`_core/multipart.pyx`); it gives a subclass these methods instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zmqpy._core.frame import Frame
from zmqpy.constants import Flag, SocketOption
from zmqpy.tracker import MessageTracker

if TYPE_CHECKING:
    from zmqpy.socket import Socket


def send_multipart(
    self: Socket[Any], msg_parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False, **kwargs: Any
) -> MessageTracker | None:
    """Sends a message of several parts, each by `send`; arguments, results and errors are those of Socket.send_multipart.

    Other threads can send between two parts.
    """
    if isinstance(msg_parts, str):
        raise TypeError(f"msg_parts must be an iterable of parts, not one str ({msg_parts!r:.40}); use send_string")
    parts = [part.encode("utf-8") if isinstance(part, str) else part for part in msg_parts]
    if not parts:
        raise IndexError("a message has at least one part")
    for index, part in enumerate(parts):
        if not isinstance(part, (bytes, Frame)):
            try:
                memoryview(part)
            except TypeError:
                raise TypeError(
                    f"part {index} of the message must be bytes, another buffer or str, not {part!r:.40}"
                ) from None
    last = len(parts) - 1
    sent = [
        self.send(part, flags if index == last else flags | Flag.SNDMORE, copy=copy, track=track, **kwargs)
        for index, part in enumerate(parts)
    ]
    trackers = [tracker for tracker in sent if isinstance(tracker, MessageTracker)]
    return MessageTracker(*trackers) if trackers else None


def recv_multipart(self: Socket[Any], flags: int = 0, copy: bool = True, track: bool = False) -> list[Any]:
    """Receives a message of several parts, each by `recv`; arguments and errors are those of Socket.recv_multipart.

    Other threads can receive between two parts.
    """
    parts = [self.recv(flags, copy=copy, track=track)]
    while self.get(SocketOption.RCVMORE):
        parts.append(self.recv(flags, copy=copy, track=track))
    return parts
