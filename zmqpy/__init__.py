"""ZeroMQ for Python. A program written for pyzmq runs with `import zmqpy as zmq`.

Context makes sockets, Socket sends and receives, Poller waits for several. `install_as_zmq` also serves programs that import
`zmq` themselves.
"""

from __future__ import annotations

from zmqpy import backend, constants, error, sugar, utils
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
from zmqpy.legacy import device, get_includes, get_library_dirs
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
    "backend",
    "curve_keypair",
    "curve_public",
    "device",
    "error",
    "get_includes",
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
    *constants.__all__,
]
