"""What test files share: endpoints, bounded waits, started programs, and counts of what a process holds.

Leaves to others: fixtures (conftest.py), the pyzmq process at the other end (peers.py), raw TCP peers (rawzmtp.py).
Every wait here is bounded; a wait that ends without its event fails the test with a message that says what was awaited.
"""

import contextlib
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import uuid

import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))

#: Milliseconds within which anything that should happen must have happened, generous for a loaded machine.
WAIT_MS = 10_000
#: A parameter beside "tcp" and "ipc". Upstream's libzmq, where it has WebSocket at all, lacks much of what these tests ask for.
WS = pytest.param("ws", marks=pytest.mark.own_engine)
#: Milliseconds after which "nothing came" is believed.
QUIET_MS = 60

_PREAMBLE = "import sys; sys.path.insert(0, {tests!r}); import aliasing; aliasing.install()\n"


@functools.cache
def engine_is_own():
    """True when the module under test is linked to zmqpy's own engine rather than to a system libzmq."""
    import zmqpy as zmq

    if not hasattr(zmq, "EXT_SPIN_US"):
        return False
    context = zmq.Context()
    try:
        context.get(zmq.EXT_SPIN_US)  # a context option of zmq_ext.h
    except zmq.ZMQError:
        return False
    else:
        return True
    finally:
        context.term()


def endpoint(transport):
    """An endpoint to bind to: an ephemeral tcp port, a fresh ipc path or a fresh inproc name."""
    if transport in ("tcp", "ws"):
        return f"{transport}://127.0.0.1:*"
    name = uuid.uuid4().hex[:12]
    if transport == "ipc":
        return f"ipc://{tempfile.gettempdir()}/zmqpy-{name}"
    if transport == "inproc":
        return f"inproc://{name}"
    raise ValueError(transport)


def free_port():
    """A port that nobody listens on and that no connection gets by chance: below those which systems hand out."""
    while True:
        with socket.socket() as probe:
            port = random.randrange(20_000, 30_000)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def bind(socket, transport="tcp"):
    """Binds the socket and returns the endpoint that a peer connects to (str)."""
    socket.bind(endpoint(transport))
    return socket.last_endpoint.decode()


def remove_ipc(address):
    """Removes the file that an ipc binding leaves behind."""
    if address.startswith("ipc:///"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address[len("ipc://") :])


def wait_until(condition, what, timeout=WAIT_MS / 1000):
    """Waits for an outside condition that gives no event to wait for (a process's threads, a closed descriptor)."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.002)


def wait_readable(socket, timeout=WAIT_MS):
    """Waits until the socket has something to receive."""
    assert socket.poll(timeout), f"nothing to receive on {socket!r} within {timeout} ms"


def program(source):
    """The text of a Python program whose ``import zmqpy`` gives the module under test."""
    return _PREAMBLE.format(tests=TESTS) + textwrap.dedent(source)


def start_python(source, *options, env=None, **kwargs):
    """Starts a Python program given as text; stdin, stdout and stderr are pipes. The caller waits for it."""
    environment = dict(os.environ, PYTHONUNBUFFERED="1", **(env or {}))
    # Not where pytest was started: there `import zmqpy` would find a checkout's uncompiled package first.
    kwargs.setdefault("cwd", TESTS)
    return subprocess.Popen(
        [sys.executable, *options, "-c", program(source)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **kwargs,
    )


def run_python(source, *options, env=None, timeout=20, check=True):
    """Runs a Python program to its end; returns its CompletedProcess with text output.

    A program still running after `timeout` seconds is killed and fails the test with what it has written; so does one that
    ends with an error, unless `check` is false.
    """
    process = start_python(source, *options, env=env)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s:\n{out.decode()}\n{err.decode()}") from None
    done = subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())
    if check:
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def open_descriptors():
    """Number of descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def thread_count():
    """Number of threads of this process, those of the engine included."""
    return len(os.listdir("/proc/self/task"))


def bind_when_free(socket, address, at_once):
    """Binds to an address that another socket has just given up.

    Our engine frees an address before unbind or close returns (`at_once`: the first try must succeed); upstream does it a
    moment later, in the background.
    """
    import zmqpy as zmq

    deadline = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            return socket.bind(address)
        except zmq.ZMQError as error:
            if at_once or error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def why_no_namespaces(*further_tools):
    """What keeps this machine from having a second network, or None."""
    for tool in ("unshare", "ip", *further_tools):
        if not shutil.which(tool):
            return f"there is no {tool}"
    made = subprocess.run(
        ["unshare", "-rn", "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"],
        capture_output=True,
        text=True,
        check=False,
    )
    return made.stderr.strip() or "no veth" if made.returncode else None
