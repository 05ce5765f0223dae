"""pyzmq's name for the compiled layer: its classes and functions as they are without the conveniences."""

from zmqpy.backend.cython import *  # noqa: F403
from zmqpy.backend.cython import __all__ as __all__
from zmqpy.backend.select import public_api as public_api
from zmqpy.backend.select import select_backend as select_backend

#: The backends that there are to choose from, pyzmq's first and second choice.
first = second = "zmqpy.backend.cython"
