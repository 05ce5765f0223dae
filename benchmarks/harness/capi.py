"""The C programs of benchmarks/capi: builds each once, and finds the shared library that stands behind a Python module.

loops.c loads the library it is told to with dlopen, so one build serves every engine.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from harness.session import MeasurementFailed

SOURCES = Path(__file__).resolve().parent.parent / "capi"

paths: dict[str, str] = {}  # set from the command line: module name to the library to measure for it


@cache
def program(name: str) -> str:
    """Path of the program built from capi/<name>.c. Raises MeasurementFailed when there is no C compiler or it refuses."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MeasurementFailed("no C compiler")
    target = Path(tempfile.mkdtemp(prefix="zmqpy-capi-")) / name
    command = [
        compiler,
        "-std=gnu11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        str(SOURCES / f"{name}.c"),
        "-o",
        str(target),
    ]
    finished = subprocess.run([*command, "-ldl", "-lpthread"], stderr=subprocess.PIPE, text=True)
    if finished.returncode:
        raise MeasurementFailed(f"{compiler}: {finished.stderr.strip().splitlines()[0]}")
    return str(target)


def engine(library: str) -> str | None:
    """The libzmq-like shared library to measure for a module, or None when it has none.

    zmqpy: the engine inside the package, or the system's libzmq if it was built against that. pyzmq: the system's
    libzmq, which unlike the one in pyzmq's wheel was built for this machine.
    """
    if library in paths:
        return paths[library]
    if library == "zmq":
        return ctypes.util.find_library("zmq")
    if library == "zmqpy":
        spec = importlib.util.find_spec("zmqpy")
        folders = spec.submodule_search_locations if spec else None
        found = [
            path
            for folder in folders or ()  # two of them in an editable install
            for path in sorted(Path(folder).rglob("*.so*"))
            if "zmq" in path.name and not any(mark in path.name for mark in ("cpython", "abi3"))
        ]
        return str(found[0]) if found else None
    return None
