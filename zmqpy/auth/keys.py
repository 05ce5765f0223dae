"""Keys of CURVE (ZeroMQ RFCs 25 and 26) on sockets: set for a role in one call, and looked at before an endpoint is made."""

from __future__ import annotations

import hashlib
from typing import Any

import zmqpy
from zmqpy._core.crypto import curve_keypair, curve_public
from zmqpy.utils import z85

_UNSET = bytes(32)
_SECURED = (
    "tcp://",
    "ipc://",
    "ws://",
    "wss://",
    "tls+tcp://",
    "vsock://",
    "tipc://",
)  # elsewhere these options have no effect


def as_z85(key: str | bytes, name: str) -> bytes:
    """A key of 40 characters of Z85, or 32 bytes, as the former. Raises ValueError, TypeError."""
    if isinstance(key, str):
        key = key.encode("ascii")
    if not isinstance(key, bytes):
        raise TypeError(
            f"{name} must be a key as bytes or str, not {key!r}" if key is None else f"{name} must be bytes or str"
        )
    if len(key) == 32:
        key = z85.encode(key)
    if len(key) != 40:
        raise ValueError(f"{name} must be a key of 40 characters of Z85 or of 32 bytes, not of {len(key)}")
    z85.decode(key)
    return key


def set_server_keys(socket: Any, secret: str | bytes) -> bytes:
    """Implements Socket.curve_server_keys."""
    secret = as_z85(secret, "secret")
    public = curve_public(secret)
    socket.set(zmqpy.CURVE_SECRETKEY, secret)
    socket.set(zmqpy.CURVE_PUBLICKEY, public)
    socket.set(zmqpy.CURVE_SERVER, 1)
    return public


def set_client_keys(
    socket: Any, server_public: str | bytes, pair: tuple[str | bytes, str | bytes | None] | None
) -> bytes:
    """Implements Socket.curve_client_keys."""
    server_key = as_z85(server_public, "server_public")
    if pair is None:
        public, secret = curve_keypair()
    else:
        given, given_secret = pair
        if given_secret is None:
            raise ValueError("pair has no secret key: it was loaded from a public certificate")
        public, secret = as_z85(given, "the public key of pair"), as_z85(given_secret, "the secret key of pair")
        if curve_public(secret) != public:
            raise ValueError("the keys of pair do not belong together; it must be (public key, secret key)")
    socket.set(zmqpy.CURVE_SERVER, 0)
    socket.set(zmqpy.CURVE_PUBLICKEY, public)
    socket.set(zmqpy.CURVE_SECRETKEY, secret)
    socket.set(zmqpy.CURVE_SERVERKEY, server_key)
    return public


def check_curve(socket: Any, address: str | bytes) -> None:
    """Raises ZMQError (EINVAL) if no connection of a socket with CURVE can come about at `address`: keys are lacking or mixed up.

    What is set after bind or connect holds for later ones only, with every libzmq; so nothing that is refused here could work.
    """
    fault = _fault(socket) if _is_secured(socket, address) else None
    if fault is not None:
        shown = address.decode("utf-8", "replace") if isinstance(address, bytes) else address
        raise zmqpy.ZMQError(zmqpy.Errno.EINVAL, f"{fault} (addr={shown!r})")


def _is_secured(socket: Any, address: Any) -> bool:
    """Whether CURVE is spoken there."""
    if isinstance(address, bytes):
        address = address.decode("utf-8", "replace")
    if not isinstance(address, str) or not address.startswith(_SECURED) or not zmqpy.has("curve"):
        return False
    return bool(socket.get(zmqpy.TYPE) != zmqpy.STREAM)


def _fault(socket: Any) -> str | None:
    secret = _key(socket, zmqpy.CURVE_SECRETKEY)
    if socket.get(zmqpy.CURVE_SERVER):
        # Its public key is of no use to itself.
        return "CURVE_SERVER is set without CURVE_SECRETKEY" if secret == _UNSET else None
    if _key(socket, zmqpy.CURVE_SERVERKEY) == _UNSET:
        return "CURVE keys are set, but neither the server's (CURVE_SERVERKEY: a client) nor CURVE_SERVER=1 (a server)"
    public = _key(socket, zmqpy.CURVE_PUBLICKEY)
    if public == _UNSET or secret == _UNSET:
        return "a CURVE client needs CURVE_PUBLICKEY and CURVE_SECRETKEY besides the server's key"
    if secret is not None and public is not None and not _belong_together(public, secret):
        return "CURVE_PUBLICKEY does not belong to CURVE_SECRETKEY"
    return None


_found_good: set[bytes] = set()  # digests of pairs: a program that connects often has few of them


def _belong_together(public: bytes, secret: bytes) -> bool:
    pair = hashlib.blake2b(public + secret).digest()
    if pair in _found_good:
        return True
    if z85.decode(curve_public(z85.encode(secret))) != public:
        return False
    if len(_found_good) >= 1000:
        _found_good.clear()
    _found_good.add(pair)
    return True


def _key(socket: Any, option: int) -> bytes | None:
    """A key as 32 bytes; None: this libzmq does not tell."""
    try:
        key = socket.get(option)
    except zmqpy.ZMQError:
        return None
    if not isinstance(key, bytes):
        return None
    return key if len(key) == 32 else z85.decode(key[:40])


__all__ = ["check_curve", "set_client_keys", "set_server_keys"]
