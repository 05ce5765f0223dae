"""What happens to a socket's connections, as objects: Socket.events and Context.events.

Over our engine each event says who it was about, and there may be any number of readers. Another libzmq has one monitor a socket (which
get_monitor_socket uses as well), tells one end's address and no more, and none for a whole context.
"""

from __future__ import annotations

import contextlib
import errno as _errno
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet, ref

from zmqpy._core import facts
from zmqpy._core.context import Context as _Context
from zmqpy._core.errors import has, strerror
from zmqpy._core.handle import owner_at
from zmqpy.constants import ContextOption, Errno, Event, SocketOption, SocketType
from zmqpy.error import ZMQError, ZMQNotSupported
from zmqpy.utils.monitor import parse_monitor_message

_SYSTEM_ERRORS = Event.ACCEPT_FAILED | Event.BIND_FAILED | Event.CLOSE_FAILED | Event.HANDSHAKE_FAILED_NO_DETAIL
_PREFIX = "PROTOCOL_ERROR_"
_numbers = itertools.count()
_watched: dict[int, WeakSet[Events]] = {}  # address of a C context -> those that read for all of its sockets
_open: dict[int, WeakSet[Events]] = {}  # likewise -> all
_lock = (
    threading.RLock()
)  # of these two and all _sources; it may be taken again by a __del__ that runs while it is held


def _forked() -> None:
    """The lock may have been held by a thread that the child does not have."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def readers_in(registry: dict[int, WeakSet[Events]], context: int) -> list[Events]:
    """Those of a C context, as they are now."""
    with _lock:
        return list(registry.get(context, ()))


def enter(registry: dict[int, WeakSet[Events]], found: Events) -> None:
    with _lock:
        registry.setdefault(found._context, WeakSet()).add(found)


@dataclass(frozen=True)
class SocketEvent:
    """One event of one socket. What is not known is empty."""

    event: Event  #: Event.CONNECTED, ACCEPTED, HANDSHAKE_SUCCEEDED, ...
    socket: Any  #: the Socket, None if it is nobody's any more
    socket_type: str  #: "PUSH", ...
    local: str  #: this socket's end: the name bound, or an address
    remote: str  #: the other's: the name connected to, or an address
    routing_id: bytes  #: that the peer has announced, or a ROUTER knows it by
    mechanism: str  #: "NULL", "PLAIN", "CURVE"
    user_id: str  #: that ZAP's handler has given it
    reason: str  #: in words, why it failed, was closed, or when it is tried again
    value: int  #: the number that came with it: a descriptor, an errno, ms, a protocol error or ZAP's status
    time: float  #: when it happened, as time.monotonic() says it

    @property
    def name(self) -> str:
        """ "connected", "accepted", "handshake_succeeded", ..."""
        return name_of(self.event)

    def __str__(self) -> str:
        """The event in one line."""
        words = [self.name]
        if self.local and self.remote:
            words.append(f"{self.local} <-> {self.remote}")
        elif self.local or self.remote:
            words.append(self.local or self.remote)
        words += [f"{what} {value}" for what, value in self._who() if value]
        return " ".join(words) + (f": {self.reason}" if self.reason else "")

    def _who(self) -> list[tuple[str, Any]]:
        return [("id", self.routing_id), ("by", self.mechanism), ("user", self.user_id)]


def no_socket() -> None:
    """As a reference to a socket that is gone."""


_NOBODY = ("", no_socket, "", 0)  # as an entry of Events._sources


def name_of(event: int) -> str:
    """The name of an event in lower case."""
    try:
        return str(Event(event).name).lower()
    except ValueError:
        return f"event_{event}"


def reason_of(event: int, value: int, errno: int) -> str:
    """What an event's numbers mean."""
    if event == Event.DISCONNECTED:
        if errno in (_errno.EPIPE, _errno.ECONNRESET):
            return "the peer has ended the connection"
        if errno == _errno.EAGAIN:
            return "the handshake took too long"
        return strerror(errno) if errno else ""
    if event == Event.CONNECT_RETRIED:
        return f"again in {value} ms"
    if event == Event.HANDSHAKE_FAILED_AUTH:
        return f"ZAP's handler answered {value}"
    if event == Event.HANDSHAKE_FAILED_PROTOCOL:
        return protocol_error(value)
    if event & _SYSTEM_ERRORS:
        return strerror(value)
    return ""


def protocol_error(number: int) -> str:
    """A ZMQ_PROTOCOL_ERROR_... in words."""
    name = next((name for name, value in Event.__members__.items() if value == number and name.startswith(_PREFIX)), "")
    return name[len(_PREFIX) :].replace("_", " ").lower() or f"protocol error {number:#x}"


class Events:
    """Events of a socket, or of all sockets of a context, as they come: an iterator, which ends with them or when it is closed.

    `socket` is what they are received from, for a Poller. As a context manager it is closed at the end.
    """

    def __init__(self, context: Any, receiver: type[Any], events: int, timeout: float | None) -> None:
        """receiver : class of sockets that receive them.  timeout : ms, RCVTIMEO of the one made of it."""
        self._closed = True  # until all is there that close needs
        _Context.get(context, ContextOption.IO_THREADS)  # raises what a context that has ended does
        self._events = int(events)
        self._sources: dict[
            int, tuple[str, Any, str, int]
        ] = {}  # address -> name of its monitor, reference to the socket, its type, since when (ns)
        self._own = has("zmqpy-engine")
        self._one: Any = None
        self.reader: threading.Thread | None = None  # one of ours: what has happened is read before its context ends
        self._context = context.underlying
        self.socket: Any = receiver(context, SocketType.PULL if self._own else SocketType.PAIR)
        self.socket.linger = 0
        self.socket.rcvhwm = 0
        if timeout is not None:
            self.socket.rcvtimeo = int(timeout)
        context._add_socket(self.socket)
        self._closed = False
        enter(_open, self)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def watch(self, socket: Any) -> None:
        """From now on the events of this one as well. One that it watches already it watches once."""
        address = socket.underlying
        name = f"inproc://zmqpy.events-{os.getpid()}-{next(_numbers)}"
        with _lock:
            known = self._sources.get(address)
            if known is not None and known[1]() is socket:
                return
            self._sources[address] = (name, ref(socket), socket._type_name, time.monotonic_ns())
        try:
            self._attach(socket, name)
        except BaseException:
            with _lock:
                if self._sources.get(address, _NOBODY)[0] == name:
                    del self._sources[address]
            raise

    def _attach(self, socket: Any, name: str) -> None:
        """Has the socket's events come by an endpoint."""
        if not self._own:
            if socket._monitor_socket is not None and not socket._monitor_socket.closed:
                raise ZMQError(_errno.EBUSY, "this libzmq has one monitor for each socket, and it is in use")
            socket.monitor(name, self._events)
            self.socket.connect(name)
            return
        self.socket.connect(name)
        try:
            facts.monitor(socket, name, self._events)
        except BaseException:
            self.socket.disconnect(name)
            raise

    def close(self) -> None:
        """Receives no more. Whoever waits for an event gets to the end."""
        with _lock:
            if self._closed:
                return
            self._closed = True
            sources, self._sources = self._sources, {}
            for registry in (_watched, _open):
                if self._context in registry:
                    registry[self._context].discard(self)
        for name, reference, *_ in sources.values():
            socket = reference()
            if socket is None:
                continue
            try:
                if self._own:
                    facts.monitor(socket, name, 0)
                else:
                    socket.monitor(None, 0)
            except (ZMQError, RuntimeError):
                pass  # it is closed, or its context has ended
        if not self.socket._forked:
            self.socket.close(0)
        context = self.socket.context
        if context is not None:
            context._rm_socket(self.socket)

    def made_of(self, frames: list[bytes]) -> SocketEvent | None:
        """The event of a monitor's message; None: it is the end of one."""
        if self._own:
            number, value, when, address, errno = facts.event_head(frames[0])
            local, remote = (frame.decode("utf-8", "replace") for frame in frames[1:3])
            routing_id, mechanism, user_id = frames[3], frames[4].decode(), frames[5].decode("utf-8", "replace")
            seconds = when / 1e9
            with _lock:
                source = self._sources.get(address, _NOBODY)
                if when < source[3]:
                    source = _NOBODY  # of a socket that has had this address before
                elif number == Event.MONITOR_STOPPED:
                    self._sources.pop(address, None)
            _, reference, kind, _ = source
            socket = reference()
        else:
            message = parse_monitor_message(frames)
            number, value, errno = message["event"], message["value"], 0
            name = message["endpoint"].decode("utf-8", "replace")
            here = number & (Event.LISTENING | Event.BIND_FAILED | Event.ACCEPTED | Event.ACCEPT_FAILED)
            local, remote = (name, "") if here else ("", name)
            routing_id, mechanism, user_id, seconds = b"", "", "", time.monotonic()
            socket, kind = self._one, self._one._type_name
        if number == Event.MONITOR_STOPPED:
            return None
        return SocketEvent(
            Event(number),
            socket,
            kind,
            local,
            remote,
            routing_id,
            mechanism,
            user_id,
            reason_of(number, value, errno),
            value,
            seconds,
        )

    def _ended(self) -> bool:
        """Whether the end of a monitor is the end of all."""
        if self._one is None:
            return False
        self.close()
        return True


class SocketEvents(Events, Iterator[SocketEvent]):
    """Events for threads and greenlets. With a time-out `next` raises Again when it is over."""

    def __iter__(self) -> SocketEvents:
        return self

    def __next__(self) -> SocketEvent:
        while not self._closed:
            event = self.made_of(next(self.socket))
            if event is not None:
                return event
            if self._ended():
                break
        raise StopIteration


class AsyncSocketEvents(Events, AsyncIterator[SocketEvent]):
    """Events for event loops. With a time-out `anext` raises Again when it is over."""

    def __aiter__(self) -> AsyncSocketEvents:
        return self

    async def __anext__(self) -> SocketEvent:
        while not self._closed:
            event = self.made_of(await self.socket.__anext__())
            if event is not None:
                return event
            if self._ended():
                break
        raise StopAsyncIteration

    async def __aenter__(self) -> AsyncSocketEvents:
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self.close()


def of_socket(socket: Any, events: int, timeout: float | None) -> Any:
    """Socket.events."""
    socket.get(SocketOption.TYPE)  # raises what a closed socket does
    kind, receiver = socket._events_classes()
    found = kind(socket.context, receiver, events, timeout)
    found._one = socket
    try:
        found.watch(socket)
    except BaseException:
        found.close()
        raise
    return found


def of_context(context: Any, events: int, timeout: float | None) -> Any:
    """Context.events."""
    if not has("zmqpy-engine"):
        raise ZMQNotSupported("Context.events needs zmqpy's own engine; Socket.events works with every libzmq")
    kind, receiver = context._socket_class._events_classes()
    return watch_context(context, kind(context, receiver, events, timeout))


def read_all(context: Any) -> SocketEvents:
    """All events of a context, for a thread to read."""
    from zmqpy.socket import Socket

    found: SocketEvents = watch_context(context, SocketEvents(context, Socket, Event.ALL, None))
    return found


def watch_context(context: Any, found: Events) -> Any:
    """Has it read for all sockets of a context."""
    enter(_watched, found)
    for address, _, closed, *_ in facts.sockets(context.underlying):
        socket = owner_at(address)
        if not closed and socket is not None:
            watch_also(found, socket)
    return found


def socket_made(context: Any, socket: Any) -> None:
    """A context has a new socket: those who read for all of its sockets hear of this one."""
    if not _watched:
        return
    for found in readers_in(_watched, context.underlying):
        watch_also(found, socket)


def watch_also(found: Events, socket: Any) -> None:
    """One more of a context's sockets, but no reader's."""
    readers = [reader.socket.underlying for reader in readers_in(_open, found._context)]
    if socket.underlying in readers:
        return
    try:
        found.watch(socket)
    except ZMQError as error:  # closed by another thread
        if error.errno not in (Errno.ENOTSOCK, Errno.ETERM):
            raise


def context_ends(context: Any) -> None:
    """Whoever reads events of a context's sockets does not keep it from its end."""
    with _lock:
        _watched.pop(context.underlying, None)
        readers = list(_open.pop(context.underlying, ()))
    for found in readers:
        thread = found.reader
        until = time.monotonic() + 1
        with contextlib.suppress(ZMQError):
            while thread is not None and thread.is_alive() and found.socket.poll(0) and time.monotonic() < until:
                time.sleep(0.001)
        found.close()
        if thread is not None:
            thread.join(1)


__all__ = ["AsyncSocketEvents", "Events", "SocketEvent", "SocketEvents"]
