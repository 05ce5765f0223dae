"""A stream of messages through a proxy that misbehaves, with any library: what is lost, doubled, out of order or damaged.

    python tests/chaos.py --libraries zmq,zmqpy --rounds 20

A seed decides what happens to each connection in turn: after so many bytes it is ended, reset, cut in the middle of a frame, stalled, delayed,
or left half open. The same seed does the same to each library, in processes of its own, so that their losses can be compared. When the faults are
over everything must flow again, and nothing may ever arrive damaged or twice. (In order is what one connection brings.)
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import selectors
import socket as posix
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

PATTERNS = {  # name: (who sends, who receives, whether the sender binds)
    "push": ("PUSH", "PULL", False),
    "dealer": ("DEALER", "ROUTER", False),
    "pair": ("PAIR", "PAIR", False),
    "pull": ("PUSH", "PULL", True),
    "pub": ("PUB", "SUB", True),
}
TRANSPORTS = ("tcp", "ipc")
FAULTS = ("end", "reset", "half-open", "stall", "delay", "refuse")
END = b"end"
RATE = 1000  # messages a second


class Proxy(threading.Thread):
    """Forwards connections between two endpoints and harms them as the seed says, until calm() is called."""

    def __init__(self, seed, transport, folder):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.faults = 0
        self._transport, self._folder = transport, folder
        self._listener, self.endpoint = self._listen("front")
        self.backend = None  # where to forward to; set before anybody connects
        self._calm = threading.Event()
        self._over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def calm(self):
        """No faults any more; what is stalled or half open ends."""
        self._calm.set()

    def stop(self):
        self._over.set()
        self.join()

    def _listen(self, name):
        if self._transport == "tcp":
            listener = posix.create_server(("127.0.0.1", 0))
            return listener, f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        path = os.path.join(self._folder, name)
        listener = posix.socket(posix.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        return listener, f"ipc://{path}"

    def _dial(self):
        if self._transport == "tcp":
            host, port = self.backend.rpartition("/")[2].split(":")
            return posix.create_connection((host, int(port)))
        connection = posix.socket(posix.AF_UNIX)
        connection.connect(self.backend[len("ipc://") :])
        return connection

    def run(self):
        links = []
        while not self._over.is_set():
            for key, _ in self._selector.select(0.002):
                if key.fileobj is self._listener:
                    links.append(self._accept())
                else:
                    key.data.readable(key.fileobj)
            links = [link for link in links if link is not None and link.go_on(self._calm.is_set())]
        for link in links:
            link.close()
        self._listener.close()

    def _accept(self):
        near, _ = self._listener.accept()
        # Drawn for each connection in turn, also when it is calm: so the seed says the same whatever the timing is.
        fault, after, how_long = (
            self.random.choice(FAULTS),
            int(self.random.expovariate(1 / 30000)),
            self.random.uniform(0.02, 0.15),
        )
        if self._calm.is_set():
            fault = None
        elif fault == "refuse":
            self.faults += 1
            near.close()
            return None
        try:
            far = self._dial()
        except OSError:
            near.close()
            return None
        return Link(self, near, far, fault, after, how_long)


class Link:
    """One connection through the proxy, and its fault to come after `left` bytes."""

    def __init__(self, proxy, near, far, fault, left, how_long):
        self.proxy, self.fault, self.left, self.how_long = proxy, fault, left, how_long
        self.ends = {near: far, far: near}
        self.until = None  # nothing is forwarded before
        self.again = 10
        self._watch(True)

    def _watch(self, on):
        for end in self.ends:
            if on:
                self.proxy._selector.register(end, selectors.EVENT_READ, self)
            else:
                self.proxy._selector.unregister(end)

    def readable(self, end):
        if end not in self.ends or self.until is not None:
            return  # an event of before
        if self.fault and self.left == 0:
            self.strike()
            return
        try:
            data = end.recv(min(65536, self.left) if self.fault else 65536)
            if data:
                self.left -= len(data)
                self.ends[end].settimeout(10)
                self.ends[end].sendall(data)
                return
        except OSError:
            pass
        self.close()

    def strike(self):
        self.proxy.faults += 1
        if self.fault in ("end", "reset"):
            self.close(reset=self.fault == "reset")
            return
        self._watch(False)
        self.until = time.monotonic() + self.how_long

    def go_on(self, calm):
        """False: it is over."""
        if self.ends and self.until is not None and (calm or time.monotonic() >= self.until):
            self.until = None
            self._watch(True)
            if self.fault == "half-open":
                self.close(reset=True)
            elif self.fault == "delay" and self.again > 0 and not calm:  # a few bytes at a time
                self.again -= 1
                self.left = 300
            else:
                self.fault = None
        return bool(self.ends)

    def close(self, reset=False):
        if self.until is None:
            self._watch(False)
        for end in self.ends:
            if reset and end.family != posix.AF_UNIX:
                end.setsockopt(posix.SOL_SOCKET, posix.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
        self.ends = {}


def message(chance, number):
    body = struct.pack("<Q", number) + chance.randbytes(chance.choice((0, 10, 100, 1000, 20000)))
    return struct.pack("<I", zlib.crc32(body)) + body


def count(receiver, ignored=None):
    """What comes until END: how much of it is as it should be, and the numbers of the messages."""
    counted = {"received": 0, "doubled": 0, "disordered": 0, "damaged": 0}
    seen, newest = set(), -1
    while (got := receiver.recv_multipart()[-1]) != END:
        if got == ignored:
            continue
        if len(got) < 12 or zlib.crc32(got[4:]) != struct.unpack("<I", got[:4])[0]:
            counted["damaged"] += 1
            continue
        (number,) = struct.unpack("<Q", got[4:12])
        counted["doubled"] += number in seen
        counted["disordered"] += number < newest
        counted["received"] += 1
        seen.add(number)
        newest = max(newest, number)
    return counted, seen


def run(library, pattern, transport, seed, seconds):
    """One round in this process; returns what it counted."""
    zmq = importlib.import_module(library)
    sends, receives, sender_binds = PATTERNS[pattern]
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, zmq.Context() as context:
        proxy = Proxy(seed, transport, folder)
        sender, receiver = context.socket(getattr(zmq, sends)), context.socket(getattr(zmq, receives))
        for socket in (sender, receiver):
            socket.linger = 0
            socket.reconnect_ivl = 10
            socket.sndtimeo = socket.rcvtimeo = 20_000
        if receives == "SUB":
            receiver.subscribe(b"")
        bound, connected = (sender, receiver) if sender_binds else (receiver, sender)
        bound.bind("tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{folder}/back")
        proxy.backend = bound.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
        proxy.start()
        connected.connect(proxy.endpoint)
        sent = 0
        ended = threading.Event()

        def send_all():
            nonlocal sent
            began = time.monotonic()
            for planned in range(
                int(seconds * RATE)
            ):  # the same with each library: what is sent in vain is a matter of time
                time.sleep(max(0, began + planned / RATE - time.monotonic()))
                sender.send(message(chance, sent))
                sent += 1
            while not ended.wait(0.02):
                with contextlib.suppress(zmq.Again):
                    sender.send(END, zmq.DONTWAIT)

        calm = threading.Timer(seconds, proxy.calm)
        calm.start()
        thread = threading.Thread(target=send_all, daemon=True)
        thread.start()
        counted, seen = count(receiver)
        ended.set()
        thread.join()
        # Each end is one peer to the other, and everything was said before the word that ended it.
        sender.close()
        receiver.close()
        proxy.stop()
    return {**counted, "sent": sent, "lost": sent - len(seen), "faults": proxy.faults}


def run_apart(library, pattern, transport, seed, seconds):
    """One round in a process of its own, so that no library's state is another round's."""
    command = [
        sys.executable,
        os.path.abspath(__file__),
        "--one",
        json.dumps([library, pattern, transport, seed, seconds]),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds + 60, check=True)
    return json.loads(done.stdout)


def compare(name, libraries, seeds, one_round):
    """Rounds of each library in turn, with the same seeds; prints what each lost. How many rounds were wrong.

    one_round(library, seed) returns what was found and the number of faults.
    """
    losses, faults, wrong = {library: [] for library in libraries}, 0, 0
    for seed in seeds:
        for library in libraries if seed % 2 else libraries[::-1]:
            found, struck = one_round(library, seed)
            losses[library].append(found["lost"])
            faults += struck
            if found["doubled"] or found["damaged"]:
                print(f"{library} {name} seed {seed}: {found}", flush=True)
                wrong += 1
    said = ", ".join(
        f"{library} {sum(lost)} (median of a round {statistics.median(lost):g})" for library, lost in losses.items()
    )
    print(f"{name}: {faults} faults; lost: {said}", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--libraries", default="zmq,zmqpy")
    parser.add_argument("--patterns", default=",".join(PATTERNS))
    parser.add_argument("--transports", default=",".join(TRANSPORTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(*json.loads(options.one))))
        return 0
    libraries, wrong = options.libraries.split(","), 0
    for pattern in options.patterns.split(","):
        for transport in options.transports.split(","):

            def one_round(library, seed, pattern=pattern, transport=transport):
                found = run_apart(library, pattern, transport, seed, options.seconds)
                return found, found["faults"]

            seeds = range(options.seed, options.seed + options.rounds)
            wrong += compare(f"{pattern:7} {transport}", libraries, seeds, one_round)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
