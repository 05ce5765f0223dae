"""IOLoopAuthenticator, for programs on tornado: its loop is asyncio's. Deprecated."""

from __future__ import annotations

import warnings
from typing import Any

import zmqpy
from zmqpy.auth.asyncio import AsyncioAuthenticator

warnings.warn(
    "zmq.auth.ioloop.IOLoopAuthenticator is deprecated. Use zmq.auth.asyncio.AsyncioAuthenticator",
    DeprecationWarning,
    stacklevel=2,
)


class IOLoopAuthenticator(AsyncioAuthenticator):
    """AsyncioAuthenticator under its old name. io_loop is ignored."""

    def __init__(
        self,
        context: zmqpy.Context[Any] | None = None,
        encoding: str = "utf-8",
        log: Any = None,
        io_loop: Any = None,
    ) -> None:
        if io_loop is not None:
            warnings.warn(f"{type(self).__name__}(io_loop) is deprecated and ignored", DeprecationWarning, stacklevel=2)
        super().__init__(context=context, encoding=encoding, log=log)


__all__ = ["IOLoopAuthenticator"]
