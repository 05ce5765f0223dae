"""Folders of src/ include only folders below them: `check_layers.py SRC`. Fails on an include that goes up, on an entry of
STILL_UP that nothing needs any more, and on a header of one kind of system that is included outside platform/.

LAYERS is the order, lowest first; docs/architecture.md says what each folder is for.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

LAYERS = ("platform", "base", "message", "strand", "pattern", "mechanism", "zmtp", "options", "transport", "io", "core", "api")

# What io still knows of the folder above it, which wants an interface of io's. This list may only become shorter.
STILL_UP = {
    ("io", "core"): {
        "context.hpp",
        "network_pipe.hpp",
        "socket.hpp",
        "socket_guard.hpp",
    },
}


# What Linux has and others have not, or have otherwise. A port replaces platform/ and nothing else.
ONE_SYSTEM = re.compile(
    r"#\s*include <((?:linux|asm)/[^>]+|sys/(?:epoll|eventfd|timerfd|prctl|event|single_threaded|inotify)\.h)>"
)


def main() -> int:
    """Entry point; the exit status is 1 when the order is broken."""
    source = Path(sys.argv[1])
    upward: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
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
                upward[here, folder][name].add(str(path.relative_to(source)))
    for edge, names in sorted(upward.items()):
        for name, files in sorted(names.items()):
            if name not in STILL_UP.get(edge, ()):
                broken.append(f"{', '.join(sorted(files))}: {edge[0]} may not include {edge[1]}/{name}")
    for edge, names in STILL_UP.items():
        for name in sorted(names - set(upward.get(edge, ()))):
            broken.append(f"STILL_UP lists {edge[1]}/{name} for {edge[0]}, which does not include it any more")
    print(
        "\n".join(broken)
        or "no folder includes one above it, but for those that STILL_UP lists; only platform/ knows one kind of system"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
