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
