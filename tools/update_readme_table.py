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


def row(case: dict[str, Any], subject: str) -> str | None:
    """One line of the table; None when the case was not measured for both."""
    ours = case["libraries"].get(subject)
    theirs = case["libraries"].get(case["against"])
    if not ours or not theirs or not ours["value"] or not theirs["value"]:
        return None

    def times(spread: dict[str, float] | None) -> str:
        return f"{spread['median']:.1f}x" if spread else "-"

    cells = [
        case["title"],
        quantity(theirs["value"]["median"], case["unit"]),
        quantity(ours["value"]["median"], case["unit"]),
        times(ours["ratio"]),
        times(ours["cpu_ratio"]) if case["cpu_floor"] else "-",
    ]
    return f"| {' | '.join(cells)} |\n"


def render(results: dict[str, Any]) -> str:
    """The whole table with a line about the machine."""
    subject, versions = results["subject"], results["versions"]
    rows = [line for line in (row(case, subject) for case in results["cases"]) if line]
    return (
        f"Measured {results['date'][:10]} on {results['machine']}, Python {results['python']}, pyzmq {versions['pyzmq']}; "
        f"medians of {results['rounds']} rounds. Both ends are the library named.\n\n"
        f"| case | pyzmq | {subject} | times better | times less CPU a message |\n| --- | --- | --- | --- | --- |\n"
        + "".join(rows)
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
