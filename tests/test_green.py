"""zmqpy.green: sockets for gevent."""

import threading
import time

import pytest
from support import WAIT_MS, WS, bind, run_python

import zmqpy as plain_zmq

gevent = pytest.importorskip("gevent")

import zmqpy.green as zmq  # noqa: E402

CONTEXT = zmq.Context

SOON = WAIT_MS / 1000


@pytest.fixture(autouse=True)
def limit():
    """Nothing waits for ever, also where all greenlets do."""
    with gevent.Timeout(25):
        yield


def test_classes(context):
    assert issubclass(zmq.Context, plain_zmq.Context) and issubclass(zmq.Socket, plain_zmq.Socket)
    assert zmq.Poller is not plain_zmq.Poller and issubclass(zmq.Poller, plain_zmq.Poller)
    assert zmq.PULL == plain_zmq.PULL and zmq.Again is plain_zmq.Again
    with context.socket(zmq.PULL) as socket:
        assert type(socket) is zmq.Socket
        assert repr(socket).startswith("<zmq.green.Socket(zmq.PULL)")
    assert zmq.Context.instance() is not plain_zmq.Context.instance()
    zmq.Context.instance().term()
    plain_zmq.Context.instance().term()


@pytest.mark.extension
def test_others_run_while_one_waits(pipeline):
    push, pull = pipeline
    got = []
    waiting = [gevent.spawn(lambda: got.append(pull.recv())) for _ in range(3)]
    gevent.sleep(0.005)
    assert not got
    for number in range(3):
        push.send(b"%d" % number)
    gevent.joinall(waiting, timeout=SOON, raise_error=True)
    assert got == [b"0", b"1", b"2"]


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_every_form(connected, transport):
    a, b = connected(zmq.DEALER, zmq.DEALER, transport)

    def late(send, *args):
        gevent.spawn_later(0.002, send, *args)

    late(a.send, b"x")
    assert b.recv() == b"x"
    late(a.send_multipart, [b"1", b"2"])
    assert b.recv_multipart() == [b"1", b"2"]
    late(a.send_multipart, [b"1", b"2"])
    assert [frame.bytes for frame in b.recv_multipart(copy=False)] == [b"1", b"2"]
    late(a.send_string, "é")
    assert b.recv_string() == "é"
    late(a.send_json, {"a": 1})
    assert b.recv_json() == {"a": 1}
    late(a.send_pyobj, (1, 2))
    assert b.recv_pyobj() == (1, 2)
    late(a.send, b"12345")
    buffer = bytearray(10)
    assert b.recv_into(buffer) == 5 and buffer[:5] == b"12345"
    late(a.send, bytes(300_000))
    assert len(b.recv()) == 300_000
    late(a.send, b"x")
    assert b.poll(WAIT_MS) == zmq.POLLIN
    assert b.recv(zmq.NOBLOCK) == b"x"
    with pytest.raises(zmq.Again):
        b.recv(zmq.NOBLOCK)
    with pytest.raises(zmq.Again):
        b.recv_multipart(zmq.NOBLOCK)
    tracker = a.send(bytes(100_000), copy=False, track=True)
    assert isinstance(tracker, zmq.MessageTracker)
    b.recv()


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "in place"])
def test_a_frame_gives_its_tracker(pipeline, copy):
    push, pull = pipeline
    for send in (push.send, lambda frame, **kwargs: push.send_multipart([b"first", frame], **kwargs)):
        frame = zmq.Frame(b"x", track=True)
        assert send(frame, copy=copy) is frame.tracker
        assert send(zmq.Frame(b"x"), copy=copy) is None
        assert [pull.recv_multipart()[-1] for _ in range(2)] == [b"x", b"x"]
    for name in ("send", "send_multipart"):
        with pytest.raises(TypeError):
            getattr(push, name)([b"x"], nonsense=1)


@pytest.mark.extension
def test_batches(connected):
    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp")
    gevent.spawn_later(0.002, a.send_many, [b"1", [b"2", b"3"]])
    got = b.recv_many()
    while len(got) < 2:
        got += b.recv_many()
    assert got == [b"1", [b"2", b"3"]]
    gevent.spawn_later(0.002, a.send, b"x")
    assert next(iter(b)) == b"x"


def test_senders_wait_for_room(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc", [("rcvhwm", 1)], [("sndhwm", 1)])

    def send():
        for number in range(300):
            push.send(b"%d" % number)

    sender = gevent.spawn(send)
    assert [pull.recv() for _ in range(300)] == [b"%d" % number for number in range(300)]
    sender.get(timeout=SOON)


@pytest.mark.extension
def test_timeouts(make):
    pull, push = make(zmq.PULL, rcvtimeo=20), make(zmq.PUSH, sndtimeo=20)
    bind(pull)
    for call in (pull.recv, pull.recv_multipart, lambda: push.send(b"x")):
        with pytest.raises(zmq.Again):
            call()
    pull.rcvtimeo = push.sndtimeo = -1
    for call in (pull.recv, lambda: push.send(b"x"), lambda: pull.poll(None)):
        with pytest.raises(gevent.Timeout), gevent.Timeout(0.01):
            call()
    assert pull.poll(5) == 0


def test_killed_greenlets_take_nothing(pipeline):
    push, pull = pipeline
    for number in range(100):
        victim = gevent.spawn(pull.recv)
        gevent.sleep(0)
        if number % 2:
            push.send(b"%d" % number)
        victim.kill()
        got = victim.value
        if number % 2:
            assert (got if isinstance(got, bytes) else pull.recv()) == b"%d" % number


def test_poller(connected):
    import socket as system_socket

    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp")
    left, right = system_socket.socketpair()
    with left, right:
        poller = zmq.Poller()
        poller.register(b, zmq.POLLIN)
        poller.register(left, zmq.POLLIN)
        assert poller.poll(0) == [] and poller.poll(5) == []
        gevent.spawn_later(0.002, a.send, b"x")
        assert poller.poll(WAIT_MS) == [(b, zmq.POLLIN)]
        b.recv()
        gevent.spawn_later(0.002, right.send, b"x")
        assert poller.poll() == [(left.fileno(), zmq.POLLIN)]


@pytest.mark.extension
def test_select_and_zmq_poll_let_others_run(connected):
    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp")
    gevent.spawn_later(0.002, a.send, b"x")
    assert zmq.select([b], [], [], SOON) == ([b], [], [])
    assert b.recv() == b"x"
    gevent.spawn_later(0.002, a.send, b"x")
    assert zmq.zmq_poll([(b, zmq.POLLIN)], WAIT_MS) == [(b, zmq.POLLIN)]


def test_device(make, context):
    front, back = make(zmq.PULL), make(zmq.PUSH)
    front.rcvtimeo = back.sndtimeo = -1
    source, sink = make(zmq.PUSH), make(zmq.PULL)
    source.connect(bind(front))
    sink.connect(bind(back))
    device = gevent.spawn(zmq.device, zmq.STREAMER, front, back)
    for number in range(20):
        source.send_multipart([b"%d" % number, b"x"])
        assert sink.recv_multipart() == [b"%d" % number, b"x"]
    device.kill()


@pytest.mark.extension
def test_closing_ends_waits(context):
    pull = context.socket(zmq.PULL)
    waiting = gevent.spawn(pull.recv)
    gevent.sleep(0.001)
    pull.close()
    waiting.join(SOON)
    assert isinstance(waiting.exception, zmq.ZMQError) and waiting.exception.errno == zmq.ENOTSOCK


def polls(socket):
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    return poller.poll(WAIT_MS)


CLOSED = zmq.POLLERR  # of a closed socket in a Poller
POLLS = {
    "poll": (lambda socket: socket.poll(WAIT_MS), zmq.ENOTSOCK),
    "poll without a limit": (lambda socket: socket.poll(), zmq.ENOTSOCK),
    "Poller": (polls, CLOSED),
    "zmq_poll": (lambda socket: zmq.zmq_poll([(socket, zmq.POLLIN)], WAIT_MS), CLOSED),
}


@pytest.mark.extension
@pytest.mark.parametrize("by", ["a greenlet", "a thread"])
@pytest.mark.parametrize("how", POLLS)
def test_closing_ends_polls(context, how, by):
    poll, expected = POLLS[how]
    pull = context.socket(zmq.PULL)
    waiting = gevent.spawn(poll, pull)
    wait_for = time.monotonic() + SOON
    while not pull._polled and time.monotonic() < wait_for:
        gevent.sleep(0.001)
    if by == "a thread":
        thread = threading.Thread(target=pull.close)
        thread.start()
    else:
        pull.close()
    began = time.monotonic()
    waiting.join(SOON)
    assert time.monotonic() - began < SOON / 2
    if expected == zmq.ENOTSOCK:
        assert isinstance(waiting.exception, zmq.ZMQError) and waiting.exception.errno == zmq.ENOTSOCK
    else:
        assert waiting.value == [(pull, CLOSED)]
    assert not pull._polled
    if by == "a thread":
        thread.join()


@pytest.mark.extension
def test_terminating_ends_waits():
    context = zmq.Context()
    pull = context.socket(zmq.PULL)
    waiting = gevent.spawn(pull.recv)
    gevent.sleep(0.001)
    thread = threading.Thread(target=context.term)
    thread.start()
    waiting.join(SOON)
    assert isinstance(waiting.exception, zmq.ContextTerminated)
    pull.close()
    thread.join()


def test_a_peer_that_leaves_does_not_spin(make):
    pull = make(zmq.PULL, rcvtimeo=-1)
    push = make(zmq.PUSH)
    push.connect(bind(pull))
    push.send(b"x")
    assert pull.recv() == b"x"
    waiting = gevent.spawn(pull.recv)
    gevent.sleep(0.001)
    push.close(0)
    gevent.sleep(0.05)
    used = time.process_time()
    gevent.sleep(0.3)
    assert time.process_time() - used < 0.1
    waiting.kill()


def test_native_threads_beside_the_hub(make):
    pull = make(zmq.PULL)
    address = bind(pull)

    def work():
        with plain_zmq.Context() as context, context.socket(plain_zmq.PUSH) as push:
            push.connect(address)
            for number in range(100):
                push.send(b"%d" % number)

    thread = threading.Thread(target=work)
    thread.start()
    assert [pull.recv() for _ in range(100)] == [b"%d" % number for number in range(100)]
    thread.join()


def test_monkey_patched_program():
    done = run_python("""
        from gevent import monkey
        monkey.patch_all()
        import gevent
        import zmqpy.green as zmq

        context = zmq.Context()
        rep, req = context.socket(zmq.REP), context.socket(zmq.REQ)
        req.connect("tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))

        def serve():
            for _ in range(10):
                rep.send(rep.recv())

        server = gevent.spawn(serve)
        for number in range(10):
            req.send(b"%d" % number)
            assert req.recv() == b"%d" % number
        server.get(timeout=5)
        context.destroy(0)
        print("done")
    """)
    assert done.stdout.strip() == "done"


def test_streams_and_loop():
    pytest.importorskip("tornado")
    from zmqpy.eventloop.zmqstream import ZMQStream as Base
    from zmqpy.green.eventloop import ioloop
    from zmqpy.green.eventloop.zmqstream import ZMQStream

    assert issubclass(ZMQStream, Base) and ioloop.IOLoop is not None


@pytest.mark.own_engine
@pytest.mark.parametrize("early", [False, True], ids=["later", "while it waits"])
def test_a_send_that_would_wait_for_ever_says_so(make, early):
    server, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, reconnect_ivl=-1, sndhwm=1, sndtimeo=-1)
    push.connect(bind(server))
    push.send(b"first")
    assert server.recv() == b"first"

    def fill():
        with pytest.raises(zmq.ZMQError) as error:
            while True:
                push.send(bytes(1 << 20))
        return error.value.errno

    if early:
        filling = gevent.spawn(fill)
        while push.poll(0, zmq.POLLOUT):
            gevent.sleep(0.001)
        gevent.sleep(0.002)
        server.close()
    else:
        with push.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            server.close()
            monitor.recv_multipart()
            push.disable_monitor()
        filling = gevent.spawn(fill)
    assert filling.get(timeout=SOON) == zmq.EHOSTUNREACH
