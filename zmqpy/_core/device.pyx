# cython: language_level=3
"""Proxies: zmq_proxy and zmq_proxy_steerable run in the calling thread until the context ends."""

from libc.errno cimport EINTR, ENOTSOCK
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, raise_error, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.libzmq cimport zmq_errno, zmq_proxy, zmq_proxy_steerable
from zmqpy._core.socket cimport Socket


cdef void *handle_of(Socket socket) except? NULL:
    if socket is None:
        return NULL
    if socket.handle == NULL:
        raise_error(ENOTSOCK)
    return socket.handle


cdef int run(Socket frontend, Socket backend, Socket capture, Socket control, bint steerable) except -1:
    cdef void *front = handle_of(frontend)
    cdef void *back = handle_of(backend)
    cdef void *tap = handle_of(capture)
    cdef void *command = handle_of(control)
    cdef zmqpy_wait_t wait
    cdef int rc, error = 0
    cdef list used = [socket for socket in (frontend, backend, capture, control) if socket is not None]
    for socket in used:
        (<Socket>socket).enter_call()
    try:
        zmqpy_wait_init(&wait)
        while True:
            begin_wait(&wait)
            with nogil:
                if steerable:
                    rc = zmq_proxy_steerable(front, back, tap, command)
                else:
                    rc = zmq_proxy(front, back, tap)
                if rc < 0:
                    error = zmq_errno()
            end_wait(&wait)
            if rc >= 0:
                return rc
            if error != EINTR:
                raise_error(error)
            check_signals()
    finally:
        for socket in used:
            (<Socket>socket).leave_call()


def proxy(Socket frontend not None, Socket backend not None, Socket capture=None) -> int:
    """Forwards messages between two sockets until the context is terminated (zmq_proxy(3)).

    capture : socket that gets a copy of every message, or None.

    Raises ContextTerminated, ZMQError.
    """
    return run(frontend, backend, capture, None, False)


def proxy_steerable(Socket frontend not None, Socket backend not None, Socket capture=None, Socket control=None) -> int:
    """A proxy that obeys PAUSE, RESUME, TERMINATE and STATISTICS from `control` (zmq_proxy_steerable(3)).

    Returns 0 after TERMINATE. Raises ContextTerminated, ZMQError.
    """
    return run(frontend, backend, capture, control, True)
