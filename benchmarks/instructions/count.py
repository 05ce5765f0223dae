"""Instructions a message on the hot paths: `python benchmarks/instructions/count.py [--check | --record]`.

Unlike times, they are the same whatever else the machine is doing. record.json holds what they were when somebody last
looked: with the compiler and C library that the C API's are true for, and Python's for every version of it that was recorded.
--check fails when a path now takes more than TOLERANCE over its record, or grows with the number of peers or topics beside it
(LEVEL); --record writes the C API's anew, and those of the Python that runs it. Needs valgrind, its headers and a C compiler.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import capi  # noqa: E402

RECORD = HERE / "record.json"
TOLERANCE = 0.03
LEVEL_TOLERANCE = 0.1  # a search among 100,000 topics passes a few nodes more
C_PATHS = (
    "send",
    "receive",
    "round-trip",
    "multipart",
    "publish-16",
    "inproc",
    "poll",
    "routed-10",
    "routed-1000",
    "topics-6",
    "topics-100000",
)
LEVEL = (("c/routed-10", "c/routed-1000"), ("c/topics-6", "c/topics-100000"))  # the second may cost what the first does
PYTHON_PATHS = ("send", "receive", "round-trip", "multipart", "publish-16", "inproc", "frame", "poll", "poller")
TIME_LIMIT = 120  # seconds a path


def main() -> int:
    """Entry point; the exit status is 1 when a path has grown."""
    parser = argparse.ArgumentParser(description="Count instructions a message on the hot paths.")
    parser.add_argument("--module", default="zmqpy", help="package to measure")
    parser.add_argument("--library", help="C library to measure (default: the one behind the package)")
    parser.add_argument("--paths", default="*", help="only those, such as 'c/*'")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="fail when a path has grown by more than 3 %%")
    action.add_argument("--record", action="store_true", help="write record.json")
    options = parser.parse_args()
    library = options.library or capi.engine(options.module)
    if library is None:
        parser.error(f"{options.module} has no C library")
    counts = measure(options.module, library, options.paths)
    record = json.loads(RECORD.read_text())
    if options.record:
        if options.paths != "*":
            parser.error("--record wants all paths")
        record = recorded(record, counts)
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
    grown = report(counts, comparable(record))
    if options.check and grown:
        print(f"FAILED: more than {TOLERANCE:.0%} over the record: {', '.join(grown)}")
        print("If that is what a change costs and is worth it, commit the new record with it (--record).")
        return 1
    if options.check and (
        steep := [many for few, many in LEVEL if counts.get(many, 0) > counts.get(few, 0) * (1 + LEVEL_TOLERANCE)]
    ):
        print(f"FAILED: grows with what is beside it: {', '.join(steep)}")
        return 1
    return 0


def environment() -> dict[str, str]:
    """What decides the figures of the C API beside the code."""
    compiler = subprocess.run(["c++", "-dumpfullversion"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return {"machine": platform.machine(), "compiler": compiler, "libc": "-".join(platform.libc_ver())}


def recorded(record: dict[str, Any], counts: dict[str, float]) -> dict[str, Any]:
    """The record with these counts in place of its own. Other Pythons' stay, unless the rest of the environment is another one."""
    kept = record["python"] if record["environment"] == environment() else {}
    kinds: dict[str, dict[str, float]] = {"c": {}, "python": {}}
    for name, instructions in counts.items():
        kinds[name.partition("/")[0]][name] = instructions
    pythons = dict(sorted({**kept, platform.python_version(): kinds["python"]}.items()))
    return {"environment": environment(), "c": kinds["c"], "python": pythons}


def comparable(record: dict[str, Any]) -> dict[str, float]:
    """What of the record is true for this environment; says what is not."""
    if record["environment"] != environment():
        print(f"The record is for another environment, and is not held against this: {record['environment']}")
        print(f"This one: {environment()}")
        return {}
    version = platform.python_version()
    if version not in record["python"]:
        print(
            f"The record of Python's paths is for {', '.join(record['python'])}, and is not held against those of {version}"
        )
    return {**record["c"], **record["python"].get(version, {})}


def measure(module: str, library: str, pattern: str) -> dict[str, float]:
    """Instructions a message of every path that the pattern names: {"c/send": 812.5, ...}."""
    with tempfile.TemporaryDirectory(prefix="zmqpy-instructions-") as folder:
        steady = build("steady.c", Path(folder) / "steady.so", "-shared", "-fPIC")
        paths = build("paths.c", Path(folder) / "paths")
        jobs = {f"c/{name}": [paths, library, name] for name in C_PATHS}
        jobs |= {f"python/{name}": [sys.executable, str(HERE / "paths.py"), module, name] for name in PYTHON_PATHS}
        jobs = {name: command for name, command in jobs.items() if fnmatch.fnmatch(name, pattern)}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            counted = pool.map(lambda job: count(job[1], steady, Path(folder) / job[0].replace("/", "-")), jobs.items())
            return dict(zip(jobs, counted))


def build(source: str, target: Path, *flags: str) -> str:
    """Path of the program or library made of a C file."""
    subprocess.run(
        [
            "cc",
            "-std=gnu11",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            *flags,
            str(HERE / source),
            "-o",
            str(target),
            "-ldl",
        ],
        check=True,
    )
    return str(target)


def count(command: list[str], steady: str, out: Path) -> float:
    """Instructions a message of one command that says how many messages it was."""
    valgrind = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={out}", "--quiet"]
    # Environment variables move the stack, and an address decides how some copies are made.
    variables = {"LD_PRELOAD": steady, "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "HOME": "/"}
    finished = subprocess.run(
        [*valgrind, *command], env=variables, stdout=subprocess.PIPE, text=True, check=True, timeout=TIME_LIMIT
    )
    found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    assert found, f"{out} has no total"
    return round(int(found[1]) / int(finished.stdout), 1)


def report(counts: dict[str, float], before: dict[str, float]) -> list[str]:
    """Prints the table; the names of the paths that have grown, or are new beside others of their kind."""
    grown = []
    print(f"{'path':22} {'instructions':>12} {'recorded':>10} {'change':>8}")
    for name, instructions in counts.items():
        if name in before:
            change = instructions / before[name] - 1
            print(f"{name:22} {instructions:12.1f} {before[name]:10.1f} {change:8.1%}")
        else:
            change = float(any(other.partition("/")[0] == name.partition("/")[0] for other in before))
            print(f"{name:22} {instructions:12.1f} {'-':>10} {'-':>8}")
        if change > TOLERANCE:
            grown.append(name)
    return grown


if __name__ == "__main__":
    sys.exit(main())
