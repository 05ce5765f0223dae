"""One messaging library inside a worker: its module, its context, and the little in which libraries differ."""

from __future__ import annotations

import importlib
from typing import Any


class Library:
    """A pyzmq-like module, used through the calls that all of them share.

    name: the module's name, "zmq" for pyzmq.
    """

    def __init__(self, name: str) -> None:
        self.zmq = importlib.import_module(name)
        self.context = self.zmq.Context()

    def socket(self, kind: str) -> Any:
        """A new socket of the kind ("REQ", ...) that does not linger when it is closed."""
        socket = self.context.socket(getattr(self.zmq, kind))
        socket.linger = 0
        return socket

    def bound(self, kind: str, endpoint: str, **options: int) -> tuple[Any, str]:
        """A new bound socket with the options set before (those the library has), and where it can be reached."""
        socket = self.socket(kind)
        for name, value in options.items():
            try:
                setattr(socket, name, value)
            except (NotImplementedError, self.zmq.ZMQError):
                pass
        socket.bind(endpoint)
        return socket, self.endpoint(socket)

    def connected(self, kind: str, endpoint: str) -> Any:
        """A new connected socket."""
        socket = self.socket(kind)
        socket.connect(endpoint)
        return socket

    def endpoint(self, socket: Any) -> str:
        """Where the socket was bound last, with the port that the system chose."""
        value = socket.getsockopt(self.zmq.LAST_ENDPOINT)
        return (value if isinstance(value, str) else value.decode()).rstrip("\0")
