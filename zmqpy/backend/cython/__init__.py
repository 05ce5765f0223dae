"""The compiled layer under pyzmq's name for it; the modules are zmqpy._core's. The .pxd files beside this one are for Cython."""

from zmqpy._core.context import Context
from zmqpy._core.crypto import curve_keypair, curve_public
from zmqpy._core.device import proxy, proxy_steerable
from zmqpy._core.errors import IPC_PATH_MAX_LEN, has, strerror, zmq_errno, zmq_version_info
from zmqpy._core.frame import Frame
from zmqpy._core.monitored_queue import monitored_queue
from zmqpy._core.poller import zmq_poll
from zmqpy._core.socket import Socket

Message = Frame
PYZMQ_DRAFT_API: bool = has("draft")

__all__ = [
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "Context",
    "Frame",
    "Message",
    "Socket",
    "curve_keypair",
    "curve_public",
    "has",
    "monitored_queue",
    "proxy",
    "proxy_steerable",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version_info",
]
