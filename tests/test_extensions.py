"""What zmqpy adds to pyzmq's interface: str parts, batches, iteration, counters, install_as_zmq."""

import subprocess
import sys

import pytest
from support import QUIET_MS, TESTS, WAIT_MS, bind, run_python, wait_until

import zmqpy as zmq

pytestmark = pytest.mark.extension


# ---- str parts ----


@pytest.mark.parametrize("copy", [True, False])
def test_str_parts_are_sent_as_utf8(pair, copy):
    a, b = pair
    a.send_multipart([b"bytes", "tëxt", "", zmq.Frame(b"frame")], copy=copy)
    assert b.recv_multipart() == [b"bytes", "tëxt".encode(), b"", b"frame"]


def test_send_stays_strict(pair):
    with pytest.raises(TypeError, match="send_string"):
        pair[0].send("text")


def test_str_alone_is_no_list_of_parts(pair):
    with pytest.raises(TypeError):
        pair[0].send_multipart("abc")
    assert not pair[1].poll(QUIET_MS)


# ---- batches ----


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_send_many_and_recv_many(connected, transport):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    messages = [b"%d" % i for i in range(500)]
    assert push.send_many(messages) == 500
    got = []
    while len(got) < 500:
        batch = pull.recv_many(100)
        assert 1 <= len(batch) <= 100
        got += batch
    assert got == messages


@pytest.mark.parametrize("source", [tuple, iter, lambda m: (x for x in m)])
def test_send_many_takes_any_iterable(pair, source):
    a, b = pair
    messages = [b"1", bytearray(b"2"), memoryview(b"3")]
    assert a.send_many(source(messages)) == 3
    assert [b.recv() for _ in range(3)] == [b"1", b"2", b"3"]


def test_send_many_of_nothing(pair):
    assert pair[0].send_many([]) == 0


@pytest.mark.parametrize("messages", [[b"1", 5], [None], [[b"1", 5]], 5])
def test_send_many_refuses_what_is_no_message(pair, messages):
    with pytest.raises(TypeError):
        pair[0].send_many(messages)
    pair[0].send(b"fine")
    while pair[1].recv_multipart() != [b"fine"]:
        pass


def test_batches_of_multipart_messages(pair):
    a, b = pair
    assert a.send_many([b"one", ["two", b"parts"], (b"3",), zmq.Frame(b"4"), "five"]) == 5
    wait_until(lambda: b.poll(0), "messages")
    assert b.recv_many(10) == [b"one", [b"two", b"parts"], b"3", b"4", b"five"]


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_batches_cut_no_message(connected, transport):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    messages = [[b"%d" % i, b"x" * i, b"end"] for i in range(200)]
    push.send_many(messages)
    got = []
    while len(got) < 200:
        batch = pull.recv_many(7)
        assert len(batch) <= 7
        got += batch
    assert got == messages


def test_batches_of_large_messages(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    messages = [b"%d" % i * 100_000 for i in range(20)]
    assert push.send_many(messages) == 20
    got = []
    while len(got) < 20:
        got += pull.recv_many(20)
    assert got == messages


def test_iteration(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH)
    push.send_many([b"1", b"2", b"3"])
    got = []
    for message in pull:
        got.append(message)
        if len(got) == 3:
            break
    assert got == [b"1", b"2", b"3"]


@pytest.mark.parametrize("room", [100, 128, 256])  # the engine is handed 128 messages a call
@pytest.mark.parametrize("flags", [zmq.DONTWAIT, 0])
def test_send_many_counts_every_message_it_took(make, room, flags):
    pull, push = make(zmq.PULL, rcvhwm=room // 2), make(zmq.PUSH, sndhwm=room - room // 2, sndtimeo=QUIET_MS)
    pull.connect(bind(push, "inproc"))
    assert push.send_many([b"%d" % i for i in range(600)], flags=flags) == room
    assert [pull.recv(zmq.DONTWAIT) for _ in range(room)] == [b"%d" % i for i in range(room)]
    assert pull.poll(0) == 0


def test_send_many_stops_where_it_would_block(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc", {"rcvhwm": 3}, {"sndhwm": 2})
    sent = push.send_many([b"%d" % i for i in range(100)], flags=zmq.DONTWAIT)
    assert sent == 5
    with pytest.raises(zmq.Again):
        push.send_many([b"more"], flags=zmq.DONTWAIT)
    assert [pull.recv() for _ in range(5)] == [b"%d" % i for i in range(5)]


def test_recv_many_waits_for_the_first_only(pair):
    a, b = pair
    with pytest.raises(zmq.Again):
        b.recv_many(10, flags=zmq.DONTWAIT)
    a.send(b"1")
    assert b.recv_many(10) == [b"1"]
    a.send(b"1")
    a.send(b"2")
    a.send(b"3")
    assert b.recv_many(2) == [b"1", b"2"]
    assert b.recv_many(2) == [b"3"]


def test_recv_many_errors(make):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.PUSH).recv_many(5)
    assert caught.value.errno == zmq.ENOTSUP
    with pytest.raises(ValueError):
        make(zmq.PULL).recv_many(0)


# ---- counters ----


def test_stats(connected, own_engine):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    if not own_engine:
        with pytest.raises(zmq.ZMQNotSupported) as caught:
            push.stats()
        assert caught.value.errno == zmq.ENOTSUP
        assert isinstance(caught.value, zmq.ZMQError) and isinstance(caught.value, zmq.ZMQVersionError)
        return
    for _ in range(10):
        push.send(b"x" * 100)
    for _ in range(10):
        pull.recv()
    wait_until(lambda: push.stats()["messages_out"] == 10, "10 messages counted as sent")
    out, into = push.stats(), pull.stats()
    assert into["messages_in"] == 10 and into["bytes_in"] == 1000
    assert out["bytes_out"] == 1000 and out["peers"] == into["peers"] == 1
    assert into["accepts"] == 1 and out["connects"] == 1
    assert out["dropped_out"] == out["queued_out"] == into["queued_in"] == 0


@pytest.mark.own_engine
def test_stats_count_drops(connected):
    router, _ = connected(zmq.ROUTER, zmq.DEALER)
    router.send_multipart([b"unknown", b"x"])
    assert router.stats()["dropped_out"] == 1


# ---- install_as_zmq ----


def test_install_as_zmq():
    run_python(
        """
        import sys, zmqpy
        zmqpy.install_as_zmq()
        import zmq
        import zmq.utils.monitor, zmq.error, zmq.constants, zmq.decorators, zmq.utils.z85
        from zmq import Context, PUSH
        from zmq.error import ZMQError
        from zmq.utils.monitor import recv_monitor_message
        assert zmq is zmqpy
        assert Context is zmqpy.Context and ZMQError is zmqpy.ZMQError
        assert zmq.utils.monitor is sys.modules["zmqpy.utils.monitor"] is sys.modules["zmq.utils.monitor"]
        assert zmqpy.utils.monitor.__name__ == "zmqpy.utils.monitor"
        assert zmqpy.__spec__.name == "zmqpy"
        try:
            import zmq.no_such_module
        except ModuleNotFoundError as error:
            assert "no_such_module" in str(error)
        else:
            raise AssertionError
        zmqpy.install_as_zmq()
        import importlib, importlib.util
        assert importlib.import_module("zmq.utils") is zmqpy.utils
        assert importlib.util.find_spec("zmq.utils.z85") is not None
        assert importlib.util.find_spec("zmq.no_such_module") is None, "programs ask so for optional modules"
        """
    )


def test_install_as_zmq_before_a_pyzmq_that_is_loaded():
    """Too late to be safe: saying so is the answer, and pyzmq stays as it was."""
    run_python(
        """
        import zmq, zmqpy
        real = zmq.Context
        try:
            zmqpy.install_as_zmq()
        except RuntimeError as error:
            assert "zmq" in str(error)
            import sys
            assert sys.modules["zmq"].Context is real
        else:
            import zmq
            assert zmq.Context is zmqpy.Context
        """
    )


def test_program_written_for_pyzmq_runs_unchanged(tmp_path):
    program = tmp_path / "written_for_pyzmq.py"
    program.write_text(
        "import zmq\n"
        "from zmq.utils import jsonapi\n"
        "context = zmq.Context.instance()\n"
        "a, b = context.socket(zmq.REQ), context.socket(zmq.REP)\n"
        "port = b.bind_to_random_port('tcp://127.0.0.1')\n"
        "a.connect('tcp://127.0.0.1:%i' % port)\n"
        "a.send_json({'x': 1}); print(b.recv_json()); b.send_string('ok'); print(a.recv_string(), zmq.__name__)\n"
        "a.close(); b.close(); context.term()\n"
    )
    code = f"import zmqpy, runpy; zmqpy.install_as_zmq(); runpy.run_path({str(program)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, cwd=TESTS)
    assert done.stdout.splitlines() == ["{'x': 1}", "ok zmqpy"], done.stderr


@pytest.mark.own_engine
def test_limits_of_a_message(make):
    """Beyond either the connection ends, and nothing of the message is received."""
    pull = make(zmq.PULL)
    assert (pull.ext_max_message_size, pull.ext_max_message_parts, pull.ext_max_handshakes) == (-1, 0, 10_000)
    pull.ext_max_message_size = 1000
    pull.ext_max_message_parts = 3
    pull.ext_max_handshakes = 50
    address = bind(pull)
    good = make(zmq.PUSH)
    good.connect(address)
    for message in ([b"a" * 400, b"b" * 600, b""], [b"", b"", b""], [b"x" * 1000]):
        good.send_multipart(message)
        assert pull.recv_multipart() == message
    for message in ([b"a" * 400, b"b" * 601], [b"x" * 1001], [b""] * 4, [b"", b"y" * 70000]):
        bad = make(zmq.PUSH)
        monitor = bad.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        bad.connect(address)
        bad.send_multipart(message)
        assert monitor.poll(WAIT_MS)
        bad.close()
    good.send(b"next")
    assert pull.recv() == b"next"
    assert not pull.poll(QUIET_MS)


@pytest.mark.own_engine
def test_limits_that_are_none(make):
    socket = make(zmq.PULL)
    for name, wrong in (("ext_max_message_parts", -1), ("ext_max_handshakes", -1)):
        with pytest.raises(zmq.ZMQError):
            setattr(socket, name, wrong)
    socket.ext_max_message_size = 1 << 40
    assert socket.ext_max_message_size == 1 << 40
