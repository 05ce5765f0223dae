"""A Socket that sends and receives messages of several parts. See multipart.pyx."""

from zmqpy._core.transfer cimport TransferSocket


cdef class MultipartSocket(TransferSocket):
    # Sends a message, each part copied; `parts` has at least one.
    cdef int send_parts(self, tuple parts, int flags) except -1
