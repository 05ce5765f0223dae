"""JSON as bytes, for send_json and recv_json."""

from __future__ import annotations

import json
from typing import Any

jsonmod = json


def dumps(o: Any, **kwargs: Any) -> bytes:
    """`o` as JSON in UTF-8. kwargs: json.dumps's."""
    return json.dumps(o, **kwargs).encode("utf-8")


def loads(s: bytes | bytearray | memoryview | str, **kwargs: Any) -> Any:
    """What the JSON in `s` says. kwargs: json.loads's."""
    if isinstance(s, (bytearray, memoryview)):
        s = bytes(s)
    if isinstance(s, bytes):
        s = s.decode("utf-8")
    return json.loads(s, **kwargs)


__all__ = ["dumps", "loads"]
