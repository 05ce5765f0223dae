"""Device, what every device has: its two sockets and their settings, a life cycle, and where it runs.

What is done with the sockets is run_device, which the other modules of this folder replace.
"""

from __future__ import annotations

import time
from multiprocessing import Process
from threading import Thread
from typing import Any, Callable

from zmqpy._core.device import proxy
from zmqpy.constants import DeviceType, Errno, SocketType
from zmqpy.context import Context
from zmqpy.error import ZMQBindError, ZMQError

#: Seconds for which a port that was reserved is tried when it is bound: another libzmq frees it a moment after it says so.
_FREED_WITHIN = 2.0
#: How often bind_*_to_random_port starts again because the device has that port already.
_PORT_TRIES = 100


class Device:
    """A proxy between two sockets of its own, in the thread that calls `start`.

    device_type : DeviceType; makes no difference.
    in_type, out_type : SocketType of the two sides; out_type -1: one socket is both.

    daemon : whether a background device lets the process end while it runs; True.
    done : whether it has ended.  context_factory : what makes its context; set it to use one's own.
    """

    daemon: bool
    done: bool
    _context: Any

    context_factory: Callable[[], Any] = Context.instance

    def __init__(
        self, device_type: int = DeviceType.QUEUE, in_type: int | None = None, out_type: int | None = None
    ) -> None:
        self.device_type = device_type
        if in_type is None:
            raise TypeError("in_type must be specified")
        if out_type is None:
            raise TypeError("out_type must be specified")
        self.in_type = in_type
        self.out_type = out_type
        self._in_binds: list[str] = []
        self._in_connects: list[str] = []
        self._in_sockopts: list[tuple[int, Any]] = []
        self._out_binds: list[str] = []
        self._out_connects: list[str] = []
        self._out_sockopts: list[tuple[int, Any]] = []
        self._random_addrs: list[str] = []
        self.daemon = True
        self.done = False
        self._sockets: list[Any] = []

    # ---- settings ----

    def bind_in(self, addr: str) -> None:
        """Lets the in socket listen at `addr`."""
        self._in_binds.append(addr)

    def bind_in_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Lets the in socket listen at a free port of `addr`; returns the port. Other arguments: Socket.bind_to_random_port."""
        port = self._reserve_random_port(addr, *args, **kwargs)
        self.bind_in(f"{addr}:{port}")
        return port

    def connect_in(self, addr: str) -> None:
        """Lets the in socket connect to `addr`."""
        self._in_connects.append(addr)

    def setsockopt_in(self, opt: int, value: Any) -> None:
        """Sets an option of the in socket, before it is bound or connected."""
        self._in_sockopts.append((opt, value))

    def bind_out(self, addr: str) -> None:
        """Lets the out socket listen at `addr`."""
        self._out_binds.append(addr)

    def bind_out_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Lets the out socket listen at a free port of `addr`; returns the port."""
        port = self._reserve_random_port(addr, *args, **kwargs)
        self.bind_out(f"{addr}:{port}")
        return port

    def connect_out(self, addr: str) -> None:
        """Lets the out socket connect to `addr`."""
        self._out_connects.append(addr)

    def setsockopt_out(self, opt: int, value: Any) -> None:
        """Sets an option of the out socket, before it is bound or connected."""
        self._out_sockopts.append((opt, value))

    def _reserve_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """A port of `addr` that is free and that this device has not been given before."""
        with Context() as context, context.socket(SocketType.PUSH) as probe:
            for _ in range(_PORT_TRIES):
                port = probe.bind_to_random_port(addr, *args, **kwargs)
                # Stays bound until the end, so that the next try gives another one.
                if f"{addr}:{port}" not in self._random_addrs:
                    self._random_addrs.append(f"{addr}:{port}")
                    return port
        raise ZMQBindError(f"no free port for {addr} in {_PORT_TRIES} tries")

    # ---- running ----

    def _bind(self, socket: Any, addr: str) -> None:
        """Binds; waits until a port that was reserved is free again."""
        deadline = time.monotonic() + _FREED_WITHIN
        while True:
            try:
                socket.bind(addr)
                return
            except ZMQError as error:
                if error.errno != Errno.EADDRINUSE or addr not in self._random_addrs or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _prepare(self, socket_type: int, options: list[tuple[int, Any]], binds: list[str], connects: list[str]) -> Any:
        """A socket more, made, set, bound and connected."""
        socket = self._context.socket(socket_type)
        self._sockets.append(socket)
        for option, value in options:
            socket.setsockopt(option, value)
        for addr in binds:
            self._bind(socket, addr)
        for addr in connects:
            socket.connect(addr)
        return socket

    def _setup_sockets(self) -> Any:
        """Makes the sockets that run_device uses."""
        self._context = self.context_factory()
        ins = self._context.socket(self.in_type)
        self._sockets.append(ins)
        if self.out_type < 0:
            outs = ins
        else:
            outs = self._context.socket(self.out_type)
            self._sockets.append(outs)
        sides = (
            (ins, self._in_sockopts, self._in_binds, self._in_connects),
            (outs, self._out_sockopts, self._out_binds, self._out_connects),
        )
        for socket, options, _, _ in sides:
            for option, value in options:
                socket.setsockopt(option, value)
        for socket, _, binds, _ in sides:
            for addr in binds:
                self._bind(socket, addr)
        for socket, _, _, connects in sides:
            for addr in connects:
                socket.connect(addr)
        return ins, outs

    def run_device(self) -> None:
        """Makes the sockets and forwards until the context ends. Raises ContextTerminated, ZMQError."""
        ins, outs = self._setup_sockets()
        proxy(ins, outs)

    def _close_sockets(self) -> None:
        for socket in self._sockets:
            if socket and not socket.closed:
                socket.close()
        self._sockets.clear()

    def run(self) -> None:
        """Runs the device here until its context is terminated or its sockets are closed. Raises ZMQError for other errors."""
        try:
            self.run_device()
        except ZMQError as error:
            if error.errno not in (Errno.ETERM, Errno.ENOTSOCK):
                raise
        finally:
            self.done = True
            self._close_sockets()

    def start(self) -> None:
        """Runs the device; background devices return at once."""
        self.run()

    def join(self, timeout: float | None = None) -> None:
        """Waits until the device has ended, `timeout` seconds at most."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done and (deadline is None or time.monotonic() < deadline):
            time.sleep(0.005)


class BackgroundDevice(Device):
    """A device that `start` starts somewhere else. launcher : the Thread or Process that runs it, None before."""

    launcher: Any = None
    _launch_class: Any = None

    def start(self) -> None:
        """Starts the device and returns."""
        self.launcher = self._launch_class(target=self.run)
        self.launcher.daemon = self.daemon
        self.launcher.start()

    def join(self, timeout: float | None = None) -> None:
        """Waits until the thread or process has ended, `timeout` seconds at most."""
        self.launcher.join(timeout=timeout)


class ThreadDevice(BackgroundDevice):
    """A device in a thread of this process, with Context.instance()."""

    _launch_class = Thread


class ProcessDevice(BackgroundDevice):
    """A device in a process of its own, which also has a context of its own."""

    _launch_class = Process
    context_factory: Callable[[], Any] = Context


__all__ = ["Device", "ProcessDevice", "ThreadDevice"]
