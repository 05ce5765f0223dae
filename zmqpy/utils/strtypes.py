"""Names from the days of Python 2. Deprecated."""

from __future__ import annotations

import builtins
import warnings
from typing import TYPE_CHECKING

bytes = builtins.bytes
unicode = str
basestring: tuple[type[str]] = (str,)


def _warn() -> None:
    warnings.warn("zmq.utils.strtypes is deprecated: use bytes and str", DeprecationWarning, stacklevel=3)


def cast_bytes(s: builtins.bytes | str, encoding: str = "utf8", errors: str = "strict") -> builtins.bytes:
    """`s` as bytes. Raises TypeError unless it is str or bytes."""
    _warn()
    if isinstance(s, builtins.bytes):
        return s
    if isinstance(s, str):
        return s.encode(encoding, errors)
    raise TypeError(f"must be str or bytes, not {s!r}")


def cast_unicode(s: builtins.bytes | str, encoding: str = "utf8", errors: str = "strict") -> str:
    """`s` as str. Raises TypeError unless it is str or bytes."""
    _warn()
    if isinstance(s, str):
        return s
    if isinstance(s, builtins.bytes):
        return s.decode(encoding, errors)
    raise TypeError(f"must be str or bytes, not {s!r}")


if TYPE_CHECKING:

    def asbytes(s: builtins.bytes | str, encoding: str = "utf8", errors: str = "strict") -> builtins.bytes: ...
    def b(s: builtins.bytes | str, encoding: str = "utf8", errors: str = "strict") -> builtins.bytes: ...
    def u(s: builtins.bytes | str, encoding: str = "utf8", errors: str = "strict") -> str: ...

else:
    b = asbytes = cast_bytes
    u = cast_unicode

__all__ = ["asbytes", "b", "basestring", "bytes", "cast_bytes", "cast_unicode", "u", "unicode"]
