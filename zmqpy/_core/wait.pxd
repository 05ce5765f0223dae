"""Waiting for sockets and descriptors. See wait.pyx."""

from zmqpy._core.libzmq cimport zmq_pollitem_t

# zmq_poll, first without waiting and with the GIL, then without it; again after signals, within `timeout` ms in all
# (negative: for ever). Returns the number of ready items.
cdef int poll_items(zmq_pollitem_t *items, int count, long timeout) except -1
