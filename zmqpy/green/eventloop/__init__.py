"""tornado's loop beside gevent, under pyzmq's names."""

from zmqpy.green.eventloop.ioloop import IOLoop

__all__ = ["IOLoop"]
