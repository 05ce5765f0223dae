"""Which methods a socket, or its class, has instead of Socket's. See overrides.pyx."""

from cpython.object cimport PyObject

cdef extern from "zmqpy_types.h":
    unsigned int ZMQPY_NEVER
    unsigned int zmqpy_type_version(object instance) noexcept
    PyObject *zmqpy_type_lookup(type cls, object name) noexcept

cdef enum:
    OWN_SEND = 1
    OWN_RECV = 2          # or getsockopt, which says whether there are more parts
    OWN_SEND_MULTIPART = 4
    OWN_RECV_MULTIPART = 8
    OWN_POLL = 16
    OWN_DICT = 32         # attributes may come without Socket.__setattr__: look at each call
    OWN_DESERIALIZE = 64
    OWN_EVERYTHING = 127  # with a __getattribute__ anything may be

# What is different in the class `cls` (OWN_...).
cdef int overrides_of_class(type cls) except -1
# What is different in the attributes of one socket.
cdef int overrides_of_attributes(dict attributes) except -1
# Whether Socket's methods go through an attribute of that name.
cdef bint is_hook(str name)
# A Poller, as Socket.poll would make one, while its class is as it was; None: it is not.
cdef object plain_poller()
# zmqpy.part_by_part, which does what goes through overridden methods.
cdef object part_by_part()
