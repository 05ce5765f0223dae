#!/usr/bin/env bash
# Builds every fuzz target as OSS-Fuzz wants it: into $OUT, each with its corpus beside it. The compiler, its flags and the engine are
# OSS-Fuzz's (CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE), the sources lie in $SRC/zmqpy, and $WORK is for what is left.
#
# By hand, in a clone:
#   export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer OUT=/tmp/out WORK=/tmp/work ZMQPY=$PWD
#   export CFLAGS="-O1 -g -fsanitize=address,fuzzer-no-link" CXXFLAGS="-O1 -g -fsanitize=address,fuzzer-no-link"
#   bash vendor/libzmq/fuzz/oss-fuzz/build.sh
# With ZMQ_FUZZ_BUILD the targets of a build that is there are packed (ctest does that).
set -euo pipefail

engine=${ZMQPY:-${SRC:-}/zmqpy}/vendor/libzmq
if [ -n "${ZMQ_FUZZ_BUILD:-}" ]; then
  build=$ZMQ_FUZZ_BUILD
else
  build=$WORK/build
  # What a target needs beside itself lies in $OUT/lib: nothing is installed where it runs.
  # shellcheck disable=SC2016  # the loader's $ORIGIN
  cmake -S "$engine" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_BUILD_RPATH='$ORIGIN/lib' -DZMQ_BUILD_FUZZERS=ON \
    -DZMQ_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" -DZMQ_BUILD_TESTS=OFF -DZMQ_BUILD_STATIC=OFF -DZMQ_INSTALL=OFF -DZMQ_WERROR=OFF \
    -DZMQ_WITH_LIBSODIUM=ON -DZMQ_WITH_TLS=ON
  cmake --build "$build" --target fuzzers
fi

mkdir -p "$OUT/lib"
for source in "$engine"/fuzz/*_fuzz.cpp; do
  target=$(basename "$source" .cpp)
  cp "$build/$target" "$OUT/"
  (cd "$engine/fuzz/corpus/${target%_fuzz}" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
  ldd "$build/$target" | awk '/libsodium|libssl|libcrypto/ { print $3 }' | xargs -r cp -L -t "$OUT/lib"
done
