"""Context.authenticate for greenlets: the handler is one, and each callable runs in another, so that it may wait."""

from __future__ import annotations

from typing import Any

import gevent

import zmqpy
from zmqpy._core.errors import report_unraisable
from zmqpy.auth.base import close_bound
from zmqpy.auth.callback import bound_socket, forget, next_question
from zmqpy.auth.place import Place
from zmqpy.auth.question import Callback, Question
from zmqpy.green.core import Context


class Handler:
    """Takes the questions of one context in a greenlet of the calling thread's hub."""

    rule: tuple[Callback, Place]

    def __init__(self, address: int, callback: Callback, place: Place) -> None:
        """As zmqpy.auth.callback.Handler."""
        self.address = address
        self.rule = callback, place
        self._socket = bound_socket(Context.shadow(address))
        self._greenlet = gevent.spawn(self._serve)

    def stop(self) -> None:
        """Ends it; answers that are still being found are dropped."""
        close_bound(self._socket)
        if not gevent.getcurrent().dead and gevent.getcurrent() is not self._greenlet:
            self._greenlet.kill(block=False)

    def _serve(self) -> None:
        try:
            while not self._socket.closed:
                question = next_question(self._socket)
                if question is not None:
                    gevent.spawn(self._answer, question)
        except zmqpy.ZMQError as error:
            if error.errno not in (zmqpy.ETERM, zmqpy.ENOTSOCK):
                report_unraisable(error, self.rule[0])
        finally:
            forget(self)
            close_bound(self._socket)

    def _answer(self, question: Question) -> None:
        callback, place = self.rule
        place.run(callback, question, self._reply)

    def _reply(self, parts: list[Any]) -> None:
        try:
            self._socket.send_multipart(parts, zmqpy.DONTWAIT)
        except zmqpy.ZMQError:
            pass  # it has been stopped


__all__ = ["Handler"]
