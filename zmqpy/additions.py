"""What sockets and contexts have beyond pyzmq's: their methods, each made in the module named after what it does.

A class derived from Socket or Context may have methods of its own by these names; nothing here or elsewhere in zmqpy calls them by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zmqpy._core.options import OptionAttribute
from zmqpy.constants import Event, SocketOption

if TYPE_CHECKING:
    from zmqpy.events import AsyncSocketEvents, SocketEvents
    from zmqpy.peers import Peer
    from zmqpy.waiting import Wait


_new_int = int.__new__
_value_of = OptionAttribute.__get__
_LONGEST_TTL = 6553500  # ms, what a PING can say


class Readiness(int):
    """The option EVENTS, PollEvent flags; called, the events of the socket's connections."""

    _socket: Any

    def __call__(self, events: int = Event.ALL, timeout: float | None = None) -> SocketEvents:
        """What happens to the socket's connections, from now on, as SocketEvent objects: an iterator (`async for` with event loops).

        events : Event flags, those wanted.  timeout : ms, after which waiting for the next raises Again; None for no limit.
        It ends with the socket, or by its `close`. Costs nothing as long as there is none. See zmqpy.events.
        """
        from zmqpy.events import of_socket

        found: SocketEvents = of_socket(self._socket, events, timeout)
        return found

    def __reduce__(self) -> Any:
        return int, (int(self),)


if TYPE_CHECKING:

    class _AsyncReadiness(Readiness):
        """The same of sockets for event loops."""

        def __call__(self, events: int = Event.ALL, timeout: float | None = None) -> AsyncSocketEvents: ...  # type: ignore[override]


class EventsAttribute(OptionAttribute):
    """`socket.events`: pyzmq's name for the option EVENTS, and the method that is called so here."""

    def __init__(self) -> None:
        super().__init__(SocketOption.EVENTS, "EVENTS")

    def __get__(self, instance: Any, owner: Any = None) -> Readiness:
        value: Any = _value_of(self, instance, owner)
        if instance is not None:
            value = _new_int(Readiness, value)
            value._socket = instance
        ready: Readiness = value
        return ready


class SocketAdditions:
    """Methods of sockets."""

    __slots__ = ()

    events: EventsAttribute = EventsAttribute()

    @classmethod
    def _events_classes(cls) -> tuple[Any, Any]:
        """What `events` makes, and which sockets that receives from."""
        from zmqpy.events import SocketEvents
        from zmqpy.socket import Socket

        return SocketEvents, Socket

    # ---- requests ----

    _requester: Any = None

    def request(self, parts: Any, timeout: float | None = None, retries: int = 0, backoff: float = 0) -> list[bytes]:
        """Sends a request and waits for the reply that belongs to it: a list of bytes. REQ and DEALER.

        parts : bytes or str (UTF-8) for a request of one part, or an iterable of parts.
        timeout : ms that each try waits, None for ever.  retries : how often it is sent again.
        backoff : ms of a pause before the first retry, in which a reply still counts; each further pause is twice as long.

        A DEALER may have many under way, from as many threads or tasks: the server is a REP, or a ROUTER that sends the envelope back
        as it came. A REQ has one at a time, and is made REQ_CORRELATE and REQ_RELAXED. Do not receive otherwise from a DEALER that
        makes requests. A request that is sent again may be answered, and done, twice.

        Raises RequestFailed (a TimedOut and an Again), which says whether it was sent and who was connected; TypeError, ValueError.
        """
        from zmqpy.request import Call

        reply: list[bytes] = self._requests().request(self, Call(parts, timeout, retries, backoff))
        return reply

    def _requests(self) -> Any:
        """The Requester of this kind of socket."""
        from zmqpy.request import ThreadRequester, requester_of

        return requester_of(self, ThreadRequester)

    def liveness(self, interval: float) -> None:
        """Notices within about 3 intervals that a peer is gone, however it went: of what is bound or connected from now on.

        interval : ms between two signs of life; 0 for none. Both directions: this end closes a connection that has been silent for two
        intervals after it had asked, and has the peer close its end after three. A connecting end then connects again. Only peers that
        speak ZMTP 3.1 answer, as libzmq 4.2 and later do; others are left alone.
        """
        milliseconds = int(interval)
        if milliseconds < 0 or (interval and not milliseconds):
            raise ValueError(f"interval must be 0, or at least 1 ms, not {interval!r}")
        self.set(SocketOption.HEARTBEAT_IVL, milliseconds)  # type: ignore[attr-defined]
        if milliseconds:
            self.set(SocketOption.HEARTBEAT_TIMEOUT, 2 * milliseconds)  # type: ignore[attr-defined]
        self.set(SocketOption.HEARTBEAT_TTL, min(3 * milliseconds, _LONGEST_TTL))  # type: ignore[attr-defined]

    # ---- arrays and objects ----

    def send_array(self, array: Any, flags: int = 0, copy: bool = False, track: bool = False) -> Any:
        """Sends an array: numpy's, or whatever else has a buffer, or a tensor of the CPU by __dlpack__.

        copy : False sends the elements from where they lie: do not change them until they are gone (track=True returns a
        MessageTracker that knows). Only an array that is not contiguous is copied before. Raises TypeError for what cannot be sent so
        (Python objects, bfloat16), and what send_multipart raises.
        """
        from zmqpy.arrays import parts_of

        return self.send_multipart(parts_of(array), flags, copy=copy, track=track)  # type: ignore[attr-defined]

    def recv_array(self, flags: int = 0) -> Any:
        """Receives an array: numpy's where that is installed, else a memoryview, both in the message's own memory, and writable.

        Safe with anybody. Raises ValueError if the message is no array, and what recv_multipart raises.
        """
        from zmqpy.arrays import array_of

        return self._deserialize(self.recv_multipart(flags, copy=False), array_of)  # type: ignore[attr-defined]

    def send_msgpack(self, obj: Any, flags: int = 0, **kwargs: Any) -> Any:
        """Sends `obj` as MessagePack (needs msgspec or msgpack: pip install zmqpy[msgpack]); other arguments as for send."""
        from zmqpy.serialize import pack

        return self.send(pack(obj), flags=flags, **kwargs)  # type: ignore[attr-defined]

    def recv_msgpack(self, flags: int = 0, type: Any = None) -> Any:
        """Receives an object as MessagePack. Safe with anybody.

        type : what it must be; msgspec checks it and makes it so. Raises that library's errors for what it is not.
        """
        from zmqpy.serialize import unpack

        return self._deserialize(self.recv(flags), lambda received: unpack(received, type))  # type: ignore[attr-defined]

    # ---- who is there ----

    def peers(self) -> list[Peer]:
        """The peers of this socket, connections being made among them: see zmqpy.peers.Peer. Own engine only (ZMQNotSupported)."""
        from zmqpy.peers import peers_of

        return peers_of(self)

    def wait_connected(self, n: int = 1, timeout: float | None = None) -> int:
        """Waits until `n` peers are connected, their handshakes done; how many are.

        timeout : ms, None for no limit. Raises TimedOut (an Again), which says who is missing. Own engine only (ZMQNotSupported).
        """
        from zmqpy.waiting import until_connected

        up: int = self._wait_until(until_connected(self, n), timeout)
        return up

    def wait_subscribers(self, topic: str | bytes = b"", n: int = 1, timeout: float | None = None) -> int:
        """Waits until `n` peers of a PUB or XPUB would get a message that begins with `topic`; how many would.

        topic : b"": until they have subscribed to anything.  timeout : as for wait_connected, and so are the errors.
        """
        from zmqpy.waiting import until_subscribed

        found: int = self._wait_until(until_subscribed(self, topic, n), timeout)
        return found

    def flush(self, timeout: float | None = None) -> Any:
        """Waits until everything sent has left this process: the system has it. (Over inproc it is with the peer at once.)

        timeout : as for wait_connected, and so are the errors.
        """
        from zmqpy.waiting import until_flushed

        return self._wait_until(until_flushed(self), timeout)

    def _wait_until(self, wait: Wait, timeout: float | None) -> Any:
        """How this kind of socket waits."""
        return wait.here(timeout)


class ContextAdditions:
    """Methods of contexts."""

    __slots__ = ()

    def stats(self) -> dict[str, int]:
        """Counters as Socket.stats has them, of all sockets that this context has or had; what is queued is that of its sockets now."""
        from zmqpy._core.facts import context_stats

        return context_stats(self)  # type: ignore[arg-type]

    def events(self, events: int = Event.ALL, timeout: float | None = None) -> Any:
        """Events of all sockets of this C context, those made later among them: as Socket.events. Own engine only (ZMQNotSupported).

        It ends when it is closed, or the context ends.
        """
        from zmqpy.events import of_context

        return of_context(self, events, timeout)


__all__ = ["ContextAdditions", "SocketAdditions"]
