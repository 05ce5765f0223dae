"""A device of greenlets."""

from __future__ import annotations

from typing import Any, NoReturn

import gevent

import zmqpy as _zmq


def device(device_type: int, isocket: Any, osocket: Any) -> NoReturn:
    """Passes messages on in both directions for ever, while other greenlets run.

    device_type : a DeviceType, which makes no difference.  isocket, osocket : green sockets.

    Raises what a socket raises: ZMQError ENOTSOCK when one is closed, ContextTerminated.
    """
    directions = [gevent.spawn(_pass_on, isocket, osocket)]
    if osocket is not isocket:
        directions.append(gevent.spawn(_pass_on, osocket, isocket))
    try:
        gevent.joinall(directions, raise_error=True)
    finally:
        gevent.killall(directions)
    raise _zmq.ZMQError(_zmq.ENOTSUP, "neither socket can receive")


def _pass_on(source: Any, target: Any) -> None:
    """Returns when `source` cannot receive at all (PUSH, PUB)."""
    while True:
        try:
            message = source.recv_multipart(copy=False)
        except _zmq.ZMQError as error:
            if error.errno == _zmq.ENOTSUP:
                return
            raise
        target.send_multipart(message, copy=False)


__all__ = ["device"]
