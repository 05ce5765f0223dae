"""Exceptions. Which errno becomes which exception is decided in _core/errors.pyx."""

from __future__ import annotations

from errno import EINTR
from typing import Any

from zmqpy._core.errors import strerror, zmq_errno
from zmqpy.constants import Errno
from zmqpy.version import zmq_version, zmq_version_info


class ZMQBaseError(Exception):
    """Base of zmqpy's own exceptions."""


class ZMQError(ZMQBaseError):
    """A libzmq call failed.

    errno : the error number, a system's or one of `Errno`; None if only a text was given.
    strerror : its text.
    """

    errno: int | None = None
    strerror: str
    _about: Any = ""  # the hint, or what it can be made of

    def __init__(self, errno: int | str | None = None, msg: str | None = None):
        """`errno` None takes that of the last libzmq call; `msg` replaces its usual text."""
        if errno is None:
            errno = zmq_errno()
        if isinstance(errno, int):
            self.errno = errno
            self.strerror = strerror(errno) if msg is None else msg
        else:
            self.strerror = str(errno) if msg is None else msg

    @property
    def hint(self) -> str:
        """What may be wrong, whose turn it is, who listens there: behind `strerror` in the text; "" if zmqpy knows nothing."""
        if isinstance(self._about, tuple):  # as raise_about gives it
            about, self._about = self._about, ""
            try:
                from zmqpy.hints import hint_of

                self._about = hint_of(self.errno, about)
            except Exception:  # no descriptor is left to import it, for example: the error itself must be seen
                pass
        text: str = self._about
        return text

    @hint.setter
    def hint(self, text: str) -> None:
        self._about = text

    def __str__(self) -> str:
        hint = self._about and self.hint
        return f"{self.strerror}: {hint}" if hint else self.strerror

    def __reduce__(self) -> Any:
        if self._about:
            self._about = self.hint  # which other processes could not find out
        return super().__reduce__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ZMQBindError(ZMQBaseError):
    """`bind_to_random_port` found no free port."""


class NotDone(ZMQBaseError):
    """`MessageTracker.wait` timed out: the message is still in use."""


class ContextTerminated(ZMQError):
    """The context was terminated while or before the call (ETERM)."""

    errno: int | None = Errno.ETERM
    strerror: str = strerror(Errno.ETERM)

    def __init__(self, errno: int | str = "ignored", msg: str = "ignored") -> None:
        """Arguments are ignored."""


class Again(ZMQError):
    """The call would have to wait, or its time-out has passed (EAGAIN)."""

    errno: int | None = Errno.EAGAIN
    strerror: str = strerror(Errno.EAGAIN)

    def __init__(self, errno: int | str = "ignored", msg: str = "ignored") -> None:
        """Arguments are ignored."""


class TimedOut(Again):
    """A wait of zmqpy's own (wait_connected, flush, term, request, ...) is over; the text says what was missing."""

    def __init__(self, missing: str = "", *details: object) -> None:
        self.missing = missing
        self.blockers: list[Any] = []  # of Context.term: zmqpy.peers.Blocker

    def __str__(self) -> str:
        return f"{self.strerror}: {self.missing}" if self.missing else self.strerror


class RequestFailed(TimedOut):
    """A request had no reply (Socket.request).

    tries : how often it was, or should have been, sent.  sent : how often it was.  elapsed : ms.
    """

    tries: int = 0
    sent: int = 0
    elapsed: float = 0.0


class InterruptedSystemCall(ZMQError, InterruptedError):  # type: ignore[misc]
    """A signal interrupted a call that zmqpy could not repeat (EINTR)."""

    errno: int | None = EINTR

    def __init__(self, errno: int | str = "ignored", msg: str = "ignored") -> None:
        """Arguments are ignored."""
        super().__init__(EINTR)

    def __str__(self) -> str:
        return f"{self.strerror}: zmqpy repeats interrupted calls; please report this one"


class ZMQVersionError(NotImplementedError):
    """A feature needs a newer libzmq.

    min_version, version : text, needed and present.
    """

    min_version: str
    version: str

    def __init__(self, min_version: str, msg: str = "Feature"):
        self.min_version = min_version
        self.msg = msg
        self.version = zmq_version()

    def __str__(self) -> str:
        return f"{self.msg} needs libzmq {self.min_version} or newer, this is {self.version}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ZMQNotSupported(ZMQError, ZMQVersionError):
    """This engine does not have the feature (ENOTSUP); zmqpy's own engine may."""

    def __init__(self, msg: str = "Feature") -> None:
        ZMQError.__init__(self, Errno.ENOTSUP, msg)
        self.msg = msg
        self.min_version = ""
        self.version: str = zmq_version()


class DraftFDWarning(RuntimeWarning):
    """FD was used on a thread-safe draft socket, which has none. Never with zmqpy's own engine, whose sockets all have one."""

    def __init__(self, msg: str = "") -> None:
        super().__init__(msg or "this socket type has no descriptor to wait for: use Poller")


def _check_version(min_version: tuple[int, ...], msg: str = "Feature") -> None:
    """Raises ZMQVersionError if libzmq is older than `min_version`."""
    if zmq_version_info() < tuple(min_version):
        raise ZMQVersionError(".".join(map(str, min_version)), msg)


__all__ = [
    "Again",
    "ContextTerminated",
    "DraftFDWarning",
    "InterruptedSystemCall",
    "NotDone",
    "RequestFailed",
    "TimedOut",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQError",
    "ZMQNotSupported",
    "ZMQVersionError",
]
