"""Z85, bytes as printable text (ZeroMQ RFC 32)."""

from zmqpy._core.crypto import z85_decode as decode
from zmqpy._core.crypto import z85_encode as encode

Z85CHARS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
Z85MAP = {character: value for value, character in enumerate(Z85CHARS)}

__all__ = ["decode", "encode"]
