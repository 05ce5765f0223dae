"""An authenticator on the event loop of asyncio."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import zmqpy
import zmqpy.asyncio
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

    def start(self) -> None:
        """Begins to answer on the running loop. Raises RuntimeError without one, ZMQError (EADDRINUSE: there is an authenticator)."""
        loop = asyncio.get_running_loop()
        super().start()
        self.__task = loop.create_task(self.__serve(zmqpy.asyncio.Socket(self.zap_socket)))

    def stop(self) -> None:
        """Ends answering; requests that came meanwhile are never answered."""
        if self.__task is not None:
            self.__task.cancel()
        self.__task = None
        super().stop()

    async def __serve(self, requests: zmqpy.asyncio.Socket) -> None:
        """Answers until cancelled, or the socket or its context has ended."""
        try:
            while True:
                await self.handle_zap_message(await requests.recv_multipart())
        except zmqpy.ZMQError as error:
            if error.errno not in (zmqpy.ETERM, zmqpy.ENOTSOCK):
                raise


__all__ = ["AsyncioAuthenticator"]
