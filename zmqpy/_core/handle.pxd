"""Handle, what Context and Socket have in common. See handle.pyx."""


cdef class Handle:
    cdef object __weakref__
    cdef void *handle         # NULL once closed or terminated
    cdef bint borrowed        # a shadow: somebody else ends it
    cdef bint forked          # made before a fork, in the parent
    cdef int users            # threads inside a call that released the GIL
    cdef void *abandoned      # a socket, closed while they were inside: the last one out closes it
    # Takes over a handle: the C call's result, or NULL with errno set (raises).
    cdef int own(self, void *handle) except -1
    # Uses a handle that somebody else ends.
    cdef int borrow(self, object address) except -1
    # Who ends the handle: a Handle of this process, None if it is nobody here.
    cdef Handle owner(self)
    # Raises if the handle has ended.
    cdef int require(self) except -1
    # Always raises what the errno `error` means for this handle. sending: 1 a send has failed, 0 a receive, -1 another call.
    cdef int fail(self, int error, int sending=*) except -1
    # Around a call with a socket's handle that releases the GIL: what another thread closes meanwhile is closed by leave_call.
    cdef void enter_call(self) noexcept
    cdef int leave_call(self) except -1
    # The handle has ended, or is about to: from now on this one and its shadows have none.
    cdef int release(self) except -1
    # Somebody else has ended the handle.
    cdef int lose(self) except -1
    # In a forked child: the handle is the parent's.
    cdef void forget(self) noexcept
