"""A question of ZAP (ZeroMQ RFC 27) as Context.authenticate's callable is asked it, and the answer to what it returned.

Nobody is let in but by what clearly says so; everything else is an error for the caller to report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zmqpy.auth.base import VERSION
from zmqpy.utils import z85

_PROPERTY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+")

Callback = Callable[[str, str, bytes, str, "tuple[Any, ...]"], Any]


class Question:
    """One request: where its answer goes, and what the callable is asked."""

    __slots__ = ("arguments", "envelope", "own_id", "request_id")

    envelope: list[bytes]
    request_id: bytes
    arguments: tuple[str, str, bytes, str, tuple[Any, ...]]
    own_id: str  # of a peer that is let in by True

    def __init__(self, parts: list[bytes]) -> None:
        """parts : as a ROUTER receives them. Raises ValueError: not a request."""
        self.envelope = parts[:2]
        self.request_id = parts[3] if len(parts) > 3 else b""
        if len(parts) < 8 or parts[1] or parts[2] != VERSION:
            raise ValueError("not a request of ZAP")
        _, _, _, _, domain, address, identity, mechanism_bytes, *given = parts
        mechanism = mechanism_bytes.decode("ascii", "replace")
        credentials: tuple[Any, ...] = tuple(given)
        self.own_id = "anonymous"
        if mechanism == "PLAIN":
            credentials = tuple(text(part) for part in given)
            self.own_id = credentials[0] if credentials else ""
        elif mechanism == "CURVE":
            credentials = tuple(z85.encode(key) for key in given)
            self.own_id = credentials[0].decode("ascii") if credentials else ""
        self.arguments = (text(domain), text(address), identity, mechanism, credentials)

    def answer(self, status: bytes, reason: bytes, user_id: bytes = b"", metadata: bytes = b"") -> list[bytes]:
        """The parts of a reply."""
        return [*self.envelope, VERSION, self.request_id, status, reason, user_id, metadata]

    def judged(self, result: Any) -> list[bytes]:
        """The reply to what the callable returned. Raises TypeError, ValueError: that is no answer."""
        user_id, metadata = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
        if user_id is False:
            return self.answer(b"400", b"Not allowed")
        if user_id is True:
            user_id = self.own_id
        elif not isinstance(user_id, (str, bytes)):
            raise TypeError(
                f"an authentication callback returns a bool, a user id or (user id, metadata), not {result!r}"
            )
        elif not user_id:
            raise ValueError("the user id that an authentication callback returned is empty")
        return self.answer(b"200", b"OK", raw(user_id), properties(metadata))


def text(part: bytes) -> str:
    """What came from a peer as text; what is not UTF-8 is kept apart (surrogateescape)."""
    return part.decode("utf-8", "surrogateescape")


def raw(value: str | bytes) -> bytes:
    """The other way."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"metadata of a peer are str or bytes, not {value!r}")
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def properties(metadata: Mapping[str, str | bytes]) -> bytes:
    """Metadata as ZMTP writes them. Raises ValueError for a name that is none."""
    written = bytearray()
    for name, value in metadata.items():
        name_bytes, value_bytes = raw(name), raw(value)
        if not 1 <= len(name_bytes) <= 255 or not _PROPERTY.issuperset(name_bytes):
            raise ValueError(f"{name!r} is not the name of a property: letters, digits and -_.+, at most 255")
        written += bytes([len(name_bytes)]) + name_bytes + len(value_bytes).to_bytes(4, "big") + value_bytes
    return bytes(written)


__all__ = ["Callback", "Question"]
