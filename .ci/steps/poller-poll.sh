#!/usr/bin/env bash
# The package's tests once more with the engine's other poller backend, poll(2).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

ZMQ_EXT_POLLER=poll .venv/bin/pytest -q -n 4
