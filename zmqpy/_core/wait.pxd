"""Waiting for sockets and descriptors. See wait.pyx."""

from libc.stdint cimport int64_t
from zmqpy._core.libzmq cimport zmq_pollitem_t

# zmq_poll, first without waiting and with the GIL, then without it; again after signals, within `timeout` ms in all
# (negative: for ever). Returns the number of ready items.
cdef int poll_items(zmq_pollitem_t *items, int count, long timeout) except -1

# The time a call interrupted by signals has in all: SNDTIMEO or RCVTIMEO, counted from start_timeout.
cdef struct Timeout:
    int option       # ZMQ_SNDTIMEO or ZMQ_RCVTIMEO
    int64_t started  # ms
    int whole        # ms, what the option was before it was shortened
    int shortened    # ms, what it is now; -2: not touched

cdef void start_timeout(Timeout *timeout, int option) noexcept
# After a signal: whether time is left. Sets the option of the socket `handle` to what is left of it for the next try.
cdef bint again_in_time(void *handle, Timeout *timeout) noexcept
# Gives the option its value back, unless somebody else has set it meanwhile.
cdef void end_timeout(void *handle, Timeout *timeout) noexcept
