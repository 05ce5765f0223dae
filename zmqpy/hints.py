"""What errors say besides their errno: made when somebody reads it, so that errors which nobody reads cost nothing."""

from __future__ import annotations

import difflib
import os
import re
import traceback
from typing import Any

from zmqpy._core.errors import has
from zmqpy.constants import Errno, SocketType

_FORMS = {
    "tcp": "tcp://127.0.0.1:5555 (bind also takes tcp://*:5555, and port * for a free one)",
    "tls+tcp": "tls+tcp://host:5555, where TLS is built in",
    "ws": "ws://host:80/path",
    "wss": "wss://host:443/path, where TLS is built in",
    "ipc": "ipc:///tmp/name.sock, or ipc://@name for an abstract one",
    "inproc": "inproc://name",
}
# Those that few need, and nobody means by mistake.
_OTHER_FORMS = {
    "udp": "udp://127.0.0.1:5555, or udp://eth0;239.0.0.1:5555 for a multicast group on an interface",
    "vsock": "vsock://CID:5555 (bind also takes * for any CID, and port * for a free one)",
    "tipc": "tipc://{type,lower,upper} to bind, tipc://{type,instance}@0.0.0 to connect",
}
_ends: dict[int, str] = {}  # address of a C context -> where it was ended


def hint_of(errno: int | None, about: tuple[Any, ...]) -> str:
    """The hint of what raise_about was given."""
    kind, *rest = about
    found: str = _KINDS[kind](errno, *rest)
    return found


# ---- REQ and REP out of turn ----


def turn_of(errno: int | None, number: int, sending: int) -> str:
    """Whose turn it is."""
    if number == SocketType.REQ:
        if sending == 1:
            return "this REQ has sent its request, and it is the other side's turn: receive the reply (all its parts) before the next send"
        return "this REQ has sent no request: send one before receiving"
    if number == SocketType.REP:
        if sending == 1:
            return "this REP has no request to reply to: receive one (all its parts) before sending"
        return "this REP has received a request, and it is its turn: send the reply before receiving the next"
    return ""


# ---- endpoints ----


def endpoint_hint(errno: int | None, address: str) -> str:
    """What is wrong with an address."""
    if errno == Errno.EADDRINUSE:
        return listener_hint(address)
    if errno in (Errno.EINVAL, Errno.EPROTONOSUPPORT):
        return form_hint(errno, address)
    if errno == Errno.ENOCOMPATPROTO and address.startswith("udp:"):
        return "over udp only a RADIO connects, and only DISH and DGRAM bind"
    if errno == Errno.EADDRNOTAVAIL or errno == 19:  # ENODEV
        return "no interface of this machine has that address: bind to one that it has, to tcp://127.0.0.1:... or to tcp://*:..."
    return ""


def form_hint(errno: int, address: str) -> str:
    """The right forms."""
    transport, separator, rest = address.partition("://")
    if not separator:
        word = re.match(r"[A-Za-z]*", address)
        name = nearest(word.group() if word else "")
        return "an endpoint is a transport, :// and an address: " + (
            _FORMS[name] if name else "; ".join(_FORMS.values())
        )
    if transport in _OTHER_FORMS:
        return f"the form is {_OTHER_FORMS[transport]}" if errno == Errno.EINVAL else ""
    if transport not in _FORMS:
        name = nearest(transport)
        if name:
            return f"did you mean {name}://{rest}?"
        return f"there is no transport {transport!r} here: {'; '.join(_FORMS.values())}"
    if transport in ("tls+tcp", "wss") and not has("tls"):
        return "this engine was built without TLS: it needs OpenSSL when it is built"
    if transport in ("tcp", "tls+tcp"):
        return tcp_hint(rest).replace("tcp://", f"{transport}://")
    return f"the form is {_FORMS[transport]}" if errno == Errno.EINVAL and not rest else ""


def nearest(name: str) -> str:
    """The transport that was meant, "" if none is like it."""
    letters = sorted(name.lower())
    found = [form for form in _FORMS if sorted(form) == letters] or difflib.get_close_matches(
        name.lower(), _FORMS, 1, 0.6
    )
    return found[0] if found else ""


def tcp_hint(rest: str) -> str:
    """What is wrong with host and port."""
    host, colon, port = rest.rpartition(":")
    if not colon:
        return f"the port is missing: tcp://{rest or '127.0.0.1'}:5555"
    if rest.count(":") > 1 and "[" not in rest:
        return f"an IPv6 address is put in brackets: tcp://[{host}]:{port}"
    if not port:
        return f"the port is missing: tcp://{host}:5555"
    if "/" in port:
        return f"nothing comes behind the port: tcp://{host}:{port.partition('/')[0]}"
    if port.isdigit() and int(port) > 65535:
        return "ports end at 65535"
    if not port.isdigit() and port not in ("*", "!"):
        return f"the port is a number, not {port!r}: tcp://{host}:5555"
    if host == "*" or port in ("*", "0"):
        return "only bind takes *: connect needs a host and a port, as tcp://127.0.0.1:5555"
    return ""


def listener_hint(address: str) -> str:
    """Who listens there, as far as /proc tells."""
    if address.startswith("inproc://"):
        return "another socket of this context is bound to that name"
    if address.startswith("ipc://"):
        return (
            who(unix_inodes(address[len("ipc://") :]))
            or "another socket listens there, or a file with content is in the way"
        )
    port = address.rpartition(":")[2]
    return who(tcp_inodes(int(port))) if port.isdigit() else ""


def tcp_inodes(port: int) -> set[str]:
    """The inodes of sockets that listen on a port."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in lines_of(f"/proc/net/{name}"):
            fields = line.split()
            if len(fields) > 9 and fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                found.add(fields[9])
    return found


def unix_inodes(path: str) -> set[str]:
    """The inodes of sockets that are bound to a path."""
    return {fields[6] for fields in (line.split() for line in lines_of("/proc/net/unix")) if fields[7:] == [path]}


def lines_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def who(inodes: set[str]) -> str:
    """Whose sockets these are, in words."""
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    owners = [pid for pid in numbers_in("/proc") if wanted & set(links_of(pid))]
    if not owners:
        return "a process of another user listens there"
    if os.getpid() in owners:
        return "this process listens there already"
    return "; ".join(f"process {pid}{name_of(pid)} listens there" for pid in owners[:3])


def numbers_in(folder: str) -> list[int]:
    return [int(name) for name in os.listdir(folder) if name.isdigit()]


def links_of(pid: int) -> list[str]:
    """What a process's descriptors are."""
    found = []
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            try:
                found.append(os.readlink(f"{folder}/{name}"))
            except OSError:
                continue  # closed meanwhile
    except OSError:
        pass  # another user's, or it has ended
    return found


def name_of(pid: int) -> str:
    """The name of a process, and no more of its command line: errors are logged, and arguments may be secrets."""
    name = " ".join(lines_of(f"/proc/{pid}/comm"))
    return f" ({name})" if name else ""


# ---- full queues ----


def full_hint(errno: int | None, reference: Any) -> str:
    """Whose queue has no room."""
    from zmqpy.peers import PeerState, in_words, peers_of

    socket = reference()
    if socket is None or not has("zmqpy-engine"):
        return ""
    peers = [peer for peer in peers_of(socket) if peer.state is not PeerState.ENDING]
    if not peers:
        return "there is no peer to send to: nothing is connected"
    full = [peer for peer in peers if peer.queued_out or peer.unsent]
    return f"no peer has room now: {in_words(full or peers)}"


# ---- contexts that have ended ----


class End:
    """Remembers where a context is being ended: by the innermost caller that is not zmqpy's."""

    def __init__(self, address: int) -> None:
        self._address = address
        here = os.path.dirname(__file__)
        stack = traceback.extract_stack()
        caller = next((frame for frame in reversed(stack) if not frame.filename.startswith(here)), stack[0])
        _ends.setdefault(address, f"{caller.filename}:{caller.lineno} in {caller.name}")

    def forget(self) -> None:
        """It has ended: its address may be another's."""
        _ends.pop(self._address, None)


def end_hint(errno: int | None, address: int) -> str:
    """Where it was ended."""
    where = _ends.get(address)
    return f"by {where}" if where else ""


_KINDS: dict[str, Any] = {"turn": turn_of, "endpoint": endpoint_hint, "full": full_hint, "ended": end_hint}

__all__ = ["End", "hint_of"]
