#!/usr/bin/env bash
# The README's second command, word for word: the engine's tests and the package's, on the package the first installed.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

command=$(python3 tools/readme_command.py test)
rm -rf build/engine
DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$command"
