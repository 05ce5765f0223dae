"""Addresses of C objects that other bindings made."""

from __future__ import annotations

from typing import Any


def cast_int_addr(n: Any) -> int:
    """The address in `n`: an int, an object with `underlying`, a ctypes pointer or a cffi pointer. Else ValueError."""
    if isinstance(n, int):
        return n
    underlying = getattr(n, "underlying", None)
    if isinstance(underlying, int):
        return underlying
    value = getattr(n, "value", None)  # ctypes
    if isinstance(value, int):
        return value
    if type(n).__module__ == "_cffi_backend":
        import cffi  # type: ignore[import-not-found, import-untyped, unused-ignore]

        return int(cffi.FFI().cast("size_t", n))
    raise ValueError(f"not an address or a pointer: {n!r}")
