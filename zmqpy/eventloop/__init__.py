"""ZeroMQ with tornado (6 or later): streams with callbacks, and futures."""

from tornado.ioloop import IOLoop

__all__ = ["IOLoop"]
