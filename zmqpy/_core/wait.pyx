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


cdef void start_timeout(Timeout *timeout, int option) noexcept:
    timeout.option = option
    timeout.started = zmqpy_now_ms()
    timeout.shortened = -2


cdef bint again_in_time(void *handle, Timeout *timeout) noexcept:
    cdef size_t size = sizeof(int)
    cdef int64_t left
    if timeout.shortened == -2 and zmq_getsockopt(handle, timeout.option, &timeout.whole, &size) < 0:
        return True  # the next try says why
    if timeout.whole < 0:
        return True
    left = timeout.started + timeout.whole - zmqpy_now_ms()
    if left <= 0:
        return False
    timeout.shortened = <int>left
    zmq_setsockopt(handle, timeout.option, &timeout.shortened, sizeof(int))
    return True


cdef void end_timeout(void *handle, Timeout *timeout) noexcept:
    cdef int now = 0
    cdef size_t size = sizeof(int)
    if timeout.shortened == -2 or handle == NULL:
        return
    if zmq_getsockopt(handle, timeout.option, &now, &size) == 0 and now == timeout.shortened:
        zmq_setsockopt(handle, timeout.option, &timeout.whole, sizeof(int))
