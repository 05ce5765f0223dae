#!/usr/bin/env bash
# The type stubs agree with the package that is installed in .venv, no public name of it lacks a type, and programs that use them
# pass strictly.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

root=$PWD
# Options as attributes are descriptors, which stubs can only give the type of what they return.
run_outside .venv/bin/python -c '
import zmqpy
for name in zmqpy.SocketOption.__members__:
    print(rf"zmqpy\.socket\.Socket\.({name}|{name.lower()})")
' >"$ci_build/stubtest-options.txt"
run_outside .venv/bin/python -m mypy.stubtest zmqpy --mypy-config-file "$root/mypy.ini" --ignore-positional-only --ignore-disjoint-bases \
  --allowlist "$root/.ci/stubtest-allowlist.txt" --allowlist "$root/$ci_build/stubtest-options.txt" --ignore-unused-allowlist

# pyright takes the Python of the virtual environment that is active.
activated() { PATH=$root/.venv/bin:$PATH VIRTUAL_ENV=$root/.venv "$@"; }
(cd "$ci_build/outside" && activated "$root/$ci_tools/bin/pyright" --verifytypes zmqpy --ignoreexternal >"$root/$ci_build/verifytypes.txt") || {
  grep -B 2 -A 3 'error:' "$ci_build/verifytypes.txt" || cat "$ci_build/verifytypes.txt"
  exit 1
}
grep 'completeness' "$ci_build/verifytypes.txt"
activated "$ci_tools/bin/pyright" --project .ci/pyright.json

for folder in request_reply publish_subscribe pipeline router_dealer; do
  for program in examples/"$folder"/*.py; do
    # The introduction's programs print a routing id as the bytes that it is.
    run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" --disable-error-code str-bytes-safe "$root/$program"
  done
done
run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" "$root/examples/run_all.py"
run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" "$root/benchmarks/tls.py"
(cd benchmarks && "../$ci_tools/bin/mypy" --config-file ../mypy.ini run.py plot.py scale.py plot_scale.py harness instructions/count.py instructions/paths.py)
"$ci_tools/bin/mypy" --config-file mypy.ini tools/readme_command.py tools/update_readme_table.py
