# cython: language_level=3
"""Waiting as Python needs it: the GIL released, signals seen, time-outs kept across them."""

from libc.errno cimport EINTR
from libc.stdint cimport int64_t
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, raise_error, zmqpy_now_ms, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.libzmq cimport *

cdef enum:
    # ms. Another libzmq cannot unblock signals and sleep in one step, so one may come just before it sleeps: look again this often.
    SLICE = 50


cdef int poll_items(zmq_pollitem_t *items, int count, long timeout) except -1:
    cdef zmqpy_wait_t wait
    cdef int64_t deadline = 0
    cdef long step
    cdef int ready = 0, error = 0
    if count > 0:
        ready = zmq_poll(items, count, 0)
        if ready > 0 or (ready == 0 and timeout == 0):
            return ready
        if ready < 0 and zmq_errno() != EINTR:
            raise_error(zmq_errno())
    elif timeout == 0:
        return 0
    if timeout > 0:
        deadline = zmqpy_now_ms() + timeout
    zmqpy_wait_init(&wait)
    while True:
        step = timeout
        if not ZMQPY_HAVE_EXT and (timeout < 0 or timeout > SLICE):
            step = SLICE
        begin_wait(&wait)
        with nogil:
            ready = zmq_poll(items, count, step)
            if ready < 0:
                error = zmq_errno()
        end_wait(&wait)
        if ready > 0 or (ready == 0 and step == timeout):
            return ready
        if ready < 0 and error != EINTR:
            raise_error(error)
        check_signals()
        if timeout > 0:
            timeout = max(0, deadline - zmqpy_now_ms())


cdef int64_t deadline_of(void *handle, int option, int64_t started) noexcept:
    cdef int milliseconds = -1
    cdef size_t size = sizeof(int)
    if zmq_getsockopt(handle, option, &milliseconds, &size) < 0 or milliseconds < 0:
        return -1  # in the first case the next try says why
    return started + milliseconds
