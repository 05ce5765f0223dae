"""The compiled layer under pyzmq's name for it. See zmqpy/__init__.pxd."""

from zmqpy._core.context cimport Context
from zmqpy._core.frame cimport Frame
from zmqpy._core.socket cimport Socket
from zmqpy.backend.cython cimport libzmq
