"""tornado's IOLoop under pyzmq's names. Sockets need no loop of their own kind."""

from __future__ import annotations

import warnings

from tornado.ioloop import IOLoop, PeriodicCallback

ZMQIOLoop = IOLoop


def install() -> None:
    """Deprecated, and does nothing."""
    warnings.warn("ioloop.install is deprecated: sockets work with any loop", DeprecationWarning, stacklevel=2)


__all__ = ["IOLoop", "PeriodicCallback", "ZMQIOLoop", "install"]
