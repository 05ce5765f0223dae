"""ZeroMQ for gevent: a call that waits lets other greenlets run.

    import zmqpy.green as zmq

Context, Socket, Poller, select, zmq_poll and device are gevent's here, everything else is zmqpy's.
"""

from __future__ import annotations

import zmqpy as _zmq
from zmqpy import *  # noqa: F403
from zmqpy.green.core import Context, Socket
from zmqpy.green.device import device  # type: ignore[assignment]
from zmqpy.green.poll import Poller, select, zmq_poll

__all__ = ["Context", "Poller", "Socket", "device", "select", "zmq_poll"]
__all__ += _zmq.__all__
