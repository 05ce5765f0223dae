from typing import Any, Literal, overload

from zmqpy._core.frame import Frame
from zmqpy._core.socket import Socket
from zmqpy.tracker import MessageTracker

class TransferSocket(Socket):
    @overload
    def send(
        self,
        data: Any,
        flags: int = 0,
        copy: Literal[True] = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> None: ...
    @overload
    def send(
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> MessageTracker | None: ...
    def send_string(
        self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8", **kwargs: Any
    ) -> MessageTracker | None: ...
    @overload
    def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> bytes: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Frame: ...
    @overload
    def recv(self, flags: int, copy: Literal[False], track: bool = False) -> Frame: ...
    @overload
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes | Frame: ...
    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str: ...
    def recv_into(self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0) -> int: ...
    def poll(self, timeout: float | None = None, flags: int = 1) -> int: ...
