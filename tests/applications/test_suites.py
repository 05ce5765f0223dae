"""Test suites of libraries built on pyzmq, as they are in their source distributions: aiozmq, txZMQ, eventlet's for its green sockets.

ZMQPY_TEST_SOURCES names the folder where the distributions lie; txZMQ's suite is installed with it. What fails with pyzmq as well, for
what is new in Python or because it counts on 10 ms being enough, is left out by name.
"""

import glob
import os
import tarfile

import pytest

pytestmark = pytest.mark.timeout(200)

#: aiozmq's files that are no tests or that no current Python can import (asyncio.coroutine).
NOT_RUN = {"echo.py", "echo2.py", "echo3.py", "rpc_test.py", "version_test.py"}


@pytest.fixture
def sources(tmp_path):
    """sources(name) unpacks a source distribution; its folder."""

    def unpack(name):
        found = glob.glob(os.path.join(os.environ.get("ZMQPY_TEST_SOURCES", "/nowhere"), f"{name}-*.tar.gz"))
        if not found:
            pytest.skip(f"no source distribution of {name} in ZMQPY_TEST_SOURCES")
        with tarfile.open(found[0]) as archive:
            archive.extractall(tmp_path, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(
                tmp_path
            )
        return os.path.join(tmp_path, os.path.basename(found[0])[: -len(".tar.gz")])

    return unpack


def run_pytest(run, files):
    return run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "60", *files).finish(180)


def test_aiozmq(needs, run, sources):
    needs("aiozmq", "msgpack")
    folder = os.path.join(sources("aiozmq"), "tests")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".py")]
    output = run_pytest(run, [path for path in files if os.path.basename(path) not in NOT_RUN])
    assert " passed" in output


def test_eventlet(needs, run, sources):
    needs("eventlet")
    output = run_pytest(run, [os.path.join(sources("eventlet"), "tests", "zmq_test.py")])
    assert " passed" in output


@pytest.mark.parametrize("module", ["connection", "factory", "reqrep", "router_dealer", "reactor_shutdown"])
def test_txzmq(needs, run, module):
    needs("txzmq", "twisted")
    assert "PASSED" in run("-m", "twisted.trial", f"txzmq.test.test_{module}").finish(100)
