"""Proxy devices: with a third socket that gets a copy of every message."""

from __future__ import annotations

from typing import Any

from zmqpy._core.device import proxy
from zmqpy.constants import DeviceType, SocketType
from zmqpy.devices.basedevice import Device, ProcessDevice, ThreadDevice


class ProxyBase:
    """What proxies add to a device: the monitoring socket. mon_type : its SocketType."""

    def __init__(self, in_type: int, out_type: int, mon_type: int = SocketType.PUB) -> None:
        Device.__init__(self, DeviceType.QUEUE, in_type, out_type)  # type: ignore[arg-type]
        self.mon_type = mon_type
        self._mon_binds: list[str] = []
        self._mon_connects: list[str] = []
        self._mon_sockopts: list[tuple[int, Any]] = []

    def bind_mon(self, addr: str) -> None:
        """Lets the monitoring socket listen at `addr`."""
        self._mon_binds.append(addr)

    def bind_mon_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Lets the monitoring socket listen at a free port of `addr`; returns the port."""
        port: int = self._reserve_random_port(addr, *args, **kwargs)  # type: ignore[attr-defined]
        self.bind_mon(f"{addr}:{port}")
        return port

    def connect_mon(self, addr: str) -> None:
        """Lets the monitoring socket connect to `addr`."""
        self._mon_connects.append(addr)

    def setsockopt_mon(self, opt: int, value: Any) -> None:
        """Sets an option of the monitoring socket, before it is bound or connected."""
        self._mon_sockopts.append((opt, value))

    def _setup_sockets(self) -> Any:
        ins, outs = Device._setup_sockets(self)  # type: ignore[arg-type]
        mons = self._prepare(self.mon_type, self._mon_sockopts, self._mon_binds, self._mon_connects)  # type: ignore[attr-defined]
        return ins, outs, mons

    def run_device(self) -> None:
        """Makes the sockets and forwards until the context ends."""
        ins, outs, mons = self._setup_sockets()
        proxy(ins, outs, mons)


class Proxy(ProxyBase, Device):
    """A proxy in the thread that starts it."""


class ThreadProxy(ProxyBase, ThreadDevice):
    """A proxy in a thread of this process."""


class ProcessProxy(ProxyBase, ProcessDevice):
    """A proxy in a process of its own."""


__all__ = ["ProcessProxy", "Proxy", "ThreadProxy"]
