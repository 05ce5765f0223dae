"""Fixtures of the suite: contexts and sockets that cannot hang, the engine under test, and the pyzmq process.

ZMQPY_TEST_MODULE=zmq runs the suite against pyzmq itself, which shows whether a test expects what programs written for
pyzmq rely on. Tests of what zmqpy adds carry the mark ``extension`` and are skipped there, and nowhere else. Tests of what
only zmqpy's own engine can do, whatever uses upstream's, carry the mark ``own_engine`` and are left out over a system libzmq.
"""

import faulthandler
import gc
import os
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import aliasing

aliasing.install()

from certificates import Authority  # noqa: E402
from loops import KINDS, run_on  # noqa: E402
from peers import PyzmqPeer  # noqa: E402
from support import WAIT_MS, bind, engine_is_own, remove_ipc  # noqa: E402

import zmqpy as zmq  # noqa: E402

DEFAULT_TIMEOUT = 30


def pytest_configure(config):
    config.addinivalue_line("markers", "extension: tests something that pyzmq does not have")
    config.addinivalue_line("markers", "own_engine: tests something that upstream's libzmq does not do")
    config.addinivalue_line(
        "markers", "attending: needs the calling thread to do the input and output, which poll(2) excludes"
    )
    config.addinivalue_line("markers", "timeout(seconds): limit of one test")
    faulthandler.enable()


def pytest_report_header(config):
    engine = "own engine" if engine_is_own() else "libzmq"
    return f"module under test: {zmq.__name__} {zmq.__version__} over {engine} {zmq.zmq_version()}"


def pytest_collection_modifyitems(config, items):
    if not engine_is_own():
        left_out = [item for item in items if item.get_closest_marker("own_engine")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    if os.environ.get("ZMQ_EXT_POLLER") == "poll":
        left_out = [item for item in items if item.get_closest_marker("attending")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(DEFAULT_TIMEOUT))
        if aliasing.ON_PYZMQ and item.get_closest_marker("extension"):
            item.add_marker(pytest.mark.skip(reason="an extension that pyzmq does not have"))


@pytest.fixture(scope="session")
def own_engine():
    return engine_is_own()


@pytest.fixture
def context(request):
    """A context of its own; destroyed with linger 0, so that a failed test cannot hang the next. Of the class CONTEXT of the test's
    file, if that has one."""
    ctx = getattr(request.module, "CONTEXT", zmq.Context)()
    yield ctx
    ctx.destroy(linger=0)


@pytest.fixture
def make(context):
    """make(type, **options) opens a socket with bounded waits and linger 0; closed after the test."""
    opened = []

    def make_socket(socket_type, **options):
        socket = context.socket(socket_type)
        socket.linger = 0
        socket.rcvtimeo = socket.sndtimeo = WAIT_MS
        for name, value in options.items():
            setattr(socket, name, value)
        opened.append(socket)
        return socket

    yield make_socket
    for socket in opened:
        if not socket.closed:
            socket.close(linger=0)


@pytest.fixture
def connected(make):
    """connected(type_a, type_b, transport, a_options, b_options): two connected sockets, the first one bound."""
    addresses = []

    def connect_pair(first, second, transport="inproc", first_options=(), second_options=()):
        a = make(first, **dict(first_options))
        b = make(second, **dict(second_options))
        if second == zmq.SUB and "subscribe" not in dict(second_options):
            b.subscribe(b"")
        address = bind(a, transport)
        addresses.append(address)
        b.connect(address)
        return a, b

    yield connect_pair
    for address in addresses:
        remove_ipc(address)


@pytest.fixture
def pair(connected):
    """Two connected PAIR sockets over inproc."""
    return connected(zmq.PAIR, zmq.PAIR)


@pytest.fixture
def pipeline(connected):
    """A PUSH and a PULL, connected over tcp."""
    return connected(zmq.PULL, zmq.PUSH, "tcp")[::-1]


@pytest.fixture
def dealers(connected):
    return connected(zmq.DEALER, zmq.DEALER, "tcp")


@pytest.fixture(params=KINDS)
def run(request):
    """run(coroutine) on each kind of asyncio's loops."""
    return lambda coroutine, **kwargs: run_on(request.param, coroutine, **kwargs)


@pytest.fixture(scope="session")
def peer():
    """The process that runs real pyzmq; see peers.py. One for the whole session: starting it costs a fifth of a second."""
    process = PyzmqPeer()
    yield process
    process.stop()


@pytest.fixture
def clean_garbage():
    """Starts and ends the test with nothing left for the collector, so that a test can count what it made."""
    gc.collect()
    yield
    gc.collect()


@pytest.fixture
def run_threads():
    """run_threads(function, ...) runs them at once, joins them, and raises what one of them raised."""

    def run(*functions):
        errors = []

        def guard(function):
            try:
                function()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(25)
            assert not thread.is_alive(), "a thread hangs"
        if errors:
            raise errors[0]

    return run


@pytest.fixture
def fast_switching():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


# ---- for TLS ----


@pytest.fixture(scope="module")
def authority():
    """Who signs the certificates of a module's tests."""
    made = Authority()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server_identity(authority):
    return authority.issue("server")
