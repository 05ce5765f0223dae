"""Frame, and Message, its older name."""

from zmqpy._core.frame import Frame

Message = Frame

__all__ = ["Frame", "Message"]
