"""Draw what run.py measured: `python benchmarks/plot.py results.json`; needs matplotlib.

One bar a case and library: how many times better than pyzmq, with the spread over the rounds and the project's floors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import drawing


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `arguments` as on the command line."""
    drawing.main("Draw the ratios of a benchmark run.", "run.py", draw, arguments)


def draw(results: dict[str, Any], output: Path) -> None:
    """Write the picture of one run's results."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    cases = [
        case
        for case in results["cases"]
        if case["against"] == "zmq" and any(found["ratio"] for found in case["libraries"].values())
    ]
    libraries = sorted(
        {
            library
            for case in cases
            for library, found in case["libraries"].items()
            if library != "zmq" and found["ratio"]
        },
        key=lambda library: (library != results["subject"], library),
    )
    figure, axes = pyplot.subplots(figsize=(10, 1.5 + 0.55 * len(cases)))
    height = 0.8 / max(1, len(libraries))
    for position, library in enumerate(libraries):
        spreads = [(row, case["libraries"].get(library, {}).get("ratio")) for row, case in enumerate(cases)]
        known = [(row, spread) for row, spread in spreads if spread]
        axes.barh(
            [row + (position - (len(libraries) - 1) / 2) * height for row, _ in known],
            [spread["median"] for _, spread in known],
            height=height,
            xerr=[
                [spread["median"] - spread["low"] for _, spread in known],
                [spread["high"] - spread["median"] for _, spread in known],
            ],
            label=library,
            error_kw={"elinewidth": 0.8},
        )
    for row, case in enumerate(cases):
        if case["floor"]:
            axes.plot([case["floor"]] * 2, [row - 0.45, row + 0.45], color="black", linewidth=1.5)
    axes.plot([], [], color="black", linewidth=1.5, label="floor")
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.set_xscale("log")
    ticks = [0.25, 0.5, 1, 2, 3, 5, 10, 20, 50]
    axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(cases)))
    axes.set_yticklabels([case["title"] for case in cases])
    axes.invert_yaxis()
    axes.set_xlabel("times better than pyzmq (logarithmic)")
    axes.set_title(f"{results['machine']}, Python {results['python']}, {results['date']}", fontsize=9)
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(output, dpi=120)


if __name__ == "__main__":
    main()
