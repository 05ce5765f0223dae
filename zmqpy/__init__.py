"""ZeroMQ for Python. A program written for pyzmq runs with `import zmqpy as zmq`.

Context makes sockets, Socket sends and receives, Poller waits for several. `install_as_zmq` also serves programs that import
`zmq` themselves.

What few programs use is imported when it is first asked for, as an attribute or by `from zmqpy import ...`: an import costs time and
memory in every process. tests/test_import.py has the list of what `import zmqpy` may import.
"""

from __future__ import annotations

from os import environ as _environ
from typing import TYPE_CHECKING, Any

from zmqpy import constants, error, utils
from zmqpy._core.errors import IPC_PATH_MAX_LEN, has, strerror, zmq_errno, zmq_version_info
from zmqpy._core.frame import COPY_THRESHOLD
from zmqpy._core.poller import zmq_poll
from zmqpy.constants import *  # noqa: F403
from zmqpy.constants import DeviceType
from zmqpy.context import Context, SyncContext
from zmqpy.error import (
    Again,
    ContextTerminated,
    DraftFDWarning,
    InterruptedSystemCall,
    NotDone,
    ZMQBaseError,
    ZMQBindError,
    ZMQError,
    ZMQNotSupported,
    ZMQVersionError,
)
from zmqpy.frame import Frame, Message
from zmqpy.poll import Poller, select
from zmqpy.socket import Socket, SyncSocket
from zmqpy.tracker import _FINISHED_TRACKER, MessageTracker
from zmqpy.version import __revision__, __version__, pyzmq_version, pyzmq_version_info, zmq_version

if _environ.get("ZMQPY_LOG"):
    from zmqpy import diagnosis as _diagnosis

    _diagnosis.start_logging(_environ["ZMQPY_LOG"])

DRAFT_API: bool = has("draft")
PYZMQ_DRAFT_API: bool = DRAFT_API

if TYPE_CHECKING:
    from zmqpy import asyncio as asyncio
    from zmqpy import backend, sugar
    from zmqpy._core.crypto import curve_keypair, curve_public
    from zmqpy._core.device import proxy, proxy_steerable
    from zmqpy.diagnosis import diagnose as diagnose
    from zmqpy.install import install_as_zmq
    from zmqpy.legacy import device, get_includes, get_libraries, get_library_dirs
    from zmqpy.stopwatch import Stopwatch
else:
    #: Modules whose names are imported when they are asked for; those without names are themselves what is asked for. zmqpy.asyncio
    #: is one because with pyzmq it is there once zmq.utils.monitor or an authenticator is imported.
    _later = {
        "zmqpy._core.crypto": ("curve_keypair", "curve_public"),
        "zmqpy._core.device": ("proxy", "proxy_steerable"),
        "zmqpy.asyncio": (),
        "zmqpy.backend": (),
        "zmqpy.diagnosis": ("diagnose",),
        "zmqpy.install": ("install_as_zmq",),
        "zmqpy.legacy": ("device", "get_includes", "get_libraries", "get_library_dirs"),
        "zmqpy.stopwatch": ("Stopwatch",),
        "zmqpy.sugar": (),
    }
    _module_of = {name: module for module, names in _later.items() for name in names or (module.partition(".")[2],)}

    def __getattr__(name: str) -> Any:
        module = _module_of.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = import_module(module)
        if _later[module]:
            found = getattr(found, name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_module_of} - {"asyncio", "diagnose"})


__all__ = [
    "COPY_THRESHOLD",
    "DRAFT_API",
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "_FINISHED_TRACKER",
    "Again",
    "Context",
    "ContextTerminated",
    "DeviceType",
    "DraftFDWarning",
    "Frame",
    "InterruptedSystemCall",
    "Message",
    "MessageTracker",
    "NotDone",
    "Poller",
    "Socket",
    "Stopwatch",
    "SyncContext",
    "SyncSocket",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQError",
    "ZMQNotSupported",
    "ZMQVersionError",
    "__revision__",
    "__version__",
    "backend",
    "curve_keypair",
    "curve_public",
    "device",
    "error",
    "get_includes",
    "get_libraries",
    "get_library_dirs",
    "has",
    "install_as_zmq",
    "proxy",
    "proxy_steerable",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "strerror",
    "sugar",
    "utils",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
]
__all__ += constants.__all__
