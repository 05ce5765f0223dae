"""Parts of messages as C sees them. See parts.pyx."""

from zmqpy._core.ext cimport zmq_ext_bytes_t
from zmqpy._core.libzmq cimport zmq_msg_t

# The parts of a message as a tuple, which nobody else can change while a send waits; TypeError, IndexError if it cannot be one.
cdef tuple parts_of(object msg_parts)
# The messages of a batch, likewise.
cdef tuple messages_of(object messages)
# Where the bytes of `part` are: of bytes, a Frame or another buffer; with `text` also of str, in UTF-8. They stay there as long as
# `part` and the object returned live. TypeError for anything else, naming the part unless `index` is negative.
cdef object describe(object part, bint text, Py_ssize_t index, zmq_ext_bytes_t *where)
# Makes `msg` (uninitialised) the part that send shall send: the Frame's content shared, a copy, or, if `copy` is false and `part`
# has at least `threshold` bytes, a reference to it. A MessageTracker, or None if there is nothing to track.
cdef object fill_message(zmq_msg_t *msg, object part, Py_ssize_t index, bint copy, bint track, object threshold)
# The routing id and the group among the keyword arguments of send_multipart, None for none; TypeError for any other.
cdef tuple address_of(dict kwargs)
# Whether it is a Frame with a routing id or a group, which go with it.
cdef bint is_addressed(object part) noexcept
# Gives `msg` the routing id and the group that SERVER, PEER and RADIO sockets need.
cdef int address_message(zmq_msg_t *msg, object routing_id, object group) except -1
# A zmq_ext_place_t: makes bytes of that size, the PyObject * that `hint` points at; NULL, and no bytes, if they would be large.
cdef void *place_bytes(size_t size, void *hint) noexcept
# A copy of what a message holds.
cdef bytes copy_bytes(const char *data, size_t size)
# The content of `msg` as bytes; closes the message, also when it fails.
cdef bytes take_bytes(zmq_msg_t *msg)
# `count` messages as bytes, or with `copy` false as Frames; closes all, also when it fails.
cdef list take_parts(zmq_msg_t *msgs, Py_ssize_t count, bint copy, bint track)
