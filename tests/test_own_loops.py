"""Event loops of a program's own over FD and EVENTS: who does the sockets' input and output while a loop sleeps, or stops asking."""

import contextlib
import os
import select
import threading
import time

import pytest
from support import WAIT_MS, bind, run_python, start_python, wait_until

import zmqpy as zmq


class Loop:
    """Sleeps on a socket's descriptor and asks for its events after each wake-up, as event loops do."""

    def __init__(self, socket):
        self.socket = socket
        self.descriptors = select.epoll()
        self.descriptors.register(socket.fileno(), select.EPOLLIN)

    def close(self):
        self.descriptors.close()

    def wait(self, milliseconds):
        """Whether the socket became readable in that time."""
        deadline = time.monotonic() + milliseconds / 1000
        while not self.socket.get(zmq.EVENTS) & zmq.POLLIN:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.descriptors.poll(left)
        return True


@pytest.fixture
def loop():
    loops = []

    def make_loop(socket):
        loops.append(Loop(socket))
        return loops[-1]

    yield make_loop
    for made in loops:
        made.close()


def background_switches():
    """Times that threads other than this one went to sleep."""
    switches = 0
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != threading.get_native_id():
            # (One of an earlier test may be about to end.)
            with (
                contextlib.suppress(FileNotFoundError, ProcessLookupError),
                open(f"/proc/self/task/{thread}/status") as status,
            ):
                switches += int(status.read().split("voluntary_ctxt_switches:")[1].split()[0])
    return switches


SENDER = """
import sys, time
import zmqpy as zmq

context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(sys.stdin.readline().strip())
push.send(b"first")
sys.stdin.readline()
for number in range(150):
    push.send(b"%d" % number)
    time.sleep(0.02)
push.close()
context.term()
"""


@pytest.mark.own_engine
@pytest.mark.attending
def test_no_thread_but_the_loops_wakes_up(make, loop):
    """150 messages, one each 20 ms: the background thread looks a few times whether the loop still comes, and reads none."""
    for _attempt in range(3):  # a loop that was kept from running for long is taken for one that has stopped
        pull = make(zmq.PULL)
        waiting = loop(pull)
        with start_python(SENDER) as sender:
            sender.stdin.write(bind(pull).encode() + b"\n")
            sender.stdin.flush()
            assert waiting.wait(WAIT_MS)
            assert pull.recv() == b"first"
            before = background_switches()
            sender.stdin.write(b"\n")
            sender.stdin.flush()
            for number in range(150):
                assert waiting.wait(WAIT_MS)
                assert pull.recv(zmq.DONTWAIT) == b"%d" % number
            switches = background_switches() - before
            assert sender.wait(10) == 0
        if switches <= 5:
            return
    pytest.fail(f"{switches} switches of background threads")


@pytest.mark.own_engine
def test_nothing_wakes_up_in_an_idle_process():
    """In a process of its own: others of this one may have other things running."""
    run_python("""
        import time
        import zmqpy as zmq
        from test_own_loops import Loop, background_switches

        context = zmq.Context()
        pairs = []
        for _ in range(20):
            pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
            push.connect("tcp://127.0.0.1:%d" % pull.bind_to_random_port("tcp://127.0.0.1"))
            pairs.append((Loop(pull), Loop(push)))
        for pull, push in pairs:
            for _ in range(20):
                push.socket.send(b"x")
                assert pull.wait(10_000)
                pull.socket.recv(zmq.DONTWAIT)
                assert not push.wait(0)
        deadline = time.monotonic() + 15
        while True:
            before = background_switches()
            assert not any(loop.descriptors.poll(0) for pair in pairs for loop in pair)
            time.sleep(0.5)
            if background_switches() == before:
                break
            assert time.monotonic() < deadline, "background threads wake up for nothing"
        for pair in pairs:
            for loop in pair:
                loop.socket.close(0)
        context.term()
    """)


@pytest.mark.parametrize("after", ["idle", "busy"])
def test_loop_that_stops_asking_loses_nothing(make, loop, after):
    """More than the kernels hold is read in the background, though not at once; the loop finds it all when it comes back."""
    pull = make(zmq.PULL, rcvhwm=0)
    push = make(zmq.PUSH, sndhwm=1)
    waiting = loop(pull)
    push.connect(bind(pull))
    for _ in range(100):
        push.send(b"x")
        assert waiting.wait(WAIT_MS)
        assert pull.recv(zmq.DONTWAIT) == b"x"
    if after == "idle":
        assert not waiting.wait(1500)
    for number in range(400):
        push.send(b"%d" % number + bytes(100_000))
    for number in range(400):
        assert waiting.wait(WAIT_MS)
        assert pull.recv(zmq.DONTWAIT).rstrip(b"\0") == b"%d" % number


def test_peers_of_a_loop_that_sleeps_or_is_busy_get_their_heartbeats(make, loop):
    pull = make(zmq.PULL)
    push = make(zmq.PUSH, heartbeat_ivl=50, heartbeat_timeout=1500)
    waiting = loop(pull)
    monitor = push.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    push.connect(bind(pull))
    assert monitor.poll(WAIT_MS)
    monitor.recv_multipart()
    assert not waiting.wait(500)
    time.sleep(2)
    assert not monitor.poll(0), "the connection was given up"


@pytest.mark.parametrize("busy", [False, True])
def test_subscriptions_are_served(make, loop, busy):
    pub = make(zmq.PUB)
    waiting = loop(pub)
    address = bind(pub)
    first = make(zmq.SUB, subscribe=b"")
    first.connect(address)
    got = threading.Event()

    def published():
        pub.send(b"x")
        return first.poll(10) or got.is_set()

    wait_until(published, "the first subscription")
    assert not waiting.wait(100)
    second = make(zmq.SUB, subscribe=b"topic")
    second.connect(address)
    if busy:
        time.sleep(2)
    else:
        assert not waiting.wait(500)
    pub.send(b"topic")
    assert second.recv() == b"topic"
