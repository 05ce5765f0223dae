"""Context.authenticate: one callable of the application decides who may connect to the sockets of a context.

A handler of ours (ZAP, ZeroMQ RFC 27) takes the questions in a thread, which ends with the context; a place (place.py) says where the
callable runs; question.py makes frames of what it returned.
"""

from __future__ import annotations

import inspect
import os
import socket as system
import threading
from collections import deque
from typing import Any

import zmqpy
from zmqpy._core.errors import report_unraisable
from zmqpy.auth.base import ENDPOINT, close_bound
from zmqpy.auth.place import Place
from zmqpy.auth.question import Callback, Question


class Handler:
    """Takes the questions of one context in a thread, until it is stopped or the context ends."""

    rule: tuple[Callback, Place]

    def __init__(self, address: int, callback: Callback, place: Place) -> None:
        """address : of the context. Raises ZMQError (EADDRINUSE: there is an authenticator)."""
        self.address = address
        self.rule = callback, place
        self._replies: deque[list[bytes]] = deque()
        self._lock = threading.Lock()  # of _waker
        self._socket = bound_socket(zmqpy.Context.shadow(address))
        try:
            self._woken, self._waker = system.socketpair()
        except BaseException:
            close_bound(self._socket)
            raise
        for end in (self._woken, self._waker):
            end.setblocking(False)
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name="zmqpy authentication", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            self._close()
            raise

    def stop(self) -> None:
        """Ends it, after a callable that runs in its thread has returned."""
        self._ending = True
        self._wake()
        if threading.current_thread() is self._thread:
            self._close()
        else:
            self._thread.join()

    def _reply(self, parts: list[bytes]) -> None:
        self._replies.append(parts)
        if threading.current_thread() is not self._thread:
            self._wake()

    def _wake(self) -> None:
        with self._lock:
            try:
                self._waker.send(b"!")
            except OSError:
                pass  # it has ended, or will wake anyway

    def _close(self) -> None:
        close_bound(self._socket)
        with self._lock:
            self._waker.close()
            self._woken.close()

    def _serve(self) -> None:
        """The thread."""
        poller = zmqpy.Poller()
        poller.register(self._socket, zmqpy.POLLIN)
        poller.register(self._woken, zmqpy.POLLIN)
        try:
            while not self._ending:
                while self._replies:
                    self._socket.send_multipart(self._replies.popleft(), zmqpy.DONTWAIT)
                for ready, _ in poller.poll():
                    if ready is self._socket:
                        self._take()
                    elif not self._ending:
                        self._woken.recv(4096)
        except zmqpy.ZMQError as error:
            if error.errno not in (zmqpy.ETERM, zmqpy.ENOTSOCK):  # the context has ended
                report_unraisable(error, self.rule[0])
        finally:
            forget(self)  # first: once the socket is closed, another context may get the address
            self._close()

    def _take(self) -> None:
        question = next_question(self._socket)
        if question is not None:
            callback, place = self.rule
            place.run(callback, question, self._reply)


def bound_socket(context: zmqpy.Context[Any]) -> Any:
    """What questions come to: a ROUTER, so that they may be answered in any order."""
    socket = context.socket(zmqpy.ROUTER)
    try:
        socket.linger = 0
        socket.bind(ENDPOINT)
    except BaseException:
        socket.close()
        raise
    return socket


def next_question(socket: Any) -> Question | None:
    """The next one; None: whoever sent this is not the engine. Raises ZMQError."""
    try:
        return Question(socket.recv_multipart())
    except ValueError:
        return None


# ---- one a context ----

_handlers: dict[int, Any] = {}  # by the context's address
_lock = threading.Lock()


def authenticate(context: zmqpy.Context[Any], callback: Callback | None, place: Place, kind: Any = Handler) -> None:
    """Implements Context.authenticate. place : where the callable runs; kind : the class of the handler."""
    if callback is not None:
        if not callable(callback):
            raise TypeError(f"an authentication callback is a callable or None, not {callback!r}")
        if is_coroutine_function(callback) and not place.awaits:
            raise TypeError("a callback that is a coroutine function needs an asyncio context and its running loop")
    address = context.underlying
    if context.closed:
        raise zmqpy.ZMQError(zmqpy.ENOTSUP, "the Context has been terminated: it lets nobody in")
    if context._lost:
        raise zmqpy.ZMQError(zmqpy.EFAULT)
    with _lock:
        handler = _handlers.get(address)
        if handler is not None and callback is not None and type(handler) is kind:
            handler.rule = callback, place
            return
    if handler is not None:
        end(address)
    if callback is not None:
        with _lock:
            _handlers[address] = kind(address, callback, place)


def end(address: int) -> None:
    """Ends the handler of a context, if it has one."""
    with _lock:
        handler = _handlers.pop(address, None)
    if handler is not None:
        handler.stop()


def forget(handler: Any) -> None:
    """A handler has ended by itself."""
    address: int = handler.address
    with _lock:
        if _handlers.get(address) is handler:
            _handlers.pop(address)


def is_coroutine_function(callback: Any) -> bool:
    """Also of an object that is called, and of functools.partial."""
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(getattr(callback, "__call__", None))  # noqa: B004


def _after_fork_in_child() -> None:
    """Threads and contexts are the parent's."""
    global _lock
    _lock = threading.Lock()
    _handlers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
