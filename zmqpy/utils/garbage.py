"""Objects kept until a message says that they are no longer needed: for C code that was written for pyzmq's collector.

zmqpy's own frames do without: the engine tells when it is done with a buffer (_core/frame.pyx). Whoever stores an object here
sends its key, 8 bytes in the machine's order, with a PUSH socket to `GarbageCollector.url` in `GarbageCollector.context`.
"""

from __future__ import annotations

import atexit
import struct
import warnings
from os import getpid
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import zmqpy

_KEY = struct.Struct("@Q")
_STOP = b""


class gcref(NamedTuple):
    """What is stored: the object, and an Event to set when it is let go, or None."""

    obj: object
    event: Event | None


class GarbageCollectorThread(Thread):
    """Receives keys and lets the objects go. ready : set once it listens, or has failed to."""

    def __init__(self, gc: GarbageCollector) -> None:
        super().__init__(daemon=True)
        self.gc = gc
        self.pid: int | None = None
        self.ready: Event = Event()

    def run(self) -> None:
        """Until told to stop, or the context ends."""
        try:
            self.pid = getpid()
            socket = self.gc.context.socket(zmqpy.PULL)
            socket.linger = 0
            with socket:
                socket.bind(self.gc.url)
                self.ready.set()
                self._serve(socket)
                socket.unbind(self.gc.url)  # another libzmq frees the name some time after close
        except zmqpy.ContextTerminated:
            pass
        finally:
            self.ready.set()

    def _serve(self, socket: zmqpy.Socket[bytes]) -> None:
        while True:
            message = socket.recv()
            if message == _STOP:
                return
            if len(message) == _KEY.size:
                reference = self.gc.refs.pop(_KEY.unpack(message)[0], None)
                event = reference.event if reference is not None else None
                del reference  # before anybody is told that the object is let go
                if event is not None:
                    event.set()


class GarbageCollector:
    """Keeps objects and lets them go; its thread starts with the first object.

    context : zmqpy.Context to listen in; None: one of its own.  refs : what is stored, by key.
    """

    refs: dict[int, gcref]
    _context: Any = None
    url: str = "inproc://pyzmq.gc.01"

    def __init__(self, context: zmqpy.Context[Any] | None = None) -> None:
        self.refs = {}
        self.pid: int | None = None
        self.thread: GarbageCollectorThread | None = None
        self._context = context
        self._lock = Lock()
        self._stay_down = False
        self._push: Any = None
        atexit.register(self._atexit)

    @property
    def context(self) -> zmqpy.Context[Any]:
        """The context in which it listens."""
        if self._context is None:
            self._context = zmqpy.Context()
        context: zmqpy.Context[Any] = self._context
        return context

    @context.setter
    def context(self, ctx: zmqpy.Context[Any]) -> None:
        if self.is_alive() and self.refs:
            warnings.warn("the context of a garbage collector in use is replaced", RuntimeWarning, stacklevel=2)
        self._context = ctx

    def _atexit(self) -> None:
        self._stay_down = True
        self.stop()

    def stop(self) -> None:
        """Ends the thread and lets go what is stored; `store` starts it again."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        thread = self.thread
        if thread is not None and self.is_alive():
            self._push_socket.send(_STOP)
            thread.join()
        self.refs.clear()
        self._clear()

    def _clear(self) -> None:
        """Gives up the socket to the thread; that of a parent process belongs there."""
        if self._push is not None:
            self._push.close()
        self._push = None

    @property
    def _push_socket(self) -> Any:
        """The socket that reaches the thread, for one thread at a time."""
        if self._push is None or getpid() != self.pid:
            self._push = self.context.socket(zmqpy.PUSH)
            self._push.connect(self.url)
        return self._push

    def start(self) -> None:
        """Starts the thread, in a forked child a new one with a new context, and waits until it listens."""
        if self.thread is not None and self.pid != getpid():
            self._clear()
            self._context = None
        self.pid = getpid()
        self.thread = GarbageCollectorThread(self)
        self.thread.start()
        self.thread.ready.wait()

    def is_alive(self) -> bool:
        """Whether the thread runs, in this process."""
        return self.thread is not None and self.pid == getpid() and self.thread.is_alive()

    def store(self, obj: object, event: Event | None = None) -> int:
        """Keeps `obj` until its key comes; returns the key. event : set then."""
        if not self.is_alive():
            with self._lock:
                if not self.is_alive() and not self._stay_down:
                    self.start()
        reference = gcref(obj, event)
        key = id(reference)
        self.refs[key] = reference
        return key


#: The collector of this process.
gc: GarbageCollector = GarbageCollector()
