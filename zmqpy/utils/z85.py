"""Z85, bytes as printable text (ZeroMQ RFC 32)."""

from zmqpy._core.crypto import z85_decode as decode
from zmqpy._core.crypto import z85_encode as encode

__all__ = ["decode", "encode"]
