# cython: language_level=3
"""Contexts: the handle, its options and its end, which is everybody's: a shadow ends the context itself, as with pyzmq.
Tracking of sockets and default options are zmqpy/context.py's.

A context that is collected without having been terminated is terminated by a detached thread of its own, outside Python: it
waits for lingering messages without anybody waiting for it, and interpreter exit does not wait either.
"""

import atexit
import threading

from libc cimport errno
from libc.errno cimport EFAULT, EINTR
from libc.limits cimport INT_MAX
from libc.stdint cimport int64_t, uintptr_t
from zmqpy._core.constants cimport ZMQ_IO_THREADS
from zmqpy._core.errors cimport (
    begin_wait,
    check_signals,
    end_wait,
    raise_error,
    zmqpy_now_ms,
    zmqpy_wait_init,
    zmqpy_wait_t,
)
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT, zmq_ext_wait_limit
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *

cdef extern from "zmqpy_term.h":
    int zmqpy_term_detached(void *context) nogil


cdef bint exiting = False
# ms (31 years): with more a lock cannot wait.
cdef int64_t LONGEST = 10**12
cdef dict _ending = {}  # address -> threading.Event: a thread is terminating that context, and no other may enter zmq_ctx_term


def _at_exit():
    """From here on a context that is collected is left to the end of the process."""
    global exiting
    exiting = True


atexit.register(_at_exit)


cdef class Context(Handle):
    """A ZeroMQ context: background threads and the sockets that use them (zmq_ctx_new(3))."""

    def __init__(self, int io_threads=1, shadow=0):
        """A context with `io_threads` background threads, or a shadow of the context at address `shadow`."""
        cdef int error
        if self.handle != NULL:
            return
        if isinstance(shadow, Context):
            if (<Context>shadow).lost:
                self.borrowed = self.lost = True
                self.lost_handle = (<Context>shadow).lost_handle
                return
            shadow = (<Context>shadow).underlying
        if shadow:
            self.borrow(shadow)
        else:
            self.own(zmq_ctx_new())
            if zmq_ctx_set(self.handle, ZMQ_IO_THREADS, io_threads) < 0:
                error = zmq_errno()
                zmq_ctx_term(self.handle)
                self.handle = NULL
                raise_error(error)

    def __dealloc__(self):
        cdef void *handle = self.handle
        if handle != NULL and not self.borrowed and not exiting:
            self.release()
            zmqpy_term_detached(handle)

    cdef int require(self) except -1:
        if self.handle == NULL:
            if self.forked:
                raise RuntimeError("this Context belongs to the process that forked; make a new one in the child")
            if self.lost:
                raise_error(EFAULT)
            raise RuntimeError("the Context has been terminated")
        return 0

    cdef int lose(self) except -1:
        self.lost_handle = self.handle
        self.lost = True
        self.handle = NULL
        return 0

    cdef void forget(self) noexcept:
        Handle.forget(self)
        self.lost = False

    @property
    def underlying(self) -> int:
        """Address of the C object; 0 once closed."""
        return <uintptr_t>(self.lost_handle if self.lost else self.handle)

    @property
    def closed(self) -> bool:
        """Whether the context has been terminated by this object, or belongs to the parent of a forked process.

        Not where somebody else did, a shadow or that of which this is one: then calls fail with EFAULT, until `term` has been called.
        """
        return self.handle == NULL and not self.lost

    @property
    def _lost(self) -> bool:
        """Whether somebody else has terminated the context: its address may be another's by now."""
        return self.lost

    def get(self, int option) -> int:
        """The value of a ContextOption (zmq_ctx_get(3)). Raises ZMQError (EINVAL), RuntimeError after term."""
        cdef int value
        self.require()
        errno.errno = 0  # -1 may be the value, as of THREAD_SCHED_POLICY
        value = zmq_ctx_get(self.handle, option)
        if value < 0 and zmq_errno() != 0:
            raise_error(zmq_errno())
        return value

    def set(self, int option, optval):
        """Sets a ContextOption to an int (zmq_ctx_set(3)). Raises ZMQError (EINVAL), RuntimeError after term."""
        self.require()
        if not isinstance(optval, int):
            raise TypeError(f"context option {option} takes an int, not {optval!r}")
        if zmq_ctx_set(self.handle, option, optval) < 0:
            raise_error(zmq_errno())

    def shutdown(self) -> None:
        """Ends every blocked call on the context's sockets with ContextTerminated (zmq_ctx_shutdown(3))."""
        if self.handle != NULL:
            zmq_ctx_shutdown(self.handle)

    def term(self, timeout=None):
        """Terminates the context: waits until its sockets are closed and what they linger for is sent (zmq_ctx_term(3)).

        timeout : ms, None for no limit. False if it is over; then term may be called again.
        Of a shadow, that of which it is one. Raises ZMQError (EFAULT: somebody else has terminated it, which is forgotten then).
        Signal handlers run while it waits; one that raises leaves the context as it is, and term may be called again.
        """
        cdef Handle owner = self.owner()  # which must not be collected meanwhile
        address = <uintptr_t>self.handle
        cdef int64_t deadline = -1 if timeout is None or timeout < 0 else zmqpy_now_ms() + <int64_t>min(timeout, LONGEST)
        while address in _ending:
            if not _ending[address].wait(None if deadline < 0 else max(0, deadline - zmqpy_now_ms()) / 1000.0):
                return False
        if self.lost:
            if self.lost_handle != NULL:
                self.lost_handle = NULL
                raise_error(EFAULT)
            self.lost = False
        if self.handle == NULL:
            return True
        ended = _ending[address] = threading.Event()
        if deadline >= 0 and not ZMQPY_HAVE_EXT:
            # Another libzmq's cannot be left: a thread stays in it, and whoever calls again waits for that.
            threading.Thread(target=self._end_in_thread, args=(address,), daemon=True).start()
            return ended.wait(max(0, deadline - zmqpy_now_ms()) / 1000.0)
        try:
            return bool(self.wait_for_end(deadline))
        finally:
            del _ending[address]
            ended.set()

    def _end_in_thread(self, address):
        try:
            self.wait_for_end(-1)
        finally:
            _ending.pop(address).set()

    cdef int wait_for_end(self, int64_t deadline) except -1:
        cdef zmqpy_wait_t wait
        cdef int64_t left = 0
        cdef void *handle = self.handle
        cdef int rc, error = 0
        zmqpy_wait_init(&wait)
        while True:
            begin_wait(&wait)
            if deadline >= 0:
                left = max(1, deadline - zmqpy_now_ms())
                if wait.blocked and wait.sleep:
                    left = min(left, wait.sleep)
                zmq_ext_wait_limit(<int>min(left, INT_MAX))
            with nogil:
                rc = zmq_ctx_term(handle)
                if rc < 0:
                    error = zmq_errno()
            if deadline >= 0:
                zmq_ext_wait_limit(0)
            end_wait(&wait)
            if rc == 0:
                self.release()
                return True
            if error == EFAULT:
                self.lose()
                self.lost_handle = NULL
            if error != EINTR:
                raise_error(error)
            check_signals()
            if deadline >= 0 and zmqpy_now_ms() >= deadline:
                return False
