"""For other Cython modules: `from zmqpy cimport Context, Frame, Socket, libzmq`, as pyzmq has it.

The C functions are the engine's: compile with zmqpy.get_includes(), link with zmqpy.get_libraries() from zmqpy.get_library_dirs().
`socket.handle` and `context.handle` are the C objects, NULL once closed; `frame.zmq_msg` is the message.
"""

from zmqpy._core.context cimport Context
from zmqpy._core.frame cimport Frame
from zmqpy._core.socket cimport Socket
from zmqpy.backend.cython cimport libzmq
