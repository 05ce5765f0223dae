"""zmqpy.diagnose, and the engine's events as log records."""

import json
import os
import re
import threading

import pytest
from support import WAIT_MS, bind, run_python

import zmqpy as zmq

pytestmark = pytest.mark.extension


def of(context, found):
    (mine,) = [each for each in found["contexts"] if each["address"] == context.underlying]
    return mine


def test_forms():
    assert json.loads(zmq.diagnose("json"))["process"]["pid"] == os.getpid()
    assert zmq.diagnose("dict")["versions"]["zmqpy"] == zmq.__version__
    assert zmq.diagnose().startswith(f"zmqpy {zmq.__version__} on ")
    with pytest.raises(ValueError, match="form"):
        zmq.diagnose("xml")


def test_sockets_of_every_engine(context, make):
    make(zmq.PULL)
    closed = make(zmq.PUSH)
    closed.close()
    sockets = of(context, zmq.diagnose("dict"))["sockets"]
    assert [socket["type"] for socket in sockets if not socket["closed"]] == ["PULL"]
    assert "PULL 0x" in zmq.diagnose()


@pytest.mark.own_engine
def test_what_it_tells(context, make):
    pull, push = make(zmq.PULL), make(zmq.PUSH)
    address = bind(pull)
    push.connect(address)
    push.wait_connected(timeout=WAIT_MS)
    other = make(zmq.DEALER, routing_id=b"\xff")
    other.connect("inproc://nobody")
    other.send(b"x")
    found = of(context, zmq.diagnose("dict"))
    kinds = {socket["type"]: socket for socket in found["sockets"]}
    assert kinds["PUSH"]["peers"][0]["state"] == "up"
    assert kinds["PUSH"]["endpoint"] == address
    assert kinds["PUSH"]["address"] == push.underlying
    assert kinds["PULL"]["class"] == "zmqpy.socket.Socket"
    assert kinds["DEALER"]["peers"][0]["queued_out"] == 1
    assert found["stats"]["connects"] == 1
    text = zmq.diagnose()
    assert f"{address}: connected" in text
    assert f"context {context.underlying:#x}: 3 sockets" in text
    names = [thread["name"] for thread in zmq.diagnose("dict")["process"]["threads"]]
    assert len(names) >= 2
    json.loads(zmq.diagnose("json"))


def test_contexts_that_have_ended():
    context = zmq.Context()
    address = context.underlying
    context.term()
    assert all(each["address"] != address for each in zmq.diagnose("dict")["contexts"])


LOGGED = """
    import sys, zmqpy as zmq
    context = zmq.Context()
    server, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    client.routing_id = b"somebody"
    server.bind("tcp://127.0.0.1:*")
    client.connect(server.last_endpoint.decode())
    client.send(b"x")
    server.recv_multipart()
    client.close()
    while server.stats()["disconnects"] == 0:
        server.poll(10)
    server.close()
    context.term()
"""


@pytest.mark.own_engine
def test_the_log():
    done = run_python(LOGGED, env={"ZMQPY_LOG": "debug"})
    lines = done.stderr.splitlines()
    assert re.search(r"zmqpy DEBUG zmqpy \S+ on zmqpy's own", lines[0])
    for expected in ("ROUTER listening tcp://127.0.0.1:", "DEALER connected", "handshake_succeeded", "id b'somebody'"):
        assert any(expected in line for line in lines), (expected, done.stderr)
    assert any(" INFO " in line and "disconnected" in line for line in lines)


@pytest.mark.own_engine
def test_levels_of_the_log():
    assert "DEBUG" not in run_python(LOGGED, env={"ZMQPY_LOG": "info"}).stderr
    assert "must be a level" in run_python("import zmqpy", env={"ZMQPY_LOG": "nonsense"}).stderr


@pytest.mark.own_engine
def test_a_program_that_has_its_own_handlers():
    program = "import logging; logging.basicConfig(format='mine %(message)s', level=0)\n"
    done = run_python(program + "\n".join(line[4:] for line in LOGGED.splitlines()), env={"ZMQPY_LOG": "debug"})
    assert "mine ROUTER listening" in done.stderr
    assert "zmqpy DEBUG" not in done.stderr


@pytest.mark.own_engine
def test_threads_that_race_make_one_reader(context, monkeypatch):
    """The first sockets of a context, made by two threads at once."""
    import zmqpy.events
    from zmqpy.diagnosis import log_events_of

    made = []
    read_all = zmqpy.events.read_all

    def slowly(context):
        made.append(context)
        if len(made) == 1:
            other = threading.Thread(target=log_events_of, args=(context,))
            other.start()
            other.join(WAIT_MS / 1000)
            assert not other.is_alive()
        return read_all(context)

    monkeypatch.setattr(zmqpy.events, "read_all", slowly)
    log_events_of(context)
    log_events_of(context)
    assert len(made) == 1


@pytest.mark.own_engine
def test_the_list_of_readers_is_changed_under_its_lock(context, monkeypatch):
    from zmqpy import diagnosis, events

    unlocked = []

    class Nothing:
        reader = None
        __iter__ = staticmethod(lambda: iter(()))

    class Watched(dict):
        def __setitem__(self, key, value):
            unlocked.extend([] if diagnosis._lock._is_owned() else [key])
            super().__setitem__(key, value)

        def pop(self, key, default=None):
            unlocked.extend([] if diagnosis._lock._is_owned() else [key])
            return super().pop(key, default)

    monkeypatch.setattr(diagnosis, "_logged", Watched())
    monkeypatch.setattr(events, "read_all", lambda context: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        diagnosis.log_events_of(context)
    assert not diagnosis._logged
    monkeypatch.setattr(events, "read_all", lambda context: Nothing())
    diagnosis.log_events_of(context)
    assert diagnosis._logged and not unlocked


def test_without_it_nothing_is_logged(own_engine):
    assert run_python("import sys, zmqpy; assert 'zmqpy.diagnosis' not in sys.modules").stderr == ""
