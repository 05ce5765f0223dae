"""`cimport zmq` for modules written for pyzmq: this folder's parent is among zmqpy.get_includes(). See zmqpy/__init__.pxd."""

from zmqpy.backend.cython cimport libzmq
from zmqpy._core.context cimport Context
from zmqpy._core.frame cimport Frame
from zmqpy._core.socket cimport Socket
