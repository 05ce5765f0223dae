"""The introduction's programs, run end to end as real processes by their own driver (examples/run_all.py).

The programs run with their text as it stands but for the port numbers: tests use free ports.
"""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import zmqpy

pytestmark = pytest.mark.timeout(120)  # the driver's own limits end it earlier

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PROGRAMS = sorted(
    path for path in EXAMPLES.glob("*/*.py") if path.parent.name not in ("browser", "event_loops", "security")
)


def run_driver(*arguments, **environment):
    """Run the driver to its end; returns the finished process with its output as text."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "run_all.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=100,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            "request_reply",
            [
                "[request_reply/server] Recieved: Hello ZeroMQ",
                "[request_reply/client 1] Server says:  Echo: Hello ZeroMQ",
            ],
        ),
        (
            "publish_subscribe",
            [
                "[publish_subscribe/server] Published: Breaking news at time",
                "[publish_subscribe/client 1] Recieved:  news Breaking news at time",
                "[publish_subscribe/client 2] Recieved:  news Breaking news at time",
            ],
        ),
        (
            "pipeline",
            [f"[pipeline/producer] Sending: Task {number}" for number in range(5)]
            + [f"Recieved: Task {number}" for number in range(5)],
        ),
        (
            "router_dealer",
            [
                "[router_dealer/router] Router is ready...",
                "[router_dealer/router]  From b'Client A': Hello from client A",
                "[router_dealer/router]  From b'Client B': Hello from client B",
                "[router_dealer/dealer A] Recieved:  Reply from Broker : Recieved your messages",
            ],
        ),
    ],
)
def test_pattern_runs_end_to_end(pattern, expected):
    if pattern == "router_dealer" and zmqpy.zmq_version_info() < (4, 3, 5):
        pytest.skip("it binds to the name localhost, which libzmq before 4.3.5 cannot")
    finished = run_driver("--free-ports", pattern)
    assert finished.returncode == 0, finished.stdout
    for line in expected:
        assert line in finished.stdout
    assert "Traceback" not in finished.stdout


def test_programs_are_pyzmq_programs_but_for_the_import():
    assert len(PROGRAMS) == 8
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        assert text.count("import zmqpy as zmq\n") == 1, path
        assert text.count("zmqpy") == 1, path


def test_driver_fails_when_a_program_fails(tmp_path):
    (tmp_path / "zmqpy.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    # An editable installation finds its modules before those on PYTHONPATH are looked for.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.machinery\nsys.meta_path.insert(0, importlib.machinery.PathFinder)\n", encoding="utf-8"
    )
    finished = run_driver("--free-ports", "request_reply", PYTHONPATH=str(tmp_path))
    assert finished.returncode == 1
    assert "request_reply: FAILED" in finished.stdout
    assert "ended with status 7" in finished.stdout


def test_driver_says_which_port_is_taken(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("run_all", EXAMPLES / "run_all.py")
    driver = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_all", driver)
    spec.loader.exec_module(driver)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        monkeypatch.setattr(driver, "PORTS", (taken, taken))
        assert driver.main([]) == 2
    message = capsys.readouterr().err
    assert str(taken) in message
    assert "--free-ports" in message


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("asyncio", ["['ONE', 'TWO', 'THREE']"]),
        ("anyio", ["message 0", "message 1", "message 2", "nothing more came: True"]),
        ("gevent", ["ONE", "TWO", "THREE"]),
        ("tornado", ["[b'Hello', b'tornado']"]),
    ],
)
def test_event_loops(library, expected):
    pytest.importorskip(library)
    assert lines_of(f"event_loops/with_{library}.py") == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("grasslands", ["anybody says: Hello"]),
        ("strawhouse", ["127.0.0.1 says: Hello", "127.0.0.2 is refused: 400"]),
        ("woodhouse", ["admin says: Hello", "a wrong password is refused: 400"]),
        ("stonehouse", ["somebody says, in secret: Hello"]),
        ("ironhouse", ["marie says, in secret: Hello", "a stranger is refused: 400"]),
    ],
)
def test_security(step, expected):
    if step in ("stonehouse", "ironhouse") and not zmqpy.has("curve"):
        pytest.skip("the engine was built without CURVE")
    assert lines_of(f"security/{step}.py") == expected


def lines_of(program):
    """What a program that ends by itself prints; it must not fail."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.splitlines()
