"""Draw what scale.py measured: `python benchmarks/plot_scale.py scale.json`; needs matplotlib.

One panel for each value, both axes logarithmic, library beside library: how steep a line is says how the cost grows.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from harness import drawing


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `arguments` as on the command line."""
    drawing.main("Draw the curves of scale.py.", "scale.py", draw, arguments)


def draw(results: dict[str, Any], output: Path) -> None:
    """Write the picture of one run's curves."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = [(curve, name) for curve in results["curves"] for name in values(curve)]
    columns = 3
    rows = -(-len(panels) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(5 * columns, 3.2 * rows), squeeze=False)
    for axes, (curve, name) in zip(grid.flat, panels):
        for library, points in curve["series"].items():
            xs = sorted(int(x) for x in points)
            axes.plot(xs, [middle(points[str(x)], name) for x in xs], marker="o", label=library)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(f"{curve['title']}:\n{name}", fontsize=9)
        axes.set_xlabel(curve["x"], fontsize=8)
        axes.legend(fontsize=8)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    figure.suptitle(f"{results['machine']}, Python {results['python']}, {results['date']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(output, dpi=100)


def values(curve: dict[str, Any]) -> list[str]:
    """The names of what was measured at each point."""
    samples = [sample for points in curve["series"].values() for taken in points.values() for sample in taken]
    return list(samples[0]) if samples else []


def middle(samples: list[dict[str, float]], name: str) -> float:
    """The median; what was too small to measure lies at the bottom."""
    return max(1e-3, statistics.median(sample[name] for sample in samples))


if __name__ == "__main__":
    main()
