"""Importing the library, in a fresh interpreter each time."""

from __future__ import annotations

import subprocess
import sys
import time

from harness import channel

_PROGRAM = """
import sys, time
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])
modules, pages, start = len(sys.modules), resident(), time.perf_counter()
import {library}
print(time.perf_counter() - start, len(sys.modules) - modules, resident() - pages)
"""


def importer(library: str) -> None:
    """Counts imports in the seconds that they take, without the interpreter's own; says how many modules and pages one is."""
    _, modules, pages = _once(library)  # and writes the .pyc files, if there are none yet
    channel.ready(modules=modules, pages=pages)
    start, stop = channel.window()
    while time.monotonic() < start:
        _once(library)
    count, seconds = 0, 0.0
    while count == 0 or time.monotonic() < stop:
        seconds += _once(library)[0]
        count += 1
    channel.result(count, seconds)


def _once(library: str) -> tuple[float, ...]:
    program = _PROGRAM.format(library=library)
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(map(float, done.stdout.split()))
