"""Objects as messages: pickle with buffers out of band, pickle that is signed, MessagePack.

Pickle runs what it is told to. Without a signature it is for peers that one trusts as oneself; docs/serialization.md says what is safe
with whom.
"""

from __future__ import annotations

import hmac
import pickle
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_SHORTEST_KEY = 16  # bytes


def pickle_parts(obj: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> list[Any]:
    """A message of an object: its pickle, and behind it the buffers that can be sent from where they lie (PEP 574)."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(obj, max(protocol, 5) if protocol >= 0 else protocol, buffer_callback=buffers.append)
    return [data, *(buffer.raw() for buffer in buffers)]


def unpickle_parts(parts: Sequence[Any]) -> Any:
    """The object of such a message, whose buffers lie in the parts. Runs what the pickle says: from trusted peers only."""
    return pickle.loads(parts[0], buffers=parts[1:])


class BadSignature(ValueError):
    """A message was not signed with this key, or was changed."""


class SignedPickle:
    """Pickle for peers that share a key: nothing is unpickled that was not signed with it (HMAC with SHA-256).

        signed = SignedPickle(key)
        socket.send_serialized(obj, signed.dumps, copy=False)
        obj = socket.recv_serialized(signed.loads, copy=False)

    Whoever has the key can run code where messages are received. A message that was recorded can be sent again: put a number or a
    time into it if that matters. Nothing is hidden from those who listen: that is CURVE's.
    """

    def __init__(self, key: bytes, purpose: bytes = b"") -> None:
        """key : at least 16 bytes, from os.urandom or secrets.  purpose : what a signature is for; it holds for no other."""
        if not isinstance(key, (bytes, bytearray)):
            raise TypeError(f"the key must be bytes, not {type(key).__name__}")
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"the key must have at least {_SHORTEST_KEY} bytes: secrets.token_bytes(32) makes one")
        self._key = bytes(key)
        self._purpose = bytes(purpose)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._purpose!r}>"

    def dumps(self, obj: Any) -> list[Any]:
        """The message of an object: [signature] [pickle] [buffers]..."""
        parts = pickle_parts(obj)
        return [self._sign(parts), *parts]

    def loads(self, parts: Sequence[Any]) -> Any:
        """The object of a message. Raises BadSignature, and then nothing was unpickled."""
        if len(parts) < 2 or not hmac.compare_digest(self._sign(parts[1:]), bytes(parts[0])):
            raise BadSignature("the message was not signed with this key")
        return unpickle_parts(parts[1:])

    def _sign(self, parts: Sequence[Any]) -> bytes:
        mac = hmac.new(self._key, b"zmqpy signed pickle 1", "sha256")
        for part in (self._purpose, *parts):
            view = memoryview(part)
            mac.update(view.nbytes.to_bytes(8, "big"))
            mac.update(view)
        return mac.digest()


# ---- MessagePack ----


def pack(obj: Any) -> bytes:
    """An object as MessagePack, by msgspec or msgpack, whichever is installed."""
    msgspec = _msgspec()
    if msgspec is not None:
        packed: bytes = msgspec.encode(obj)
        return packed
    packed = _msgpack().packb(obj)
    return packed


def unpack(data: Any, type: Any = None) -> Any:
    """The object of a MessagePack. type : what it must be, checked by msgspec, which is needed for that."""
    msgspec = _msgspec()
    if msgspec is not None:
        return msgspec.decode(data) if type is None else msgspec.decode(data, type=type)
    if type is not None:
        raise ImportError("types are checked by msgspec, which is not installed: pip install zmqpy[msgpack]")
    return _msgpack().unpackb(data)


def _msgspec() -> Any:
    try:
        return import_module("msgspec.msgpack")
    except ImportError:
        return None


def _msgpack() -> Any:
    try:
        return import_module("msgpack")
    except ImportError:
        raise ImportError("MessagePack needs msgspec or msgpack: pip install zmqpy[msgpack]") from None


__all__ = ["BadSignature", "SignedPickle", "pack", "pickle_parts", "unpack", "unpickle_parts"]
