#!/usr/bin/env python3
"""Writes zmqpy/_core/options.pyi: every socket option as a typed attribute, from the constants. --check only compares.

Which options there are and of what type is tools/constants_table.py's; zmqpy/socket.py makes the attributes at run time.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "zmqpy" / "_core" / "options.pyi"

# Names that are methods or properties of Socket and not plain options.
TAKEN = {"type", "subscribe", "unsubscribe", "hwm", "events"}

HEAD = '''"""Socket options as attributes. Written by tools/generate_option_stubs.py from the constants; do not edit."""

class OptionAttribute:
    option: int
    name: str
    def __init__(self, option: int, name: str) -> None: ...
    def __get__(self, instance: object, owner: type | None = None) -> object: ...
    def __set__(self, instance: object, value: object) -> None: ...
    def __delete__(self, instance: object) -> None: ...

def set_option_hooks(socket: type) -> None: ...

class OptionAttributes:
'''


def render() -> str:
    """The whole text of the stub."""
    spec = importlib.util.spec_from_file_location("constants", ROOT / "zmqpy" / "constants.py")
    assert spec is not None and spec.loader is not None
    constants = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(constants)
    lines = []
    for name, option in constants.SocketOption.__members__.items():
        kind = "bytes" if option._opt_type is constants._OptType.bytes else "int"
        lines += [f"    {attribute}: {kind}\n" for attribute in (name.lower(), name) if attribute not in TAKEN]
    return HEAD + "".join(lines)


def main() -> int:
    """Returns the process's exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the file is not what would be written")
    arguments = parser.parse_args()
    text = render()
    if not arguments.check:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is out of date: run tools/generate_option_stubs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
