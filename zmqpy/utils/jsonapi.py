"""JSON as bytes, for send_json and recv_json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import json as jsonmod  # noqa: F401
else:

    def __getattr__(name: str) -> Any:
        """jsonmod: the module that is used."""
        if name == "jsonmod":
            import json

            return json
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def dumps(o: Any, **kwargs: Any) -> bytes:
    """`o` as JSON in UTF-8. kwargs: json.dumps's."""
    import json

    return json.dumps(o, **kwargs).encode("utf-8")


def loads(s: bytes | bytearray | memoryview | str, **kwargs: Any) -> Any:
    """What the JSON in `s` says. kwargs: json.loads's."""
    import json

    if isinstance(s, (bytearray, memoryview)):
        s = bytes(s)
    if isinstance(s, bytes):
        s = s.decode("utf-8")
    return json.loads(s, **kwargs)


__all__ = ["dumps", "loads"]
