#!/usr/bin/env bash
# Installs what the other steps need: Debian packages (as root) and the pinned linters.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

packages=(
  g++ cmake ninja-build python3-dev python3-venv libsodium-dev libssl-dev # as the README's first command
  doctest-dev libzmq3-dev make pkg-config                      # as the second
  clang clang-tidy lld llvm libclang-rt-dev ccache shellcheck git  # sanitizers, fuzzers, lint
  openssl                                                      # certificates, peers of TLS
  valgrind                                                     # instructions
  iproute2                                                     # networks of the tests
  openssh-server microsocks chromium                           # applications
)
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
fresh_venv "$ci_tools"
"$ci_tools/bin/pip" install -r .ci/requirements.txt
