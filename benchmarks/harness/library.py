"""One messaging library inside a worker: its module, its context, and the little in which libraries differ."""

from __future__ import annotations

import importlib
from typing import Any

# Keys of CURVE, for benchmarks only: (public, secret) as Z85.
SERVER_KEYS = (b"=GEX@RFWph=q1C:gp4Ceu2o<E1r)*[&$TT+Y1.=V", b"DPj?2f]x<X0p9.DD83w[p5W026kF7zlK.6Z/.BgD")
CLIENT_KEYS = (b"8FYWYHUwJl@{YS![3c=$qi4I4xVYM^v2$+fQl(iI", b"4&[yP?.}{ycNy3I8mZv08[3^:e=0G)-oiP=u2.oh")


class Library:
    """A pyzmq-like module, used through the calls that all of them share.

    name: the module's name, "zmq" for pyzmq. curve: its sockets over tcp and ipc talk CURVE; those that bind are the servers.
    """

    def __init__(self, name: str, curve: bool = False) -> None:
        self.zmq = importlib.import_module(name)
        self.context = self.zmq.Context()
        self.curve = curve

    def socket(self, kind: str) -> Any:
        """A new socket of the kind ("REQ", ...) that does not linger when it is closed."""
        socket = self.context.socket(getattr(self.zmq, kind))
        socket.linger = 0
        return socket

    def bound(self, kind: str, endpoint: str, **options: int) -> tuple[Any, str]:
        """A new bound socket with the options set before (those the library has), and where it can be reached."""
        socket = self.socket(kind)
        if self.curve:
            socket.curve_secretkey = SERVER_KEYS[1]
            socket.curve_server = True
        for name, value in options.items():
            try:
                setattr(socket, name, value)
            except (NotImplementedError, self.zmq.ZMQError):
                pass
        socket.bind(endpoint)
        return socket, self.endpoint(socket)

    def connecting(self, kind: str) -> Any:
        """A new socket that is ready to connect."""
        socket = self.socket(kind)
        if self.curve:
            socket.curve_serverkey = SERVER_KEYS[0]
            socket.curve_publickey, socket.curve_secretkey = CLIENT_KEYS
        return socket

    def connected(self, kind: str, endpoint: str) -> Any:
        """A new connected socket."""
        socket = self.connecting(kind)
        socket.connect(endpoint)
        return socket

    def endpoint(self, socket: Any) -> str:
        """Where the socket was bound last, with the port that the system chose."""
        value = socket.getsockopt(self.zmq.LAST_ENDPOINT)
        return (value if isinstance(value, str) else value.decode()).rstrip("\0")
