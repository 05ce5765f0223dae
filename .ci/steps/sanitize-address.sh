#!/usr/bin/env bash
# Engine and conformance tests under AddressSanitizer and UndefinedBehaviorSanitizer, and every fuzz target for 10 s, WebSocket's for 30.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=$ci_build/address
cmake -S vendor/libzmq -B "$folder" "${sanitized[@]}" -DZMQ_SANITIZE=address -DZMQ_BUILD_FUZZERS=ON -DZMQ_FUZZ_SECONDS=10 >/dev/null
cmake --build "$folder"
ctest --test-dir "$folder" --output-on-failure --parallel 5
