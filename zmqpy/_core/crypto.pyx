# cython: language_level=3
"""CURVE keys and Z85 text (ZeroMQ RFC 32)."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from zmqpy._core.errors cimport raise_error, raise_unsupported
from zmqpy._core.libzmq cimport *

cdef enum:
    KEY_TEXT = 40  # characters


cdef bytes as_bytes(object text, str name):
    if isinstance(text, str):
        return (<str>text).encode("ascii")
    if isinstance(text, bytes):
        return text
    try:
        return bytes(memoryview(text))
    except TypeError:
        raise TypeError(f"{name} must be bytes or str, not {text!r}") from None


def curve_keypair() -> tuple[bytes, bytes]:
    """A new CURVE key pair (zmq_curve_keypair(3)): (public, secret), each 40 characters of Z85.

    Raises ZMQNotSupported if the engine was built without CURVE.
    """
    cdef char public_key[KEY_TEXT + 1]
    cdef char secret_key[KEY_TEXT + 1]
    if zmq_curve_keypair(public_key, secret_key) < 0:
        if zmq_errno() == ENOTSUP:
            raise_unsupported("CURVE")
        raise_error(zmq_errno())
    return public_key[:KEY_TEXT], secret_key[:KEY_TEXT]


def curve_public(secret_key) -> bytes:
    """The public key of a secret one, both 40 characters of Z85 (zmq_curve_public(3)).

    Raises ValueError if it is not a key, ZMQNotSupported if the engine was built without CURVE.
    """
    cdef char public_key[KEY_TEXT + 1]
    cdef bytes secret = as_bytes(secret_key, "secret_key")
    if len(secret) != KEY_TEXT:
        raise ValueError(f"a CURVE key has {KEY_TEXT} characters of Z85, not {len(secret)}")
    z85_decode(secret)
    if zmq_curve_public(public_key, secret) < 0:
        if zmq_errno() == ENOTSUP:
            raise_unsupported("CURVE")
        raise_error(zmq_errno())
    return public_key[:KEY_TEXT]


def z85_encode(rawbytes) -> bytes:
    """Bytes as Z85 text; their number must be a multiple of 4, else ValueError."""
    cdef bytes data = as_bytes(rawbytes, "rawbytes")
    cdef Py_ssize_t size = len(data)
    cdef bytes text
    if size % 4:
        raise ValueError(f"Z85 encodes multiples of 4 bytes, not {size}")
    text = PyBytes_FromStringAndSize(NULL, size // 4 * 5 + 1)
    zmq_z85_encode(PyBytes_AS_STRING(text), <const uint8_t *>PyBytes_AS_STRING(data), size)
    return text[:size // 4 * 5]


def z85_decode(z85bytes) -> bytes:
    """The bytes of a Z85 text (bytes or str); its length must be a multiple of 5 and every character Z85's, else ValueError."""
    cdef bytes text = as_bytes(z85bytes, "z85bytes")
    cdef Py_ssize_t size = len(text)
    cdef bytes data
    if size % 5:
        raise ValueError(f"Z85 text has a multiple of 5 characters, not {size}")
    for character in text:
        if character not in _Z85_CHARACTERS:
            raise ValueError(f"{chr(character)!r} is not a character of Z85")
    if size == 0:
        return b""
    data = PyBytes_FromStringAndSize(NULL, size // 5 * 4)
    if zmq_z85_decode(<uint8_t *>PyBytes_AS_STRING(data), text) == NULL:
        raise ValueError("not a Z85 text")
    return data


_Z85_CHARACTERS = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")
