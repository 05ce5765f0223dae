#!/usr/bin/env bash
# Engine and conformance tests under ThreadSanitizer.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=$ci_build/thread
cmake -S vendor/libzmq -B "$folder" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DZMQ_SANITIZE=thread -DZMQ_BUILD_TESTS=ON -DZMQ_INSTALL=OFF >/dev/null
cmake --build "$folder"
ctest --test-dir "$folder" --output-on-failure --parallel 4
