"""Who may connect: authenticators that answer the engine's questions (ZAP, ZeroMQ RFC 27), and certificate files.

Authenticator is the base; ThreadAuthenticator (zmqpy.auth.thread) works beside any program, AsyncioAuthenticator
(zmqpy.auth.asyncio) on its event loop. One authenticator serves all sockets of its context.
"""

from zmqpy.auth.base import CURVE_ALLOW_ANY, Authenticator
from zmqpy.auth.certs import create_certificates, load_certificate, load_certificates

__all__ = ["CURVE_ALLOW_ANY", "Authenticator", "create_certificates", "load_certificate", "load_certificates"]
