#!/usr/bin/env bash
# The engine on a simulated system where things go wrong, deterministic, with new seeds each time: a minute of them.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=build/engine
cmake -S vendor/libzmq -B "$folder" -DZMQ_BUILD_TESTS=ON >/dev/null
cmake --build "$folder" --target simulator
"$folder/tests/simulator/simulator" --seconds 60
