#!/usr/bin/env bash
# Debian's libzmq in place of our engine: the conformance suite and the package's tests must agree on both.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

need_engine_tests

# The conformance suite's programs as readme-test built them for our engine: only the library is another one.
folder=$PWD/$ci_build/system-library
mkdir -p "$folder"
ln -sf "$(pkg-config --variable=libdir libzmq)/libzmq.so.5" "$folder/libzmq.so.5"
(
  export LD_LIBRARY_PATH=$folder
  ldd build/engine/tests/conformance/conformance_req | grep -F "$folder/libzmq.so.5"
  ctest --test-dir build/engine --output-on-failure --parallel 4 --no-tests=error -R '^conformance'
)

# They, and the stress program, are also built by themselves against what is installed, with its zmq.h; of the suite, the topics with most of
# the API. (The stress program asks more than libzmq keeps of some patterns.)
cmake -S vendor/libzmq/tests/conformance -B "$ci_build/conformance-system" "${unoptimised[@]}" >/dev/null
cmake --build "$ci_build/conformance-system" --target conformance_option_table conformance_poller conformance_message
ctest --test-dir "$ci_build/conformance-system" --output-on-failure --no-tests=error -R '\.(option_table|poller|message)$'
cmake -S vendor/libzmq/tests/stress -B "$ci_build/stress-system" "${unoptimised[@]}" >/dev/null
cmake --build "$ci_build/stress-system"
"$ci_build/stress-system/stress" --list >/dev/null

fresh_venv "$ci_build/system-venv"
"$ci_build/system-venv/bin/pip" install . -C cmake.build-type=Debug -C cmake.define.ZMQPY_LIBZMQ=system -r tests/requirements.txt
"$ci_build/system-venv/bin/pytest" -q -n 4
