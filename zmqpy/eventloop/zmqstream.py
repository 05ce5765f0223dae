"""ZMQStream: a socket in a tornado loop, with callbacks for messages that came and messages that were sent.

Sends go out at once where there is room; callbacks are always called by the loop, or by flush. Receiving takes several messages a turn
of the loop, but leaves it after some dozens or a millisecond.
"""

from __future__ import annotations

import asyncio
import pickle
import time
import warnings
from collections import deque
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from tornado.ioloop import IOLoop
from tornado.log import gen_log

import zmqpy as _zmq
from zmqpy._core import tries
from zmqpy._core.async_socket import AsyncSocket
from zmqpy.constants import Flag, PollEvent, SocketOption
from zmqpy.utils import jsonapi

_IN = int(PollEvent.POLLIN)
_OUT = int(PollEvent.POLLOUT)
_AT_A_TIME = 64  # messages in one turn of the loop
_LONG = 0.001  # seconds, of one turn


def _check_callable(callback: Any) -> None:
    """Raises the error of pyzmq where the mistake is made; the loop would only say later that something cannot be called."""
    if callback is not None and not callable(callback):
        raise AssertionError(f"{callback!r} cannot be called")


class ZMQStream:
    """Registers callbacks for what comes and goes on a socket with tornado's loop.

    ZMQStream(socket, io_loop=None)

    socket : Socket, a synchronous one.  io_loop : the current one by default.

    A callback may be a coroutine function. What it raises is logged, and raised in the loop.
    """

    socket: Any
    io_loop: IOLoop

    def __init__(self, socket: _zmq.Socket[Any], io_loop: IOLoop | None = None) -> None:
        if isinstance(socket, AsyncSocket):
            warnings.warn(
                "ZMQStream only works with the synchronous Socket: it uses a shadow of this one, "
                "zmq.Socket(shadow=socket)",
                RuntimeWarning,
                stacklevel=2,
            )
            socket = _zmq.Socket(shadow=socket)
        self.socket = socket
        self.io_loop = io_loop or IOLoop.current()
        self._recv_callback: Callable[..., Any] | None = None
        self._send_callback: Callable[..., Any] | None = None
        self._close_callback: Callable[..., Any] | None = None
        self._recv_copy = True
        self._send_queue: deque[tuple[Any, dict[str, Any]]] = deque()
        self._sent: deque[tuple[Any, Any]] = deque()  # whose callback is to be called
        self._scheduled = False
        self._fd = socket.get(SocketOption.FD)
        # A class with a way of its own to send and receive has it called.
        self._plain_recv = type(socket).recv_multipart is _zmq.Socket.recv_multipart and _plain(socket, "recv")
        self._plain_send = type(socket).send_multipart is _zmq.Socket.send_multipart and _plain(socket, "send")
        for name in _OF_THE_SOCKET:
            setattr(self, name, getattr(socket, name))
        # (The socket, not its descriptor: a loop that is closed with all of its descriptors closes the one, and may not the other.)
        self.io_loop.add_handler(self.socket, self._handle_events, self.io_loop.READ)
        self._schedule()  # what is there already the descriptor need not tell

    # ---- callbacks ----

    def on_recv(self, callback: Callable[[list[Any]], Any] | None, copy: bool = True) -> None:
        """Calls callback(parts) for each message; None: stops.

        copy : True for bytes, False for Frames.
        """
        self._check_closed()
        _check_callable(callback)
        self._recv_callback = callback
        self._recv_copy = copy
        if callback is not None:
            self._schedule()

    def on_recv_stream(self, callback: Callable[[ZMQStream, list[Any]], Any] | None, copy: bool = True) -> None:
        """As on_recv, with the stream as the first argument."""
        _check_callable(callback)
        self.on_recv(None if callback is None else lambda message: callback(self, message), copy=copy)

    def stop_on_recv(self) -> None:
        """Messages wait from now on."""
        self.on_recv(None)

    def on_send(self, callback: Callable[[Any, Any], Any] | None) -> None:
        """Calls callback(parts, tracker or None) for each message that has been sent."""
        self._check_closed()
        _check_callable(callback)
        self._send_callback = callback

    def on_send_stream(self, callback: Callable[[ZMQStream, Any, Any], Any] | None) -> None:
        """As on_send, with the stream as the first argument."""
        _check_callable(callback)
        self.on_send(None if callback is None else lambda message, status: callback(self, message, status))

    def stop_on_send(self) -> None:
        """No callback for sent messages from now on."""
        self.on_send(None)

    def on_err(self, callback: Callable[..., Any]) -> None:
        """Deprecated, and does nothing."""
        gen_log.warning("on_err does nothing, and will be removed")

    def stop_on_err(self) -> None:
        """Deprecated, and does nothing."""
        gen_log.warning("on_err does nothing, and will be removed")

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Calls callback() when the stream is closed."""
        _check_callable(callback)
        self._close_callback = callback

    # ---- sending ----

    def send(
        self,
        msg: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sends a message of one part. callback : as for on_send, from now on."""
        self.send_multipart([msg], flags, copy, track, callback, **kwargs)

    def send_multipart(
        self,
        msg: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sends a message, or keeps it until there is room. callback : as for on_send, from now on."""
        self._check_closed()
        if callback is not None:
            self.on_send(callback)
        kwargs.update(flags=flags, copy=copy, track=track)
        if self._send_queue:
            self._send_queue.append((msg, kwargs))
        elif not self._send_now(msg, kwargs):
            self._send_queue.append((msg, kwargs))
            self._schedule_if_ready(_OUT)

    def send_string(
        self,
        u: str,
        flags: int = 0,
        encoding: str = "utf-8",
        callback: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sends a text, encoded."""
        if not isinstance(u, str):
            raise TypeError(f"u must be str, not {u!r:.60}")
        self.send(u.encode(encoding), flags=flags, callback=callback, **kwargs)

    send_unicode = send_string

    def send_json(self, obj: Any, flags: int = 0, callback: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        """Sends `obj` as JSON. kwargs: json.dumps's."""
        self.send(jsonapi.dumps(obj, **kwargs), flags=flags, callback=callback)

    def send_pyobj(
        self,
        obj: Any,
        flags: int = 0,
        protocol: int = -1,
        callback: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sends `obj` pickled. Only for peers that trust each other."""
        self.send(pickle.dumps(obj, protocol), flags, callback=callback, **kwargs)

    def _send_now(self, msg: Any, kwargs: dict[str, Any]) -> bool:
        """Whether there was room. An error is the message's status."""
        status: Any = None
        try:
            if self._plain_send and len(kwargs) == 3:
                if isinstance(msg, str):
                    raise TypeError(f"a message must be an iterable of parts, not one str ({msg!r:.40})")
                parts = tuple(msg)
                if not parts:
                    raise IndexError("a message has at least one part")
                result = tries.send_parts(self.socket, parts, **kwargs)
                if result is None:
                    return False
                status = result[0]
            else:
                status = self.socket.send_multipart(msg, **{**kwargs, "flags": kwargs["flags"] | Flag.DONTWAIT})
        except _zmq.Again:
            return False
        except _zmq.ZMQError as error:
            gen_log.error("SEND Error: %s", error)
            status = error
        if self._send_callback is not None:
            self._sent.append((msg, status))
            self._schedule()
        return True

    # ---- state ----

    def receiving(self) -> bool:
        """Whether there is a callback for messages."""
        return self._recv_callback is not None

    def sending(self) -> bool:
        """Whether messages wait to be sent, or their callbacks to be called."""
        return bool(self._send_queue or self._sent)

    def closed(self) -> bool:
        """Whether the stream, or its socket, is closed."""
        if self.socket is None:
            return True
        if self.socket.closed:
            self.close()
            return True
        return False

    def flush(self, flag: int = _IN | _OUT, limit: int | None = None) -> int:
        """Receives and sends what can be at once, and calls the callbacks, without a turn of the loop.

        flag : POLLIN, POLLOUT or both.  limit : messages; None for no limit.

        Returns how many messages were received and sent.
        """
        self._check_closed()
        done = 0
        while self.socket is not None and (limit is None or done < limit):
            before = done
            if flag & _OUT:
                if self._sent:
                    self._call_sent()
                    done += 1
                elif self._send_queue and self._send_next():
                    done += 0 if self._sent else 1
                    continue
            if flag & _IN and self.socket is not None and self._recv_callback is not None and self._receive_one():
                done += 1
            if done == before:
                break
        if self.socket is not None:
            self._schedule_if_ready(_IN | _OUT)
        return done

    def close(self, linger: int | None = None) -> None:
        """Closes the socket, and stops watching it."""
        if self.socket is None:
            return
        if self.socket.closed:
            warnings.warn(
                f"closing a stream after closing socket: descriptor {self._fd} may be somebody else's by now; "
                "close the stream instead of its socket",
                UserWarning,
                stacklevel=2,
            )
            self.io_loop.remove_handler(self._fd)
        else:
            self.io_loop.remove_handler(self._fd)
            self.socket.close(linger)
        self.socket = None
        if self._close_callback is not None:
            self._run_callback(self._close_callback)

    # ---- the loop ----

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.io_loop.add_callback(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self.socket is not None:
            self._handle_events(self._fd, 0)

    def _schedule_if_ready(self, wanted: int) -> None:
        """What was told by an answer to EVENTS the descriptor tells no more."""
        if self._sent:
            self._schedule()
            return
        events = tries.events(self.socket)
        if (events & wanted & _IN and self._recv_callback is not None) or (events & wanted & _OUT and self._send_queue):
            self._schedule()

    def _handle_events(self, fd: int, events: int) -> None:
        if self.socket is None:
            gen_log.warning("events for a stream that is closed: %s", fd)
            return
        if self.socket.closed:
            gen_log.warning("events for the closed socket of a stream: %s", fd)
            return
        try:
            if self._send_queue or self._sent:
                self._flush_out()
            if self.socket is None:
                return
            if self._recv_callback is None:
                tries.events(self.socket)
                return
            self._receive()
        except _zmq.ContextTerminated:
            self.io_loop.remove_handler(self._fd)
        finally:
            if self.socket is not None and not self._scheduled and (self._send_queue or self._sent):
                self._schedule_if_ready(_OUT)

    def _receive(self) -> None:
        """Messages and their callbacks, for a while."""
        began = 0.0
        try:
            for count in range(1, _AT_A_TIME + 1):
                if self._recv_callback is None or not self._receive_one():
                    break
                if self.socket is None:
                    return
                if count & 3 == 0:
                    now = time.monotonic()
                    if began and now - began > _LONG:
                        break
                    began = began or now
        finally:
            # (Asking is what the contract of FD wants before it is slept on.)
            if (
                self.socket is not None
                and self._recv_callback is not None
                and not self.socket.closed
                and tries.events(self.socket) & _IN
            ):
                self._schedule()

    def _receive_one(self) -> bool:
        callback = self._recv_callback
        try:
            if self._plain_recv:
                message = tries.recv_parts(self.socket, self._recv_copy)
                if message is None:
                    return False
            else:
                message = self.socket.recv_multipart(Flag.DONTWAIT, copy=self._recv_copy)
        except _zmq.Again:
            return False
        except _zmq.ContextTerminated:
            raise
        except _zmq.ZMQError as error:
            if error.errno not in (_zmq.EFSM, _zmq.ENOTSUP):  # it is not this socket's turn to receive
                gen_log.error("RECV Error: %s", error)
            return False
        if callback is not None:
            self._run_callback(callback, message)
        return True

    def _flush_out(self) -> None:
        for _ in range(_AT_A_TIME):
            if self._sent:
                self._call_sent()
            elif not self._send_queue or not self._send_next():
                break
            if self.socket is None:
                break

    def _send_next(self) -> bool:
        """Whether the message that has waited longest was sent."""
        msg, kwargs = self._send_queue[0]
        try:
            if not self._send_now(msg, kwargs):
                return False
        except Exception:
            self._send_queue.popleft()
            raise
        self._send_queue.popleft()
        return True

    def _call_sent(self) -> None:
        message, status = self._sent.popleft()
        if self._send_callback is not None:
            self._run_callback(self._send_callback, message, status)

    def _run_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Calls it; what it raises is logged and goes on. What it gives to await is awaited by a task."""
        try:
            result = callback(*args, **kwargs)
        except Exception:
            gen_log.error("Uncaught exception in ZMQStream callback", exc_info=True)
            raise
        if isawaitable(result):
            asyncio.ensure_future(result).add_done_callback(_log_failure)

    def _check_closed(self) -> None:
        if self.socket is None:
            raise OSError("Stream is closed")


def _log_failure(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and future.exception() is not None:
        gen_log.error("Uncaught exception in ZMQStream callback", exc_info=future.exception())


def _plain(socket: Any, name: str) -> bool:
    return getattr(type(socket), name) is getattr(_zmq.Socket, name)


_OF_THE_SOCKET = (
    "bind",
    "bind_to_random_port",
    "connect",
    "setsockopt",
    "getsockopt",
    "setsockopt_string",
    "getsockopt_string",
    "setsockopt_unicode",
    "getsockopt_unicode",
)

__all__ = ["ZMQStream"]
