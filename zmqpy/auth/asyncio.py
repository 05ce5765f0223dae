"""An authenticator on the event loop of asyncio."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import zmqpy
from zmqpy.auth.base import Authenticator


class AsyncioAuthenticator(Authenticator):
    """An Authenticator that answers on the running event loop between `start` and `stop`.

    Arguments as for Authenticator; loop is ignored. Callbacks for CURVE may be coroutine functions.
    """

    def __init__(
        self,
        context: zmqpy.Context[Any] | None = None,
        loop: Any = None,
        encoding: str = "utf-8",
        log: Any = None,
    ) -> None:
        super().__init__(context=context, encoding=encoding, log=log)
        if loop is not None:
            warnings.warn(f"{type(self).__name__}(loop) is deprecated and ignored", DeprecationWarning, stacklevel=2)
        self.__task: Any = None
        self.__watched: Any = None  # (loop, descriptor)

    def start(self) -> None:
        """Begins to answer on the running loop. Raises RuntimeError without one, ZMQError (EADDRINUSE: there is an authenticator)."""
        loop = asyncio.get_running_loop()
        super().start()
        changed = asyncio.Event()
        self.__watched = loop, self.zap_socket.fileno()
        loop.add_reader(self.__watched[1], changed.set)
        self.__task = loop.create_task(self.__serve(self.zap_socket, changed))

    def stop(self) -> None:
        """Ends answering; requests that came meanwhile are never answered."""
        self.__unwatch()
        if self.__task is not None:
            self.__task.cancel()
        self.__task = None
        super().stop()

    def __unwatch(self) -> None:
        """At once, before the socket is closed: the next one may get the same descriptor."""
        if self.__watched is not None:
            loop, descriptor = self.__watched
            self.__watched = None
            if not loop.is_closed():
                loop.remove_reader(descriptor)

    async def __serve(self, socket: zmqpy.Socket[bytes], changed: asyncio.Event) -> None:
        """Answers until cancelled, or the socket or its context has ended."""
        try:
            while True:
                # The descriptor tells of changes only: what is there must be taken before it is waited for again.
                changed.clear()
                while socket.get(zmqpy.EVENTS) & zmqpy.POLLIN:
                    await self.handle_zap_message(socket.recv_multipart(zmqpy.DONTWAIT))
                await changed.wait()
        except zmqpy.ZMQError as error:
            if error.errno not in (zmqpy.ETERM, zmqpy.ENOTSOCK):
                raise
            if socket is self.zap_socket:
                self.__unwatch()


__all__ = ["AsyncioAuthenticator"]
