"""Reading and writing socket options with the type each has. See options.pyx."""

cdef object get_option(void *handle, int option)
cdef int set_option(void *handle, int option, object value) except -1
