# cython: language_level=3
"""Socket options: which C type each has, how its value looks in Python, and options as attributes of Socket."""

from libc.errno cimport EINTR, EINVAL
from libc.stdint cimport int64_t, uint8_t, uint64_t
from cpython.object cimport PyObject
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc
from zmqpy._core.constants cimport (
    ZMQ_AFFINITY,
    ZMQ_CURVE_PUBLICKEY,
    ZMQ_CURVE_SERVERKEY,
    ZMQ_EXT_FD,
    ZMQ_FD,
    ZMQ_ROUTING_ID,
    ZMQ_SUBSCRIBE,
    ZMQ_UNSUBSCRIBE,
)
from zmqpy._core.errors cimport check_signals, raise_error
from zmqpy._core.libzmq cimport *
from zmqpy._core.overrides cimport zmqpy_type_lookup, zmqpy_type_version

from zmqpy.constants import SocketOption, _OptType

cdef enum:
    KIND_INT
    KIND_INT64
    KIND_BYTES
    KIND_FD
    KINDS = 304               # libzmq's numbers, and in the last places those of zmq_ext.h
    EXTENSIONS_AT = 240
    FIRST_EXTENSION = 23040
    TEXT_SIZE = 256  # bytes; every text option but LAST_ENDPOINT of a long inproc name fits
    LONG_TEXT_SIZE = 65536
    CURVE_KEY_SIZE = 41  # Z85 text and its NUL

cdef uint8_t kinds[KINDS]


cdef int fill_kinds() except -1:
    cdef int number
    by_type = {_OptType.int64: KIND_INT64, _OptType.bytes: KIND_BYTES, _OptType.fd: KIND_FD}
    for option in SocketOption.__members__.values():
        number = option
        if place_of(number) >= 0:
            kinds[place_of(number)] = by_type.get(option._opt_type, KIND_INT)
    return 0


cdef inline int place_of(int option) noexcept:
    if 0 <= option < EXTENSIONS_AT:
        return option
    if FIRST_EXTENSION <= option < FIRST_EXTENSION + KINDS - EXTENSIONS_AT:
        return EXTENSIONS_AT + option - FIRST_EXTENSION
    return -1


fill_kinds()


cdef inline int kind_of(int option) noexcept:
    cdef int place = place_of(option)
    return kinds[place] if place >= 0 else KIND_INT


cdef object name_of(int option):
    try:
        return SocketOption(option).name
    except ValueError:
        return f"option {option}"


cdef object get_text(void *handle, int option, size_t size):
    cdef char small[TEXT_SIZE]
    cdef char *buffer = small
    cdef int rc
    if size > TEXT_SIZE:
        buffer = <char *>malloc(size)
        if buffer == NULL:
            raise MemoryError
    rc = zmq_getsockopt(handle, option, buffer, &size)
    value = None
    if rc == 0:
        if option != ZMQ_ROUTING_ID and size > 0 and buffer[size - 1] == 0:
            size -= 1
        value = PyBytes_FromStringAndSize(buffer, size)
    if buffer != small:
        free(buffer)
    return value


cdef object get_option(void *handle, int option):
    cdef int number = 0
    cdef int64_t wide = 0
    cdef size_t size
    cdef int kind = kind_of(option)
    if kind == KIND_BYTES:
        if ZMQ_CURVE_PUBLICKEY <= option <= ZMQ_CURVE_SERVERKEY:
            value = get_text(handle, option, CURVE_KEY_SIZE)
        else:
            value = get_text(handle, option, TEXT_SIZE)
            if value is None and zmq_errno() == EINVAL:
                value = get_text(handle, option, LONG_TEXT_SIZE)
        if value is None:
            raise_error(zmq_errno())
        return value
    if kind == KIND_INT64:
        size = sizeof(wide)
        if zmq_getsockopt(handle, option, &wide, &size) < 0:
            raise_error(zmq_errno())
        return wide
    if kind == KIND_FD:
        size = sizeof(zmq_fd_t)
        if zmq_getsockopt(handle, option, &wide, &size) < 0:
            # libzmq refuses FD to sockets of the thread-safe types; our engine has one by another name.
            size = sizeof(zmq_fd_t)
            if option != ZMQ_FD or zmq_errno() != EINVAL or zmq_getsockopt(handle, ZMQ_EXT_FD, &wide, &size) < 0:
                raise_error(zmq_errno())
        return (<zmq_fd_t *>&wide)[0]
    size = sizeof(number)
    while zmq_getsockopt(handle, option, &number, &size) < 0:
        if zmq_errno() != EINTR:
            raise_error(zmq_errno())
        check_signals()  # EVENTS looks at what has arrived, which a signal may interrupt
    return number


cdef int set_option(void *handle, int option, object value) except -1:
    cdef int number
    cdef int64_t wide
    cdef int rc
    cdef int kind = kind_of(option)
    if isinstance(value, str):
        raise TypeError(f"{name_of(option)} does not take str; use set_string() ({value!r})")
    if kind == KIND_BYTES:
        if not isinstance(value, bytes):
            raise TypeError(f"{name_of(option)} takes bytes, not {value!r}")
        rc = zmq_setsockopt(handle, option, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    elif not isinstance(value, int):
        raise TypeError(f"{name_of(option)} takes an int, not {value!r}")
    elif kind == KIND_INT64:
        if option == ZMQ_AFFINITY and value >= 0:
            wide = <int64_t><uint64_t>value
        else:
            wide = value
        rc = zmq_setsockopt(handle, option, &wide, sizeof(wide))
    else:
        number = value
        rc = zmq_setsockopt(handle, option, &number, sizeof(number))
    if rc < 0:
        raise_error(zmq_errno())
    return 0


cdef int set_attribute(object socket, int option, object value) except -1:
    """What an assignment to an option's attribute does: topics may be str there."""
    if isinstance(value, str) and (option == ZMQ_SUBSCRIBE or option == ZMQ_UNSUBSCRIBE):
        value = (<str>value).encode("utf-8")
    if has_hook(socket, "_set_attr_opt"):
        socket._set_attr_opt(name_of(option), option, value)
    else:
        socket.set(option, value)
    return 0


cdef dict _hooks = {}  # name -> what Socket has by that name, which adds nothing to get and set
cdef unsigned int _unhooked_version = 0  # of the class that was last seen to have only those


def set_option_hooks(type socket):
    """The class whose _get_attr_opt and _set_attr_opt need not be called."""
    for name in ("_get_attr_opt", "_set_attr_opt"):
        _hooks[name] = vars(socket)[name]


cdef bint has_hook(object socket, str name):
    """Whether the class of `socket` has a method `name` of its own that attributes of options go through."""
    global _unhooked_version
    cdef PyObject *own
    cdef bint found = False
    if zmqpy_type_version(socket) == _unhooked_version and _unhooked_version:
        return False
    for hook, plain in _hooks.items():
        own = zmqpy_type_lookup(type(socket), hook)
        if own != NULL and own != <PyObject *>plain:
            found = True
            if hook == name:
                return True
    if not found:
        _unhooked_version = zmqpy_type_version(socket)
    return False


cdef class OptionAttribute:
    """A socket option as an attribute of a socket class. Costs other attributes nothing: it is an ordinary descriptor."""

    cdef readonly int option
    cdef readonly str name

    def __init__(self, option, str name):
        self.option = option
        self.name = name

    def __get__(self, instance, owner):
        if instance is None:
            return self
        try:
            if has_hook(instance, "_get_attr_opt"):
                return instance._get_attr_opt(self.name, self.option)
            return instance.get(self.option)
        except Exception as error:
            if getattr(error, "errno", None) == EINVAL:
                raise AttributeError(f"{self.name} cannot be read") from error
            raise

    def __set__(self, instance, value):
        set_attribute(instance, self.option, value)

    def __delete__(self, instance):
        raise AttributeError(f"{self.name} is a socket option and cannot be deleted")

    def __repr__(self):
        return f"<socket option {self.name} ({self.option})>"
