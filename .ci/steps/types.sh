#!/usr/bin/env bash
# The type stubs agree with the package that is installed in .venv, and programs that use them pass strictly.
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
for folder in request_reply publish_subscribe pipeline router_dealer; do
  for program in examples/"$folder"/*.py; do
    # The introduction's programs print a routing id as the bytes that it is.
    run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" --disable-error-code str-bytes-safe "$root/$program"
  done
done
run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" "$root/examples/run_all.py"
(cd benchmarks && "../$ci_tools/bin/mypy" --config-file ../mypy.ini run.py plot.py harness instructions/count.py instructions/paths.py)
"$ci_tools/bin/mypy" --config-file mypy.ini tools/readme_command.py tools/update_readme_table.py
