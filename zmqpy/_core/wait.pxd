"""Waiting for sockets and descriptors. See wait.pyx."""

from libc.stdint cimport int64_t
from zmqpy._core.libzmq cimport zmq_pollitem_t

# zmq_poll, first without waiting and with the GIL, then without it; again after signals, within `timeout` ms in all
# (negative: for ever). Returns the number of ready items.
cdef int poll_items(zmq_pollitem_t *items, int count, long timeout) except -1

# When a call that began at `started` (ms) is over by the socket's ZMQ_SNDTIMEO or ZMQ_RCVTIMEO: ms, negative for never. The option is
# only read: it is the user's, and other threads'.
cdef int64_t deadline_of(void *handle, int option, int64_t started) noexcept
