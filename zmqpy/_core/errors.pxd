"""Turning errno into exceptions, and waiting so that signals are seen. Included by every module of the core."""

from libc.stdint cimport int64_t


cdef extern from "zmqpy_wait.h" nogil:
    ctypedef struct zmqpy_wait_t:
        int blocked
        int sleep
    void zmqpy_wait_init(zmqpy_wait_t *wait)  # before the first begin_wait of a call
    void zmqpy_wait_block(zmqpy_wait_t *wait, bint other_threads)
    void zmqpy_wait_unblock(zmqpy_wait_t *wait)
    int64_t zmqpy_now_ms()

# Always raises: the exception of `error` (an errno value), with `address` named in its text unless that is None.
cdef int raise_error(int error, object address=*, str reason=*) except -1

# The same of an error about which more can be said, when its text is asked for: zmqpy/hints.py knows how, from the tuple `about`.
cdef int raise_about(int error, tuple about) except -1

# Always raises ENOTSUP as pyzmq programs expect it: a feature this libzmq does not have.
cdef int raise_unsupported(str feature) except -1

# Around a C call that may sleep. begin_wait runs Python's signal handlers (and raises what they raise, having undone
# everything); end_wait must follow the call. Both with the GIL held.
cdef int begin_wait(zmqpy_wait_t *wait) except -1
cdef void end_wait(zmqpy_wait_t *wait) noexcept

# After a call that failed with EINTR: runs Python's signal handlers.
cdef int check_signals() except -1
