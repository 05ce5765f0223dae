"""The C API under pyzmq's name for it."""

from zmqpy._core.constants cimport *
from zmqpy._core.libzmq cimport *
