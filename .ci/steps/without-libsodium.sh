#!/usr/bin/env bash
# The engine built without libsodium and OpenSSL: PLAIN and ZAP work as ever, and CURVE and tls+tcp are refused with a clear error by
# whatever would need them.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

folder=$ci_build/without-libsodium
cmake -S vendor/libzmq -B "$folder" -DCMAKE_BUILD_TYPE=Debug -DZMQ_WITH_LIBSODIUM=OFF -DZMQ_WITH_TLS=OFF -DZMQ_BUILD_TESTS=ON -DZMQ_INSTALL=OFF >/dev/null
topics=(security_plain security_zap security_curve utilities option_table option_rules)
cmake --build "$folder" --target libzmq "${topics[@]/#/conformance_}"
if ldd "$folder/libzmq.so" | grep -E 'libsodium|libssl'; then
  exit 1
fi
names=$(printf '|%s' "${topics[@]}")
ctest --test-dir "$folder" --output-on-failure --parallel 4 --no-tests=error -R "^conformance\.(${names:1})\$"
