#!/usr/bin/env bash
# Programs written for pyzmq, installed from the registry and run on zmqpy where no pyzmq can be imported; and the tests of what
# needs more than the suite's own requirements: tunnels through a real sshd, a real SOCKS proxy, modules of other Cython projects. Takes the wheel that the step
# packages of the same run has built, if there is one.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

fresh_venv "$ci_build/applications-venv"
wheels=("${ZMQPY_CI_WHEEL:-/nowhere}"/*.whl)
[ -e "${wheels[0]}" ] || wheels=(.)
# Meanwhile: their suites are in their source distributions only.
rm -rf "$ci_build/applications-sources"
"$ci_build/applications-venv/bin/pip" download --no-deps --no-binary aiozmq,eventlet -d "$ci_build/applications-sources" aiozmq eventlet &
download=$!
"$ci_build/applications-venv/bin/pip" install "${wheels[0]}" pytest pytest-timeout pytest-xdist -r tests/applications/requirements.txt
"$ci_build/applications-venv/bin/pip" uninstall -y pyzmq
wait "$download"
ZMQPY_TEST_SOURCES=$PWD/$ci_build/applications-sources ZMQPY_TEST_APPLICATIONS=1 "$ci_build/applications-venv/bin/pytest" -q -n 4 tests/applications tests/test_ssh.py tests/test_socks.py tests/test_cimport.py
