#!/usr/bin/env bash
# The documentation with its reference of every public name, from the package that is installed in .venv; warnings are errors.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

.venv/bin/pip install "sphinx>=7" myst-parser
.venv/bin/sphinx-build -q -E -W --keep-going -b html docs "$ci_build/docs"
