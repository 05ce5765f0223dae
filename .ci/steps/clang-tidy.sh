#!/usr/bin/env bash
# clang-tidy over the engine's sources; .clang-tidy says which checks.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=$ci_build/tidy
cmake -S vendor/libzmq -B "$folder" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DZMQ_BUILD_TESTS=OFF -DZMQ_BUILD_STATIC=OFF -DZMQ_PRECOMPILE=OFF >/dev/null
log=$ci_build/clang-tidy.log
if ! run-clang-tidy -quiet -j "$(nproc)" -p "$folder" "$PWD/vendor/libzmq/src/.*cpp" >"$log" 2>&1; then
  grep -E '(error|warning): ' "$log" || tail -n 40 "$log"
  exit 1
fi
