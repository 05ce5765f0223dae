"""ZeroMQ for Python. A program written for pyzmq runs with `import zmqpy as zmq`.

Context makes sockets, Socket sends and receives, Poller waits for several. `install_as_zmq` also serves programs that import
`zmq` themselves.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from os import environ as _environ
from typing import TYPE_CHECKING, Any

from zmqpy import backend, constants, error, sugar, utils
from zmqpy._core.crypto import curve_keypair, curve_public
from zmqpy._core.device import proxy_steerable
from zmqpy._core.errors import IPC_PATH_MAX_LEN, has, strerror, zmq_errno
from zmqpy._core.frame import COPY_THRESHOLD
from zmqpy._core.poller import zmq_poll
from zmqpy.constants import *  # noqa: F403
from zmqpy.install import install_as_zmq
from zmqpy.legacy import get_includes, get_libraries, get_library_dirs
from zmqpy.sugar import *  # noqa: F403

if _environ.get("ZMQPY_LOG"):
    from zmqpy import diagnosis as _diagnosis

    _diagnosis.start_logging(_environ["ZMQPY_LOG"])

DRAFT_API: bool = has("draft")
PYZMQ_DRAFT_API: bool = DRAFT_API

if TYPE_CHECKING:
    from zmqpy.diagnosis import diagnose as diagnose
else:

    def __getattr__(name: str) -> Any:
        """What is imported when it is first asked for: `diagnose`, and zmqpy.asyncio, which with pyzmq is there once
        zmq.utils.monitor or an authenticator is imported."""
        if name == "asyncio":
            return _import_module("zmqpy.asyncio")
        if name == "diagnose":
            return _import_module("zmqpy.diagnosis").diagnose
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "COPY_THRESHOLD",
    "DRAFT_API",
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "backend",
    "curve_keypair",
    "curve_public",
    "error",
    "get_includes",
    "get_libraries",
    "get_library_dirs",
    "has",
    "install_as_zmq",
    "proxy_steerable",
    "strerror",
    "sugar",
    "utils",
    "zmq_errno",
    "zmq_poll",
]
__all__ += sugar.__all__
__all__ += constants.__all__
