#!/usr/bin/env bash
# Layout and lint of Python, C, C++ and shell, and generated files that must match their table.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

"$ci_tools/bin/ruff" check .
"$ci_tools/bin/ruff" format --check .

mapfile -t sources < <(git -c safe.directory="$PWD" ls-files 'vendor/libzmq/*.cpp' 'vendor/libzmq/*.hpp' 'vendor/libzmq/*.c' \
  'zmqpy/*.cpp' 'zmqpy/*.hpp' 'zmqpy/*.h' 'benchmarks/*.c')
[ "${#sources[@]}" -gt 0 ]
"$ci_tools/bin/clang-format" --dry-run -Werror "${sources[@]}"
# It leaves comments and macros as they are, and knows no Cython.
mapfile -t headers < <(git -c safe.directory="$PWD" ls-files 'vendor/libzmq/*.h' 'zmqpy/*.pyx' 'zmqpy/*.pxd')
if LC_ALL=C.UTF-8 grep -nE '^.{141,}' "${sources[@]}" "${headers[@]}"; then
  echo "lines of more than 140 columns" >&2
  exit 1
fi

shellcheck .ci/run .ci/common.sh .ci/steps/*.sh
python3 tools/generate_constants.py --check

# The workflow gives .ci/run the time that its steps may take.
minutes=$(awk '/^  everything:/ { found = 1 } found && /timeout-minutes:/ { print $2; exit }' .github/workflows/ci.yml)
if [ "$((minutes * 60))" -lt "$(bash .ci/run --seconds)" ]; then
  echo "ci.yml: timeout-minutes: $minutes is less than the steps' limits together, $(bash .ci/run --seconds) s" >&2
  exit 1
fi
