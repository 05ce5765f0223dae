# Sourced by every step: strict mode, the repository's root as working directory, and where things are built.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_QUIET=1
export CMAKE_GENERATOR=Ninja
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  # The wheel from the source distribution is made of the same files as the README's installation, elsewhere.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi

export ci_build=build/ci
export ci_tools=$ci_build/tools # the virtual environment with linters and build
mkdir -p "$ci_build/outside"

# fresh_venv FOLDER: an empty virtual environment in place of whatever was there. What pip then installs is not compiled all at once, but
# when it is imported: most of it never is.
fresh_venv() {
  rm -rf "$1"
  python3 -m venv "$1"
  export PIP_NO_COMPILE=1
}

# run_outside PROGRAM ARGUMENTS...: run a program of the repository in an empty folder, where Python cannot see
# the checkout, only what is installed.
run_outside() {
  local program=$PWD/$1
  shift
  (cd "$ci_build/outside" && "$program" "$@")
}

# What of the package's tests waits in every way there is; for another poller backend.
# shellcheck disable=SC2034
backend_tests=(tests/test_asyncio*.py tests/test_poll.py tests/test_lifecycle.py tests/test_interrupt.py tests/test_threads*.py
  tests/test_udp.py tests/test_descriptors_exhausted.py tests/test_interop*.py tests/test_chaos.py)

# For steps that run the tests of the README's commands on another library.
need_engine_tests() {
  if [ ! -x build/engine/tests/stress/stress ] || [ ! -x .venv/bin/pytest ]; then
    printf '%s: run the steps readme-run and readme-test first\n' "$0" >&2
    exit 1
  fi
}

# For builds whose speed nobody asks for.
# shellcheck disable=SC2034
unoptimised=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=)

# How the sanitizers' builds are made.
# shellcheck disable=SC2034
sanitized=(-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo -DZMQ_BUILD_TESTS=ON -DZMQ_INSTALL=OFF
  -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld)
