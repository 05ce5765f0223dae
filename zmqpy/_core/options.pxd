"""Reading and writing socket options with the type each has. See options.pyx."""

cdef object get_option(void *handle, int option)
cdef int set_option(void *handle, int option, object value) except -1
# An assignment to the attribute of an option: as Socket.set, and topics may be str.
cdef int set_attribute(object socket, int option, object value) except -1
