"""An authenticator in a thread of its own, for programs of any kind."""

from __future__ import annotations

import asyncio
from threading import Event, Thread
from typing import Any

import zmqpy
from zmqpy.auth.base import Authenticator

_START_TIMEOUT = 10.0  # seconds
_TERMINATE = b"TERMINATE"


class AuthenticationThread(Thread):
    """Answers the requests to an authenticator until its pipe says TERMINATE or the context ends. started : set once it does."""

    pipe: Any
    poller: Any = None

    def __init__(self, authenticator: Authenticator, pipe: zmqpy.Socket[Any]) -> None:
        super().__init__(daemon=True)
        self.authenticator = authenticator
        self.log: Any = authenticator.log
        self.pipe = pipe
        self.started: Event = Event()

    def run(self) -> None:
        """The thread."""
        loop = asyncio.new_event_loop()  # for callbacks that are coroutine functions
        try:
            self._run(loop)
        except zmqpy.ZMQError as error:
            if error.errno not in (zmqpy.ETERM, zmqpy.ENOTSOCK):  # the context has ended, or been destroyed
                raise
        finally:
            self.started.set()
            self.pipe.close()
            Authenticator.stop(self.authenticator)
            loop.close()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        zap = self.authenticator.zap_socket
        self.poller = zmqpy.Poller()
        self.poller.register(self.pipe, zmqpy.POLLIN)
        self.poller.register(zap, zmqpy.POLLIN)
        self.started.set()
        while True:
            ready = dict(self.poller.poll())
            if self.pipe in ready and self._handle_pipe_message(self.pipe.recv_multipart()):
                return
            if zap in ready:
                loop.run_until_complete(self.authenticator.handle_zap_message(zap.recv_multipart()))

    def _handle_pipe_message(self, msg: list[bytes]) -> bool:
        """Whether to end."""
        if msg[0] == _TERMINATE:
            return True
        self.log.error("Invalid auth API command: %r", msg)
        return False


class ThreadAuthenticator(Authenticator):
    """An Authenticator that answers in a background thread between `start` and `stop`. Arguments as for Authenticator."""

    pipe: Any
    pipe_endpoint: str = ""
    thread: Any

    def __init__(self, context: zmqpy.Context[Any] | None = None, encoding: str = "utf-8", log: Any = None) -> None:
        super().__init__(context=context, encoding=encoding, log=log)
        self.pipe = None
        self.pipe_endpoint = f"inproc://{id(self)}.inproc"
        self.thread = None

    def start(self) -> None:
        """Starts the thread; from its return on requests are answered.

        Raises ZMQError (EADDRINUSE: this context has an authenticator already, or this one is started).
        """
        super().start()
        opened: list[zmqpy.Socket[Any]] = []
        try:
            for _ in range(2):
                opened.append(self.context.socket(zmqpy.PAIR, socket_class=zmqpy.Socket))
                opened[-1].linger = 1
            pipe, other = opened
            other.bind(self.pipe_endpoint)
            pipe.connect(self.pipe_endpoint)
            thread = AuthenticationThread(self, pipe)
            thread.start()
        except BaseException:
            for socket in opened:
                socket.close()
            super().stop()
            raise
        self.pipe = other
        self.thread = thread
        if not thread.started.wait(_START_TIMEOUT):
            raise RuntimeError("the authenticator's thread did not start")

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        pipe, thread = self.pipe, self.thread
        if pipe is None or thread is None:
            return
        if thread.is_alive():
            try:
                pipe.send(_TERMINATE, zmqpy.DONTWAIT)
            except zmqpy.ZMQError:
                pass  # the context has ended, and the thread with it
            thread.join()
        self.pipe = None
        self.thread = None
        try:
            pipe.unbind(self.pipe_endpoint)  # another libzmq frees the name some time after close
        except zmqpy.ZMQError:
            pass
        pipe.close()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self.thread is not None and self.thread.is_alive()


__all__ = ["ThreadAuthenticator"]
