"""The recipes of docs/architecture.md ("To add ...") against the code that exists: `check_recipes.py LIBZMQ_FOLDER ARCHITECTURE_MD`.

Each recipe names its files in backquotes, NAME standing for what is added. For everything that was once added so - each pattern,
transport, datagram transport, layer, mechanism - this follows the recipe: every file it names is there, and no other file of src/
names the thing (but for the transports, which name their layers and the transport that they lie on).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FRAMES = {f"src/zmtp/{name}" for name in ("decoder.cpp", "decoder.hpp", "encoder.cpp", "encoder.hpp", "unsent.cpp")}


def recipes(text: str) -> dict[str, set[str]]:
    """Recipe to the paths it names: {"a pattern": {"src/pattern/NAME.cpp", ...}}."""
    section = text.split("### To add", 1)[1].split("\n## ", 1)[0]
    found = {}
    for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:]:
        title = re.match(r"\*\*(.+?)\*\*", item)
        assert title, item
        found[title[1]] = {name for name in re.findall(r"`([^`]+)`", item) if "/" in name and "(" not in name}
    return found


def users(source: Path, pattern: str) -> set[str]:
    """Files of src/ in which the regular expression occurs, relative to the folder above it."""
    return {
        str(path.relative_to(source.parent))
        for path in source.rglob("*")
        if path.suffix in (".cpp", ".hpp", ".def") and re.search(pattern, path.read_text(encoding="utf-8"))
    }


def main() -> int:
    """Entry point; the exit status is 1 when a recipe is not what the code says."""
    engine, architecture = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    source, repository = engine / "src", engine.parent.parent
    wrong = []
    found = recipes(architecture.read_text(encoding="utf-8"))
    stream_rows, datagram_rows = re.findall(
        r"\b\w*rows\[\] = \{([^}]*)\}", (source / "transport/table.cpp").read_text()
    )
    rows = {
        "a pattern": (re.findall(r"&(\w+)_row", (source / "pattern/table.cpp").read_text()), r"\b{}_row\b"),
        "a transport": (
            re.findall(r"&(\w+)_transport", stream_rows),
            r"\b{}_transport\b",
        ),
        "a datagram transport": (
            re.findall(r"&(\w+)_transport", datagram_rows),
            r"\b{}_transport\b",
        ),
        "a layer": (
            [
                path.name.removesuffix("_layer.hpp")
                for path in (source / "transport").glob("*_layer.hpp")
                if path.stem != "byte_layer"
            ],
            r"\bput_{}_on\b",
        ),
        "a framing": (
            [path.name.removesuffix("_framing.cpp") for path in (source / "zmtp").glob("*_framing.cpp")],
            r"\bzmtp::{}\b",
        ),
        "a mechanism": (re.findall(r"\bmake_(\w+)", (source / "mechanism/table.cpp").read_text()), r"\bmake_{}\b"),
        "an option": ([], ""),
    }
    if set(rows) != set(found):
        wrong.append(f"recipes in {architecture.name} and here differ: {sorted(set(rows) ^ set(found))}")
    transports = {f"src/transport/{name}.cpp" for name in rows["a transport"][0]}
    for title, (names, mark) in rows.items():
        paths = found.get(title, set())
        for path in paths:
            for name in names if "NAME" in path else [""]:
                wanted = path.replace("NAME", name)
                if not (engine / wanted).exists() and not (repository / wanted).exists():
                    wrong.append(f"{title}: {wanted} is not there")
        if title != "an option" and not names:
            wrong.append(f"{title}: its table has no row")
        for name in names:
            listed = {path.replace("NAME", name) for path in paths if path.startswith("src/")}
            found_in = users(source, mark.format(name))
            if title in ("a layer", "a transport"):
                found_in -= transports - listed
            elif title == "a framing":
                # Whoever chooses one names it; what reads and writes frames does not.
                found_in = (found_in & FRAMES) | listed
            for path in sorted(found_in ^ listed):
                wrong.append(
                    f"{title}: {path} is {'not ' if path in listed else ''}touched by {name}, the recipe says otherwise"
                )
    table = (source / "options/options_table.def").read_text(encoding="utf-8")
    numbers = (repository / "tools/constants_table.py").read_text(encoding="utf-8")
    options = [re.search(r"\b[A-Z][A-Z0-9_]+\b", row) for row in re.findall(r"^[A-Z0-9]+ \((.*)", table, re.MULTILINE)]
    wrong += [
        f"an option: {name[0]} has no number" for name in options if name and not re.search(rf"\b{name[0]}\b", numbers)
    ]
    if not options:
        wrong.append("an option: its table has no row")
    print("\n".join(wrong) or "the recipes name the files that are touched")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
