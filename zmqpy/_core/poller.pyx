# cython: language_level=3
"""zmq_poll, and a poller that keeps what is registered between polls. How one waits is wait.pyx's.

A socket that is closed, before or while it is polled, is ready with POLLERR, and the others go on being served: programs close
sockets that they unregister later, or never.
"""

from libc.errno cimport ENOTSOCK
from libc.stdlib cimport free, malloc, realloc
from zmqpy._core.constants cimport ZMQ_POLLERR
from zmqpy._core.libzmq cimport zmq_pollitem_t
from zmqpy._core.socket cimport Socket
from zmqpy._core.wait cimport poll_items

from zmqpy.constants import PollEvent


cdef int fill_item(zmq_pollitem_t *item, object target, object flags) except -1:
    """What to poll: a Socket, a descriptor, or an object with fileno()."""
    item.socket = NULL
    item.fd = 0
    item.revents = 0
    item.events = flags
    if isinstance(target, Socket):
        item.socket = (<Socket>target).handle
    elif isinstance(target, int):
        item.fd = target
    else:
        fileno = getattr(target, "fileno", None)
        if fileno is None:
            raise TypeError(f"can only poll a Socket, a descriptor or an object with fileno(), not {target!r}")
        item.fd = fileno()
    return 0


cdef inline int poll_targets(zmq_pollitem_t *items, list targets, Py_ssize_t count, bint closed, long milliseconds) except -1:
    """Waits for `items`, filled from `targets`. `closed`: one of them is known to have no handle."""
    while True:
        try:
            if not closed:
                return poll_items(items, count, milliseconds)
            return poll_open(items, targets, count)
        except Exception as error:
            if getattr(error, "errno", None) != ENOTSOCK or not any_closed(targets):
                raise
            closed = True


cdef bint any_closed(list targets) except -1:
    for target in targets:
        if isinstance(target, Socket) and target.closed:
            return True
    return False


cdef int poll_open(zmq_pollitem_t *items, list targets, Py_ssize_t count) except -1:
    """Looks, without waiting, for what is ready beside the sockets that are closed."""
    cdef zmq_pollitem_t *others = <zmq_pollitem_t *>malloc(count * sizeof(zmq_pollitem_t))
    cdef Py_ssize_t index, some = 0
    if others == NULL:
        raise MemoryError
    try:
        for index in range(count):
            target = targets[index]
            items[index].revents = 0
            if isinstance(target, Socket) and target.closed:
                items[index].revents = ZMQ_POLLERR
            else:
                others[some] = items[index]
                some += 1
        if some:
            poll_items(others, some, 0)
        some = 0
        for index in range(count):
            if items[index].revents == 0:
                items[index].revents = others[some].revents
                some += 1
    finally:
        free(others)
    return 1


cdef inline object target_of(zmq_pollitem_t *item, object target):
    """What is reported for it."""
    return target if item.socket != NULL or isinstance(target, (Socket, int)) else <int>item.fd


cdef int milliseconds_of(object timeout) except? -2:
    """ms for zmq_poll: None and negative numbers wait for ever. OverflowError above 2**31 - 1."""
    if timeout is None:
        return -1
    if isinstance(timeout, str):
        raise TypeError(f"timeout must be a number of milliseconds or None, not {timeout!r}")
    number = int(timeout)
    return -1 if number < 0 else number


def zmq_poll_list(sockets, timeout):
    """Implements zmq_poll."""
    cdef list targets = [], events = []
    cdef zmq_pollitem_t *items = NULL
    cdef Py_ssize_t count, index
    cdef bint closed = False
    cdef int milliseconds = milliseconds_of(timeout)
    for entry in sockets:
        if not isinstance(entry, (tuple, list)):  # unpacking a Socket would receive from it
            raise TypeError(f"zmq_poll takes (socket, flags) pairs, not {entry!r:.60}")
        target, flags = entry
        targets.append(target)
        events.append(flags)
    count = len(targets)
    if count > 0:
        items = <zmq_pollitem_t *>malloc(count * sizeof(zmq_pollitem_t))
        if items == NULL:
            raise MemoryError
    try:
        for index in range(count):
            fill_item(&items[index], targets[index], events[index])
            closed |= items[index].socket == NULL and isinstance(targets[index], Socket)
        poll_targets(items, targets, count, closed, milliseconds)
        return [
            (target_of(&items[index], targets[index]), <int>items[index].revents) for index in range(count) if items[index].revents
        ]
    finally:
        free(items)


def zmq_poll(sockets, int timeout=-1) -> list:
    """Waits until one of several sockets or descriptors is ready (zmq_poll(3)).

    sockets : list of (Socket, descriptor or object with fileno(); PollEvent flags).
    timeout : ms; negative waits for ever.

    Returns the ready ones with the events they are ready for, [] after the timeout; for an object with fileno() its descriptor,
    for a socket that is closed POLLERR.
    Raises ZMQError.
    """
    return zmq_poll_list(sockets, timeout)


cdef class Poller:
    """Waits for many sockets and descriptors at once (zmq_poll(3)).

    Register what to wait for, then call poll as often as needed.
    """

    cdef object __weakref__
    cdef list targets          # in the order of registration
    cdef dict positions        # target -> index
    cdef zmq_pollitem_t *items # as many as targets
    cdef Py_ssize_t room
    cdef int polling           # polls in progress: they work on copies of the array

    def __cinit__(self, *args, **kwargs):
        self.targets = []
        self.positions = {}
        self.items = NULL
        self.room = 0

    def __dealloc__(self):
        free(self.items)

    def __contains__(self, socket):
        return socket in self.positions

    @property
    def sockets(self) -> list:
        """What is registered: list of (socket, PollEvent flags)."""
        cdef Py_ssize_t index
        return [(target, PollEvent(self.items[index].events)) for index, target in enumerate(self.targets)]

    def register(self, socket, flags=PollEvent.POLLIN | PollEvent.POLLOUT) -> None:
        """Waits for `flags` on `socket`: a Socket, a descriptor or an object with fileno(). Flags 0 unregister it.

        Registering again replaces the flags.
        """
        cdef Py_ssize_t index
        cdef zmq_pollitem_t *grown
        cdef short events
        if not flags:
            if socket in self.positions:
                self.unregister(socket)
            return
        events = flags
        if socket in self.positions:
            index = self.positions[socket]
        else:
            index = len(self.targets)
            if index == self.room:
                grown = <zmq_pollitem_t *>realloc(self.items, (2 * self.room + 4) * sizeof(zmq_pollitem_t))
                if grown == NULL:
                    raise MemoryError
                self.items = grown
                self.room = 2 * self.room + 4
            self.positions[socket] = index
            self.targets.append(socket)
            self.items[index].socket = NULL
            self.items[index].fd = 0
        self.items[index].events = events

    def modify(self, socket, flags=PollEvent.POLLIN | PollEvent.POLLOUT) -> None:
        """Replaces the flags of `socket`, as register."""
        self.register(socket, flags)

    def unregister(self, socket) -> None:
        """Waits no longer for `socket`. Raises KeyError if it was not registered."""
        cdef Py_ssize_t index, other
        index = self.positions.pop(socket)
        del self.targets[index]
        for other in range(index, len(self.targets)):
            self.items[other] = self.items[other + 1]
            self.positions[self.targets[other]] = other

    def poll(self, timeout=None) -> list:
        """Waits until something registered is ready.

        timeout : ms; None or negative waits for ever.

        Returns list of (socket or descriptor, events it is ready for), [] after the timeout; for a socket that is closed, POLLERR.
        Raises ZMQError.
        """
        cdef Py_ssize_t count = len(self.targets)
        cdef Py_ssize_t index
        cdef zmq_pollitem_t small[16]
        cdef zmq_pollitem_t *items = small
        cdef list ready = []
        cdef list targets
        cdef object target
        cdef bint closed = False
        cdef int milliseconds = milliseconds_of(timeout)
        if count == 0 and milliseconds < 0:
            return ready  # nothing could ever end the wait
        if count > 16:
            items = <zmq_pollitem_t *>malloc(count * sizeof(zmq_pollitem_t))
            if items == NULL:
                raise MemoryError
        try:
            targets = self.targets[:] if milliseconds else self.targets
            for index in range(count):
                target = targets[index]
                if isinstance(target, Socket):
                    items[index].socket = (<Socket>target).handle
                    closed |= items[index].socket == NULL
                    items[index].fd = 0
                    items[index].events = self.items[index].events
                    items[index].revents = 0
                else:
                    fill_item(&items[index], target, self.items[index].events)
            if closed:
                targets = targets[:]
            if poll_targets(items, targets, count, closed, milliseconds) > 0:
                for index in range(count):
                    if items[index].revents:
                        ready.append((target_of(&items[index], targets[index]), <int>items[index].revents))
        finally:
            if items != small:
                free(items)
        return ready
