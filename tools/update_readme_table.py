"""Put the results of a benchmark run into the README: `python tools/update_readme_table.py results.json`.

The table goes between the two comments that name it; nothing else of the README changes. The numbers are those of the JSON
that `benchmarks/run.py --json` wrote, with the machine and the versions they were measured on.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- benchmark table: tools/update_readme_table.py puts the table of a run here -->\n"
END = "<!-- end of benchmark table -->\n"


def quantity(value: float, unit: str) -> str:
    """12.3 us, 4.56 M/s, 78.9 k/s."""
    if unit == "msg/s":
        for scale, letter in ((1e6, " M/s"), (1e3, " k/s")):
            if value >= scale:
                return f"{value / scale:.2f}{letter}"
        return f"{value:.0f}/s"
    return f"{value:.1f} {unit}"


BASELINE, RAW = "zmq", "raw"  # as the benchmarks name pyzmq and plain sockets


def row(case: dict[str, Any], subject: str) -> str | None:
    """One line of the table; None when the case was not measured for both."""
    libraries = case["libraries"]
    ours, theirs, raw = (libraries.get(name) for name in (subject, BASELINE, RAW))
    if not ours or not theirs or not ours["value"] or not theirs["value"]:
        return None

    def value(library: dict[str, Any] | None) -> str:
        return quantity(library["value"]["median"], case["unit"]) if library and library["value"] else ""

    def floor(text: str, wanted: float | None, *verdicts: str) -> str:
        """The text, and the floor where it was missed."""
        missed = [name for name in verdicts if ours["verdicts"].get(name) is False]
        return f"{text} (floor {wanted:.1f}x: missed)" if missed else text

    if case["against"] == BASELINE:
        ratio = f"{ours['ratio']['median']:.1f}x" if ours["ratio"] else "-"
        speed = floor(ratio, case["floor"], "speed")
    else:
        better = theirs["value"]["median"] / ours["value"]["median"]
        speed = floor(f"{better:.1f}x", case["floor"], "speed")
        if ours["ratio"]:
            speed += f"; of {case['against']} {ours['ratio']['median']:.2f}x"
    cpu = f"{ours['cpu_ratio']['median']:.1f}x" if ours["cpu_ratio"] and case["cpu_floor"] else "-"
    cells = [
        case["title"],
        case["ends"],
        value(theirs),
        value(ours),
        value(raw),
        speed,
        floor(cpu, case["cpu_floor"], "cpu"),
    ]
    return f"| {' | '.join(cells)} |\n"


def render(results: dict[str, Any]) -> str:
    """The whole table with a line about the machine."""
    subject, versions = results["subject"], results["versions"]
    rows = [line for line in (row(case, subject) for case in results["cases"]) if line]
    return (
        f"Measured {results['date'][:10]} on {results['machine']}, Python {results['python']}, pyzmq {versions['pyzmq']}; "
        f'medians of {results["rounds"]} rounds. "Ends" says which ends are the library that heads the column.\n\n'
        f"| case | ends | pyzmq | {subject} | raw sockets | times better than pyzmq | times less CPU a message |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n" + "".join(rows)
    )


def main() -> None:
    """Rewrite the README."""
    table = render(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        sys.exit("README.md has no benchmark table")
    README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{table}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
