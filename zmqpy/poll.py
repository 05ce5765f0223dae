"""Poller, and select in its terms."""

from __future__ import annotations

from typing import Any

from zmqpy._core.poller import Poller as _Poller
from zmqpy._core.poller import zmq_poll
from zmqpy.constants import PollEvent


class Poller(_Poller):
    __doc__ = _Poller.__doc__

    def __init__(self) -> None:
        """Starts with nothing registered."""

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has what is registered. Pickling works with descriptors only, not with sockets."""
        return _restored, (type(self), self.sockets, self.__dict__.copy())


def _restored(cls: type[Poller], registered: list[tuple[Any, int]], attributes: dict[str, Any]) -> Poller:
    """A Poller of that class, with what was registered with another one and with its attributes."""
    poller = cls.__new__(cls)
    poller.__dict__.update(attributes)
    for socket, flags in registered:
        Poller.register(poller, socket, flags)
    return poller


def select(
    rlist: list[Any], wlist: list[Any], xlist: list[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """select.select for sockets and descriptors: the readable, writable and erroneous of three lists.

    timeout : seconds; None or negative waits for ever.

    Of an object with fileno() the descriptor is returned, each thing once.
    """
    wanted: dict[Any, int] = {}
    for flag, group in ((PollEvent.POLLIN, rlist), (PollEvent.POLLOUT, wlist), (PollEvent.POLLERR, xlist)):
        for socket in group:
            wanted[socket] = wanted.get(socket, 0) | int(flag)
    milliseconds = -1 if timeout is None or timeout < 0 else int(timeout * 1000)
    ready = zmq_poll(list(wanted.items()), milliseconds)
    return (
        [socket for socket, events in ready if events & PollEvent.POLLIN],
        [socket for socket, events in ready if events & PollEvent.POLLOUT],
        [socket for socket, events in ready if events & PollEvent.POLLERR],
    )


__all__ = ["Poller", "select"]
