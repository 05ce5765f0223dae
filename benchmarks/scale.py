"""Curves instead of points: how what one socket costs grows with the number of connections, of topics, of bytes a message.

`python benchmarks/scale.py --json scale.json`; see docs/benchmarks.md. Every sample is taken in fresh processes, and at every point of
a curve the libraries take turns. What is printed last is the ratio to pyzmq at the largest x, and how each curve of zmqpy grows.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

from harness import capi
from harness.session import MeasurementFailed, Session

BASELINE = "zmq"
Values = dict[str, float]


@dataclass(frozen=True)
class Curve:
    """One family of curves over the same x: `measure` gives all values at one x, named with their unit."""

    name: str
    title: str
    x: str
    points: tuple[int, ...]
    measure: Callable[[Session, str, int], Values]


def main(arguments: list[str] | None = None) -> int:
    """Entry point; `arguments` as on the command line. Returns the exit status: 1 when a measurement failed."""
    parser = argparse.ArgumentParser(description="Measure how costs grow, library beside library.")
    parser.add_argument(
        "--curves", nargs="+", default=[curve.name for curve in CURVES], choices=[c.name for c in CURVES]
    )
    parser.add_argument("--libraries", default="zmq,zmqpy", help="modules, comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--largest", type=int, help="leave out the points above this x")
    parser.add_argument("--json", type=Path, help="write everything to this file, for plot_scale.py")
    options = parser.parse_args(arguments)
    found: dict[str, dict[str, dict[int, list[Values]]]] = {}
    failed = False
    for curve in CURVES:
        if curve.name not in options.curves:
            continue
        libraries = options.libraries.split(",")
        series = found[curve.name] = {library: {} for library in libraries}
        for x in curve.points:
            if options.largest and x > options.largest:
                continue
            for turn in range(options.rounds):
                for library in libraries[turn % len(libraries) :] + libraries[: turn % len(libraries)]:
                    values = sample(curve, library, x)
                    if values is None:
                        failed = True
                    else:
                        series[library].setdefault(x, []).append(values)
    for curve in CURVES:
        if curve.name in found:
            summarise(curve, found[curve.name])
    if options.json:
        write_json(options.json, found)
    return 1 if failed else 0


def sample(curve: Curve, library: str, x: int) -> Values | None:
    """One sample of a curve, printed; None when the measurement failed."""
    try:
        with Session(0.5, 0.2, limit=120.0) as session:
            values = curve.measure(session, library, x)
    except MeasurementFailed as failure:
        print(f"{curve.name} {x} {library}: FAILED {failure}", flush=True)
        return None
    shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
    print(f"{curve.name} {x} {library}: {shown}", flush=True)
    return values


def summarise(curve: Curve, series: dict[str, dict[int, list[Values]]]) -> None:
    """Print, for each value of a curve, its median at every x, the ratio to pyzmq at the largest, and how it grows."""
    print(f"\n{curve.title}")
    libraries = list(series)
    points = sorted({x for found in series.values() for x in found})
    names = list(next(iter(next(iter(series[libraries[-1]].values()))))) if points else []
    for name in names:
        print(f"  {name}")
        for library in libraries:
            medians = {x: median(series[library][x], name) for x in points if series[library].get(x)}
            row = "  ".join(f"{x}: {value:.4g}" for x, value in medians.items())
            print(f"    {library:8} {row}   grows as x^{slope(medians):.2f}")
        if BASELINE in libraries and all(series[library].get(points[-1]) for library in libraries):
            base = median(series[BASELINE][points[-1]], name)
            for library in libraries:
                if library != BASELINE:
                    value = median(series[library][points[-1]], name)
                    print(f"    at {points[-1]}: {library} / {BASELINE} = {value / base if base else math.nan:.3f}")


def median(samples: list[Values], name: str) -> float:
    """The middle of one value's samples."""
    return statistics.median(sample[name] for sample in samples)


def slope(medians: dict[int, float]) -> float:
    """The exponent of the power law that lies nearest to the upper half of a curve (least squares of the logarithms)."""
    points = [(math.log(x), math.log(y)) for x, y in sorted(medians.items()) if y > 0]
    points = points[len(points) // 2 - (len(points) % 2 == 0) :] if len(points) > 2 else points
    if len(points) < 2:
        return math.nan
    mean_x, mean_y = (statistics.fmean(axis) for axis in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else math.nan


def write_json(path: Path, found: dict[str, dict[str, dict[int, list[Values]]]]) -> None:
    """Everything that was measured, and on what."""
    facts = {
        "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "curves": [
            {"name": curve.name, "title": curve.title, "x": curve.x, "series": found[curve.name]}
            for curve in CURVES
            if curve.name in found
        ],
    }
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def connections(session: Session, library: str, count: int, transport: str) -> Values:
    """`count` plain sockets shake hands with one ROUTER at once and get an answer each; then one of them exchanges messages with it; then
    the ROUTER is closed with all of them connected."""
    router = session.start("scale.router", library=library, endpoint=session.endpoint(transport), backlog=4 * count)
    endpoint = router.answer("ready")["endpoint"]
    ender = session.start("scale.dealer", library=library, endpoint=endpoint)
    ender.answer("ready")
    dealers = session.start_command([capi.program("greet"), endpoint, str(count)], "capi greet")
    dealers.answer("ready")
    memory, cpu = router.resident(), router.cpu()
    dealers.go(time.monotonic(), 0.0)
    took = dealers.answer("result")["elapsed"]
    values = {
        "connect, ms": took * 1e3,
        "processor a connection, us": (router.cpu() - cpu) / count * 1e6,
        "memory a connection, KiB": (router.resident() - memory) / count / 1024,
    }
    dealers.say("echo 3000")
    values["echo, us"] = dealers.answer("result")["elapsed"] * 1e6
    ender.go(time.monotonic(), 0.0)
    values["close, ms"] = router.answer("result")["elapsed"] * 1e3
    return values


def topics(session: Session, library: str, count: int, peers: int) -> Values:
    """`peers` SUBs subscribe to `count` topics each, a PUB sends what one or nobody of them wants, and all is taken back."""
    publisher = session.start("scale.publisher", library=library, endpoint=session.endpoint("tcp"))
    endpoint = publisher.answer("ready")["endpoint"]
    subscriber = session.start("scale.subscriber", library=library, endpoint=endpoint, peers=peers, topics=count)
    subscriber.answer("ready")
    memory = publisher.resident()
    own = subscriber.resident()
    publisher.say("until")
    subscriber.go(0.0, 0.0)
    values = {"subscribe, ms": subscriber.answer("result")["elapsed"] * 1e3}
    entries = count * peers
    values["memory of PUB a subscription, bytes"] = max(0, publisher.resident() - memory) / entries
    values["memory of SUB a subscription, bytes"] = max(0, subscriber.resident() - own) / entries
    for name, topic in (
        ("nobody wants", "markets.9999999x"),
        ("nobody's topic begins with", "x"),
        ("longer", "markets.0000000" * 4),
    ):
        publisher.say(f"publish 20000 {topic}")
        values[f"publish what {name}, us" if "nobody" in name else f"publish a {name} topic, us"] = (
            publisher.answer("result")["elapsed"] / 20000 * 1e6
        )
    publisher.say("until")
    subscriber.go(0.0, 0.0)
    values["unsubscribe, ms"] = subscriber.answer("result")["elapsed"] * 1e3
    return values


def sizes(session: Session, library: str, size: int) -> Values:
    """PUSH to PULL as fast as it goes, with no more under way than fits into memory."""
    hwm = max(5, min(1000, 2**28 // size))
    batch = max(1, min(100, 2**20 // size))  # between two looks at the clock
    receiver = session.start("stream.receiver", library=library, endpoint=session.endpoint("tcp"), batch=batch, hwm=hwm)
    endpoint = receiver.answer("ready")["endpoint"]
    sender = session.start("stream.sender", library=library, endpoint=endpoint, size=size, hwm=hwm)
    sender.answer("ready")
    session.seconds += size / 2**23  # some dozens of the largest
    sample = session.measure([receiver], [sender])
    return {
        "a message, us": 1e6 / sample.rate if sample.rate else math.nan,
        "processor a message, us": sample.cpu_per_message * 1e6,
    }


MANY = (1, 10, 100, 1000, 3000, 10_000)
CURVES = (
    Curve("tcp", "Connections to one ROUTER over tcp", "connections", MANY, partial(connections, transport="tcp")),
    Curve("ipc", "Connections to one ROUTER over ipc", "connections", MANY, partial(connections, transport="ipc")),
    Curve("topics", "Topics of one peer", "topics", (100, 1000, 10_000, 100_000), partial(topics, peers=1)),
    Curve("topics-100", "Topics of each of 100 peers", "topics", (10, 100, 1000, 10_000), partial(topics, peers=100)),
    Curve("sizes", "PUSH to PULL over tcp", "bytes", tuple(4**power for power in range(14)), sizes),
)


if __name__ == "__main__":
    sys.exit(main())
