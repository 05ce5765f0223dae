"""The Python layer under pyzmq's name for it: zmq.sugar.context is zmqpy.context, and so on."""

from __future__ import annotations

import sys

from zmqpy import context, error, frame, poll, socket, stopwatch, tracker, version
from zmqpy._core.device import proxy
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
from zmqpy.legacy import device
from zmqpy.poll import Poller, select
from zmqpy.socket import Socket, SyncSocket
from zmqpy.stopwatch import Stopwatch
from zmqpy.sugar import attrsettr as attrsettr
from zmqpy.tracker import _FINISHED_TRACKER, MessageTracker
from zmqpy.version import (
    __revision__,
    __version__,
    pyzmq_version,
    pyzmq_version_info,
    zmq_version,
    zmq_version_info,
)

for _module in (context, error, frame, poll, socket, stopwatch, tracker, version):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module

__all__ = [
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
    "_FINISHED_TRACKER",
    "__revision__",
    "__version__",
    "device",
    "proxy",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "zmq_version",
    "zmq_version_info",
]
