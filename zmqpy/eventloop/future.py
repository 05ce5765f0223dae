"""Context, Socket and Poller whose calls return futures, for tornado: its loops are asyncio's, and so are the futures."""

from __future__ import annotations

from asyncio import CancelledError, Future
from typing import Any, ClassVar

from tornado.ioloop import IOLoop

import zmqpy.asyncio as _zmq_asyncio


class Poller(_zmq_asyncio.Poller):
    __doc__ = _zmq_asyncio.Poller.__doc__


class Socket(_zmq_asyncio.Socket):
    __doc__ = _zmq_asyncio.Socket.__doc__

    _poller_class: ClassVar[Any] = Poller


class Context(_zmq_asyncio.Context):
    """A Context that makes sockets for tornado's loop."""

    _socket_class: ClassVar[Any] = Socket
    _instance: ClassVar[Any] = None
    _instance_pid: ClassVar[int | None] = None
    io_loop: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.io_loop = kwargs.pop("io_loop", None)
        super().__init__(*args, **kwargs)


__all__ = ["CancelledError", "Context", "Future", "IOLoop", "Poller", "Socket"]
