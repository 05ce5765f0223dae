"""Steerable proxies: with a fourth socket from which they take PAUSE, RESUME, TERMINATE and STATISTICS."""

from __future__ import annotations

from typing import Any

from zmqpy._core.device import proxy_steerable
from zmqpy.constants import SocketType
from zmqpy.devices.proxydevice import ProcessProxy, Proxy, ProxyBase, ThreadProxy


class ProxySteerableBase:
    """What steerable proxies add to proxies: the control socket. ctrl_type : its SocketType; it must be given."""

    def __init__(
        self, in_type: int, out_type: int, mon_type: int = SocketType.PUB, ctrl_type: int | None = None
    ) -> None:
        ProxyBase.__init__(self, in_type, out_type, mon_type)  # type: ignore[arg-type]
        self.ctrl_type = ctrl_type
        self._ctrl_binds: list[str] = []
        self._ctrl_connects: list[str] = []
        self._ctrl_sockopts: list[tuple[int, Any]] = []

    def bind_ctrl(self, addr: str) -> None:
        """Lets the control socket listen at `addr`."""
        self._ctrl_binds.append(addr)

    def bind_ctrl_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Lets the control socket listen at a free port of `addr`; returns the port."""
        port: int = self._reserve_random_port(addr, *args, **kwargs)  # type: ignore[attr-defined]
        self.bind_ctrl(f"{addr}:{port}")
        return port

    def connect_ctrl(self, addr: str) -> None:
        """Lets the control socket connect to `addr`."""
        self._ctrl_connects.append(addr)

    def setsockopt_ctrl(self, opt: int, value: Any) -> None:
        """Sets an option of the control socket, before it is bound or connected."""
        self._ctrl_sockopts.append((opt, value))

    def _setup_sockets(self) -> Any:
        ins, outs, mons = ProxyBase._setup_sockets(self)  # type: ignore[arg-type]
        ctrls = self._prepare(self.ctrl_type, self._ctrl_sockopts, self._ctrl_binds, self._ctrl_connects)  # type: ignore[attr-defined]
        return ins, outs, mons, ctrls

    def run_device(self) -> None:
        """Makes the sockets and forwards until TERMINATE comes or the context ends."""
        ins, outs, mons, ctrls = self._setup_sockets()
        proxy_steerable(ins, outs, mons, ctrls)


class ProxySteerable(ProxySteerableBase, Proxy):
    """A steerable proxy in the thread that starts it."""


class ThreadProxySteerable(ProxySteerableBase, ThreadProxy):
    """A steerable proxy in a thread of this process."""


class ProcessProxySteerable(ProxySteerableBase, ProcessProxy):
    """A steerable proxy in a process of its own."""


__all__ = ["ProcessProxySteerable", "ProxySteerable", "ThreadProxySteerable"]
