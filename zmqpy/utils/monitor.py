"""Reading what a socket's monitor says (zmq_socket_monitor(3))."""

from __future__ import annotations

import struct
from collections.abc import Awaitable
from typing import Any, TypedDict

from zmqpy.constants import Event

_HEADER = struct.Struct("=HI")  # event, value: host order, not aligned


class _MonitorMessage(TypedDict):
    """One event: `event` Event, `value` int (errno, descriptor, ms or a protocol error), `endpoint` bytes."""

    event: int
    value: int
    endpoint: bytes


def parse_monitor_message(msg: list[bytes]) -> _MonitorMessage:
    """The event in the two parts of a monitor's message. Raises RuntimeError if they are none."""
    if len(msg) != 2 or len(msg[0]) != _HEADER.size:
        raise RuntimeError(f"not a monitor's message: {msg!r}")
    event, value = _HEADER.unpack(msg[0])
    return {"event": Event(event), "value": Event(value), "endpoint": bytes(msg[1])}


async def _parse_later(awaitable: Awaitable[list[bytes]]) -> _MonitorMessage:
    return parse_monitor_message(await awaitable)


def recv_monitor_message(socket: Any, flags: int = 0) -> Any:
    """Receives the next event from a monitor socket (`Socket.get_monitor_socket`); awaitable if the socket is.

    flags : as for recv. Raises what recv raises, RuntimeError for a message that is no event.
    """
    received = socket.recv_multipart(flags)
    if isinstance(received, Awaitable):
        return _parse_later(received)
    return parse_monitor_message(received)


__all__ = ["parse_monitor_message", "recv_monitor_message"]
