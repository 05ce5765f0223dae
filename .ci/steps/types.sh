#!/usr/bin/env bash
# The type stubs agree with the package that is installed in .venv, and programs that use them pass strictly.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

root=$PWD
run_outside .venv/bin/python -m mypy.stubtest zmqpy --mypy-config-file "$root/mypy.ini"
for folder in request_reply publish_subscribe pipeline router_dealer; do
  for program in examples/"$folder"/*.py; do
    run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" "$root/$program"
  done
done
run_outside .venv/bin/python -m mypy --config-file "$root/mypy.ini" "$root/examples/run_all.py"
(cd benchmarks && "../$ci_tools/bin/mypy" --config-file ../mypy.ini run.py plot.py harness)
"$ci_tools/bin/mypy" --config-file mypy.ini tools/readme_command.py tools/update_readme_table.py
