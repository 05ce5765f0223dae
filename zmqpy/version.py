"""Versions: zmqpy's own, that of the libzmq API in use, and the pyzmq release whose interface zmqpy follows."""

from __future__ import annotations

from itertools import takewhile

from zmqpy._core.errors import zmq_version_info

__version__ = "0.1.0"
__revision__ = ""

_PYZMQ = (27, 3, 0)
VERSION_MAJOR, VERSION_MINOR, VERSION_PATCH = _PYZMQ  # pyzmq's, as programs ask zmq.sugar.version for them
VERSION_EXTRA = ""

# Three numbers, of a pre-release ("0.2.0rc1") too.
version_info: tuple[int, int, int] = tuple(  # type: ignore[assignment]
    int("".join(takewhile(str.isdigit, part))) for part in __version__.split(".")[:3]
)


def pyzmq_version() -> str:
    """The pyzmq release whose interface this package has, for programs that ask: "27.3.0"."""
    return ".".join(map(str, _PYZMQ))


def pyzmq_version_info() -> tuple[int, int, int]:
    """pyzmq_version as numbers."""
    return _PYZMQ


def zmq_version() -> str:
    """Version of the libzmq API in use, as text."""
    return ".".join(map(str, zmq_version_info()))


__all__ = [
    "__revision__",
    "__version__",
    "pyzmq_version",
    "pyzmq_version_info",
    "zmq_version",
    "zmq_version_info",
]
