"""Polling in terms of greenlets."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from gevent.hub import get_hub

import zmqpy as _zmq
from zmqpy.constants import PollEvent, SocketOption

_own = _zmq.has("zmqpy-engine")


class Poller(_zmq.Poller):
    """Waits for many sockets and descriptors at once, while other greenlets run."""

    def poll(self, timeout: float | None = -1) -> list[tuple[Any, int]]:
        """Lets others run until something registered is ready; as zmqpy.Poller.poll."""
        ready = self._poll_now()
        if ready or timeout == 0:
            return ready
        if timeout is None or timeout < 0:
            return self._wait()
        with gevent.Timeout(timeout / 1000, False):
            return self._wait()
        return self._poll_now()

    def _poll_now(self) -> list[tuple[Any, int]]:
        try:
            return super().poll(0)
        finally:
            if not _own:
                self._tell_others()

    def _tell_others(self) -> None:
        """What came has been noted, and the descriptors tell it no more."""
        for target, _ in self.sockets:
            if hasattr(target, "_look_soon"):
                target._look_soon()
            elif target in _plain and not target.closed:
                with suppress(_zmq.ZMQError):  # their own calls say why
                    wake_those(_plain[target], _zmq.Socket.getsockopt(target, SocketOption.EVENTS))

    def _wait(self) -> list[tuple[Any, int]]:
        if not self.sockets:
            return []
        hub = get_hub()
        changed = Event()

        def wake() -> None:
            """A socket's descriptor says nothing any more: it was closed, by whichever thread, or another call took note of what came."""
            if get_hub() is hub:
                changed.set()
            else:
                hub.loop.run_callback_threadsafe(changed.set)

        polls = [(polls_of(target), flags) for target, flags in self.sockets if isinstance(target, _zmq.Socket)]
        watchers = []
        try:
            for wakes, flags in polls:
                wakes[wake] = flags
            watchers += [hub.loop.io(*watched(target, flags)) for target, flags in self.sockets]
            for watcher in watchers:
                watcher.start(changed.set)
            while True:
                # After the descriptors are watched: what comes from now on is told by them.
                changed.clear()
                ready = self._poll_now() or self._asked()
                if ready:
                    return ready
                changed.wait()
        finally:
            for watcher in watchers:
                watcher.stop()
                watcher.close()
            for wakes, _ in polls:
                wakes.pop(wake, None)

    def _asked(self) -> list[tuple[Any, int]]:
        """As poll(0), by asking for EVENTS, after which a descriptor tells news only."""
        for target, _ in self.sockets:
            if isinstance(target, _zmq.Socket) and not target.closed:
                _zmq.Socket.getsockopt(target, SocketOption.EVENTS)
        try:
            return super().poll(0)
        finally:
            self._tell_others()


_plain: WeakKeyDictionary[Any, dict[Any, int]] = WeakKeyDictionary()  # as Socket._polls, of sockets that are not green


def polls_of(socket: Any) -> dict[Any, int]:
    """What wakes those that poll a socket, and the events each wants."""
    found: dict[Any, int] = socket._polls() if hasattr(socket, "_polls") else _plain.setdefault(socket, {})
    return found


def wake_those(polls: dict[Any, int], events: int) -> None:
    """Of those that poll a socket, who wants one of the events."""
    for wake, wanted in tuple(polls.items()):
        if events & wanted:
            wake()


def watched(target: Any, flags: int) -> tuple[int, int]:
    """The descriptor to watch, and for what: 1 to read, 2 to write."""
    if isinstance(target, _zmq.Socket):
        return _zmq.Socket.getsockopt(target, SocketOption.FD), 1
    descriptor = target if isinstance(target, int) else target.fileno()
    wanted = (1 if flags & (PollEvent.POLLIN | PollEvent.POLLERR) else 0) | (2 if flags & PollEvent.POLLOUT else 0)
    return descriptor, wanted or 1


def zmq_poll(sockets: Any, timeout: float = -1) -> list[tuple[Any, int]]:
    """As zmqpy.zmq_poll, while other greenlets run."""
    poller = Poller()
    for target, flags in sockets:
        poller.register(target, flags)
    return poller.poll(timeout)


def select(
    rlist: list[Any], wlist: list[Any], xlist: list[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """As zmqpy.select, while other greenlets run. timeout : seconds."""
    wanted: dict[Any, int] = {}
    for flag, group in ((PollEvent.POLLIN, rlist), (PollEvent.POLLOUT, wlist), (PollEvent.POLLERR, xlist)):
        for target in group:
            wanted[target] = wanted.get(target, 0) | int(flag)
    ready = zmq_poll(list(wanted.items()), -1 if timeout is None or timeout < 0 else timeout * 1000)
    return (
        [target for target, events in ready if events & PollEvent.POLLIN],
        [target for target, events in ready if events & PollEvent.POLLOUT],
        [target for target, events in ready if events & PollEvent.POLLERR],
    )


__all__ = ["Poller", "select", "zmq_poll"]
