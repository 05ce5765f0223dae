"""Descriptors, threads and memory are as before after hundreds of contexts, sockets and connections came and went."""

import gc

import pytest
from support import WS, bind, open_descriptors, remove_ipc, run_python, thread_count, wait_until

import zmqpy as zmq

pytestmark = pytest.mark.usefixtures("clean_garbage")


@pytest.fixture
def nothing_left():
    with zmq.Context() as context, context.socket(zmq.PULL) as pull:
        assert not pull.poll(1)  # a thread that has waited once keeps the descriptor it was woken by
    with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
        one.bind("inproc://lent")
        other.connect("inproc://lent")
        one.send(b"x" * 100_000, copy=False)  # once a buffer was lent, a thread stays that looks after them
        other.recv(copy=False)
    before = open_descriptors(), thread_count()
    yield
    gc.collect()
    wait_until(
        lambda: open_descriptors() <= before[0] and thread_count() <= before[1],
        f"descriptors and threads as before ({before})",
    )


def test_500_contexts_without_sockets(nothing_left):
    for _ in range(500):
        zmq.Context().term()


def test_500_contexts_with_a_socket(nothing_left):
    for _ in range(500):
        with zmq.Context() as context, context.socket(zmq.PUSH):
            pass


def test_500_sockets(nothing_left):
    with zmq.Context() as context:
        for number in range(500):
            kind = list(zmq.SocketType)[number % 12]
            context.socket(kind).close(linger=0)


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_100_connected_pairs(nothing_left, transport):
    with zmq.Context() as context:
        for _ in range(100):
            with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
                address = bind(pull, transport)
                push.connect(address)
                push.send(b"x" * 100_000, copy=False)
                assert len(pull.recv(copy=False)) == 100_000
            remove_ipc(address)


def test_100_monitors_and_pollers(nothing_left):
    with zmq.Context() as context:
        for _ in range(100):
            with context.socket(zmq.PULL) as pull:
                monitor = pull.get_monitor_socket()
                bind(pull)
                poller = zmq.Poller()
                poller.register(pull)
                poller.register(monitor)
                poller.poll(0)
                assert monitor.poll(5000)
                pull.disable_monitor()
                monitor.close(linger=0)


def test_unreachable_and_refused_endpoints(nothing_left):
    with zmq.Context() as context:
        for _ in range(50):
            with context.socket(zmq.PUSH) as push:
                push.linger = 0
                push.connect("tcp://127.0.0.1:1")
                push.connect("ipc:///nobody/here")
                with pytest.raises(zmq.ZMQError):
                    push.bind("tcp://192.0.2.1:*")


def test_memory_does_not_grow_with_messages():
    """Half a million parts later the process is no larger than a few megabytes more."""
    run_python(
        """
        import resource, zmqpy as zmq
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        context = zmq.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        b.bind("tcp://127.0.0.1:*"); a.connect(b.last_endpoint)
        big = bytearray(100_000)
        def work(n):
            for i in range(n):
                a.send_multipart([b"x" * (i % 2000), b"y"])
                b.recv_multipart()
                a.send(big, copy=False)
                frame = b.recv(copy=False)
                frame.buffer
                try:
                    a.send("text")
                except TypeError:
                    pass
                try:
                    b.recv(zmq.DONTWAIT)
                except zmq.Again:
                    pass
        work(1000)
        before = resident()
        work(6000)
        grown = resident() - before
        assert grown < 8 << 20, f"grown by {grown} bytes"
        a.close(); b.close(); context.term()
        """,
        timeout=25,
    )
