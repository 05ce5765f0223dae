"""Run the four basic patterns between real processes, show what they print and check it.

Responsible for starting the programs of this folder as they stand, for telling their output apart (one prefix a process),
for the check that the expected lines came, and for leaving no process behind. The messaging itself is all in the programs.

Exit status: 0 when every pattern did what it should, 1 when one did not, 2 when a needed port is taken.
"""

from __future__ import annotations

import argparse
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable

FOLDER = Path(__file__).resolve().parent
PORTS = (5555, 5556)
STEP_SECONDS = 15.0  # the longest any single expected line may take, on a slow and busy machine too


class Failure(Exception):
    """A program did not do what it should; the text says which and what."""


class Stage:
    """The processes of one pattern. Use as a context manager: leaving it ends all of them.

    ports: what to put in place of 5555 and 5556 in the programs' text; {} runs the files themselves.
    """

    def __init__(self, pattern: str, ports: dict[int, int]) -> None:
        self.pattern = pattern
        self._ports = ports
        self._changed = threading.Condition()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._lines: dict[str, list[str]] = {}
        self._silent: set[str] = set()  # programs that have closed their output, that is, have ended
        self._folder = tempfile.TemporaryDirectory(prefix="zmqpy-examples-")

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for reader in self._readers:
            reader.join(5)
        self._folder.cleanup()

    def start(self, program: str, label: str = "", replace: dict[str, str] | None = None) -> str:
        """Start a program of the pattern; returns its label. `replace` changes pieces of its text first."""
        label = label or Path(program).stem
        path = self._prepare(FOLDER / self.pattern / program, label, replace or {})
        process = subprocess.Popen(
            [sys.executable, "-u", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        with self._changed:
            self._processes[label] = process
            self._lines[label] = []
        reader = threading.Thread(target=self._read, args=(label, process), daemon=True)
        self._readers.append(reader)
        reader.start()
        return label

    def expect(self, label: str, text: str, count: int = 1) -> None:
        """Wait until the program printed `count` lines that begin with `text`. Raises Failure when it cannot any more."""
        self.wait(
            lambda: sum(line.startswith(text) for line in self._lines[label]) >= count,
            f"{label} did not print {text!r}" + (f" {count} times" if count > 1 else ""),
            label,
        )

    def wait(self, done: Callable[[], bool], complaint: str, label: str = "") -> None:
        """Wait until done() is true, called each time a line came. Raises Failure(complaint) after STEP_SECONDS, or as soon
        as the program `label` has ended without it."""
        deadline = time.monotonic() + STEP_SECONDS
        with self._changed:
            while not done():
                if label in self._silent:
                    raise Failure(f"{complaint}; it ended with status {self._processes[label].wait()}")
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise Failure(f"{complaint} within {STEP_SECONDS:.0f} s")

    def expect_end(self, label: str) -> None:
        """Wait until the program ended by itself. Raises Failure unless its status is 0."""
        try:
            status = self._processes[label].wait(STEP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"{label} did not end within {STEP_SECONDS:.0f} s") from None
        if status != 0:
            raise Failure(f"{label} ended with status {status}")

    def printed(self, label: str) -> list[str]:
        """The lines the program has printed so far."""
        return list(self._lines[label])

    def _prepare(self, path: Path, label: str, replace: dict[str, str]) -> Path:
        pieces = dict(replace)
        pieces.update({f":{old}": f":{new}" for old, new in self._ports.items()})
        if not pieces:
            return path
        text = path.read_text(encoding="utf-8")
        for old, new in pieces.items():
            text = text.replace(old, new)
        copy = Path(self._folder.name) / f"{label.replace(' ', '_')}.py"
        copy.write_text(text, encoding="utf-8")
        return copy

    def _read(self, label: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            line = line.rstrip("\n")
            with self._changed:
                print(f"[{self.pattern}/{label}] {line}", flush=True)
                self._lines[label].append(line)
                self._changed.notify_all()
        process.stdout.close()
        with self._changed:
            self._silent.add(label)
            self._changed.notify_all()


def request_reply(stage: Stage) -> None:
    """REQ asks, REP answers; a second client shows that the server goes on."""
    server = stage.start("server.py")
    for label in ("client 1", "client 2"):
        client = stage.start("client.py", label)
        stage.expect(client, "Server says:  Echo: Hello ZeroMQ")
        stage.expect_end(client)
    stage.expect(server, "Recieved: Hello ZeroMQ", 2)


def publish_subscribe(stage: Stage) -> None:
    """PUB sends news every two seconds to both SUBs."""
    clients = [stage.start("client.py", label) for label in ("client 1", "client 2")]
    server = stage.start("server.py")
    for client in clients:
        stage.expect(client, "Recieved:  news Breaking news at time", 2)
    stage.expect(server, "Published: Breaking news at time", 2)


def pipeline(stage: Stage) -> None:
    """PUSH shares five tasks between two PULL workers: each task is done once, and both workers get some."""
    workers = [stage.start("worker.py", label) for label in ("worker 1", "worker 2")]
    producer = stage.start("producer.py")
    stage.expect(producer, "Sending: Task 4")
    stage.expect_end(producer)
    expected = [f"Recieved: Task {number}" for number in range(5)]

    def done() -> list[str]:
        return [line for worker in workers for line in stage.printed(worker)]

    stage.wait(lambda: len(done()) >= len(expected), "the workers did not receive five tasks")
    if sorted(done()) != expected:
        raise Failure(f"the workers received {sorted(done())}, not each task once")
    for worker in workers:
        if not stage.printed(worker):
            raise Failure(f"{worker} received no task")


def router_dealer(stage: Stage) -> None:
    """Two DEALERs with identities of their own ask one ROUTER, which answers each by its identity."""
    router = stage.start("router.py")
    stage.expect(router, "Router is ready...")
    for name in ("A", "B"):
        changes = {} if name == "A" else {"Client A": "Client B", "client A": "client B"}
        dealer = stage.start("dealer.py", f"dealer {name}", changes)
        stage.expect(dealer, "Recieved:  Reply from Broker : Recieved your messages")
        stage.expect_end(dealer)
        stage.expect(router, f" From b'Client {name}': Hello from client {name}")


PATTERNS: tuple[Callable[[Stage], None], ...] = (request_reply, publish_subscribe, pipeline, router_dealer)


def port_is_free(port: int) -> bool:
    """Whether a server could bind this TCP port on every address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def free_ports() -> dict[int, int]:
    """A free port for each of PORTS, from below the range the system gives to outgoing connections."""
    candidates = (random.randrange(10000, 32000) for _ in range(1000))
    found = sorted({port for port, _ in zip(filter(port_is_free, candidates), range(8))})
    return dict(zip(PORTS, found))


def run(patterns: list[Callable[[Stage], None]], ports: dict[int, int]) -> bool:
    """Run the patterns one after the other; True when all did what they should."""
    failed: list[str] = []
    for pattern in patterns:
        name = pattern.__name__
        print(f"== {name}: {(pattern.__doc__ or '').splitlines()[0]}", flush=True)
        began = time.monotonic()
        try:
            with Stage(name, ports) as stage:
                pattern(stage)
        except Failure as failure:
            failed.append(name)
            print(f"== {name}: FAILED: {failure}", flush=True)
        else:
            print(f"== {name}: ok in {time.monotonic() - began:.1f} s", flush=True)
    if failed:
        print(f"{len(failed)} of {len(patterns)} patterns failed: {', '.join(failed)}")
    else:
        print(f"all {len(patterns)} patterns ran as they should")
    return not failed


def main(arguments: list[str] | None = None) -> int:
    """Entry point; `arguments` as on the command line. Returns the exit status."""
    names = {pattern.__name__: pattern for pattern in PATTERNS}
    parser = argparse.ArgumentParser(description="Run the example programs of the four basic patterns and check them.")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help=f"run only these: {', '.join(names)}")
    parser.add_argument("--free-ports", action="store_true", help="use free ports in place of 5555 and 5556")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.patterns if name not in names]
    if unknown:
        parser.error(f"no such pattern: {', '.join(unknown)}")
    if not options.free_ports:
        taken = [str(port) for port in PORTS if not port_is_free(port)]
        if taken:
            print(
                f"The examples bind TCP ports {PORTS[0]} and {PORTS[1]}, but another program on this machine has "
                f"{' and '.join(taken)}. End that program, or run this with --free-ports.",
                file=sys.stderr,
            )
            return 2
    chosen = [names[name] for name in options.patterns] or list(PATTERNS)
    return 0 if run(chosen, free_ports() if options.free_ports else {}) else 1


if __name__ == "__main__":
    sys.exit(main())
