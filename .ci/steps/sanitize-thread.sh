#!/usr/bin/env bash
# Engine and conformance tests under ThreadSanitizer.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=$ci_build/thread
cmake -S vendor/libzmq -B "$folder" "${sanitized[@]}" -DZMQ_SANITIZE=thread >/dev/null
cmake --build "$folder"
ctest --test-dir "$folder" --output-on-failure --parallel 4
