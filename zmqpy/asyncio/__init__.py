"""ZeroMQ for asyncio and the loops that take its place: sockets whose calls return futures of the running loop.

    from zmqpy.asyncio import Context

    socket = Context.instance().socket(zmq.DEALER)
    await socket.send(b"question")
    answer = await socket.recv()

Everything is a subclass of what `zmqpy` has by the same name. How waiting works is _core/async_socket.pyx's.
"""

from __future__ import annotations

import asyncio
import warnings
from asyncio import Future, SelectorEventLoop
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import zmqpy as _zmq
from zmqpy._core.async_socket import AsyncSocket as _AsyncSocket
from zmqpy.asyncio._poller import Poller
from zmqpy.asyncio._selectors import ProactorSelectorThreadWarning as ProactorSelectorThreadWarning
from zmqpy.asyncio._selectors import selector_of

if TYPE_CHECKING:
    from zmqpy.additions import _AsyncReadiness

_SocketT = TypeVar("_SocketT", bound="Socket")


class Socket(_AsyncSocket, _zmq.Socket[Any]):
    """A ZeroMQ socket for asyncio. Made by Context.socket(type).

    send, recv, poll and whatever is made of them return a Future of the running loop: done already if there was nothing to wait
    for. A future that is cancelled takes no message, and sends none. Closing the socket cancels those that wait.
    """

    _poller_class: ClassVar[Any] = Poller
    _sync_view: Any = None

    def __init__(
        self,
        context: Any = None,
        socket_type: int = -1,
        io_loop: Any = None,
        _from_socket: _zmq.Socket[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(context, _zmq.Socket):
            context, _from_socket = None, context
        if io_loop is not None:
            warnings.warn(
                "io_loop is ignored: a socket works with the loop that runs", DeprecationWarning, stacklevel=2
            )
        if _from_socket is not None:
            super().__init__(shadow=_from_socket)
        else:
            if socket_type == -1 and not kwargs.get("shadow"):
                raise TypeError("socket_type must be specified")
            super().__init__(context, max(socket_type, 0), **kwargs)

    def __repr__(self) -> str:
        return _named(self, super().__repr__())

    @classmethod
    def from_socket(cls: type[_SocketT], socket: _zmq.Socket[Any], io_loop: Any = None) -> _SocketT:
        """An asynchronous shadow of a socket."""
        return cls(_from_socket=socket, io_loop=io_loop)

    @property
    def _shadow_sock(self) -> _zmq.Socket[bytes]:
        """A synchronous shadow of this socket."""
        if self._sync_view is None:
            self._sync_view = _zmq.Socket(shadow=self.underlying)
        view: _zmq.Socket[bytes] = self._sync_view
        return view

    def _get_selector(self, io_loop: Any = None) -> Any:
        """What has add_reader for this loop."""
        return selector_of(io_loop)

    @classmethod
    def _events_classes(cls) -> tuple[Any, Any]:
        from zmqpy.events import AsyncSocketEvents

        return AsyncSocketEvents, Socket

    def _requests(self) -> Any:
        from zmqpy.asyncio._requests import LoopRequester
        from zmqpy.request import requester_of

        return requester_of(self, LoopRequester)

    async def _wait_until(self, wait: Any, timeout: float | None) -> Any:
        return await wait.on_loop(timeout, asyncio.sleep)

    async def __aenter__(self: _SocketT) -> _SocketT:
        return self

    async def __aexit__(self, *args: Any) -> None:
        self.close()

    def getsockopt(self, option: int) -> Any:
        """As `get`."""
        return self.get(option)

    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> Future[str]:  # type: ignore[override]
        """A future of a text. Its exception is UnicodeDecodeError if what came is none."""
        future: Future[str] = self._deserialize(self.recv(flags), lambda received: received.decode(encoding))
        return future

    recv_unicode = recv_string

    if TYPE_CHECKING:
        # Made of send, send_multipart and recv, and so futures too.
        def send_string(  # type: ignore[override]
            self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8", **kwargs: Any
        ) -> Future[_zmq.MessageTracker | None]: ...

        send_unicode = send_string  # type: ignore[assignment]

        def send_json(self, obj: Any, flags: int = 0, **kwargs: Any) -> Future[None]: ...
        def send_pyobj(  # type: ignore[override]
            self, obj: Any, flags: int = 0, protocol: int = ..., buffers: bool = False, **kwargs: Any
        ) -> Future[_zmq.MessageTracker | None]: ...
        def send_serialized(  # type: ignore[override]
            self, msg: Any, serialize: Callable[[Any], Any], flags: int = 0, copy: bool = True, **kwargs: Any
        ) -> Future[_zmq.MessageTracker | None]: ...

        events: _AsyncReadiness

        def wait_connected(  # type: ignore[override]
            self, n: int = 1, timeout: float | None = None
        ) -> Coroutine[Any, Any, int]: ...
        def wait_subscribers(  # type: ignore[override]
            self, topic: str | bytes = b"", n: int = 1, timeout: float | None = None
        ) -> Coroutine[Any, Any, int]: ...
        def flush(self, timeout: float | None = None) -> Coroutine[Any, Any, Any]: ...
        def request(  # type: ignore[override]
            self, parts: Any, timeout: float | None = None, retries: int = 0, backoff: float = 0
        ) -> Coroutine[Any, Any, list[bytes]]: ...
        def send_array(
            self, array: Any, flags: int = 0, copy: bool = False, track: bool = False
        ) -> Future[_zmq.MessageTracker | None]: ...
        def recv_array(self, flags: int = 0) -> Future[Any]: ...
        def send_msgpack(self, obj: Any, flags: int = 0, **kwargs: Any) -> Future[_zmq.MessageTracker | None]: ...
        def recv_msgpack(self, flags: int = 0, type: Any = None) -> Future[Any]: ...
        def recv_json(self, flags: int = 0, **kwargs: Any) -> Future[Any]: ...
        def recv_pyobj(self, flags: int = 0, buffers: bool = False) -> Future[Any]: ...
        def recv_serialized(
            self, deserialize: Callable[[list[Any]], Any], flags: int = 0, copy: bool = True
        ) -> Future[Any]: ...


class Context(_zmq.Context[Socket]):
    """A Context that makes sockets for asyncio. Context(context) is a shadow of that context."""

    _socket_class: ClassVar[Any] = Socket
    _instance: ClassVar[Any] = None
    _instance_pid: ClassVar[int | None] = None

    def __init__(self: Context, io_threads: int | _zmq.Context[Any] = 1, shadow: _zmq.Context[Any] | int = 0) -> None:
        super().__init__(io_threads, shadow)

    def __repr__(self) -> str:
        return _named(self, super().__repr__())

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(self, *args: Any) -> None:
        self.__exit__(*args)

    def _authentication_place(self) -> tuple[Any, ...]:
        from zmqpy.auth.place import on_running_loop

        return (on_running_loop(),)


def _named(instance: Any, text: str) -> str:
    """The text of repr, under the name that users import."""
    cls = type(instance)
    if cls.__module__ == __name__:
        return text.replace("<zmq.", "<zmq.asyncio.", 1)
    return text


class ZMQEventLoop(SelectorEventLoop):
    """Deprecated: any event loop will do."""

    def __init__(self, selector: Any = None) -> None:
        _deprecated()
        super().__init__(selector)


def _deprecated() -> None:
    warnings.warn(
        "ZMQEventLoop and install are deprecated: sockets work with any event loop", DeprecationWarning, stacklevel=3
    )


def install() -> None:
    """Deprecated, and does nothing."""
    _deprecated()


__all__ = ["Context", "Poller", "Socket", "ZMQEventLoop", "install"]
