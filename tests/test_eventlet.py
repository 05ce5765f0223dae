"""eventlet's green sockets, a subclass of ours: what blocks lets other green threads run, whichever method it goes through.

Run where eventlet is installed. In a process of its own, because eventlet keeps one hub a thread and patches what it likes.
"""

import importlib.util

import pytest
from aliasing import ON_PYZMQ
from support import run_python

pytestmark = pytest.mark.skipif(importlib.util.find_spec("eventlet") is None, reason="eventlet is not installed")

GREEN = f"""
    import warnings
    warnings.simplefilter("ignore")
    import zmqpy
    {"" if ON_PYZMQ else "zmqpy.install_as_zmq()"}
    import eventlet
    from eventlet.green import zmq
    limit = eventlet.Timeout(10)
    context = zmq.Context()
    assert issubclass(zmq.Socket, zmqpy.Socket)
    def connected(one, other):
        a, b = context.socket(one), context.socket(other)
        a.linger = b.linger = 0
        b.connect(f"tcp://127.0.0.1:{{a.bind_to_random_port('tcp://127.0.0.1')}}")
        return a, b
"""

CALLS = [
    ("send(b'1')", "recv()", "b'1'"),
    ("send_multipart([b'1', b'2'])", "recv_multipart()", "[b'1', b'2']"),
    ("send_string('1')", "recv_string()", "'1'"),
    ("send_json([1])", "recv_json()", "[1]"),
    ("send_pyobj({1})", "recv_pyobj()", "{1}"),
    ("send_serialized([b'1'], list)", "recv_serialized(list)", "[b'1']"),
]
if not ON_PYZMQ:
    CALLS += [("send_many([b'1', b'2'])", "recv_many(1)", "[b'1']"), ("send_multipart(['1'])", "__next__()", "b'1'")]


@pytest.mark.parametrize(("send", "receive", "value"), CALLS)
def test_a_receiver_lets_others_run(send, receive, value):
    run_python(
        GREEN
        + f"""
    a, b = connected(zmq.PULL, zmq.PUSH)
    receiver = eventlet.spawn(lambda: a.{receive})
    for _ in range(5):
        eventlet.sleep(0)
    assert not receiver.dead
    b.{send}
    assert receiver.wait() == {value}
    """
    )


@pytest.mark.parametrize("send", [call[0] for call in CALLS])
def test_a_sender_lets_others_run(send):
    run_python(
        GREEN
        + f"""
    a, b = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    a.linger = b.linger = 0
    b.bind("tcp://127.0.0.1:*")
    sender = eventlet.spawn(lambda: b.{send})
    for _ in range(5):
        eventlet.sleep(0)
    assert not sender.dead
    a.connect(b.last_endpoint.decode())
    assert a.recv_multipart()
    sender.wait()
    """
    )


def test_a_service_and_its_clients():
    run_python(
        GREEN
        + """
    a, b = connected(zmq.ROUTER, zmq.DEALER)
    def serve():
        for _ in range(20):
            who, number = a.recv_multipart()
            a.send_multipart([who, number * 2])
    def ask():
        for number in range(20):
            b.send(b"%d" % number)
            assert b.recv() == b"%d" % number * 2
    server, client = eventlet.spawn(serve), eventlet.spawn(ask)
    server.wait(), client.wait()
    """
    )
