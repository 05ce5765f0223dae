"""ZMQStream for programs that use gevent."""

from __future__ import annotations

from typing import Any

from zmqpy.eventloop import zmqstream
from zmqpy.green.eventloop.ioloop import IOLoop


class ZMQStream(zmqstream.ZMQStream):
    __doc__ = zmqstream.ZMQStream.__doc__

    def __init__(self, socket: Any, io_loop: IOLoop | None = None) -> None:
        super().__init__(socket, io_loop or IOLoop.current())


__all__ = ["ZMQStream"]
