"""Who is at the other ends of a socket (Socket.peers), and what keeps a context from its end, in words."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from zmqpy._core import facts
from zmqpy.constants import SocketType
from zmqpy.error import ZMQError


class PeerState(Enum):
    """What may be expected of a peer."""

    CONNECTING = 0  #: no connection now: what is queued waits for one; inproc: nobody has bound the name
    HANDSHAKE = 1
    UP = 2
    ENDING = 3  #: disconnected, or gone: what is queued is still to be sent, or to be received

    def __str__(self) -> str:
        return self.name.lower()


class Peer(NamedTuple):
    """One peer of a socket, or an endpoint that it connects to."""

    state: PeerState
    accepted: bool  #: it came to what this socket has bound; False: this socket connects to it
    since: float | None  #: when it came up, as time.monotonic() says it; None if it is not, or inproc
    queued_in: int  #: messages that it has sent and nobody has received
    queued_out: int  #: messages that wait here for it
    unsent: int  #: bytes, with headers, that the system has not taken
    routing_id: bytes  #: what a ROUTER or STREAM application knows it by, else what it has announced
    endpoint: str  #: of this socket, as bound or connected
    address: str  #: the peer's, where its transport has addresses
    mechanism: str  #: "NULL", "PLAIN", "CURVE"; "" if it is not up
    user_id: str  #: that ZAP's handler has given it
    messages_in: int  #: whole messages received from it: of what this socket connects to, over all connections
    messages_out: int  #: likewise, sent to it
    bytes_in: int  #: of messages, without headers
    bytes_out: int

    def __str__(self) -> str:
        """The peer in a few words."""
        name = self.endpoint or "?"
        if self.accepted and self.address:
            name += f" from {self.address}"
        if self.routing_id:
            name += f" ({self.routing_id!r})"
        words = str(self.state) if self.state is not PeerState.UP else "connected"
        if self.queued_out or self.unsent:
            words += f", {counted(max(self.queued_out, 1), 'message')} unsent"
        return f"{name}: {words}"


def made_of(fields: Any) -> Peer:
    """A Peer of what facts.peers gives for it."""
    state, accepted, since, *rest = fields
    return Peer(PeerState(state), accepted, since / 1e9 if since else None, *rest)


def peers_of(socket: Any) -> list[Peer]:
    """The peers of a socket. Raises ZMQNotSupported with another libzmq."""
    return [made_of(fields) for fields in facts.peers(socket)]


def counted(number: int, thing: str) -> str:
    """A number of things in words."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def in_words(peers: list[Peer], most: int = 5) -> str:
    """Some peers in one line."""
    if not peers:
        return "nothing is bound or connected"
    text = "; ".join(map(str, peers[:most]))
    return text if len(peers) <= most else f"{text}; and {len(peers) - most} more"


def type_name(number: int) -> str:
    """The name of a socket type."""
    try:
        return SocketType(number).name
    except ValueError:
        return str(number)


class Blocker(NamedTuple):
    """A socket that keeps a context from its end."""

    socket: str  #: its type
    address: int  #: of the C socket, as `Socket.underlying` says it
    closed: bool  #: it lingers; else it was not closed
    endpoint: str  #: bound or connected to last
    unsent: int  #: messages
    peers: list[Peer]  #: of a closed one those for whom something is left

    def __str__(self) -> str:
        name = f"{self.socket} socket {self.address:#x}"
        if self.endpoint:
            name += f" ({self.endpoint})"
        if not self.closed:
            return f"{name} is not closed"
        text = f"{name} is closed and has {counted(self.unsent, 'message')} unsent"
        return f"{text}: {in_words(self.peers)}" if self.peers else text


def blockers_of(context_address: int) -> list[Blocker]:
    """What keeps the C context from its end. Raises ZMQNotSupported with another libzmq."""
    found = []
    for address, number, closed, _, unsent, endpoint in facts.sockets(context_address):
        peers = []
        if closed:
            try:
                peers = [peer for peer in map(made_of, facts.peers_at(address)) if peer.queued_out or peer.unsent]
            except ZMQError:  # it has gone meanwhile
                continue
        found.append(Blocker(type_name(number), address, closed, endpoint, unsent, peers))
    return found


__all__ = ["Blocker", "Peer", "PeerState"]
