"""monitored_queue under pyzmq's name for its module; the work is _core/monitored_queue.pyx's."""

from zmqpy._core.monitored_queue import monitored_queue

__all__ = ["monitored_queue"]
