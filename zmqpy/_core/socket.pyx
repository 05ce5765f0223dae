# cython: language_level=3
"""Socket, the class: its life, and its methods with their arguments. What a method does is in the module named after it: endpoints,
options, messages (parts and whole messages), batch (many), transfer (how a call is tried and waited for).

Small messages are sent and received in one call from Python to the engine. Names, defaults and results follow pyzmq; conveniences
(context managers, strings, JSON) are in zmqpy/socket.py.
"""

from cpython.bytes cimport PyBytes_CheckExact
from cpython.unicode cimport PyUnicode_Check
from libc.errno cimport EAGAIN, ENOTSOCK
from zmqpy._core.batch cimport FrameBatches, receive_batch, send_batch
from zmqpy._core.constants cimport ZMQ_EFSM, ZMQ_ETERM, ZMQ_LINGER, ZMQ_POLLIN, ZMQ_TYPE
from zmqpy._core.context cimport Context
from zmqpy._core.endpoints cimport (
    call_with_endpoint,
    connect_to_peer,
    disconnect_from_peer,
    join_group,
    leave_group,
    make_endpoint,
    set_monitor,
)
from zmqpy._core.errors cimport raise_about, raise_error, raise_unsupported
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT, zmq_ext_socket_stats, zmq_ext_stats_t
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.messages cimport (
    receive,
    receive_into,
    receive_parts,
    receive_text,
    send,
    send_bytes,
    send_copies,
    send_copy,
    send_parts,
    zmqpy_unlikely,
)
from zmqpy._core.options cimport get_option, set_option
from zmqpy._core.overrides cimport (
    OWN_DESERIALIZE,
    OWN_DICT,
    OWN_POLL,
    OWN_RECV,
    OWN_RECV_MULTIPART,
    OWN_SEND,
    OWN_SEND_MULTIPART,
    ZMQPY_NEVER,
    overrides_of_attributes,
    overrides_of_class,
    part_by_part,
    plain_poller,
    zmqpy_type_version,
)
from zmqpy._core.parts cimport address_of, is_addressed, parts_of
from zmqpy._core.transfer cimport WAIT
from zmqpy._core.wait cimport poll_items

from weakref import ref

cdef extern from "Python.h":
    object PyObject_GenericGetDict(object instance, void *unused)

cdef object poller = None                         # one of the class that Socket.poll would use, unless that was patched
cdef unsigned int poller_version = ZMQPY_NEVER    # of that class


cdef class Socket(Handle):
    """A ZeroMQ socket. Socket(context, socket_type, shadow=0, copy_threshold=zmqpy.COPY_THRESHOLD)"""

    def __cinit__(self, *args, **kwargs):
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
            if self.context.forked:
                self.context.require()
            self.own(zmq_socket(self.context.handle, socket_type))
            self.type_number = socket_type

    def __dealloc__(self):
        if self.handle != NULL and not self.borrowed:
            zmq_close(self.handle)
            self.handle = NULL

    # ---- the handle ----

    cdef int require(self) except -1:
        if self.handle == NULL:
            self.fail(ENOTSOCK)
        return 0

    cdef int fail(self, int error, int sending=-1) except -1:
        if self.handle == NULL and error == ENOTSOCK and self.forked:
            import zmqpy.error

            raise zmqpy.error.ZMQError(
                ENOTSOCK, "this Socket belongs to the process that forked; make a Context and sockets of your own in the child"
            )
        if error == ZMQ_EFSM:
            raise_about(error, ("turn", self.type_number, sending))
        if error == EAGAIN and sending == 1:
            raise_about(error, ("full", ref(self)))
        if error == ZMQ_ETERM and self.context is not None:
            raise_about(error, ("ended", self.context.underlying))
        raise_error(error)

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
        make_endpoint(self, zmq_bind, addr)

    def connect(self, addr):
        """Connects to `addr`, now and whenever the connection is lost (zmq_connect(3)). Raises ZMQError, naming the address."""
        make_endpoint(self, zmq_connect, addr)

    def unbind(self, addr):
        """Stops listening at `addr` (zmq_unbind(3)). Raises ZMQError (ENOENT if it was not bound), naming the address."""
        call_with_endpoint(self, zmq_unbind, addr)

    def disconnect(self, addr):
        """Ends the connection to `addr` (zmq_disconnect(3)). Raises ZMQError (ENOENT if it was not connected), naming the address."""
        call_with_endpoint(self, zmq_disconnect, addr)

    def connect_peer(self, addr):
        """Connects to `addr` (PEER only) and returns the routing id to send with. Raises ZMQError, naming the address."""
        return connect_to_peer(self, addr)

    def disconnect_peer(self, routing_id):
        """Ends the connection to one peer (SERVER and PEER only). Raises ZMQError (EHOSTUNREACH if there is none of that id)."""
        disconnect_from_peer(self, routing_id)

    def monitor(self, addr, int events=0xFFFF):
        """Publishes this socket's events on a PAIR socket at `addr`, "inproc://..." (zmq_socket_monitor(3)).

        addr : str, or None to stop.  events : Event flags.
        """
        set_monitor(self, addr, events)

    def join(self, group):
        """Joins a group of messages (DISH only, str or bytes). Raises ZMQError."""
        join_group(self, group)

    def leave(self, group):
        """Leaves a group that was joined. Raises ZMQError."""
        leave_group(self, group)

    # ---- sending ----

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Sends one part of a message (zmq_msg_send(3)).

        data : bytes or another contiguous buffer, or a Frame; str raises TypeError.
        flags : Flag.DONTWAIT (fail with Again instead of waiting), Flag.SNDMORE (more parts follow).
        copy : False lets the engine use the buffer in place; do not change it until it is done.
        track : with copy=False, or for a Frame made with track=True, return a MessageTracker that knows when the engine is done.
        routing_id, group : of SERVER and RADIO sockets.

        Returns None or the MessageTracker. Raises Again (DONTWAIT, or SNDTIMEO has passed), ContextTerminated, ZMQError.
        """
        if PyBytes_CheckExact(data) and copy and routing_id is None and group is None:
            return send_bytes(self, data, flags, WAIT)
        return send(self, data, flags, copy, track, routing_id, group, self.copy_threshold, WAIT)

    def send_string(self, u, int flags=0, bint copy=True, str encoding="utf-8", **kwargs):
        """Sends a text, encoded; other arguments as for send."""
        if not PyUnicode_Check(u):
            raise TypeError(f"u must be str, not {u!r:.60}")
        if kwargs or not copy or not is_plain(self) and self.overrides() & OWN_SEND:
            return part_by_part().send_string(self, u, flags, copy, encoding, **kwargs)
        send_copy(self, u if encoding == "utf-8" else u.encode(encoding), flags, True, WAIT)

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, **kwargs):
        """Sends a message of several parts.

        msg_parts : iterable of bytes, buffers, Frames or str (sent as UTF-8).
        flags, copy, track : as for send.

        Nothing is sent if one of the parts is of the wrong type. Returns None, or with track=True and copy=False a MessageTracker
        of all parts.
        """
        cdef tuple parts
        cdef size_t done = 0
        if not is_plain(self) and self.overrides() & OWN_SEND:
            return part_by_part().send_multipart(self, msg_parts, flags, copy, track, **kwargs)
        parts = parts_of(msg_parts)
        if copy and not track and not kwargs and not (len(parts) == 1 and is_addressed(parts[0])):
            return send_copies(self, parts, flags, &done, WAIT)
        routing_id, group = address_of(kwargs)
        return send_parts(self, parts, flags, copy, track, routing_id, group, self.copy_threshold, &done, WAIT)

    def send_many(self, messages, int flags=0) -> int:
        """Sends many messages in one call; how many were accepted.

        messages : iterable; each item is a message: bytes, a buffer, a Frame or str (UTF-8) for one part, a list or tuple of
            such for a message of several parts.
        flags : Flag.DONTWAIT accepts as many as there is room for.

        All messages are accepted, unless DONTWAIT is given or SNDTIMEO passes: then fewer, and those from that index on are
        the caller's to send again. Raises Again if not even one was accepted, and what send raises.
        """
        if not is_plain(self) and self.overrides() & (OWN_SEND | OWN_SEND_MULTIPART):
            return part_by_part().send_many(self, messages, flags)
        return send_batch(self, messages, flags)

    # ---- receiving ----

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """Receives one part of a message (zmq_msg_recv(3)).

        flags : Flag.DONTWAIT: fail with Again instead of waiting.
        copy : True for bytes, False for a Frame that refers to the engine's memory.
        track : gives the Frame a tracker.

        Raises Again (DONTWAIT, or RCVTIMEO has passed), ContextTerminated, ZMQError.
        """
        return receive(self, flags, copy, track, WAIT)

    def recv_string(self, int flags=0, str encoding="utf-8"):
        """Receives a text. Raises UnicodeDecodeError if it is none, and what recv raises."""
        if not is_plain(self) and self.overrides() & (OWN_RECV | OWN_DESERIALIZE):
            return part_by_part().recv_string(self, flags, encoding)
        return receive_text(self, flags, encoding, WAIT)

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0) -> int:
        """Receives one part into a writable buffer; what does not fit is lost. Returns the part's whole size in bytes.

        nbytes : how much of the buffer to use; 0: all of it.
        """
        return receive_into(self, buffer, nbytes, flags, WAIT)

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receives all parts of one message: a list of bytes, or of Frames with copy=False. Arguments as for recv."""
        if not is_plain(self) and self.overrides() & OWN_RECV:
            return part_by_part().recv_multipart(self, flags, copy, track)
        return receive_parts(self, flags, copy, track, WAIT)

    def recv_many(self, Py_ssize_t max=1000, int flags=0) -> list:
        """Receives up to `max` messages in one call: waits for the first as recv does, then takes what is there.

        Returns a list with one item a message: bytes for a message of one part, a list of bytes for one of several.
        Raises Again if there is none (DONTWAIT, or RCVTIMEO has passed), and what recv raises. When memory runs out those are
        returned that there was memory for, and the others by the next calls of recv_many (recv and poll do not know of them);
        MemoryError if there was not enough for one.
        """
        return self.take_many(max, flags)

    cdef list take_many(self, Py_ssize_t limit, int flags):
        if not is_plain(self) and self.overrides() & (OWN_RECV | OWN_RECV_MULTIPART):
            return part_by_part().recv_many(self, limit, flags)
        return self.receive_batch(limit, flags)

    cdef list receive_batch(self, Py_ssize_t limit, int flags):
        if self.batches is None:
            self.batches = FrameBatches.__new__(FrameBatches)
        return receive_batch(self, self.batches, limit, flags)

    def __iter__(self):
        """Messages as they come, in the form recv_many gives, until the socket or its context is closed."""
        return self

    def __next__(self):
        try:
            return self.take_many(1, 0)[0]
        except Exception as error:
            if getattr(error, "errno", None) in (ENOTSOCK, ZMQ_ETERM):
                raise StopIteration from None
            raise

    # ---- readiness and counters ----

    def poll(self, timeout=None, int flags=ZMQ_POLLIN) -> int:
        """Waits until the socket is ready for `flags` (PollEvent); the events it is ready for, 0 after the timeout.

        timeout : ms, at most 2**31 - 1 (else OverflowError); None or negative waits for ever.
        """
        cdef zmq_pollitem_t item
        cdef int milliseconds = -1
        if zmqpy_unlikely(not is_plain(self) or zmqpy_type_version(poller) != poller_version) and polls_otherwise(self):
            return part_by_part().poll(self, timeout, flags)
        if self.handle == NULL:
            self.fail(ENOTSUP if not self.forked else ENOTSOCK)
        if timeout is not None:
            milliseconds = max(-1, int(timeout) if not isinstance(timeout, str) else number_error(timeout))
        item.socket = self.handle
        item.fd = 0
        item.events = flags
        item.revents = 0
        poll_items(&item, 1, milliseconds)
        return item.revents

    def stats(self) -> dict:
        """Counters of this socket since it was made: whole messages, bytes, drops, connections; and what is queued now.

        Raises ZMQNotSupported unless zmqpy runs on its own engine.
        """
        cdef zmq_ext_stats_t totals
        self.require()
        if zmq_ext_socket_stats(self.handle, &totals, sizeof(totals)) < 0:
            if zmq_errno() == ENOTSUP:
                raise_unsupported("Socket.stats")
            self.fail(zmq_errno())
        return totals

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


cdef bint polls_otherwise(Socket socket) except -1:
    """Whether polling goes through a class of the socket's own or a patched Poller."""
    global poller, poller_version
    poller = plain_poller()
    poller_version = ZMQPY_NEVER if poller is None else zmqpy_type_version(poller) or ZMQPY_NEVER
    return poller is None or socket.overrides() & OWN_POLL


cdef object number_error(object value):
    raise TypeError(f"timeout must be a number of milliseconds or None, not {value!r}")
