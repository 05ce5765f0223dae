#!/usr/bin/env bash
# The engine, installed as libzmq.so.5, under programs and bindings that others wrote for libzmq, from Debian's packages; and JeroMQ as
# a peer. As root it installs them; what is not there is skipped.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

packages=(
  libczmq-dev cppzmq-dev iproute2                                    # C and C++; a network for beacons
  python3-zmq php-cli php-zmq ruby-ffi-rzmq libzmq-ffi-perl          # bindings
  default-jdk-headless libzmq-java libzmq-jni libjeromq-java         # Java's, and an implementation of its own
  rsyslog rsyslog-czmq
)
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "not all of Debian's packages are to be had: what is missing is skipped"
fi

# The one that the step readme-test of the same run has built, if there is one.
engine=build/engine
if [ ! -e "$engine/libzmq.so.5" ]; then
  engine=$ci_build/drop-in-engine
  cmake -S vendor/libzmq -B "$engine" -DZMQ_BUILD_TESTS=OFF -DZMQ_BUILD_STATIC=OFF -DZMQ_LTO=OFF >/dev/null
  cmake --build "$engine"
fi
rm -rf "$ci_build/drop-in"
cmake --install "$engine" --prefix "$ci_build/drop-in" >/dev/null
ZMQPY_DROP_IN=$ci_build/drop-in .venv/bin/pytest -q tests/drop_in
