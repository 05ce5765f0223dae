"""proxy, proxy_steerable and device: forwarding between two sockets until told to stop."""

import struct
import threading

import pytest
from support import QUIET_MS, WAIT_MS, bind

import zmqpy as zmq


@pytest.fixture
def in_thread():
    """in_thread(function, ...) runs a proxy in a thread; its context's end is what stops it."""
    threads = []

    def start(function, *args):
        outcome = []

        def run():
            try:
                outcome.append(function(*args))
            except Exception as error:
                outcome.append(error)
            for socket in args:
                if isinstance(socket, zmq.Socket):
                    socket.close(linger=0)

        thread = threading.Thread(target=run)
        thread.outcome = outcome
        thread.start()
        threads.append(thread)
        return thread

    yield start
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive(), "the proxy did not stop"


@pytest.fixture
def proxied(in_thread):
    """proxied(start, types): a context whose proxy runs in a thread, and the endpoints of its two sides."""
    context = zmq.Context()
    context.linger = 0
    context.rcvtimeo = context.sndtimeo = WAIT_MS
    yield context
    context.destroy(linger=0)


def make_sides(context, front_type=zmq.ROUTER, back_type=zmq.DEALER):
    front, back = context.socket(front_type), context.socket(back_type)
    front.rcvtimeo = back.rcvtimeo = -1
    return front, back, bind(front), bind(back)


@pytest.mark.parametrize("starter", ["proxy", "device"])
def test_broker(proxied, in_thread, starter):
    front, back, front_address, back_address = make_sides(proxied)
    if starter == "proxy":
        thread = in_thread(zmq.proxy, front, back)
    else:
        thread = in_thread(zmq.device, zmq.QUEUE, front, back)
    client, server = proxied.socket(zmq.REQ), proxied.socket(zmq.REP)
    client.connect(front_address)
    server.connect(back_address)
    for parts in ([b"one"], [b"two", b"parts"], [b"x" * 100_000]):
        client.send_multipart(parts)
        assert server.recv_multipart() == parts
        server.send_multipart(parts[::-1])
        assert client.recv_multipart() == parts[::-1]
    client.close()
    server.close()
    proxied.term()
    thread.join(10)
    (outcome,) = thread.outcome
    assert isinstance(outcome, zmq.ContextTerminated)


def test_capture(proxied, in_thread):
    front, back, front_address, back_address = make_sides(proxied, zmq.PULL, zmq.PUSH)
    capture, watcher = proxied.socket(zmq.PUSH), proxied.socket(zmq.PULL)
    watcher.connect(bind(capture, "inproc"))
    in_thread(zmq.proxy, front, back, capture)
    push, pull = proxied.socket(zmq.PUSH), proxied.socket(zmq.PULL)
    push.connect(front_address)
    pull.connect(back_address)
    push.send_multipart([b"a", b"b"])
    assert pull.recv_multipart() == watcher.recv_multipart() == [b"a", b"b"]
    for socket in (push, pull, watcher):
        socket.close()
    proxied.term()


def test_forwarder(proxied, in_thread):
    front, back, front_address, back_address = make_sides(proxied, zmq.XSUB, zmq.XPUB)
    in_thread(zmq.proxy, front, back)
    pub, sub = proxied.socket(zmq.XPUB), proxied.socket(zmq.SUB)
    pub.connect(front_address)
    sub.subscribe(b"news")
    sub.connect(back_address)
    assert pub.recv() == b"\x01news", "the subscription went through the proxy"
    pub.send(b"other")
    pub.send(b"news!")
    assert sub.recv() == b"news!"
    pub.close()
    sub.close()
    proxied.term()


def test_steering(proxied, in_thread, own_engine):
    front, back, front_address, back_address = make_sides(proxied, zmq.PULL, zmq.PUSH)
    control, steering = proxied.socket(zmq.PAIR), proxied.socket(zmq.PAIR)
    control.rcvtimeo = -1
    steering.connect(bind(control, "inproc"))
    thread = in_thread(zmq.proxy_steerable, front, back, None, control)
    push, pull = proxied.socket(zmq.PUSH), proxied.socket(zmq.PULL)
    push.connect(front_address)
    pull.connect(back_address)
    push.send(b"1")
    assert pull.recv() == b"1"

    steering.send(b"STATISTICS")
    counts = [struct.unpack("=Q", part)[0] for part in steering.recv_multipart()]
    assert counts == [1, 1, 0, 0, 0, 0, 1, 1]

    steering.send(b"PAUSE")
    steering.send(b"STATISTICS")  # an answer means that the pause is in force
    steering.recv_multipart()
    push.send(b"2")
    forwarded = pull.poll(QUIET_MS)
    assert not (forwarded and own_engine), "libzmq 4.3.5 goes on forwarding, though its manual says that it stops"
    steering.send(b"RESUME")
    assert pull.recv() == b"2"

    steering.send(b"TERMINATE")
    thread.join(10)
    assert not thread.is_alive()
    assert not isinstance(thread.outcome[0], Exception)
    for socket in (push, pull, steering):
        socket.close()


@pytest.mark.parametrize("function", [zmq.proxy, zmq.proxy_steerable])
@pytest.mark.parametrize("bad", [5, "x"])
def test_wrong_arguments(make, function, bad):
    with pytest.raises(TypeError):
        function(make(zmq.PULL), bad)
    with pytest.raises(TypeError):
        function(bad, make(zmq.PULL))
    with pytest.raises(TypeError):
        function(make(zmq.PULL), make(zmq.PUSH), bad)
    with pytest.raises(TypeError):
        zmq.device(zmq.QUEUE, make(zmq.PULL), bad)


@pytest.mark.parametrize("starter", ["proxy", "device", "steerable"])
@pytest.mark.parametrize(
    ("echo_type", "client_type"), [(zmq.REP, zmq.REQ), (zmq.ROUTER, zmq.REQ), (zmq.DEALER, zmq.DEALER)]
)
def test_one_socket_as_both_ends(proxied, in_thread, starter, echo_type, client_type):
    echo, tap, captured = proxied.socket(echo_type), proxied.socket(zmq.PUSH), proxied.socket(zmq.PULL)
    echo.rcvtimeo = -1
    address = bind(echo)
    tap.connect(bind(captured))
    with proxied.socket(client_type) as client:
        client.connect(address)
        if starter == "device":
            in_thread(zmq.device, zmq.QUEUE, echo, echo)
            tap.close()
        else:
            in_thread(zmq.proxy if starter == "proxy" else zmq.proxy_steerable, echo, echo, tap)
        for number in range(10):
            client.send(b"%d" % number)
            assert client.recv() == b"%d" % number
            if starter != "device":
                assert captured.recv_multipart()[-1] == b"%d" % number
    captured.close()
    proxied.term()


def test_other_threads_run_while_a_proxy_does(proxied, in_thread):
    front, back, *_ = make_sides(proxied)
    in_thread(zmq.proxy, front, back)
    assert sum(range(100_000)) == 4999950000
    proxied.term()
