"""Context and Socket for gevent: how a greenlet waits for a socket."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import gevent
from gevent.hub import Waiter, get_hub

import zmqpy as _zmq
from zmqpy._core import tries
from zmqpy._core.green_socket import GreenSocket
from zmqpy.constants import PollEvent, SocketOption
from zmqpy.green.poll import Poller, wake_those

_IN = int(PollEvent.POLLIN)
_OUT = int(PollEvent.POLLOUT)


class Socket(GreenSocket, _zmq.Socket[bytes]):
    """A ZeroMQ socket for greenlets. Made by Context.socket(type).

    send, recv, poll and whatever is made of them let other greenlets run while they wait.
    """

    _poller_class: ClassVar[Any] = Poller
    _waiters: dict[int, deque[Any]] | None = None  # event -> those that wait for it
    _hub: Any = None
    _watcher: Any = None
    _polled: dict[Any, int] | None = None  # see _polls

    def __repr__(self) -> str:
        return super().__repr__().replace("<zmq.", "<zmq.green.", 1)

    def close(self, linger: int | None = None) -> None:
        """Closes the socket. Greenlets that wait for it get ENOTSOCK."""
        self._end_waits()
        super().close(linger)
        if self._polled or self._waiters is not None:  # the latter: greenlets of another thread's, which came between
            self._end_waits()
            for wake in tuple(self._polled or ()):
                wake()

    def _polls(self) -> dict[Any, int]:
        """What wakes the greenlets, of any thread, that poll this socket, or several with it; and the events each wants."""
        polls: dict[Any, int] = self.__dict__.setdefault("_polled", {})  # by one thread only
        return polls

    @classmethod
    def _events_classes(cls) -> tuple[Any, Any]:
        from zmqpy.events import SocketEvents

        return SocketEvents, Socket

    def _requests(self) -> Any:
        from zmqpy.green.requests import GreenRequester
        from zmqpy.request import requester_of

        return requester_of(self, GreenRequester)

    def _wait_until(self, wait: Any, timeout: float | None) -> Any:
        return wait.by_pausing(timeout, gevent.sleep)

    def get(self, opt: int) -> Any:
        """The value of a SocketOption. Asked for EVENTS by one greenlet, others that wait for them are told."""
        value = super().get(opt)
        if opt == SocketOption.EVENTS:
            self._look_soon(value)
        return value

    def getsockopt(self, option: int) -> Any:
        """As `get`."""
        return self.get(option)

    def set(self, opt: int, val: Any) -> None:
        """Sets a SocketOption, as Socket.set."""
        super().set(opt, val)

    def _wait(self, event: int) -> bool:
        """Lets others run until the socket may have `event`; false when its time-out has passed first."""
        if self._told() & event:
            return True
        milliseconds = super().get(SocketOption.RCVTIMEO if event == _IN else SocketOption.SNDTIMEO)
        if milliseconds < 0:
            self._sleep(event)
            return True
        with gevent.Timeout(milliseconds / 1000, False):
            self._sleep(event)
            return True
        return False

    def _sleep(self, event: int) -> None:
        hub = get_hub()
        if self._hub is not hub:
            self._end_waits()
            self._hub = hub
            self._watcher = hub.loop.io(super().get(SocketOption.FD), 1)
            self._waiters = {_IN: deque(), _OUT: deque()}
        waiters = self._waiters
        assert waiters is not None
        waiter = Waiter(hub)
        if not waiters[_IN] and not waiters[_OUT]:
            self._watcher.start(self._look)
        waiters[event].append(waiter)
        try:
            waiter.get()
        finally:
            if waiter in waiters[event]:
                waiters[event].remove(waiter)
            if self._waiters is waiters and not waiters[_IN] and not waiters[_OUT]:
                self._watcher.stop()

    def _told(self) -> int:
        """The socket's events. Whoever asks tells others what the answer was: the descriptor does not tell it again."""
        events = self._events()
        self._look_soon(events)
        return events

    def _look_soon(self, events: int | None = None) -> None:
        """Another call has noted what came (`events`, if it knows them), or may have, which the descriptor then tells no more."""
        waiters, hub = self._waiters, self._hub
        if waiters is not None and hub is get_hub() and (waiters[_IN] or waiters[_OUT]):
            hub.loop.run_callback(self._look)
        self._tell_polls(events)

    def _tell_polls(self, events: int | None = None) -> None:
        if not self._polled or self.closed:
            return
        if events is None:
            try:
                events = self._events()
            except _zmq.ZMQError:
                events = -1  # their own calls say why
        wake_those(self._polled, events)

    def _look(self) -> None:
        """In the hub: wakes those that can go on, in order."""
        waiters = self._waiters
        if waiters is None:
            return
        try:
            for event in (_IN, _OUT):
                # Those that wait now: one that waits again has its turn later.
                for waiter in list(waiters[event]):
                    if not self._events() & event:
                        break
                    if waiters[event] and waiters[event][0] is waiter:
                        waiters[event].popleft()
                        waiter.switch(None)
            if waiters[_OUT] and tries.send_in_vain(self):
                for waiter in list(waiters[_OUT]):
                    waiter.switch(None)
            events = self._events()
            self._tell_polls(events)
            if any(waiters[event] for event in (_IN, _OUT) if events & event):
                get_hub().loop.run_callback(self._look)  # it came after the question above
        except _zmq.ZMQError:
            # Closed or terminated: their own calls say so.
            self._end_waits()

    def _end_waits(self) -> None:
        waiters, hub, watcher = self._waiters, self._hub, self._watcher
        self._waiters = self._hub = self._watcher = None
        if waiters is None or self._forked:
            return
        own = hub is get_hub()
        if own:
            watcher.stop()
            watcher.close()
        schedule = hub.loop.run_callback if own else hub.loop.run_callback_threadsafe
        for waiter in (*waiters[_IN], *waiters[_OUT]):
            schedule(waiter.switch, None)
        if not own:
            hub.loop.run_callback_threadsafe(watcher.close)


class Context(_zmq.Context[Socket]):
    """A Context that makes sockets for greenlets."""

    _socket_class: ClassVar[Any] = Socket
    _instance: ClassVar[Any] = None
    _instance_pid: ClassVar[int | None] = None

    def __repr__(self) -> str:
        return super().__repr__().replace("<zmq.", "<zmq.green.", 1)

    def _authentication_place(self) -> tuple[Any, ...]:
        from zmqpy.auth.place import Place
        from zmqpy.green.authentication import Handler

        return Place(), Handler


__all__ = ["Context", "Socket"]
