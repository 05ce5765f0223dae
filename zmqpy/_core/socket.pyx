# cython: language_level=3
"""The socket's handle: its life, its options, its endpoints, and what fork and closing in another thread do to it.

Sending and receiving are in transfer.pyx, batches in batch.pyx, conveniences (context managers, strings) in zmqpy/socket.py.
"""

from libc.errno cimport EINTR, ENOTSOCK
from zmqpy._core.constants cimport ZMQ_ETERM, ZMQ_LINGER, ZMQ_TYPE
from zmqpy._core.context cimport Context
from zmqpy._core.errors cimport check_signals, raise_error, raise_unsupported
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.options cimport get_option, set_attribute, set_option
from zmqpy._core.overrides cimport (
    OWN_DICT,
    ZMQPY_NEVER,
    is_hook,
    overrides_of_attributes,
    overrides_of_class,
    zmqpy_type_lookup,
    zmqpy_type_version,
)

from zmqpy.constants import SocketOption

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object instance, object name, object value) except -1
    object PyObject_GenericGetDict(object instance, void *unused)
    int PyObject_GenericSetDict(object instance, object attributes, void *unused) except -1

# zmq_bind and the other calls with an endpoint.
ctypedef int (*endpoint_call)(void *socket, const char *endpoint) noexcept nogil


cdef class Socket(Handle):
    """A ZeroMQ socket. Socket(context, socket_type, shadow=0, copy_threshold=zmqpy.COPY_THRESHOLD)"""

    def __cinit__(self, *args, **kwargs):
        self.abandoned = NULL
        self.users = 0
        self.type_number = -1
        self.copy_threshold = 65536
        self.plain_version = ZMQPY_NEVER

    def __init__(self, context=None, int socket_type=0, shadow=0, copy_threshold=None):
        if self.handle != NULL:
            return
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold
        if shadow:
            self.borrow(shadow)
            self.context = context
            self.type_number = get_option(self.handle, ZMQ_TYPE)
        else:
            if not isinstance(context, Context):
                raise TypeError(f"context must be a Context, not {context!r}")
            self.context = context
            if self.context.handle == NULL:
                self.context.require()
            self.own(zmq_socket(self.context.handle, socket_type))
            self.type_number = socket_type

    def __dealloc__(self):
        if self.handle != NULL and not self.borrowed:
            zmq_close(self.handle)
            self.handle = NULL

    # ---- the handle ----

    cdef void forget(self) noexcept:
        self.handle = NULL
        self.forked = True
        self.abandoned = NULL
        self.users = 0

    cdef int require(self) except -1:
        if self.handle == NULL:
            self.fail(ENOTSOCK)
        return 0

    cdef int fail(self, int error) except -1:
        """Raises what `error` means for this socket."""
        if self.handle == NULL and error == ENOTSOCK and self.forked:
            import zmqpy.error

            raise zmqpy.error.ZMQError(
                ENOTSOCK, "this Socket belongs to the process that forked; make a Context and sockets of your own in the child"
            )
        raise_error(error)

    cdef void enter_call(self) noexcept:
        """Before a call with the handle that releases the GIL."""
        self.users += 1

    cdef int leave_call(self) except -1:
        """After it; closes what was closed meanwhile by another thread."""
        self.users -= 1
        if self.users == 0 and self.abandoned != NULL:
            zmq_close(self.abandoned)
            self.abandoned = NULL
        return 0

    @property
    def closed(self) -> bool:
        """Whether the socket is closed, or its context terminated, or it belongs to the parent of a forked process."""
        cdef int number = 0
        cdef size_t size = sizeof(number)
        if self.handle == NULL:
            return True
        if zmq_getsockopt(self.handle, ZMQ_TYPE, &number, &size) < 0 and zmq_errno() == ENOTSOCK:
            self.handle = NULL
            return True
        return False

    @property
    def _closed(self) -> bool:
        return self.handle == NULL

    @property
    def _type_number(self) -> int:
        return self.type_number

    def close(self, linger=None) -> None:
        """Closes the socket (zmq_close(3)), also that of which this is a shadow. Never waits; closing again does nothing.

        linger : int, ms, how long unsent messages are kept for sending; None leaves the option as it is.
        """
        cdef void *handle = self.handle
        if handle == NULL:
            return
        if self.borrowed:
            owner = self.owner()
            if owner is not None:
                owner.close(linger)
                self.handle = NULL
                return
        if linger is not None:
            try:
                set_option(handle, ZMQ_LINGER, linger)
            except TypeError:
                raise
            except Exception as error:
                if getattr(error, "errno", None) not in (ENOTSOCK, ZMQ_ETERM):
                    raise
        self.release()
        if self.users > 0 and not ZMQPY_HAVE_EXT:
            self.abandoned = handle
            return
        if zmq_close(handle) < 0 and zmq_errno() != ENOTSOCK:
            raise_error(zmq_errno())

    # ---- options ----

    def get(self, int option):
        """The value of a SocketOption: int, or bytes (zmq_getsockopt(3)).

        Raises ZMQError (EINVAL: no such option, or it cannot be read).
        """
        self.require()
        return get_option(self.handle, option)

    def set(self, int option, optval):
        """Sets a SocketOption to an int or bytes (zmq_setsockopt(3)).

        Raises TypeError for a value of the wrong type, ZMQError (EINVAL) for one out of range.
        """
        self.require()
        set_option(self.handle, option, optval)

    # ---- endpoints ----

    def bind(self, addr):
        """Listens at `addr`, e.g. "tcp://*:5555" (zmq_bind(3)). Raises ZMQError, which names the address."""
        call_with_endpoint(self, zmq_bind, addr)

    def connect(self, addr):
        """Connects to `addr`, now and whenever the connection is lost (zmq_connect(3)). Raises ZMQError, naming the address."""
        call_with_endpoint(self, zmq_connect, addr)

    def unbind(self, addr):
        """Stops listening at `addr` (zmq_unbind(3)). Raises ZMQError (ENOENT if it was not bound), naming the address."""
        call_with_endpoint(self, zmq_unbind, addr)

    def disconnect(self, addr):
        """Ends the connection to `addr` (zmq_disconnect(3)). Raises ZMQError (ENOENT if it was not connected), naming the address."""
        call_with_endpoint(self, zmq_disconnect, addr)

    def monitor(self, addr, int events=0xFFFF):
        """Publishes this socket's events on a PAIR socket at `addr`, "inproc://..." (zmq_socket_monitor(3)).

        addr : str, or None to stop.  events : Event flags.
        """
        cdef bytes endpoint
        cdef int rc
        self.require()
        if addr is None:
            rc = zmq_socket_monitor(self.handle, NULL, events)
            endpoint = None
        else:
            endpoint = text_bytes(addr, "addr")
            rc = zmq_socket_monitor(self.handle, endpoint, events)
        if rc < 0:
            raise_error(zmq_errno(), endpoint)

    def join(self, group):
        """Joins a group of messages (DISH only, str or bytes). Raises ZMQError."""
        self.require()
        check_draft(zmqpy_join(self.handle, text_bytes(group, "group")), "join")

    def leave(self, group):
        """Leaves a group that was joined. Raises ZMQError."""
        self.require()
        check_draft(zmqpy_leave(self.handle, text_bytes(group, "group")), "leave")

    # ---- overridden methods ----

    cdef int overrides(self) except -1:
        cdef unsigned int version = zmqpy_type_version(self)
        cdef int own
        if version == 0 or version != self.looked_version:
            self.overridden = overrides_of_class(type(self))
            self.looked_version = version = zmqpy_type_version(self)
        own = self.overridden
        if self.touched or own & OWN_DICT:
            own |= overrides_of_attributes(PyObject_GenericGetDict(self, NULL))
        elif own == 0 and version != 0:
            self.plain_version = version
        return own


def assign(Socket socket not None, str name not None, value):
    """Implements Socket.__setattr__: attributes are those of the class, and options by name in any case; all else is a mistake."""
    cdef type cls = type(socket)
    if name == "subscribe" or name == "unsubscribe":
        # Methods, and also options that may be assigned.
        if not callable(value):
            set_attribute(socket, SocketOption[name.upper()], value)
            return
    if is_hook(name):
        socket.touched = True
        socket.plain_version = ZMQPY_NEVER
    if zmqpy_type_lookup(cls, name) != NULL or is_annotated(cls, name):
        PyObject_GenericSetAttr(socket, name, value)
        return
    option = SocketOption.__members__.get(name.upper())
    if option is None:
        raise AttributeError(f"{cls.__name__} has no such option: {name.upper()}")
    set_attribute(socket, option, value)


def get_attributes(Socket socket not None):
    """Implements Socket.__dict__: whoever has it may override methods by it."""
    socket.touched = True
    socket.plain_version = ZMQPY_NEVER
    return PyObject_GenericGetDict(socket, NULL)


def set_attributes(Socket socket not None, attributes):
    socket.touched = True
    socket.plain_version = ZMQPY_NEVER
    PyObject_GenericSetDict(socket, attributes, NULL)


cdef bint is_annotated(type cls, str name) except -1:
    for base in cls.__mro__:
        try:
            if name in base.__annotations__:
                return True
        except (AttributeError, NameError):  # none, or (from 3.14 on) one that cannot be evaluated yet
            continue
    return False


cdef int call_with_endpoint(Socket socket, endpoint_call call, object addr) except -1:
    """Calls without the GIL, again after signals; an error names the endpoint."""
    cdef bytes endpoint = text_bytes(addr, "addr")
    cdef char *text = endpoint
    cdef int rc, error = 0
    while True:
        if socket.forked:
            socket.require()
        socket.enter_call()
        with nogil:
            rc = call(socket.handle, text)
            if rc < 0:
                error = zmq_errno()
        socket.leave_call()
        if rc >= 0:
            return 0
        if error != EINTR:
            raise_error(error, endpoint)
        check_signals()


cdef int check_draft(int rc, str name) except -1:
    if rc < 0:
        if zmq_errno() == ENOTSUP:
            raise_unsupported(name)
        raise_error(zmq_errno())
    return 0


cdef bytes text_bytes(object value, str name):
    """What C takes for the str or bytes `value` of the argument `name`."""
    if isinstance(value, str):
        return (<str>value).encode("utf-8")
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{name} must be str, not {value!r}")
