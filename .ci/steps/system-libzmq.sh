#!/usr/bin/env bash
# Debian's libzmq in place of our engine: the conformance suite and the package's tests must agree on both.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

cmake -S vendor/libzmq/tests/conformance -B "$ci_build/conformance-system" "${unoptimised[@]}" >/dev/null
cmake --build "$ci_build/conformance-system"
ctest --test-dir "$ci_build/conformance-system" --output-on-failure --parallel 4

# The stress program asks more than libzmq keeps of some patterns, so it is only seen to build against it.
cmake -S vendor/libzmq/tests/stress -B "$ci_build/stress-system" "${unoptimised[@]}" >/dev/null
cmake --build "$ci_build/stress-system"
"$ci_build/stress-system/stress" --list >/dev/null

fresh_venv "$ci_build/system-venv"
"$ci_build/system-venv/bin/pip" install . -C cmake.build-type=Debug -C cmake.define.ZMQPY_LIBZMQ=system -r tests/requirements.txt
"$ci_build/system-venv/bin/pytest" -q -n 4
