"""Sockets and threads: the GIL is given up while a call blocks, sockets move between threads, and (on our engine) are shared."""

import ctypes
import pathlib
import threading
import time

import pytest
from support import WS, bind, wait_until

import zmqpy as zmq

N = 2000


@pytest.mark.parametrize("call", ["recv", "poll", "recv_frame"])
def test_other_threads_run_while_a_call_blocks(pair, call):
    a, b = pair
    counted = []

    def count():
        counted.append(sum(1 for _ in range(10_000)))
        a.send(b"done")

    thread = threading.Timer(0.01, count)
    thread.start()
    {"recv": b.recv, "poll": b.poll, "recv_frame": lambda: b.recv(copy=False)}[call]()
    assert counted == [10_000]
    thread.join()


@pytest.mark.own_engine
@pytest.mark.parametrize("call", ["recv", "recv_into", "recv_multipart", "recv_many"])
def test_other_threads_run_while_a_large_body_is_given_back(pair, call):
    """The body's free function waits for another thread of ours, which would be for ever, were the GIL not let go."""
    a, b = pair
    (directory,) = zmq.get_library_dirs()  # of an editable installation, too
    engine = ctypes.CDLL(str(pathlib.Path(directory) / "libzmqpy_engine.so"))
    libc = ctypes.CDLL(None)
    size = 1 << 17
    body = ctypes.create_string_buffer(size)  # begins with a semaphore
    assert libc.sem_init(body, 0, 0) == 0
    limit = (ctypes.c_long * 2)(int(time.time()) + 10, 0)  # a struct timespec
    message = ctypes.create_string_buffer(64)
    free_function = ctypes.cast(libc.sem_timedwait, ctypes.c_void_p)
    assert engine.zmq_py_msg_init_data(message, body, ctypes.c_size_t(size), free_function, limit) == 0
    assert engine.zmq_py_msg_send(message, ctypes.c_void_p(a.underlying), 0) == size

    def post():
        wait_until(lambda: b.stats()["messages_in"] == 1, "the message was taken")
        assert libc.sem_post(body) == 0

    thread = threading.Thread(target=post)
    thread.start()
    start = time.monotonic()
    received = getattr(b, call)(bytearray(size)) if call == "recv_into" else getattr(b, call)()
    assert time.monotonic() - start < 8
    thread.join()
    assert {"recv": len, "recv_into": int}.get(call, lambda parts: len(parts[0]))(received) == size


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_two_threads_ping_pong(connected, run_threads, transport):
    a, b = connected(zmq.PAIR, zmq.PAIR, transport)

    def ping():
        for i in range(500):
            a.send(b"%d" % i)
            assert a.recv() == b"%d" % i

    def pong():
        for _ in range(500):
            b.send(b.recv())

    run_threads(ping, pong)


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_stream_between_threads_keeps_order(connected, run_threads, transport, fast_switching):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)

    def send():
        for i in range(N):
            push.send_multipart([b"%d" % i, b"x" * (i % 300)])

    def receive():
        for i in range(N):
            assert pull.recv_multipart() == [b"%d" % i, b"x" * (i % 300)]

    run_threads(send, receive)


def test_socket_moves_from_thread_to_thread(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    for i in range(30):
        thread = threading.Thread(target=push.send, args=(b"%d" % i,))
        thread.start()
        thread.join()
        got = []
        thread = threading.Thread(target=lambda got=got: got.append(pull.recv()))
        thread.start()
        thread.join(10)
        assert got == [b"%d" % i]


def test_sockets_of_one_context_in_many_threads(context, run_threads):
    def work():
        for _ in range(10):
            with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
                push.linger = pull.linger = 0
                push.connect(bind(pull, "tcp"))
                push.send(b"x")
                assert pull.recv() == b"x"

    run_threads(*[work] * 6)


@pytest.mark.extension
@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_several_threads_share_a_socket(connected, run_threads, own_engine, transport, fast_switching):
    """Our engine's sockets are thread-safe for whole messages; upstream's are not, and there the test has one thread."""
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    senders = 4 if own_engine else 1
    got, lock = [], threading.Lock()

    def sender(number):
        def send():
            for i in range(N // 4):
                push.send_multipart([b"%d" % number, b"%d" % i, b"%d" % (number * i)])

        return send

    def receive():
        for _ in range(N // 4):
            message = pull.recv_multipart()
            with lock:
                got.append(tuple(map(int, message)))

    run_threads(*[sender(n) for n in range(senders)], *[receive] * senders)
    assert sorted(got) == sorted((n, i, n * i) for n in range(senders) for i in range(N // 4))


@pytest.mark.own_engine
def test_send_and_receive_at_once_on_one_socket(connected, run_threads, fast_switching):
    """A thread blocked in recv does not keep another from sending on the same socket."""
    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp")

    def send(socket):
        return lambda: [socket.send(b"%d" % i) for i in range(N)]

    def receive(socket):
        def run():
            for i in range(N):
                assert socket.recv() == b"%d" % i

        return run

    run_threads(send(a), send(b), receive(a), receive(b))


@pytest.mark.own_engine
def test_close_while_another_thread_receives(make):
    """The blocked call ends with an error; the process goes on."""
    socket = make(zmq.PULL)
    bind(socket)
    outcome = []

    def receive():
        try:
            socket.recv()
        except zmq.ZMQError as error:
            outcome.append(error.errno)

    thread = threading.Thread(target=receive)
    thread.start()
    time.sleep(0.02)  # no event says that the other thread sleeps in recv
    socket.close()
    thread.join(10)
    assert outcome and outcome[0] in (zmq.ENOTSOCK, zmq.ETERM)


def test_pollers_in_threads(make, run_threads):
    push = make(zmq.PUSH)
    pulls = [make(zmq.PULL) for _ in range(4)]
    for pull in pulls:
        push.connect(bind(pull, "tcp"))

    def poll(pull):
        def run():
            poller = zmq.Poller()
            poller.register(pull, zmq.POLLIN)
            for _ in range(100):
                assert poller.poll(10_000) == [(pull, zmq.POLLIN)]
                pull.recv(zmq.DONTWAIT)

        return run

    def send():
        for i in range(400):
            push.send(b"%d" % i)

    run_threads(send, *[poll(p) for p in pulls])
