#!/usr/bin/env bash
# The sdist, and a wheel built from that sdist, installed where nothing else is: it works, also beside pyzmq and Debian's
# libzmq in one process. Then an editable install.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

dist=$ci_build/dist
rm -rf "$dist"
"$ci_tools/bin/python" -m build --outdir "$dist" . >"$ci_build/package.log" 2>&1 || {
  tail -n 40 "$ci_build/package.log"
  exit 1
}
ls -l "$dist"

fresh_venv "$ci_build/wheel-venv"
"$ci_build/wheel-venv/bin/pip" install "$dist"/*.whl
run_outside "$ci_build/wheel-venv/bin/python" "$PWD/.ci/smoke.py"
"$ci_build/wheel-venv/bin/pip" install pyzmq
run_outside "$ci_build/wheel-venv/bin/python" "$PWD/.ci/smoke.py" --beside-others

fresh_venv "$ci_build/editable-venv"
"$ci_build/editable-venv/bin/pip" install -e .
run_outside "$ci_build/editable-venv/bin/python" "$PWD/.ci/smoke.py"
