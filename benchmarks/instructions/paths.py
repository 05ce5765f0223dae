"""The Python API's hot paths, one a run, for count.py: `python paths.py MODULE PATH`, with steady.c preloaded.

Both ends are in one thread, so that nothing depends on how threads are scheduled. Each path is walked some rounds before it
is measured. Prints how many messages (or calls) the measured instructions were for.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

WARM_UP = 5
ROUNDS = 20
BATCH = 100  # messages a round
BODY = b"x" * 64
SUBSCRIBERS = 16


class Paths:
    """The paths, each a method that sets up and returns the function that walks it once."""

    def __init__(self, module: Any) -> None:
        self.zmq = module
        self.context = module.Context()
        self.measured = False
        self._steady = ctypes.PyDLL(None)

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Counts the instructions of its body."""
        if self.measured:
            self._steady.steady_begin()
        yield
        if self.measured:
            self._steady.steady_end()

    def couple(self, bound: str, connected: str, address: str = "tcp://127.0.0.1:*") -> tuple[Any, Any]:
        """A bound socket and one that is connected to it."""
        one = self.context.socket(getattr(self.zmq, bound))
        one.bind(address)
        other = self.context.socket(getattr(self.zmq, connected))
        other.connect(one.getsockopt_string(self.zmq.LAST_ENDPOINT))
        return one, other

    def stream(self, address: str = "tcp://127.0.0.1:*") -> tuple[Any, Any]:
        """PULL and PUSH, connected."""
        pull, push = self.couple("PULL", "PUSH", address)
        push.send(BODY)
        pull.recv()
        return pull, push

    def send(self) -> Callable[[], None]:
        pull, push = self.stream()

        def walk() -> None:
            send = push.send
            with self.measure():
                for _ in range(BATCH):
                    send(BODY)
                push.getsockopt(self.zmq.EVENTS)  # what lies in a batch goes out; no timer sees to it here
            for _ in range(BATCH):
                pull.recv()

        return walk

    def receive(self) -> Callable[[], None]:
        pull, push = self.stream()

        def walk() -> None:
            for _ in range(BATCH):
                push.send(BODY)
            push.getsockopt(self.zmq.EVENTS)
            recv = pull.recv
            with self.measure():
                for _ in range(BATCH):
                    recv()

        return walk

    def round_trip(self) -> Callable[[], None]:
        rep, req = self.couple("REP", "REQ")

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    req.send(BODY)
                    rep.send(rep.recv())
                    req.recv()

        return walk

    def multipart(self) -> Callable[[], None]:
        router, dealer = self.couple("ROUTER", "DEALER")
        parts = [BODY, BODY, BODY]

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    dealer.send_multipart(parts)
                    dealer.getsockopt(self.zmq.EVENTS)
                    router.recv_multipart()

        return walk

    def publish_16(self) -> Callable[[], None]:
        pub = self.context.socket(self.zmq.PUB)
        pub.bind("tcp://127.0.0.1:*")
        subscribers = []
        for _ in range(SUBSCRIBERS):
            sub = self.context.socket(self.zmq.SUB)
            sub.subscribe(b"")
            sub.connect(pub.getsockopt_string(self.zmq.LAST_ENDPOINT))
            subscribers.append(sub)
        for sub in subscribers:  # until each is subscribed
            pub.send(BODY)
            while not sub.poll(10):
                pub.send(BODY)
        for sub in subscribers:
            while sub.poll(200):
                sub.recv()

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    pub.send(BODY)
                pub.getsockopt(self.zmq.EVENTS)
            for sub in subscribers:
                for _ in range(BATCH):
                    sub.recv()

        return walk

    def inproc(self) -> Callable[[], None]:
        pull, push = self.stream("inproc://paths")

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    push.send(BODY)
                    pull.recv()

        return walk

    def frame(self) -> Callable[[], None]:
        pull, push = self.stream()

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    push.send(BODY, copy=False)
                    push.getsockopt(self.zmq.EVENTS)
                    pull.recv(copy=False)

        return walk

    def poll(self) -> Callable[[], None]:
        pull, push = self.stream()
        push.send(BODY)
        assert pull.poll(5000)

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    pull.poll(1000)

        return walk

    def poller(self) -> Callable[[], None]:
        pull, push = self.stream()
        push.send(BODY)
        poller = self.zmq.Poller()
        poller.register(pull, self.zmq.POLLIN)
        poller.register(push, self.zmq.POLLIN)
        assert poller.poll(5000)

        def walk() -> None:
            with self.measure():
                for _ in range(BATCH):
                    poller.poll(1000)

        return walk


def main() -> None:
    """Entry point."""
    module, path = sys.argv[1:]
    paths = Paths(importlib.import_module(module))
    walk = getattr(paths, path.replace("-", "_"))()
    gc.disable()
    for round_number in range(WARM_UP + ROUNDS):
        paths.measured = round_number >= WARM_UP
        walk()
    print(ROUNDS * BATCH, flush=True)
    os._exit(0)  # how it ends is not looked at


if __name__ == "__main__":
    main()
