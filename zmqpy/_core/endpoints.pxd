"""Calls of a socket with an address or a group. See endpoints.pyx."""

from zmqpy._core.handle cimport Handle

# zmq_bind and the other calls with an endpoint.
ctypedef int (*endpoint_call)(void *socket, const char *endpoint) noexcept nogil

# zmq_bind, zmq_connect, zmq_unbind or zmq_disconnect, without the GIL and again after signals; an error names the endpoint.
cdef int call_with_endpoint(Handle socket, endpoint_call call, object addr) except -1
# The same for zmq_bind and zmq_connect: raises ZMQError (EINVAL) for keys of CURVE with which no connection could come about there.
cdef int make_endpoint(Handle socket, endpoint_call call, object addr) except -1
# zmq_socket_monitor; None for `addr` stops it.
cdef int set_monitor(Handle socket, object addr, int events) except -1
# zmq_connect_peer and zmq_disconnect_peer.
cdef object connect_to_peer(Handle socket, object addr)
cdef int disconnect_from_peer(Handle socket, object routing_id) except -1
# zmq_join and zmq_leave.
cdef int join_group(Handle socket, object group) except -1
cdef int leave_group(Handle socket, object group) except -1
