"""Helpers that programs written for pyzmq import from zmq.utils."""

from zmqpy.utils import interop, jsonapi

__all__ = ["interop", "jsonapi"]
