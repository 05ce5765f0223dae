"""Context as users see it: options as attributes, default options for its sockets, the process's instance, the end of it all.

The handle and the calls that can wait are _core/context.pyx's.
"""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from threading import Lock
from typing import Any, Callable, ClassVar, Generic, TypeVar, overload
from weakref import WeakSet

from zmqpy._core.attributes import is_declared
from zmqpy._core.context import Context as _Context
from zmqpy.additions import ContextAdditions
from zmqpy.constants import ContextOption, Errno, SocketOption
from zmqpy.error import TimedOut, ZMQError, ZMQNotSupported
from zmqpy.socket import Socket
from zmqpy.utils.interop import cast_int_addr

_exiting = False
_log_events: Any = None  # with ZMQPY_LOG: called with a context that has a new socket

_ContextT = TypeVar("_ContextT", bound="Context[Any]")
_SocketT = TypeVar("_SocketT", bound="Socket[Any]", covariant=True)
_MadeT = TypeVar("_MadeT")


def _notice_exit() -> None:
    global _exiting
    _exiting = True


atexit.register(_notice_exit)


class Context(ContextAdditions, _Context, Generic[_SocketT]):
    """A ZeroMQ context: makes sockets, and ends them.

    Context(io_threads=1, shadow=0)

    io_threads : int, number of background threads.
    shadow : a Context, or the int address of a C context, to be used by this object as well. `term`, `destroy` and the end of a
        `with` end the context for all; that a shadow is collected does not.

    Names of context options are attributes (`context.io_threads`). Names of socket options set defaults for sockets made
    later (`context.linger = 0`). As a context manager it is destroyed at the end, sockets included.
    """

    sockopts: dict[int, Any]
    _instance: ClassVar[Any] = None
    _instance_lock: ClassVar[Lock] = Lock()
    _instance_pid: ClassVar[int | None] = None
    _shadow: bool = False
    _shadow_obj: Any = None
    _warn_destroy_close: bool = False
    _sockets: WeakSet[Any]
    _socket_class: ClassVar[Any] = Socket

    def __init__(
        self: Context[Socket[bytes]], io_threads: int | Context[Any] = 1, shadow: Context[Any] | int = 0
    ) -> None:
        if isinstance(io_threads, _Context):
            shadow, io_threads = io_threads, 1
        if isinstance(shadow, _Context):
            self._shadow_obj = shadow
            address = shadow if shadow.underlying or not shadow.closed else 0
        elif shadow:
            self._shadow_obj = shadow
            address = cast_int_addr(shadow)
        else:
            address = 0
        super().__init__(io_threads, address)
        self._shadow = bool(address)
        self._sockets = WeakSet()
        self.sockopts = {}

    def __del__(self) -> None:
        if self._shadow or _exiting or self.closed:
            return
        warnings.warn(f"Unclosed context {self}", ResourceWarning, stacklevel=2, source=self)
        for socket in list(self._sockets):
            socket.close()
        # The handle is terminated when the object is freed, without waiting.

    def __repr__(self) -> str:
        cls = type(self)
        name = "zmq.Context" if cls.__module__.startswith("zmqpy.") else f"{cls.__module__}.{cls.__name__}"
        count = len(self._sockets)
        sockets = f"{count} socket{'s' if count > 1 else ''}" if count else ""
        return f"<{name}({sockets}) at {hex(id(self))}{' closed' if self.closed else ''}>"

    def __enter__(self: _ContextT) -> _ContextT:
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        # Sockets still open here were forgotten; destroy() by name is meant to close them.
        self._warn_destroy_close = True
        self.destroy()

    def __copy__(self: _ContextT, memo: Any = None) -> _ContextT:
        """A shadow of this context."""
        return self.__class__.shadow(self)

    __deepcopy__ = __copy__

    @classmethod
    def shadow(cls: type[_ContextT], address: int | Any) -> _ContextT:
        """A Context for a context that exists. `term` ends that one; being collected does not.

        address : Context, or an int or pointer object: the address of a C context.
        """
        return cls(shadow=address)

    @classmethod
    def shadow_pyczmq(cls: type[_ContextT], ctx: Any) -> _ContextT:
        """A Context for a pyczmq context."""
        return cls(shadow=cast_int_addr(ctx))

    @classmethod
    def instance(cls: type[_ContextT], io_threads: int = 1) -> _ContextT:
        """The process's one Context of this class, made when it is first asked for; a forked child gets one of its own."""
        if cls._instance is None or cls._instance_pid != os.getpid() or cls._instance.closed:
            with cls._instance_lock:
                if cls._instance is None or cls._instance_pid != os.getpid() or cls._instance.closed:
                    cls._instance = cls(io_threads=io_threads)
                    cls._instance_pid = os.getpid()
        shared: _ContextT = cls._instance
        return shared

    def term(self, timeout: float | None = None) -> None:
        """Waits until all sockets are closed and what they linger for is sent, then ends the context.

        timeout : ms, None for no limit. Raises TimedOut (an Again), which names the sockets that keep it; its `blockers` are a list
        of zmqpy.peers.Blocker. Then, as after Ctrl-C, term can be called again.

        Every other call on its sockets raises ContextTerminated. Of a shadow it ends the context itself. Raises ZMQError (EFAULT) once
        if somebody else has ended it, a shadow for example.
        """
        note = self._note_end()
        authentication = sys.modules.get("zmqpy.auth.callback")
        if authentication is not None and not self._lost:
            authentication.end(self.underlying)
        events = sys.modules.get("zmqpy.events")
        if events is not None and not self._lost:
            events.context_ends(self)
        if timeout is None:
            super().term()
        elif not super().term(timeout):
            raise self._not_ended(timeout)
        if note:
            note.forget()

    def shutdown(self) -> None:
        """Ends every blocked call on the context's sockets with ContextTerminated (zmq_ctx_shutdown(3))."""
        self._note_end()
        super().shutdown()

    def _note_end(self) -> Any:
        """While somebody debugs: remembers who ends the context, for ContextTerminated to say so."""
        if self.closed or not (sys.flags.dev_mode or os.environ.get("ZMQPY_LOG")):
            return None
        from zmqpy.hints import End

        return End(self.underlying)

    def _not_ended(self, timeout: float) -> TimedOut:
        """Why `term` takes longer."""
        try:
            from zmqpy.peers import blockers_of

            blockers: list[Any] = blockers_of(self.underlying)
        except (
            ZMQNotSupported,
            ImportError,
        ):  # then what Python knows is all; ImportError: the interpreter is at its end
            blockers = [f"{socket!r} is not closed" for socket in list(self._sockets) if not socket.closed]
        names = "; ".join(map(str, blockers)) or "nothing that zmqpy knows of keeps it: a closed socket may linger"
        error = TimedOut(f"the context has not ended after {timeout:g} ms: {names}")
        error.blockers = blockers
        return error

    def destroy(self, linger: int | None = None) -> None:
        """Closes all sockets of this context and terminates it.

        linger : int, ms, set on every socket first. Not for contexts whose sockets other threads still use.
        """
        if self.closed:
            return
        sockets = self._sockets
        self._sockets = WeakSet()
        for socket in list(sockets):
            if not socket.closed:
                if self._warn_destroy_close:
                    warnings.warn(f"Destroying context with unclosed socket {socket}", ResourceWarning, stacklevel=3)
                if linger is not None:
                    try:
                        socket.setsockopt(SocketOption.LINGER, int(linger))
                    except ZMQError as error:  # closed meanwhile, or terminated by a shadow
                        if error.errno not in (Errno.ENOTSOCK, Errno.ETERM):
                            raise
                socket.close()
        self.term()

    @overload
    def socket(self, socket_type: int, socket_class: None = None, **kwargs: Any) -> _SocketT: ...

    @overload
    def socket(self, socket_type: int, socket_class: Callable[..., _MadeT], **kwargs: Any) -> _MadeT: ...

    def socket(self, socket_type: int, socket_class: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
        """A new socket of the given SocketType.

        socket_class : class or function to make it instead of this context's own.
        kwargs : passed to its constructor.

        Raises ZMQError (EINVAL: unknown type, EMFILE: too many sockets, ENOTSUP: the context is terminated, EFAULT: that of which
        this is a shadow is, or its shadow).
        """
        if self.closed:
            if self._forked:
                raise ZMQError(
                    Errno.ENOTSUP, "this Context belongs to the process that forked; make a new one in the child"
                )
            raise ZMQError(Errno.ENOTSUP, "the Context has been terminated: it makes no more sockets")
        if socket_class is None:
            socket_class = self._socket_class
        socket = socket_class(self, socket_type, **kwargs)
        for option, value in self.sockopts.items():
            try:
                socket.setsockopt(option, value)
            except ZMQError:
                pass  # a default that this type of socket does not have
        self._add_socket(socket)
        events = sys.modules.get("zmqpy.events")
        if events is not None:
            events.socket_made(self, socket)
        if _log_events is not None:
            _log_events(self)
        return socket

    def authenticate(self, callback: Callable[[str, str, bytes, str, tuple[Any, ...]], Any] | None) -> None:
        """Has `callback(domain, address, identity, mechanism, credentials)` decide who may connect to this context's sockets.

        domain : str, the ZAP_DOMAIN of the socket.  address : str, the peer's IP address.  identity : bytes, the socket's
        ROUTING_ID.  mechanism : "NULL" (asked of sockets with a ZAP_DOMAIN only), "PLAIN" or "CURVE".
        credentials : (), (user name, password) as str, or (public key,) as Z85 bytes.

        It returns True (the user id is the user name, the public key, or "anonymous"), a user id (str or bytes), either of them
        with metadata as `(user id, {name: value})`, or False. The peer's messages tell them: `frame.get("User-Id")`. If it raises,
        or returns anything else, the peer is refused and sys.unraisablehook gets the exception.

        It runs in a background thread; with an asyncio context on the loop that runs now, and there it may be a coroutine function.
        It holds for all contexts that share this one's C context, until that ends; another call replaces it, None removes it (and
        waits for a call that is under way in the thread). No Authenticator can be started meanwhile, nor this while one is: ZMQError
        (EADDRINUSE). Options of the context that want no socket open must be set before.
        """
        from zmqpy.auth.callback import authenticate

        authenticate(self, callback, *self._authentication_place())

    def _authentication_place(self) -> tuple[Any, ...]:
        """Where callbacks of `authenticate` run, and the class of what asks them if it is not the usual one."""
        from zmqpy.auth.place import Place

        return (Place(),)

    def setsockopt(self, opt: int, value: Any) -> None:
        """Sets the default of a socket option for sockets made from now on."""
        self.sockopts[opt] = value

    def getsockopt(self, opt: int) -> Any:
        """The default set for a socket option. Raises KeyError if none was."""
        return self.sockopts[opt]

    def _add_socket(self, socket: Any) -> None:
        self._sockets.add(socket)

    def _rm_socket(self, socket: Any) -> None:
        self._sockets.discard(socket)

    def __getattr__(self, key: str) -> Any:
        name = key.upper()
        option = ContextOption.__members__.get(name)
        if option is not None:
            try:
                return self.get(option)
            except ZMQError as error:
                if error.errno in (Errno.EINVAL, Errno.EFAULT):
                    raise AttributeError(f"{name} cannot be read") from error
                raise
        default = SocketOption.__members__.get(name)
        if default is None:
            raise AttributeError(f"{type(self).__name__} has no such option: {name}")
        try:
            return self.sockopts[default]
        except KeyError:
            raise AttributeError(f"no default is set for {name}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        if is_declared(type(self), key):
            object.__setattr__(self, key, value)
            return
        name = key.upper()
        if name in ContextOption.__members__:
            self.set(ContextOption[name], value)
        elif name in SocketOption.__members__:
            self.sockopts[SocketOption[name]] = value
        elif hasattr(self, key):
            object.__setattr__(self, key, value)
        else:
            raise AttributeError(f"{type(self).__name__} has no such option: {name}")

    def __delattr__(self, key: str) -> None:
        if key in self.__dict__:
            object.__delattr__(self, key)
            return
        option = SocketOption.__members__.get(key.upper())
        if option is None:
            raise AttributeError(f"{type(self).__name__} has no such option: {key.upper()}")
        try:
            del self.sockopts[option]
        except KeyError:
            raise AttributeError(f"no default is set for {key.upper()}") from None

    def __dir__(self) -> list[str]:
        """What there is to be read: a context that has ended has no options."""
        return sorted({*super().__dir__(), *(() if self.closed else ContextOption.__members__)})


SyncContext = Context[Socket[bytes]]

__all__ = ["Context", "SyncContext"]
