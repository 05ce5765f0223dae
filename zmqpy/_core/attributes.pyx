# cython: language_level=3
"""Assigning to attributes: which ones a class declares; of a socket, that one which overrides a method is noticed (overrides.pyx)."""

from zmqpy._core.options cimport set_attribute
from zmqpy._core.overrides cimport ZMQPY_NEVER, is_hook, zmqpy_type_lookup
from zmqpy._core.socket cimport Socket

from zmqpy.constants import SocketOption

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object instance, object name, object value) except -1
    object PyObject_GenericGetDict(object instance, void *unused)
    int PyObject_GenericSetDict(object instance, object attributes, void *unused) except -1


def assign(Socket socket not None, str name not None, value):
    """Implements Socket.__setattr__: attributes are those of the class, and options by name in any case; all else is a mistake."""
    cdef type cls = type(socket)
    if name == "subscribe" or name == "unsubscribe":
        # Methods, and also options that may be assigned.
        if not callable(value):
            set_attribute(socket, SocketOption[name.upper()], value)
            return
    if is_hook(name):
        touch(socket)
    if zmqpy_type_lookup(cls, name) != NULL or is_declared(cls, name):
        PyObject_GenericSetAttr(socket, name, value)
        return
    option = SocketOption.__members__.get(name.upper())
    if option is None:
        raise AttributeError(f"{cls.__name__} has no such option: {name.upper()}")
    set_attribute(socket, option, value)


cdef inline void touch(Socket socket) noexcept:
    """From now on its own attributes may override methods."""
    socket.touched = True
    socket.plain_version = ZMQPY_NEVER


def get_attributes(Socket socket not None):
    """Implements Socket.__dict__: whoever has it may override methods by it."""
    touch(socket)
    return PyObject_GenericGetDict(socket, NULL)


def set_attributes(Socket socket not None, attributes):
    touch(socket)
    PyObject_GenericSetDict(socket, attributes, NULL)


def is_declared(type cls not None, str name not None) -> bool:
    """Whether a class, or one it inherits from, has an attribute of that name or announces it in an annotation."""
    if zmqpy_type_lookup(cls, name) != NULL:
        return True
    for base in cls.__mro__:
        try:
            if name in base.__annotations__:
                return True
        except (AttributeError, NameError):  # none, or (from 3.14 on) one that cannot be evaluated yet
            continue
    return False
