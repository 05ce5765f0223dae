# cython: language_level=3
"""Calls of a socket with an address or the name of a group: as text from Python, with the GIL let go, and with errors that name it."""

from libc.errno cimport EINTR, EINVAL
from libc.stdint cimport int64_t
from zmqpy._core.constants cimport ZMQ_CURVE, ZMQ_EXT_TLS_FAILURE, ZMQ_MECHANISM
from zmqpy._core.errors cimport check_signals, raise_error, raise_unsupported
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *


cdef int call_with_endpoint(Handle socket, endpoint_call call, object addr) except -1:
    cdef bytes endpoint = text_bytes(addr, "addr")
    cdef char *text = endpoint
    cdef int rc, error = 0
    while True:
        if socket.forked:
            socket.require()
        socket.enter_call()
        with nogil:
            rc = call(socket.handle, text)
            if rc < 0:
                error = zmq_errno()
        socket.leave_call()
        if rc >= 0:
            return 0
        if error != EINTR:
            raise_error(error, endpoint, tls_failure(socket, endpoint) if error == EINVAL else "")
        check_signals()


cdef str tls_failure(Handle socket, bytes endpoint):
    """What is wrong with the options of an endpoint with TLS that was refused, "" if it is something else."""
    cdef char text[1024]
    cdef size_t size = sizeof(text)
    if not endpoint.startswith((b"tls+tcp://", b"wss://")):
        return ""
    if zmq_getsockopt(socket.handle, ZMQ_EXT_TLS_FAILURE, text, &size) < 0:
        return ""
    return text[:size - 1].decode("utf-8", "replace")


cdef int make_endpoint(Handle socket, endpoint_call call, object addr) except -1:
    check_keys(socket, addr)
    return call_with_endpoint(socket, call, addr)


cdef int check_keys(Handle socket, object addr) except -1:
    cdef int mechanism = 0
    cdef size_t size = sizeof(mechanism)
    if zmq_getsockopt(socket.handle, ZMQ_MECHANISM, &mechanism, &size) == 0 and mechanism == ZMQ_CURVE:
        from zmqpy.auth.keys import check_curve

        check_curve(socket, addr)
    return 0


cdef object connect_to_peer(Handle socket, object addr):
    cdef bytes endpoint = text_bytes(addr, "addr")
    cdef int64_t number
    socket.require()
    check_keys(socket, addr)
    number = zmqpy_connect_peer(socket.handle, endpoint)
    if number < 0:
        if zmq_errno() == ENOTSUP:
            check_draft(-1, "connect_peer")
        raise_error(zmq_errno(), endpoint)
    return number


cdef int disconnect_from_peer(Handle socket, object routing_id) except -1:
    socket.require()
    return check_draft(zmqpy_disconnect_peer(socket.handle, routing_id), "disconnect_peer")


cdef int set_monitor(Handle socket, object addr, int events) except -1:
    cdef bytes endpoint = None
    cdef int rc
    socket.require()
    if addr is None:
        rc = zmq_socket_monitor(socket.handle, NULL, events)
    else:
        endpoint = text_bytes(addr, "addr")
        rc = zmq_socket_monitor(socket.handle, endpoint, events)
    if rc < 0:
        raise_error(zmq_errno(), endpoint)
    return 0


cdef int join_group(Handle socket, object group) except -1:
    socket.require()
    return check_draft(zmqpy_join(socket.handle, text_bytes(group, "group")), "join")


cdef int leave_group(Handle socket, object group) except -1:
    socket.require()
    return check_draft(zmqpy_leave(socket.handle, text_bytes(group, "group")), "leave")


cdef int check_draft(int rc, str name) except -1:
    if rc < 0:
        # From a library that has it, it is about the socket's type.
        if zmq_errno() == ENOTSUP and not zmq_has(b"draft"):
            raise_unsupported(name)
        raise_error(zmq_errno())
    return 0


cdef bytes text_bytes(object value, str name):
    """What C takes for the str or bytes `value` of the argument `name`."""
    if isinstance(value, str):
        return (<str>value).encode("utf-8")
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{name} must be str, not {value!r}")
