"""The command line of what draws results: `plot.py results.json [--output image]`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Callable


def main(
    description: str, wrote: str, draw: Callable[[dict[str, Any], Path], None], arguments: list[str] | None
) -> None:
    """Draws the results that the command line names, and prints where to. wrote: the program whose JSON it is."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("results", type=Path, help=f"the JSON that {wrote} wrote")
    parser.add_argument("--output", type=Path, help="image to write (default: beside the results, .png)")
    options = parser.parse_args(arguments)
    output = options.output or options.results.with_suffix(".png")
    draw(json.loads(options.results.read_text(encoding="utf-8")), output)
    print(output)
