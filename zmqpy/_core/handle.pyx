# cython: language_level=3
"""Handles of the engine: whose they are, that a forked child leaves them alone, and that none is closed under another thread's call.

What a handle is for, and how it ends, is context.pyx's and socket.pyx's.
"""

import os
import weakref

from libc.stdint cimport uintptr_t
from zmqpy._core.errors cimport raise_error
from zmqpy._core.libzmq cimport zmq_close, zmq_errno

cdef object _owners = weakref.WeakValueDictionary()  # address -> the Handle that ends it
cdef dict _shadows = {}                               # address -> WeakSet of Handles that only use it


def _after_fork_in_child():
    """Handles belong to the parent: in the child they count as closed and the engine is never called with them."""
    for item in [*_owners.values(), *[shadow for shadows in _shadows.values() for shadow in shadows]]:
        (<Handle>item).forget()
    _owners.clear()
    _shadows.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def owner_at(address):
    """The Handle of this process that ends the C object at `address`; None if there is none."""
    return _owners.get(address)


def owners() -> list:
    """All Handles of this process that end what they are for: contexts and sockets that are open."""
    return list(_owners.values())


cdef class Handle:
    """A context or a socket of the engine."""

    def __cinit__(self, *args, **kwargs):
        self.handle = NULL
        self.borrowed = False
        self.forked = False
        self.users = 0
        self.abandoned = NULL

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled")

    cdef int own(self, void *handle) except -1:
        if handle == NULL:
            raise_error(zmq_errno())
        self.handle = handle
        _owners[<uintptr_t>handle] = self
        return 0

    cdef int borrow(self, object address) except -1:
        self.handle = <void *><uintptr_t>address
        self.borrowed = True
        _shadows.setdefault(<uintptr_t>self.handle, weakref.WeakSet()).add(self)
        return 0

    cdef Handle owner(self):
        cdef Handle found = _owners.get(<uintptr_t>self.handle)
        return found if found is not None and found.handle == self.handle else None

    cdef int require(self) except -1:
        raise NotImplementedError

    cdef int fail(self, int error, int sending=-1) except -1:
        raise_error(error)

    cdef void enter_call(self) noexcept:
        self.users += 1

    cdef int leave_call(self) except -1:
        self.users -= 1
        if self.users == 0 and self.abandoned != NULL:
            zmq_close(self.abandoned)
            self.abandoned = NULL
        return 0

    cdef int release(self) except -1:
        cdef Handle owner = self.owner()
        address = <uintptr_t>self.handle
        self.handle = NULL
        _owners.pop(address, None)
        if owner is not None and owner is not self:
            owner.lose()
        # The engine may give the address to another object: no shadow may take that for the old one.
        for shadow in list(_shadows.pop(address, ())):
            if shadow is not self:
                (<Handle>shadow).lose()
        return 0

    cdef int lose(self) except -1:
        self.handle = NULL
        return 0

    cdef void forget(self) noexcept:
        self.handle = NULL
        self.forked = True
        self.users = 0
        self.abandoned = NULL

    @property
    def underlying(self) -> int:
        """Address of the C object; 0 once closed."""
        return <uintptr_t>self.handle

    @property
    def _forked(self) -> bool:
        return self.forked
