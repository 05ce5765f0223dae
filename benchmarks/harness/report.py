"""Turns samples into numbers to compare: medians, ratios round by round, floors kept or missed; as a table and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.cases import RATE, Case
from harness.session import Sample


@dataclass
class Spread:
    """Median and extremes over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread | None:
        """None when there are no values."""
        return cls(statistics.median(values), min(values), max(values)) if values else None

    def ratio(self) -> str:
        """As text: 6.10x (5.90-6.30)."""
        return f"{self.median:.2f}x ({self.low:.2f}-{self.high:.2f})"


@dataclass
class Row:
    """Everything measured for one case. A library's samples are None in rounds in which it failed."""

    case: Case
    samples: dict[str, list[Sample | None]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def values(self, library: str) -> list[float]:
        """The case's value in each round that went well."""
        return [self.case.value(sample) for sample in self.samples.get(library, []) if sample is not None]

    def value(self, library: str) -> Spread | None:
        """The case's value for a library."""
        return Spread.of(self.values(library))

    def ratio(self, library: str) -> Spread | None:
        """How many times better the library is than what the case compares with, in the same round."""
        case = self.case
        if case.ceiling is not None:  # the value itself counts, and may be 0
            return None
        return Spread.of([case.ratio(case.value(mine), case.value(base)) for mine, base in self._pairs(library)])

    def cpu_ratio(self, library: str) -> Spread | None:
        """How many times less processor time a message takes, in the same round."""
        return Spread.of(
            [base.cpu_per_message / mine.cpu_per_message for mine, base in self._pairs(library) if mine.cpu_per_message]
        )

    def extra_ratio(self, library: str, name: str) -> Spread | None:
        """How many times lower one of the extra numbers is, in the same round."""
        return Spread.of(
            [base.extra[name] / mine.extra[name] for mine, base in self._pairs(library) if mine.extra[name]]
        )

    def verdicts(self, library: str) -> dict[str, tuple[bool, str]]:
        """For each floor of the case that could be measured: kept or not, and the numbers as text."""
        case, found = self.case, {}
        ratio, cpu, value = self.ratio(library), self.cpu_ratio(library), self.value(library)
        if case.floor is not None and ratio is not None:
            found["speed"] = (ratio.median >= case.floor, f"{ratio.ratio()}, floor {case.floor:.2f}x")
        if case.ceiling is not None and value is not None:
            found["value"] = (
                value.median <= case.ceiling,
                f"{value.median:.2f} {case.unit}, ceiling {case.ceiling:g}",
            )
        if case.cpu_floor is not None and cpu is not None:
            found["cpu"] = (cpu.median >= case.cpu_floor, f"{cpu.ratio()}, floor {case.cpu_floor:.2f}x")
        for name, floor in case.extra_floors:
            extra = self.extra_ratio(library, name)
            if extra is not None and floor is not None:
                found[name] = (extra.median >= floor, f"{extra.ratio()}, floor {floor:.2f}x")
        return found

    def as_json(self) -> dict[str, Any]:
        """All samples and what follows from them, for plot.py and for later comparison."""
        return {
            "name": self.case.name,
            "title": self.case.title,
            "unit": self.case.unit,
            "floor": self.case.floor,
            "ceiling": self.case.ceiling,
            "cpu_floor": self.case.cpu_floor,
            "against": self.case.against,
            "ends": self.case.ends,
            "errors": self.errors,
            "libraries": {
                library: {
                    "value": _plain(self.value(library)),
                    "ratio": _plain(self.ratio(library)),
                    "cpu_ratio": _plain(self.cpu_ratio(library)),
                    "verdicts": {name: kept for name, (kept, _) in self.verdicts(library).items()},
                    "samples": [asdict(sample) if sample else None for sample in samples],
                }
                for library, samples in self.samples.items()
            },
        }

    def _pairs(self, library: str) -> Iterator[tuple[Sample, Sample]]:
        for mine, base in zip(self.samples.get(library, []), self.samples.get(self.case.against, [])):
            if mine is not None and base is not None:
                yield mine, base


def number(value: float, unit: str) -> str:
    """A value at a sensible precision: 1.23 M for rates, 25.1 for times."""
    if unit == RATE:
        for scale, letter in ((1e6, "M"), (1e3, "k")):
            if value >= scale:
                return f"{value / scale:.2f} {letter}"
    return f"{value:.1f}"


def table(rows: list[Row], libraries: list[str], subject: str) -> str:
    """A Markdown table: one line a case, one column a library, then the subject's ratios and floors."""
    heads = ["case", "unit", *libraries, f"{subject}: times better", "floor", "", "times less CPU", "floor", ""]
    lines = [heads, ["---"] * len(heads)]
    for row in rows:
        case, cells = row.case, []
        for library in libraries:
            value = row.value(library)
            cells.append(number(value.median, case.unit) if value else "failed" if library in row.errors else "-")
        ratio, cpu = row.ratio(subject), row.cpu_ratio(subject)
        verdicts = row.verdicts(subject)
        floor = f"{case.floor:.2f}x" if case.floor else f"<= {case.ceiling:g}" if case.ceiling else "-"
        if case.against not in ("zmq",):
            floor += f" of {case.against}"
        lines.append(
            [
                case.title,
                case.unit,
                *cells,
                ratio.ratio() if ratio else "-",
                floor,
                _mark(verdicts, "speed", "value"),
                cpu.ratio() if cpu else "-",
                f"{case.cpu_floor:.2f}x" if case.cpu_floor else "-",
                _mark(verdicts, "cpu"),
            ]
        )
        for name, extra_floor in case.extra_floors:
            extra = [
                Spread.of([s.extra[name] for s in row.samples.get(library, []) if s and name in s.extra])
                for library in libraries
            ]
            spread = row.extra_ratio(subject, name)
            lines.append(
                [
                    case.title,
                    name,
                    *(f"{value.median:.1f}" if value else "-" for value in extra),
                    spread.ratio() if spread else "-",
                    f"{extra_floor:.2f}x" if extra_floor else "-",
                    _mark(verdicts, name),
                    "-",
                    "-",
                    "",
                ]
            )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _mark(verdicts: dict[str, tuple[bool, str]], *names: str) -> str:
    kept = [verdicts[name][0] for name in names if name in verdicts]
    return "" if not kept else "ok" if all(kept) else "MISSED"


def _plain(spread: Spread | None) -> dict[str, float] | None:
    return asdict(spread) if spread else None
