from asyncio import Future
from collections.abc import Iterable
from typing import Any, Literal, NoReturn, overload

from zmqpy._core.frame import Frame
from zmqpy._core.socket import Socket
from zmqpy.tracker import MessageTracker

class AsyncSocket(Socket):
    @overload  # type: ignore[override]
    def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> Future[bytes]: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Future[Frame]: ...
    @overload
    def recv(self, flags: int, copy: Literal[False], track: bool = False) -> Future[Frame]: ...
    @overload
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Future[bytes] | Future[Frame]: ...  # pyright: ignore[reportIncompatibleMethodOverride]
    @overload  # type: ignore[override]
    def recv_multipart(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> Future[list[bytes]]: ...
    @overload
    def recv_multipart(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Future[list[Frame]]: ...
    @overload
    def recv_multipart(self, flags: int, copy: Literal[False], track: bool = False) -> Future[list[Frame]]: ...
    @overload
    def recv_multipart(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[list[bytes]] | Future[list[Frame]]: ...
    def recv_into(self, buf: Any, /, *, nbytes: int = 0, flags: int = 0) -> Future[int]: ...  # type: ignore[override]
    def recv_many(self, max: int = 1000, flags: int = 0) -> Future[list[bytes | list[bytes]]]: ...  # type: ignore[override]
    def __aiter__(self) -> AsyncSocket: ...
    def __anext__(self) -> Future[bytes | list[bytes]]: ...
    def __iter__(self) -> NoReturn: ...
    def send(  # type: ignore[override]
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Future[MessageTracker | None]: ...
    def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Iterable[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Future[MessageTracker | None]: ...
    def send_many(self, messages: Iterable[Any], flags: int = 0) -> Future[int]: ...  # type: ignore[override]
    def poll(self, timeout: float | None = None, flags: int = 1) -> Future[int]: ...  # type: ignore[override]
    def end_waits(self) -> None: ...
    def get(self, key: int) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]
