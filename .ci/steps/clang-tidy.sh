#!/usr/bin/env bash
# clang-tidy over the engine's sources; .clang-tidy says which checks. Files of one folder are looked at together where they can be, which
# reads their headers once and takes two thirds of the time: not where two of them have a name each for itself.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

most=8 # files looked at together
folder=$ci_build/tidy
joined=$folder/joined
log=$ci_build/clang-tidy.log
cmake -S vendor/libzmq -B "$folder" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DZMQ_BUILD_TESTS=OFF -DZMQ_BUILD_STATIC=OFF -DZMQ_PRECOMPILE=OFF >/dev/null
rm -rf "$joined"
mkdir -p "$joined"

# The compiler's flags are the same for all.
mapfile -t flags < <(python3 - "$folder/compile_commands.json" <<'END'
import json, shlex, sys

words = shlex.split(next(entry["command"] for entry in json.load(open(sys.argv[1])) if "/src/" in entry["file"]))
print(*(word for word in words if word[:2] in ("-D", "-I", "-O", "-W") or word.startswith("-std=")), sep="\n")
END
)

# join FILE...: the path of one file that holds these, or theirs if that does not compile.
join() {
  local whole file
  whole=$joined/$(basename "$(dirname "$1")")-$(basename "$1")
  for file in "$@"; do
    printf '#line 1 "%s"\n' "$file"
    cat "$file"
  done >"$whole"
  if clang++ "${flags[@]}" -fsyntax-only "$whole" 2>/dev/null; then
    printf '%s\n' "$whole"
  else
    printf '%s\n' "$@"
  fi
}

for room in vendor/libzmq/src/*/; do
  files=("$PWD/$room"*.cpp)
  for ((at = 0; at < ${#files[@]}; at += most)); do
    join "${files[@]:at:most}"
  done
done >"$folder/files"

if ! xargs -P "$(nproc)" -I{} clang-tidy -quiet --config-file=.clang-tidy --header-filter='vendor/libzmq/src/.*' {} -- "${flags[@]}" <"$folder/files" >"$log" 2>&1; then
  grep -E '(error|warning): ' "$log" || tail -n 40 "$log"
  exit 1
fi
