"""Folders of src/ include only folders below them: `check_layers.py SRC`. Fails on an include that goes up, and on a header of
one kind of system that is included outside platform/.

LAYERS is the order, lowest first; docs/architecture.md says what each folder is for.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LAYERS = (
    "platform",
    "base",
    "message",
    "strand",
    "pattern",
    "mechanism",
    "zmtp",
    "options",
    "transport",
    "io",
    "core",
    "api",
)

# What Linux has and others have not, or have otherwise. A port replaces platform/ and nothing else.
ONE_SYSTEM = re.compile(
    r"#\s*include <((?:linux|asm)/[^>]+|sys/(?:epoll|eventfd|timerfd|prctl|event|single_threaded|inotify)\.h)>"
)


def main() -> int:
    """Entry point; the exit status is 1 when the order is broken."""
    source = Path(sys.argv[1])
    broken = []
    folders = {path.name for path in source.iterdir() if path.is_dir()}
    if folders != set(LAYERS):
        broken.append(f"folders of src/ and of LAYERS differ: {sorted(folders ^ set(LAYERS))}")
    for path in sorted(source.rglob("*.[ch]pp")):
        here = path.relative_to(source).parts[0]
        text = path.read_text(encoding="utf-8")
        if here != "platform":
            broken += [
                f"{path.relative_to(source)}: <{header}> belongs into platform/" for header in ONE_SYSTEM.findall(text)
            ]
        for folder, name in re.findall(r'#include "([a-z_]+)/([^"/]+)"', text):
            if folder in folders and LAYERS.index(folder) > LAYERS.index(here):
                broken.append(f"{path.relative_to(source)}: {here} may not include {folder}/{name}")
    print("\n".join(broken) or "no folder includes one above it; only platform/ knows one kind of system")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
