"""A Socket that sends and receives messages of several parts. See multipart.pyx."""

from zmqpy._core.transfer cimport Operation, TransferSocket

cdef enum:
    FEW = 16  # parts; a message of more needs memory of its own while it is sent or received

# An operation on `count` parts, whose sizes are added while they are made.
cdef void begin_parts(Operation *operation, int kind, Py_ssize_t count) noexcept
# For that many parts, to be freed.
cdef void *memory_for(Py_ssize_t count, size_t size) except NULL
# One MessageTracker of several, of which some may be None; None if all are.
cdef object tracker_of(list trackers)


cdef class MultipartSocket(TransferSocket):
    # Sends a message, each part copied; `parts` has at least one. How many Frames are among them.
    cdef int send_parts(self, tuple parts, int flags) except -1
