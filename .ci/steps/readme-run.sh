#!/usr/bin/env bash
# The README's first command, word for word: install, build, run the four patterns.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

command=$(python3 tools/readme_command.py run)
rm -rf .venv
DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$command"
