#!/usr/bin/env bash
# The engine on a simulated system where things go wrong, deterministic: half a minute of seeds, always the same ones, so that what fails here is
# what was changed. New seeds are tried by hand (vendor/libzmq/tests/simulator/README.md).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=build/engine
cmake -S vendor/libzmq -B "$folder" -DZMQ_BUILD_TESTS=ON >/dev/null
cmake --build "$folder" --target simulator
"$folder/tests/simulator/simulator" --seed 400000 --seconds 30
