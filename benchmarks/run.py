"""Compare messaging libraries in one sitting: `python benchmarks/run.py`; see docs/benchmarks.md.

Every sample is taken in fresh processes; in every round the libraries take turns, beginning with another one each round,
so that a machine that slows down or speeds up does so for all. Ratios are taken within a round.

Exit status: 0 when every measured floor was kept, 1 when one was missed or a measurement failed.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path

from harness import capi
from harness.cases import BASELINE, CASES, RAW, Case
from harness.report import Row, number, table
from harness.session import MeasurementFailed, Sample, Session


def main(arguments: list[str] | None = None) -> int:
    """Entry point; `arguments` as on the command line. Returns the exit status."""
    options = parse(arguments)
    if options.list:
        for case in CASES:
            print(f"{case.name:22} {case.title}")
        return 0
    capi.paths.update(path.split("=", 1) for path in options.capi)
    cases = [case for case in CASES if any(fnmatch.fnmatch(case.name, pattern) for pattern in options.cases)]
    labels = label(options.libraries)
    rows = {case.name: Row(case) for case in cases}
    for number_of_round in range(options.rounds):
        for case in cases:
            measure_round(rows[case.name], case, labels, number_of_round, options)
    subject = options.subject or next((name for name in labels if name not in (BASELINE, RAW)), "zmqpy")
    print()
    print(table(list(rows.values()), list(labels), subject))
    missed = report_floors(list(rows.values()), subject)
    if options.json:
        write_json(options, list(rows.values()), subject)
    failed = any(subject in row.errors or BASELINE in row.errors for row in rows.values())
    return 1 if failed or (missed and not options.ignore_floors) else 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare messaging libraries on this machine.")
    parser.add_argument("--cases", nargs="+", default=["*"], help="names or patterns such as 'pushpull-*' (see --list)")
    parser.add_argument("--libraries", default="zmq,zmqpy,pyomq,raw", help="modules, comma-separated; 'raw' is sockets")
    parser.add_argument("--subject", help="library to hold against the floors (default: the first that is not pyzmq)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each measurement")
    parser.add_argument("--warmup", type=float, default=0.3, help="seconds of the same work before it")
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="length of the idle measurement")
    parser.add_argument(
        "--capi", nargs="*", default=[], metavar="MODULE=PATH", help="C library to measure for a module"
    )
    parser.add_argument("--json", type=Path, help="write everything to this file, for plot.py")
    parser.add_argument("--ignore-floors", action="store_true", help="fail only when a measurement did, not when slow")
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    options = parser.parse_args(arguments)
    for pattern in options.cases:
        if not any(fnmatch.fnmatch(case.name, pattern) for case in CASES):
            parser.error(f"no case is called {pattern}")
    return options


def label(libraries: str) -> dict[str, str]:
    """Label to module: a module that is named twice is measured twice, which shows how noisy the machine is."""
    labels: dict[str, str] = {}
    for module in libraries.split(","):
        again = sum(name.split("#")[0] == module for name in labels)
        labels[module if not again else f"{module}#{again + 1}"] = module
    return labels


def measure_round(row: Row, case: Case, labels: dict[str, str], turn: int, options: argparse.Namespace) -> None:
    """One sample for each library that the case applies to, in an order that turns with the round."""
    names = list(labels)
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        if not case.applies(labels[name]):
            continue
        try:
            sample: Sample | None = take(case, labels[name], options)
        except MeasurementFailed as failure:
            row.errors[name] = str(failure)
            sample = None
        row.samples.setdefault(name, []).append(sample)
        shown = row.errors[name] if sample is None else f"{number(case.value(sample), case.unit)} {case.unit}"
        print(f"round {turn + 1}  {case.name:20} {name:8} {shown}", flush=True)


def take(case: Case, library: str, options: argparse.Namespace) -> Sample:
    """One sample."""
    seconds = max(options.seconds, case.minimum_seconds)
    if case.name == "idle":
        seconds = options.idle_seconds
    with Session(seconds, options.warmup) as session:
        return case.measure(session, library)


def report_floors(rows: list[Row], subject: str) -> int:
    """Print each missed floor and each failure; returns how many floors were missed."""
    missed = kept = 0
    for row in rows:
        for name, (held, text) in row.verdicts(subject).items():
            kept += held
            missed += not held
            if not held:
                print(f"MISSED {row.case.name} {name}: {text}")
        for library, error in row.errors.items():
            print(f"FAILED {row.case.name} with {library}: {error}")
    print(f"{subject}: {kept} floors kept, {missed} missed")
    return missed


def write_json(options: argparse.Namespace, rows: list[Row], subject: str) -> None:
    """Everything that was measured, and on what."""
    facts = {
        "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("zmqpy", "pyzmq", "pyomq")},
        "load": os.getloadavg(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "subject": subject,
        "cases": [row.as_json() for row in rows],
    }
    options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def version(distribution: str) -> str:
    """The installed version, or '' if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
