#!/usr/bin/env bash
# Instructions a message on the hot paths of what is installed in .venv, against the record; prints the table.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

.venv/bin/python benchmarks/instructions/count.py --check
