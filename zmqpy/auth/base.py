"""Authenticator: what is asked of a ZAP handler (ZeroMQ RFC 27) and how it answers. Where it runs is its subclasses' matter.

A request is answered in this order: the peer's address (allow, deny), then the credentials of its mechanism. Every request gets
an answer, whatever it is and whatever a callback does: 200 with a user id, 400 with what was wrong, 500 when a callback failed.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Awaitable
from typing import Any

import zmqpy
from zmqpy.auth.certs import load_certificates
from zmqpy.utils import z85

#: As a location for configure_curve: every client that has a key may connect.
CURVE_ALLOW_ANY = "*"

#: Of ZAP.
VERSION = b"1.0"

ENDPOINT = "inproc://zeromq.zap.01"
_KEY_SIZE = 32


class Authenticator:
    """Answers ZAP requests by the rules it is given.

    context : whose sockets it serves; None: Context.instance().
    encoding : of domains, user names and passwords.
    log : a logging.Logger; None: "zmq.auth".

    For programs that receive requests on `zap_socket` themselves and give them to handle_zap_message, and as a base. Rules may be
    changed at any time and hold from the next request on; a domain "" in requests is the domain "*" of rules.
    """

    context: zmqpy.Context[Any]
    encoding: str
    allow_any: bool
    credentials_providers: dict[str, Any]
    zap_socket: Any
    passwords: dict[str, dict[str, str]]
    certs: dict[str, dict[bytes, bool]]
    log: Any

    def __init__(self, context: zmqpy.Context[Any] | None = None, encoding: str = "utf-8", log: Any = None) -> None:
        self.context = context or zmqpy.Context.instance()
        self.encoding = encoding
        self.allow_any = False
        self.credentials_providers = {}
        self.zap_socket = None
        self._allowed: set[str] = set()
        self._denied: set[str] = set()
        self.passwords = {}
        self.certs = {}
        self.log = log or logging.getLogger("zmq.auth")

    # ---- life ----

    def start(self) -> None:
        """Opens `zap_socket`. Raises ZMQError (EADDRINUSE: this context has an authenticator already)."""
        socket = self.context.socket(zmqpy.REP, socket_class=zmqpy.Socket)
        try:
            socket.linger = 1
            socket.bind(ENDPOINT)
        except BaseException:
            socket.close()
            raise
        self.zap_socket = socket

    def stop(self) -> None:
        """Closes `zap_socket`: from then on nobody is asked."""
        socket, self.zap_socket = self.zap_socket, None
        if socket is not None:
            close_bound(socket)

    # ---- rules ----

    def allow(self, *addresses: str) -> None:
        """Lets only peers from these IP addresses connect, besides those allowed before. Raises ValueError if there are denied ones."""
        if self._denied:
            raise ValueError("Only use allow or deny, not both")
        self.log.debug("Allowing %s", ",".join(addresses))
        self._allowed = self._allowed.union(addresses)

    def deny(self, *addresses: str) -> None:
        """Keeps peers from these IP addresses out. Raises ValueError if there are allowed ones."""
        if self._allowed:
            raise ValueError("Only use a allow or deny, not both")
        self.log.debug("Denying %s", ",".join(addresses))
        self._denied = self._denied.union(addresses)

    def configure_plain(self, domain: str = "*", passwords: dict[str, str] | None = None) -> None:
        """Sets the users of a domain. passwords : by user name; the dict may be changed later."""
        self.passwords[domain] = {} if passwords is None else passwords
        self.log.debug("Configure plain: %s", domain)

    def configure_curve(self, domain: str = "*", location: str | os.PathLike[str] = ".") -> None:
        """Sets the clients of a domain.

        location : a folder with their public certificates, read now: call again when it has changed. CURVE_ALLOW_ANY lets in
        every client that has a key, for all domains.
        """
        self.log.debug("Configure curve: %s[%s]", domain, location)
        if location == CURVE_ALLOW_ANY:
            self.allow_any = True
            return
        self.allow_any = False
        try:
            self.certs[domain] = load_certificates(location)
        except Exception as error:
            self.log.error("Failed to load CURVE certs from %s: %s", location, error)

    def configure_curve_callback(self, domain: str = "*", credentials_provider: Any = None) -> None:
        """Lets an object decide for a domain.

        credentials_provider : its method `callback(domain, key)`, which may be a coroutine function, gets the client's key as
        Z85 and returns whether it may connect. It goes before certificates.
        """
        self.allow_any = False
        if credentials_provider is None:
            self.log.error("None credentials_provider provided for domain:%s", domain)
        else:
            self.credentials_providers[domain] = credentials_provider

    def curve_user_id(self, client_public_key: bytes) -> str:
        """The user id of a CURVE client, given its key's 32 bytes: the key as Z85. For subclasses to replace."""
        return z85.encode(client_public_key).decode("ascii")

    def configure_gssapi(self, domain: str = "*", location: str | None = None) -> None:
        """Does nothing: whom Kerberos has identified may connect, under its principal's name."""

    # ---- requests ----

    async def handle_zap_message(self, msg: list[bytes]) -> None:
        """Answers one request on `zap_socket`. msg : its parts, as received."""
        request_id = msg[1] if len(msg) > 1 else b""
        try:
            allowed, result = await self._judge(msg)
        except Exception:
            self.log.exception("ZAP request failed")
            self._send_zap_reply(request_id, b"500", b"Internal error")
            return
        if allowed:
            self._send_zap_reply(request_id, b"200", b"OK", result)
        else:
            self._send_zap_reply(request_id, b"400", result)

    async def _judge(self, msg: list[bytes]) -> tuple[bool, Any]:
        """(True, user id) or (False, what is wrong)."""
        if len(msg) < 6:
            self.log.error("Invalid ZAP message, not enough frames: %r", msg)
            return False, b"Not enough frames"
        version, request_id, domain_bytes, address_bytes, identity, mechanism, *credentials = msg
        if version != VERSION:
            self.log.error("Invalid ZAP version: %r", version)
            return False, b"Invalid version"
        domain = domain_bytes.decode(self.encoding, "replace")
        address = address_bytes.decode(self.encoding, "replace")
        self.log.debug(
            "ZAP request %r: domain %r, address %r, identity %r, mechanism %r",
            request_id, domain, address, identity, mechanism,
        )  # fmt: skip
        if self._allowed and address not in self._allowed:
            return self._denial("not allowed", address, b"Address not allowed")
        if not self._allowed and address in self._denied:
            return self._denial("denied", address, b"Address denied")
        return await self._judge_credentials(mechanism, domain or "*", credentials)

    async def _judge_credentials(self, mechanism: bytes, domain: str, credentials: list[bytes]) -> tuple[bool, Any]:
        expected = {b"NULL": 0, b"PLAIN": 2, b"CURVE": 1, b"GSSAPI": 1}.get(mechanism)
        if expected is None:
            return False, b"NO ACCESS"
        if mechanism != b"NULL" and len(credentials) != expected:
            self.log.error("Invalid %s credentials: %s", mechanism.decode(), len(credentials))
            return False, b"Invalid credentials"
        if mechanism == b"PLAIN":
            username, password = (part.decode(self.encoding, "replace") for part in credentials)
            allowed, reason = self._authenticate_plain(domain, username, password)
            return (True, username) if allowed else (False, reason)
        if mechanism == b"CURVE":
            (key,) = credentials
            if len(key) != _KEY_SIZE:
                self.log.error("Invalid CURVE key of %d bytes", len(key))
                return False, b"Invalid credentials"
            allowed, reason = await self._authenticate_curve(domain, key)
            return (True, self.curve_user_id(key)) if allowed else (False, reason)
        if mechanism == b"GSSAPI":
            allowed, reason = self._authenticate_gssapi(domain, credentials[0])
            return (True, credentials[0].decode("utf-8", "replace")) if allowed else (False, reason)
        self.log.debug("ALLOWED (NULL)")
        return True, "anonymous"

    def _denial(self, why: str, whom: object, reason: bytes) -> tuple[bool, bytes]:
        self.log.debug("DENIED (%s) %s", why, whom)
        return False, reason

    def _authenticate_plain(self, domain: str, username: str, password: str) -> tuple[bool, bytes]:
        """Whether a user may connect; if not, why not. Passwords are not logged."""
        if not any(self.passwords.values()):
            return self._denial("PLAIN", domain, b"No passwords defined")
        users = self.passwords.get(domain or "*")
        if users is None:
            return self._denial("PLAIN", domain, b"Invalid domain")
        known = users.get(username)
        if known is None:
            return self._denial("PLAIN", username, b"Invalid username")
        if not hmac.compare_digest(known.encode(self.encoding), password.encode(self.encoding, "replace")):
            return self._denial("PLAIN", username, b"Invalid password")
        self.log.debug("ALLOWED (PLAIN) domain=%s username=%s", domain, username)
        return True, b""

    async def _authenticate_curve(self, domain: str, client_key: bytes) -> tuple[bool, bytes]:
        """Whether a client with this key may connect; if not, why not."""
        domain = domain or "*"
        if self.allow_any:
            self.log.debug("ALLOWED (CURVE allow any client)")
            return True, b"OK"
        key = z85.encode(client_key)
        provider = self.credentials_providers.get(domain)
        if provider is not None:
            answer = provider.callback(domain, key)
            allowed = bool(await answer if isinstance(answer, Awaitable) else answer)
        elif domain in self.certs:
            allowed = bool(self.certs[domain].get(key))
        else:
            return self._denial("CURVE", domain, b"Unknown domain")
        if not allowed:
            return self._denial("CURVE", key, b"Unknown key")
        self.log.debug("ALLOWED (CURVE) domain=%s client_key=%s", domain, key)
        return True, b"OK"

    def _authenticate_gssapi(self, domain: str, principal: bytes) -> tuple[bool, bytes]:
        """Whether a principal may connect: Kerberos has said who it is, and that is enough."""
        self.log.debug("ALLOWED (GSSAPI) domain=%s principal=%r", domain, principal)
        return True, b"OK"

    def _send_zap_reply(
        self, request_id: bytes, status_code: bytes, status_text: bytes, user_id: str = "anonymous"
    ) -> None:
        """Sends an answer. Refusals carry no user id; there are no metadata."""
        user = user_id.encode(self.encoding, "replace") if status_code == b"200" else b""
        self.log.debug("ZAP reply code=%r text=%r", status_code, status_text)
        self.zap_socket.send_multipart([VERSION, request_id, status_code, status_text, user, b""])


__all__ = ["CURVE_ALLOW_ANY", "Authenticator"]


def close_bound(socket: Any) -> None:
    """Closes what is bound to ENDPOINT; the next one may be bound at once."""
    try:
        socket.unbind(ENDPOINT)  # another libzmq frees the name some time after close
    except zmqpy.ZMQError:
        pass
    socket.close()
