"""As zmqpy.eventloop.ioloop."""

from zmqpy.eventloop.ioloop import IOLoop, PeriodicCallback, ZMQIOLoop, install

__all__ = ["IOLoop", "PeriodicCallback", "ZMQIOLoop", "install"]
