# cython: language_level=3
"""Which methods a socket, or its class, has instead of Socket's: those that others of its methods must then go through.

As with pyzmq, send_multipart goes through `send`, poll through `_poller_class`, and so on, whether the method was overridden in a
subclass, assigned to a socket or patched into a class. Plain sockets pay one comparison of a class's version for it (socket.pxd);
what is done for the others is zmqpy/part_by_part.py's.
"""

cdef dict _hooks = {
    "send": OWN_SEND,
    "recv": OWN_RECV,
    "getsockopt": OWN_RECV,
    "send_multipart": OWN_SEND_MULTIPART,
    "recv_multipart": OWN_RECV_MULTIPART,
    "_poller_class": OWN_POLL,
    "closed": OWN_POLL,
    "_deserialize": OWN_DESERIALIZE,
    "__setattr__": OWN_DICT,
    "__dict__": OWN_DICT,
    "__getattribute__": OWN_EVERYTHING,
}
cdef list _plain = []         # (name, what Socket has by that name, OWN_...)
cdef list _plain_poller = []  # (name, what Poller has by that name)
cdef object _a_poller = None
cdef object _part_by_part = None


cdef object found(type cls, str name):
    cdef PyObject *value = zmqpy_type_lookup(cls, name)
    return <object>value if value != NULL else None


def set_plain_classes(type socket, type poller):
    """The classes whose methods need not go through each other, as they are now."""
    global _a_poller
    _plain[:] = [(name, found(socket, name), own) for name, own in _hooks.items()]
    _a_poller = poller()
    _plain_poller[:] = [(name, found(poller, name)) for name in ("__new__", "__init__", "register", "poll", "__getattribute__")]


cdef int overrides_of_class(type cls) except -1:
    cdef int own, result = 0
    cdef PyObject *value
    for name, plain, own in _plain:
        value = zmqpy_type_lookup(cls, name)
        if value != NULL and value != <PyObject *>plain:
            result |= own
    return result


cdef int overrides_of_attributes(dict attributes) except -1:
    cdef int own, result = 0
    for name, _, own in _plain:
        if name in attributes:
            result |= own
    return result


cdef bint is_hook(str name):
    return name in _hooks


cdef object plain_poller():
    for name, plain in _plain_poller:
        if found(type(_a_poller), name) is not plain:
            return None
    return _a_poller


cdef object part_by_part():
    global _part_by_part
    if _part_by_part is None:
        import zmqpy.part_by_part

        _part_by_part = zmqpy.part_by_part
    return _part_by_part
