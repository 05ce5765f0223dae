#!/usr/bin/env bash
# The sdist, and a wheel built from that sdist without network, installed where nothing else is: it works, also beside pyzmq
# and Debian's libzmq in one process. Then an editable install, on which the package's tests pass.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# What a build needs is installed beforehand; nothing else may be fetched.
fresh_venv "$ci_build/build-venv"
mapfile -t requirements < <(python3 -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")')
"$ci_build/build-venv/bin/pip" install "${requirements[@]}" "$(grep '^build==' .ci/requirements.txt)"

dist=$ci_build/dist
rm -rf "$dist"
"$ci_build/build-venv/bin/python" -m build --no-isolation --sdist --outdir "$dist" . >"$ci_build/package.log" 2>&1 || {
  tail -n 40 "$ci_build/package.log"
  exit 1
}

offline=(unshare --map-root-user --net)
if ! "${offline[@]}" true 2>/dev/null; then
  echo "packages: WARNING: unshare cannot take the network away here; the wheel is built with it" >&2
  offline=()
fi
# (Below the checkout, so that ccache finds what the README's installation has compiled: CCACHE_BASEDIR.)
mkdir -p "$ci_build/tmp"
TMPDIR=$PWD/$ci_build/tmp "${offline[@]}" "$ci_build/build-venv/bin/pip" wheel --no-index --no-deps --no-build-isolation --no-cache-dir \
  --wheel-dir "$dist" "$dist"/*.tar.gz
ls -l "$dist"

fresh_venv "$ci_build/wheel-venv"
"$ci_build/wheel-venv/bin/pip" install "$dist"/*.whl
run_outside "$ci_build/wheel-venv/bin/python" "$PWD/.ci/smoke.py"
if [ -n "${ZMQPY_CI_WHEEL:-}" ]; then
  mkdir -p "$ZMQPY_CI_WHEEL"
  cp "$dist"/*.whl "$ZMQPY_CI_WHEEL"
fi
"$ci_build/wheel-venv/bin/pip" install pyzmq
run_outside "$ci_build/wheel-venv/bin/python" "$PWD/.ci/smoke.py" --beside-others

fresh_venv "$ci_build/editable-venv"
"$ci_build/editable-venv/bin/pip" install -e . -r tests/requirements.txt
run_outside "$ci_build/editable-venv/bin/python" "$PWD/.ci/smoke.py"
# Those that look at the package itself or import it in ways of their own; the whole suite runs on the ordinary installation.
"$ci_build/editable-venv/bin/pytest" -q -n 3 tests/test_packaging.py tests/test_examples.py tests/test_threads.py tests/test_module.py
