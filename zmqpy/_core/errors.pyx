# cython: language_level=3
"""The one place that turns errno into an exception and checks for signals; errno texts and version numbers."""

from cpython.exc cimport PyErr_CheckSignals, PyErr_SetObject, PyErr_WriteUnraisable
from libc.errno cimport EAGAIN, EINTR, ENAMETOOLONG, ENOENT
from zmqpy._core.constants cimport ZMQ_ETERM
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.libzmq cimport zmq_errno as c_zmq_errno
from zmqpy._core.libzmq cimport zmq_has, zmq_strerror, zmq_version

import os
import threading

cdef extern from "pythread.h" nogil:
    unsigned long PyThread_get_thread_ident()

IPC_PATH_MAX_LEN = 107

cdef unsigned long main_thread = threading.main_thread().ident
cdef dict threads = getattr(threading, "_active", None)  # what threading.active_count() counts, without its lock
cdef object _error = None  # zmqpy.error, which needs this module and is therefore loaded late


def _after_fork_in_child():
    """The thread that forked is the child's main thread."""
    global main_thread
    main_thread = PyThread_get_thread_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


cdef object errors():
    global _error
    if _error is None:
        import zmqpy.error

        _error = zmqpy.error
    return _error


cdef int raise_error(int error, object address=None, str reason="") except -1:
    module = errors()
    if error == EAGAIN:
        # Polling loops raise this all the time; its attributes are the class's and __init__ has nothing to do.
        again = module.Again
        raise again.__new__(again, error)
    if error == ZMQ_ETERM:
        raise module.ContextTerminated(error)
    if error == EINTR:
        raise module.InterruptedSystemCall(error)
    if address is None:
        raise module.ZMQError(error)
    if isinstance(address, bytes):
        address = address.decode("utf-8", "replace")
    text = strerror(error)
    if address.startswith("ipc://"):
        path = address[len("ipc://"):]
        if error == ENAMETOOLONG:
            text = f"{text}: an ipc path has at most {IPC_PATH_MAX_LEN} bytes (zmq.IPC_PATH_MAX_LEN), this one {len(os.fsencode(path))}"
        elif error == ENOENT:
            text = f"{text}: the directory of ipc path {path!r} does not exist"
    if reason:
        raise module.ZMQError(error, msg=f"{text}: {reason} (addr={address!r})")
    failure = module.ZMQError(error, msg=f"{text} (addr={address!r})")
    failure._about = ("endpoint", address)
    raise failure


cdef int raise_about(int error, tuple about) except -1:
    module = errors()
    if error == EAGAIN:
        again = module.Again
        failure = again.__new__(again, error)
    elif error == ZMQ_ETERM:
        failure = module.ContextTerminated(error)
    else:
        failure = module.ZMQError(error)
    failure._about = about
    raise failure


cdef int raise_unsupported(str feature) except -1:
    module = errors()
    raise module.ZMQNotSupported(f"{feature} is not in this libzmq ({'.'.join(map(str, zmq_version_info()))})")


cdef int begin_wait(zmqpy_wait_t *wait) except -1:
    if PyThread_get_thread_ident() != main_thread:
        wait.blocked = 0
        return 0
    zmqpy_wait_block(wait, threads is None or len(threads) > 1)
    try:
        check_signals()
    except BaseException:
        zmqpy_wait_unblock(wait)
        raise
    return 0


cdef void end_wait(zmqpy_wait_t *wait) noexcept:
    if wait.blocked:
        zmqpy_wait_unblock(wait)


cdef int check_signals() except -1:
    return PyErr_CheckSignals()


def strerror(int errno) -> str:
    """The text of the error number `errno`, a system's or ZeroMQ's own (zmq_strerror(3))."""
    return (<bytes>zmq_strerror(errno)).decode("utf-8", "replace")


def zmq_errno() -> int:
    """The errno the last libzmq call of this thread left behind (zmq_errno(3))."""
    return c_zmq_errno()


def zmq_version_info() -> tuple[int, int, int]:
    """Version of the libzmq API in use: (major, minor, patch)."""
    cdef int major = 0, minor = 0, patch = 0
    zmq_version(&major, &minor, &patch)
    return (major, minor, patch)


def has(str capability not None) -> bool:
    """Whether the engine offers `capability`: "ipc", "curve", "draft", ... (zmq_has(3)); "zmqpy-engine": whether it is our own."""
    if capability == "zmqpy-engine":
        return bool(ZMQPY_HAVE_EXT)
    cdef bytes name = capability.encode("utf-8")
    return bool(zmq_has(name))


def report_unraisable(error, where) -> None:
    """Gives an exception that nobody can catch to sys.unraisablehook. where : the object whose fault it is."""
    PyErr_SetObject(type(error), error)
    PyErr_WriteUnraisable(where)
