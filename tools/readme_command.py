"""Print a command of the README exactly as it stands there: `python tools/readme_command.py test`.

A command is the fenced block after a line `<!-- command: NAME -->`. CI runs what this prints, so that the README and
CI cannot drift apart. Exit status 1 when there is no such command.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def commands(text: str) -> dict[str, str]:
    """Name to text of every marked block."""
    return dict(re.findall(r"<!-- command: (\w+) -->\n```\w+\n(.*?)```\n", text, re.DOTALL))


def main() -> int:
    """Print the command named on the command line."""
    found = commands(README.read_text(encoding="utf-8"))
    if len(sys.argv) != 2 or sys.argv[1] not in found:
        print(f"usage: readme_command.py {{{','.join(found)}}}", file=sys.stderr)
        return 1
    print(found[sys.argv[1]], end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
