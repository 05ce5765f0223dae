"""A stream of messages between two networks whose link misbehaves, with any library: what is lost, doubled, out of order or damaged.

    python tests/chaos_network.py --libraries zmq,zmqpy --rounds 10

As chaos.py, but with the kernel's own faults, between two network namespaces with a pair of veth: the link goes down, becomes slow (tc tbf), or
delays, loses, repeats and reorders packets (tc netem, where the kernel has it); and, for those who ask for "kill", connections are
aborted behind both ends' backs (ss -K). A seed decides which, when and how long. All but "kill" are TCP's to mend: nothing may be lost.
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import select
import subprocess
import sys
import threading
import time

from chaos import END, PATTERNS, RATE, compare, count, message
from multicast import ip, set_up, start_apart, wait_for_link

HERE, THERE = "10.77.0.1", "10.77.0.2"
PORT = 5671
PROBE = b"probe"
MENDED = ("down", "slow", "delay", "lose", "repeat", "reorder")
NETEM = {
    "delay": ("delay", "40ms", "20ms"),
    "lose": ("loss", "20%"),
    "repeat": ("duplicate", "20%"),
    "reorder": ("delay", "10ms", "reorder", "50%"),
}


def tc(*arguments):
    return subprocess.run(["tc", *arguments], capture_output=True, text=True, check=False)


def has_netem():
    """In this namespace. The kernel's module sch_netem is not everywhere."""
    found = tc("qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms").returncode == 0
    if found:
        tc("qdisc", "del", "dev", "lo", "root")
    return found


class Faults(threading.Thread):
    """Harms v0 until it has done so for `seconds`; then all is well."""

    def __init__(self, seed, kinds, seconds):
        super().__init__(daemon=True)
        self.done, self._seconds = [], seconds
        self._random, self._over = random.Random(seed), threading.Event()
        netem = has_netem()
        self._kinds = [kind for kind in kinds if netem or kind not in NETEM]

    def run(self):
        until = time.monotonic() + self._seconds
        while time.monotonic() < until and not self._over.wait(self._random.uniform(0.02, 0.2)):
            kind = self._random.choice(self._kinds)
            if self._strike(kind, self._random.uniform(0.05, 0.25)):
                self.done.append(kind)

    def _strike(self, kind, how_long):
        """Whether it did any harm: not every kernel closes connections for ss, or has every queueing discipline."""
        if kind == "kill":
            killed = subprocess.run(["ss", "-KHt", "dst", THERE], capture_output=True, text=True, check=False).stdout
            return bool(killed.strip())
        elif kind == "down":
            ip("link", "set", "v0", "down")
            self._over.wait(how_long)
            ip("link", "set", "v0", "up")
        else:
            how = NETEM.get(kind)
            qdisc = ("netem", *how) if how else ("tbf", "rate", "2mbit", "burst", "20kb", "latency", "50ms")
            if tc("qdisc", "add", "dev", "v0", "root", *qdisc).returncode != 0:
                return False
            self._over.wait(how_long)
            tc("qdisc", "del", "dev", "v0", "root")
        return True


def make_socket(zmq, context, kind):
    socket = context.socket(getattr(zmq, kind))
    socket.linger = 0
    socket.hwm = 0  # what a PUB drops while the link is slow is not the link's
    socket.reconnect_ivl = 10
    socket.sndtimeo = socket.rcvtimeo = 30_000
    if kind == "SUB":
        socket.subscribe(b"")
    return socket


def attach(socket, binds, address):
    if binds:
        socket.bind(f"tcp://*:{PORT}")
    else:
        socket.connect(f"tcp://{address}:{PORT}")


def send_all(library, pattern, seed, seconds):
    """In the other namespace. Probes until it is told to go, then the stream, then its end until nobody listens any more."""
    sys.stdin.readline()  # the interface is there
    set_up("v1", 2)
    wait_for_link("v1")
    zmq = importlib.import_module(library)
    kind, _, binds = PATTERNS[pattern]
    chance = random.Random(seed)
    with zmq.Context() as context, make_socket(zmq, context, kind) as socket:
        attach(socket, binds, HERE)
        print("ready", flush=True)

        def told(seconds):
            return bool(select.select([sys.stdin], [], [], seconds)[0])

        while not told(0.02):
            with contextlib.suppress(zmq.Again):
                socket.send(PROBE, zmq.DONTWAIT)
        os.read(sys.stdin.fileno(), 100)
        began = time.monotonic()
        for number in range(int(seconds * RATE)):
            time.sleep(max(0, began + number / RATE - time.monotonic()))
            socket.send(message(chance, number))
        while not told(0.02):
            with contextlib.suppress(zmq.Again):
                socket.send(END, zmq.DONTWAIT)


def run(library, pattern, seed, seconds, kinds):
    """One round in this network namespace; returns what it counted."""
    zmq = importlib.import_module(library)
    _, kind, sender_binds = PATTERNS[pattern]
    other = start_apart(__file__, "--send", json.dumps([library, pattern, seed, seconds]))
    try:

        def tell(word):
            other.stdin.write(word + "\n")
            other.stdin.flush()

        tell("up")
        with zmq.Context() as context, make_socket(zmq, context, kind) as socket:
            attach(socket, not sender_binds, THERE)
            other.stdout.readline()
            socket.recv_multipart()
            tell("go")
            faults = Faults(seed, kinds, seconds)
            faults.start()
            counted, seen = count(socket, ignored=PROBE)
            faults.join()
            tell("over")
        if other.wait(60) != 0:
            raise RuntimeError("the sender failed")
    finally:
        other.kill()
        other.wait()
    sent = int(seconds * RATE)
    return {**counted, "sent": sent, "lost": sent - len(seen), "faults": faults.done}


def run_apart(library, pattern, seed, seconds, kinds=MENDED):
    """One round in processes and namespaces of its own."""
    command = ["unshare", "-rn", sys.executable, os.path.abspath(__file__), "--one"]
    command.append(json.dumps([library, pattern, seed, seconds, kinds]))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds + 90, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--libraries", default="zmq,zmqpy")
    parser.add_argument("--patterns", default=",".join(PATTERNS))
    parser.add_argument("--kinds", default=",".join((*MENDED, "kill")))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send_all(*json.loads(options.send))
        return 0
    if options.one:
        print(json.dumps(run(*json.loads(options.one))))
        return 0
    wrong = 0
    for pattern in options.patterns.split(","):

        def one_round(library, seed, pattern=pattern):
            found = run_apart(library, pattern, seed, options.seconds, options.kinds.split(","))
            return found, len(found["faults"])

        seeds = range(options.seed, options.seed + options.rounds)
        wrong += compare(f"{pattern:7}", options.libraries.split(","), seeds, one_round)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
