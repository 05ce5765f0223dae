"""Socket as users see it: conveniences over the calls of _core/socket.pyx, none of which it wraps but bind and connect.

Options are attributes by descriptors made from the constants; nothing is looked up by name when a method is called.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Generic, TypeVar

from zmqpy._core.attributes import assign, get_attributes, set_attributes
from zmqpy._core.options import OptionAttribute, set_option_hooks
from zmqpy._core.overrides import set_plain_classes
from zmqpy._core.socket import Socket as _Socket
from zmqpy.additions import SocketAdditions
from zmqpy.constants import Errno, Event, SocketOption, SocketType
from zmqpy.error import ZMQBindError, ZMQError
from zmqpy.poll import Poller
from zmqpy.tracker import MessageTracker
from zmqpy.utils import jsonapi
from zmqpy.utils.interop import cast_int_addr

DEFAULT_PROTOCOL = 5 if sys.version_info >= (3, 14) else 4  # pickle's, which is imported when it is used

_SocketT = TypeVar("_SocketT", bound="Socket[Any]")
_ReturnT = TypeVar("_ReturnT", covariant=True)  # what recv gives: bytes; awaitables with an event loop

# Where the system may choose the port, whatever is written for one: LAST_ENDPOINT has it.
_CHOSEN_PORTS = ("tcp://", "tls+tcp://", "ws://", "wss://", "udp://", "vsock://")


class _SocketContext:
    """What bind and connect return: `with socket.bind(address) as socket:` unbinds at the end."""

    __slots__ = ("addr", "kind", "socket")

    def __init__(self, socket: Any, kind: str, addr: str | bytes):
        self.socket: Any = socket
        self.kind: str = kind
        self.addr: str | bytes = addr

    def __repr__(self) -> str:
        return f"<SocketContext({self.kind}={self.addr!r})>"

    def __enter__(self) -> Any:
        return self.socket

    def __exit__(self, *exc_info: Any) -> None:
        if self.socket.closed:
            return
        if self.kind == "bind":
            self.socket.unbind(self.addr)
        else:
            self.socket.disconnect(self.addr)


class Socket(SocketAdditions, _Socket, Generic[_ReturnT]):
    """A ZeroMQ socket. Made by Context.socket(type).

    Socket(ctx_or_socket=None, socket_type=0, *, shadow=0, copy_threshold=None)

    Every SocketOption is an attribute too, in upper or lower case: `socket.linger = 0`. As a context manager the socket is
    closed at the end. Iterating over it gives messages as they come, until it is closed.
    """

    _shadow: bool = False
    _shadow_obj: Any = None
    _monitor_socket: Any = None
    _type_name: str = "UNKNOWN"
    _poller_class: ClassVar[Any] = Poller

    if not TYPE_CHECKING:  # attributes that nobody declared are mistakes
        __setattr__ = assign
        __dict__ = property(get_attributes, set_attributes, doc="The socket's own attributes.")

    def __init__(
        self: Socket[bytes],
        ctx_or_socket: Any = None,
        socket_type: int = 0,
        *,
        shadow: Any = 0,
        copy_threshold: int | None = None,
    ) -> None:
        context = None
        if isinstance(ctx_or_socket, _Socket):
            shadow = ctx_or_socket
        elif ctx_or_socket is not None:
            context = ctx_or_socket
        if isinstance(shadow, _Socket):
            context = shadow.context
            address = shadow.underlying
            if not address:
                raise ZMQError(Errno.ENOTSOCK)
        else:
            address = cast_int_addr(shadow)
        if context is None and not address:
            raise TypeError("context must be specified")
        super().__init__(
            context, int(socket_type) if isinstance(socket_type, int) else socket_type, address, copy_threshold
        )
        self._shadow = bool(address)
        self._shadow_obj = shadow if address else None
        try:
            self._type_name = SocketType(self._type_number).name
        except ValueError:
            self._type_name = str(self._type_number)

    def __del__(self) -> None:
        if self._shadow or self._closed:
            return
        warnings.warn(f"Unclosed socket {self}", ResourceWarning, stacklevel=2, source=self)
        self.close()

    def __repr__(self) -> str:
        cls = type(self)
        name = "zmq.Socket" if cls.__module__.startswith("zmqpy.") else f"{cls.__module__}.{cls.__name__}"
        return f"<{name}(zmq.{self._type_name}) at {hex(id(self))}{' closed' if self._closed else ''}>"

    def __dir__(self) -> list[str]:
        """What there is to be read: a socket that is closed has no options."""
        names = list(super().__dir__())
        if self.closed:
            names = [n for n in names if n != "hwm" and not isinstance(getattr(type(self), n, None), OptionAttribute)]
        return names

    def __enter__(self: _SocketT) -> _SocketT:
        return self

    def __exit__(self, *args: Any, **kwargs: Any) -> None:
        self.close()

    def __copy__(self, memo: Any | None = None) -> Any:
        """A shadow of this socket."""
        return self.__class__.shadow(self)

    __deepcopy__ = __copy__

    @classmethod
    def shadow(cls, address: int | Any) -> Any:
        """A Socket for a socket that exists. Closing it by name closes that one too; being collected does not.

        address : Socket, or an int or pointer object: the address of a C socket.
        """
        return cls(shadow=address)

    @property
    def type(self) -> SocketType:
        """The SocketType."""
        return SocketType(self._type_number)

    @property
    def socket_type(self) -> SocketType:
        """The SocketType. Deprecated: use `type`."""
        warnings.warn("Socket.socket_type is deprecated: use Socket.type", DeprecationWarning, stacklevel=2)
        return self.type

    def close(self, linger: int | None = None) -> None:
        """Closes the socket, of a shadow the one it shadows; never waits, and closing again does nothing.

        linger : ms, how long unsent messages are kept for sending; None leaves the option as it is.
        """
        if self.context is not None and not self._shadow:
            self.context._rm_socket(self)
        super().close(int(linger) if isinstance(linger, float) else linger)

    # ---- endpoints ----

    def bind(self, addr: str | bytes) -> _SocketContext:
        """Listens at `addr`, e.g. "tcp://*:5555", "ipc://path", "inproc://name" (zmq_bind(3)).

        Returns an object for `with`, which unbinds at the end. Raises ZMQError, which names the address.
        """
        super().bind(addr)
        return self._bind_cm(addr)

    def connect(self, addr: str | bytes) -> _SocketContext:
        """Connects to `addr`, now and whenever the connection is lost (zmq_connect(3)).

        Returns an object for `with`, which disconnects at the end. Raises ZMQError, which names the address.
        """
        super().connect(addr)
        return self._connect_cm(addr)

    def _bind_cm(self, addr: str | bytes) -> _SocketContext:
        bound = addr
        if isinstance(addr, str) and ("*" in addr or addr.startswith(_CHOSEN_PORTS)):
            bound = self.get(SocketOption.LAST_ENDPOINT).decode("utf-8") or addr
        return _SocketContext(self, "bind", bound)

    def _connect_cm(self, addr: str | bytes) -> _SocketContext:
        return _SocketContext(self, "connect", addr)

    def bind_to_random_port(self, addr: str, min_port: int = 49152, max_port: int = 65536, max_tries: int = 100) -> int:
        """Binds to a free port of `addr`, e.g. "tcp://127.0.0.1"; returns the port.

        With the default range the system chooses the port; else ports in [min_port, max_port) are tried at random, at most
        max_tries times. Raises ZMQBindError if none was free, ZMQError for every other reason.
        """
        if min_port == 49152 and max_port == 65536:
            self.bind(f"{addr}:*")
            endpoint = self.get(SocketOption.LAST_ENDPOINT).decode("utf-8", "replace")
            text = endpoint.rpartition(":")[2].partition("/")[0]
            if not text.isdigit():
                raise ValueError(f"{addr} has no ports")
            return int(text)
        import random

        for _ in range(max_tries):
            port = random.randrange(min_port, max_port)
            try:
                self.bind(f"{addr}:{port}")
            except ZMQError as error:
                if error.errno not in (Errno.EADDRINUSE, 13):  # 13: EACCES, not ours to use
                    raise
            else:
                return port
        raise ZMQBindError(f"no free port for {addr} in {max_tries} tries")

    # ---- options ----

    def _get_attr_opt(self, name: str, opt: int) -> Any:
        """The value of the attribute of an option; `name` in upper case."""
        return self.get(opt)

    def _set_attr_opt(self, name: str, opt: int, value: Any) -> None:
        """Assigns to the attribute of an option; `name` in upper case."""
        self.set(opt, value)

    if TYPE_CHECKING:

        def setsockopt(self, option: int, optval: int | bytes) -> None: ...
        def getsockopt(self, option: int) -> Any: ...
        def setsockopt_string(self, option: int, optval: str, encoding: str = "utf-8") -> None: ...
        def setsockopt_unicode(self, option: int, optval: str, encoding: str = "utf-8") -> None: ...
        def getsockopt_string(self, option: int, encoding: str = "utf-8") -> str: ...
        def getsockopt_unicode(self, option: int, encoding: str = "utf-8") -> str: ...
        def send_unicode(
            self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8", **kwargs: Any
        ) -> MessageTracker | None: ...
        def recv_unicode(self, flags: int = 0, encoding: str = "utf-8") -> Any: ...

    else:
        setsockopt = _Socket.set
        getsockopt = _Socket.get
        send_unicode = _Socket.send_string
        recv_unicode = _Socket.recv_string

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Sets an option that takes bytes to a text."""
        if not isinstance(optval, str):
            raise TypeError(f"the value of option {option!r} must be str, not {optval!r}")
        self.set(option, optval.encode(encoding))

    if not TYPE_CHECKING:
        setsockopt_unicode = setsockopt_string = set_string

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """The value of an option that is bytes, as text. TypeError if it is not."""
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"the value of option {option!r} is not a text: {value!r}")
        return value.decode(encoding)

    if not TYPE_CHECKING:
        getsockopt_unicode = getsockopt_string = get_string

    def subscribe(self, topic: str | bytes) -> None:
        """Receives messages that begin with `topic` (SUB, XPUB with XPUB_MANUAL). str is sent as UTF-8."""
        self.set(SocketOption.SUBSCRIBE, topic.encode("utf-8") if isinstance(topic, str) else topic)

    def unsubscribe(self, topic: str | bytes) -> None:
        """Takes one `subscribe` of `topic` back."""
        self.set(SocketOption.UNSUBSCRIBE, topic.encode("utf-8") if isinstance(topic, str) else topic)

    def set_hwm(self, value: int) -> None:
        """Sets SNDHWM and RCVHWM, the limits of messages queued for and from a peer."""
        self.set(SocketOption.SNDHWM, value)
        self.set(SocketOption.RCVHWM, value)

    def get_hwm(self) -> int:
        """SNDHWM."""
        value: int = self.get(SocketOption.SNDHWM)
        return value

    @property
    def hwm(self) -> int:
        """Both high-water marks: messages queued for and from a peer."""
        return self.get_hwm()

    @hwm.setter
    def hwm(self, value: int) -> None:
        self.set_hwm(value)

    # ---- security ----

    def curve_server_keys(self, secret: str | bytes) -> bytes:
        """Makes the socket a CURVE server: of what it binds or connects to from now on.

        secret : its secret key, 40 characters of Z85 or 32 bytes. Returns the public key (Z85), which clients must know. Who may
        connect is for Context.authenticate or zmqpy.auth to say; unless they do, whoever knows the public key may.
        Raises ValueError: that is no key.
        """
        from zmqpy.auth.keys import set_server_keys

        return set_server_keys(self, secret)

    def curve_client_keys(
        self, server_public: str | bytes, pair: tuple[str | bytes, str | bytes | None] | None = None
    ) -> bytes:
        """Makes the socket a CURVE client: of what it binds or connects to from now on.

        server_public : the server's public key.  pair : this client's (public key, secret key), as curve_keypair and
        load_certificate give them; None for a pair made up now. Returns the client's public key (Z85).
        Raises ValueError: one is no key, or those of the pair do not belong together.
        """
        from zmqpy.auth.keys import set_client_keys

        return set_client_keys(self, server_public, pair)

    def fileno(self) -> int:
        """The descriptor that becomes readable when EVENTS may have changed; see the option FD."""
        return self.FD

    # ---- messages ----

    def send_json(self, obj: Any, flags: int = 0, **kwargs: Any) -> Any:
        """Sends `obj` as JSON. kwargs: routing_id and group go to send, all others to json.dumps."""
        send_kwargs = {key: kwargs.pop(key) for key in ("routing_id", "group") if key in kwargs}
        return self.send(jsonapi.dumps(obj, **kwargs), flags=flags, **send_kwargs)

    def recv_json(self, flags: int = 0, **kwargs: Any) -> Any:
        """Receives JSON. kwargs: json.loads's. Raises json.JSONDecodeError if it is none, and what recv raises."""
        return self._deserialize(self.recv(flags), lambda received: jsonapi.loads(received, **kwargs))

    def send_pyobj(
        self, obj: Any, flags: int = 0, protocol: int = DEFAULT_PROTOCOL, buffers: bool = False, **kwargs: Any
    ) -> MessageTracker | None:
        """Sends `obj` pickled. Only for peers that trust each other.

        buffers : True sends large buffers in it (numpy's, PickleBuffer) as parts of their own, uncopied unless copy=True is given;
        recv_pyobj(buffers=True) receives that.
        """
        if buffers:
            from zmqpy.serialize import pickle_parts

            return self.send_multipart(pickle_parts(obj, protocol), flags, copy=kwargs.pop("copy", False), **kwargs)
        import pickle

        tracker: MessageTracker | None = self.send(pickle.dumps(obj, protocol), flags=flags, **kwargs)
        return tracker

    def recv_pyobj(self, flags: int = 0, buffers: bool = False) -> Any:
        """Receives a pickled object. Only from peers that are trusted: unpickling runs what it is told to.

        buffers : True for one that send_pyobj(buffers=True) may have sent; its buffers are the message's own memory, writable.
        """
        if buffers:
            from zmqpy.serialize import unpickle_parts

            return self._deserialize(self.recv_multipart(flags, copy=False), unpickle_parts)
        import pickle

        return self._deserialize(self.recv(flags), pickle.loads)

    def send_serialized(
        self, msg: Any, serialize: Callable[[Any], Any], flags: int = 0, copy: bool = True, **kwargs: Any
    ) -> MessageTracker | None:
        """Sends the parts that `serialize(msg)` gives; other arguments as for send_multipart."""
        if kwargs:
            return self.send_multipart(serialize(msg), flags=flags, copy=copy, **kwargs)
        return self.send_multipart(serialize(msg), flags=flags, copy=copy)

    def recv_serialized(self, deserialize: Callable[[list[Any]], Any], flags: int = 0, copy: bool = True) -> Any:
        """What `deserialize` makes of the parts of the next message."""
        return self._deserialize(self.recv_multipart(flags=flags, copy=copy), deserialize)

    def _deserialize(self, recvd: Any, load: Callable[[Any], Any]) -> Any:
        """Applies `load` to what a receive gave; sockets that give awaitables apply it later."""
        return load(recvd)

    # ---- monitor ----

    def get_monitor_socket(self: _SocketT, events: int | None = None, addr: str | None = None) -> _SocketT:
        """A PAIR socket that receives this socket's events (zmqpy.utils.monitor reads them); the same one each time.

        events : Event flags, None for all.  addr : its inproc address, None for one of its own.
        """
        if self._monitor_socket is not None and not self._monitor_socket.closed:
            existing: _SocketT = self._monitor_socket
            return existing
        if addr is None:
            addr = f"inproc://monitor.s-{self.get(SocketOption.FD)}-{id(self):x}"
        monitor: _SocketT = self.context.socket(SocketType.PAIR)
        monitor.linger = 0
        try:
            self.monitor(addr, Event.ALL if events is None else events)
            monitor.connect(addr)
        except BaseException:
            monitor.close()
            raise
        self._monitor_socket = monitor
        return monitor

    def disable_monitor(self) -> None:
        """Stops the events that get_monitor_socket or monitor started."""
        self._monitor_socket = None
        self.monitor(None, 0)


def _add_options() -> None:
    """Every option as an attribute, unless the class has something of that name."""
    for name, option in SocketOption.__members__.items():
        for attribute in (name.lower(), name):
            if not hasattr(Socket, attribute):
                setattr(Socket, attribute, OptionAttribute(option, name))


_add_options()
set_option_hooks(Socket)
set_plain_classes(Socket, Poller)

SyncSocket = Socket[bytes]

__all__ = ["Socket", "SyncSocket"]
