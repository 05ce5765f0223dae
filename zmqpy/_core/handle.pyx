# cython: language_level=3
"""Handles of the engine: whose they are, and that a forked child leaves them alone.

What a handle is for, and how it ends, is context.pyx's and socket.pyx's.
"""

import os
import weakref

from libc.stdint cimport uintptr_t
from zmqpy._core.errors cimport raise_error
from zmqpy._core.libzmq cimport zmq_errno

_live = weakref.WeakSet()


def _after_fork_in_child():
    """Handles belong to the parent: in the child they count as closed and the engine is never called with them."""
    for item in list(_live):
        (<Handle>item).forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


cdef class Handle:
    """A context or a socket of the engine."""

    def __cinit__(self, *args, **kwargs):
        self.handle = NULL
        self.borrowed = False
        self.forked = False

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled")

    cdef int own(self, void *handle) except -1:
        if handle == NULL:
            raise_error(zmq_errno())
        self.handle = handle
        _live.add(self)
        return 0

    cdef int borrow(self, object address) except -1:
        self.handle = <void *><uintptr_t>address
        self.borrowed = True
        _live.add(self)
        return 0

    cdef void forget(self) noexcept:
        self.handle = NULL
        self.forked = True

    @property
    def underlying(self) -> int:
        """Address of the C object; 0 once closed."""
        return <uintptr_t>self.handle

    @property
    def _forked(self) -> bool:
        return self.forked
