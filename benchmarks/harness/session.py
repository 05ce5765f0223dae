"""The driver's side of one measurement: its processes, its window of time, the processor time they used in it.

Leaves to cases.py which processes a measurement needs, and to report.py what the numbers mean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent  # where `harness` can be imported from, and the repository cannot


class MeasurementFailed(Exception):
    """A worker ended early or took too long; the text has its last words."""


@dataclass
class Sample:
    """One measurement: `count` messages or round trips in `elapsed` seconds (summed over the counting processes as a
    rate), `cpu` seconds of all processes in the window and of each in `cpus`, anything else in `extra`."""

    rate: float
    elapsed: float
    cpu: float
    cpu_per_message: float
    extra: dict[str, float] = field(default_factory=dict)
    cpus: list[float] = field(default_factory=list)


class Worker:
    """A running worker process."""

    def __init__(self, command: list[str], label: str) -> None:
        self.label = label
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def answer(self, kind: str) -> dict[str, Any]:
        """The worker's next line, which must be of this kind. Raises MeasurementFailed when it has ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self._errors.seek(0)
            words = self._errors.read().decode(errors="replace").strip().splitlines()
            raise MeasurementFailed(f"{self.label} ended (status {status}): {words[-1] if words else 'time limit'}")
        message: dict[str, Any] = json.loads(line)
        if kind not in message:
            raise MeasurementFailed(f"{self.label} said {line.strip()!r}, expected {kind}")
        facts: dict[str, Any] = message[kind]
        return facts

    def go(self, start: float, stop: float) -> None:
        """Tell the worker its window."""
        self.say(json.dumps([start, stop]))

    def say(self, line: str) -> None:
        """Tell the worker something that only its role understands."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def cpu(self) -> float:
        """Processor seconds (user and system) that all threads of the process have used so far."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # the process's CPU clock, see clock_getcpuclockid(3)

    def resident(self) -> int:
        """Bytes of the process's memory that are in RAM now."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """Kill the process if it still runs."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Session:
    """The processes of one measurement. A context manager: leaving it kills them all; so does the time limit.

    seconds: length of the counting window. warmup: seconds of the same work before it.
    """

    def __init__(self, seconds: float, warmup: float, limit: float = 15.0) -> None:
        self.seconds = seconds
        self.warmup = warmup
        self._folder = tempfile.TemporaryDirectory(prefix="zmqpy-bench-")
        self._workers: list[Worker] = []
        self._watchdog = threading.Timer(limit + seconds + warmup, self._end_workers)
        self._watchdog.daemon = True

    def __enter__(self) -> Session:
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._end_workers()
        self._folder.cleanup()

    def endpoint(self, transport: str, name: str = "socket") -> str:
        """Something to bind to: a free port, or a path of this name in a fresh folder."""
        return "tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{self._folder.name}/{name}"

    def start(self, role: str, **parameters: Any) -> Worker:
        """Start a worker in a role of harness.roles."""
        return self.start_command([sys.executable, "-m", "harness.worker", role, json.dumps(parameters)], role)

    def start_command(self, command: list[str], label: str) -> Worker:
        """Start any program that speaks the workers' language."""
        worker = Worker(command, label)
        self._workers.append(worker)
        return worker

    def measure(self, counting: list[Worker], also: list[Worker] | None = None) -> Sample:
        """Open the window for the workers that count; add up what they and the processor clocks say.

        also: workers that take part without counting, whose processor time belongs to the messages all the same.
        What a worker reports besides its count is in the sample's `extra`.
        """
        everyone = counting + (also or [])
        start = time.monotonic() + self.warmup
        stop = start + self.seconds
        for worker in counting:
            worker.go(start, stop)
        _sleep_until(start)
        before = self._cpu(everyone)
        _sleep_until(stop)
        cpus = [after - earlier for after, earlier in zip(self._cpu(everyone), before)]
        results = [worker.answer("result") for worker in counting]
        rate = sum(result["count"] / result["elapsed"] for result in results)
        elapsed = max(result["elapsed"] for result in results)
        extra = {name: value for result in results for name, value in result.get("numbers", {}).items()}
        cpu = sum(cpus)
        return Sample(rate, elapsed, cpu, cpu / self.seconds / rate if rate else float("nan"), extra, cpus)

    def _cpu(self, workers: list[Worker]) -> list[float]:
        try:
            return [worker.cpu() for worker in workers]
        except OSError:
            for worker in workers:
                if worker.process.poll() is not None:
                    worker.answer("result")  # says what its last words were
            raise

    def _end_workers(self) -> None:
        for worker in self._workers:
            if worker.process.returncode is None:
                worker.process.kill()
        if threading.current_thread() is not self._watchdog:
            for worker in self._workers:
                worker.end()


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
