#!/usr/bin/env bash
# The engine built without libsodium and OpenSSL: PLAIN and ZAP work as ever, and CURVE and tls+tcp are refused with a clear error by
# whatever would need them. The tests are those that readme-test built for the engine with both; only the library is another one.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

need_engine_tests
folder=$ci_build/without-libsodium
cmake -S vendor/libzmq -B "$folder" "${unoptimised[@]}" -DZMQ_WITH_LIBSODIUM=OFF -DZMQ_WITH_TLS=OFF -DZMQ_BUILD_TESTS=OFF \
  -DZMQ_BUILD_STATIC=OFF -DZMQ_INSTALL=OFF >/dev/null
cmake --build "$folder" --target libzmq
if ldd "$folder/libzmq.so" | grep -E 'libsodium|libssl'; then
  exit 1
fi
LD_LIBRARY_PATH=$PWD/$folder
export LD_LIBRARY_PATH
ldd build/engine/tests/conformance/conformance_security_plain | grep -F "$LD_LIBRARY_PATH/libzmq.so.5"
topics=(security_plain security_zap security_curve utilities option_table option_rules)
names=$(printf '|%s' "${topics[@]}")
ctest --test-dir build/engine --output-on-failure --parallel 4 --no-tests=error -R "^conformance\.(${names:1})\$"
