"""What Socket's methods do for a socket that has some of them overridden: go through those, part by part, message by message.

Socket itself hands whole messages to the engine; `_core/overrides.pyx` says which sockets cannot have it so. Between two parts
other threads can send or receive. How `self.send` and the others are called is pyzmq's way: overrides may count on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zmqpy._core.parts import sendable_messages, sendable_parts
from zmqpy.constants import Errno, Flag, SocketOption
from zmqpy.error import Again, ZMQError
from zmqpy.tracker import MessageTracker

if TYPE_CHECKING:
    from zmqpy.socket import Socket


def send_multipart(
    self: Socket[Any], msg_parts: Iterable[Any], flags: int = 0, copy: bool = True, track: bool = False, **kwargs: Any
) -> Any:
    """Socket.send_multipart by `send`; what that returns for the last part, but a MessageTracker is one of all parts."""
    parts = sendable_parts(msg_parts)
    sent = [self.send(part, flags | Flag.SNDMORE, copy=copy, track=track, **kwargs) for part in parts[:-1]]
    sent.append(self.send(parts[-1], flags, copy=copy, track=track, **kwargs))
    if not isinstance(sent[-1], MessageTracker) and not (track and sent[-1] is None):
        return sent[-1]
    trackers = [tracker for tracker in sent if isinstance(tracker, MessageTracker)]
    return MessageTracker(*trackers) if len(trackers) > 1 else trackers[0] if trackers else None


def recv_multipart(self: Socket[Any], flags: int = 0, copy: bool = True, track: bool = False) -> list[Any]:
    """Socket.recv_multipart by `recv` and `getsockopt`."""
    parts = [self.recv(flags, copy=copy, track=track)]
    while self.getsockopt(SocketOption.RCVMORE):
        parts.append(self.recv(flags, copy=copy, track=track))
    return parts


def send_string(self: Socket[Any], u: str, flags: int, copy: bool, encoding: str, **kwargs: Any) -> Any:
    """Socket.send_string by `send`."""
    return self.send(u.encode(encoding), flags=flags, copy=copy, **kwargs)


def recv_string(self: Socket[Any], flags: int, encoding: str) -> Any:
    """Socket.recv_string by `recv` and `_deserialize`."""
    return self._deserialize(self.recv(flags=flags), lambda received: received.decode(encoding))


def send_many(self: Socket[Any], messages: Iterable[Any], flags: int = 0) -> int:
    """Socket.send_many by `send` and `send_multipart`."""
    if flags & Flag.SNDMORE:
        raise ValueError("send_many sends whole messages: SNDMORE is not possible")
    sent = 0
    for message in sendable_messages(messages):
        try:
            if isinstance(message, (list, tuple)):
                self.send_multipart(message, flags)
            else:
                self.send(message.encode("utf-8") if isinstance(message, str) else message, flags)
        except Again:
            if sent:
                break
            raise
        sent += 1
    return sent


def recv_many(self: Socket[Any], max: int = 1000, flags: int = 0) -> list[Any]:
    """Socket.recv_many by `recv_multipart`: the first message as `flags` say, then what is there."""
    if max < 1:
        raise ValueError(f"max must be at least 1, not {max}")
    messages: list[Any] = []
    while len(messages) < max:
        try:
            parts = self.recv_multipart(flags | Flag.DONTWAIT if messages else flags)
        except ZMQError:
            if messages:
                break  # an error but Again is the next call's
            raise
        messages.append(parts if len(parts) > 1 else parts[0])
    return messages


def poll(self: Socket[Any], timeout: float | None, flags: int) -> int:
    """Socket.poll by the poller of the socket's class."""
    if self.closed:
        raise ZMQError(Errno.ENOTSOCK if self._forked else Errno.ENOTSUP)
    poller = self._poller_class()
    poller.register(self, flags)
    ready = dict(poller.poll(timeout))
    if self.closed:  # meanwhile
        raise ZMQError(Errno.ENOTSOCK)
    return int(ready.get(self, 0))
