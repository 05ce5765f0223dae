"""ZeroMQ for Python. A program written for pyzmq runs with `import zmqpy as zmq`.

Context makes sockets, Socket sends and receives, Poller waits for several. `install_as_zmq` also serves programs that import
`zmq` themselves.
"""

from __future__ import annotations

from zmqpy import constants
from zmqpy._core.crypto import curve_keypair, curve_public
from zmqpy._core.device import proxy, proxy_steerable
from zmqpy._core.errors import IPC_PATH_MAX_LEN, has, strerror, zmq_errno
from zmqpy._core.frame import COPY_THRESHOLD
from zmqpy._core.poller import zmq_poll
from zmqpy.constants import *  # noqa: F403
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
from zmqpy.install import install_as_zmq
from zmqpy.poll import Poller, select
from zmqpy.socket import Socket, SyncSocket
from zmqpy.stopwatch import Stopwatch
from zmqpy.tracker import _FINISHED_TRACKER, MessageTracker
from zmqpy.version import (
    __revision__,
    __version__,
    pyzmq_version,
    pyzmq_version_info,
    zmq_version,
    zmq_version_info,
)

DRAFT_API: bool = has("draft")
PYZMQ_DRAFT_API: bool = DRAFT_API


def device(device_type: int, frontend: Socket, backend: Socket) -> int:
    """A proxy between two sockets until the context is terminated; `device_type` makes no difference. Use proxy."""
    return proxy(frontend, backend)


def get_includes() -> list[str]:
    """Directories with the C headers of the engine, for modules that use its sockets."""
    import os

    return [os.path.join(os.path.dirname(__file__), "_core", "include")]


def get_library_dirs() -> list[str]:
    """Directories with the engine's library."""
    import os

    return [os.path.join(os.path.dirname(__file__), "_core")]


from zmqpy import backend, error, sugar, utils  # noqa: E402

__all__ = [
    "COPY_THRESHOLD",
    "DRAFT_API",
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "Again",
    "Context",
    "ContextTerminated",
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
    "_FINISHED_TRACKER",
    "__revision__",
    "__version__",
    "curve_keypair",
    "curve_public",
    "device",
    "get_includes",
    "has",
    "install_as_zmq",
    "proxy",
    "proxy_steerable",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
    *constants.__all__,
]
