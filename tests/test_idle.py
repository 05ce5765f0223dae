"""Doing nothing costs nothing: no CPU while connected sockets idle or calls block, no stream of empty wake-ups."""

import select
import threading
import time

import pytest
from support import bind

import zmqpy as zmq

#: Seconds of watching, and the share of them that the process may have computed: what an interpreter that sleeps needs.
WATCHED = 0.4
ALLOWED = 0.1


def cpu_share(wait):
    """Share of the time that the whole process, engine threads included, computed while `wait` ran."""
    start, used = time.monotonic(), time.process_time()
    wait()
    return (time.process_time() - used) / (time.monotonic() - start)


@pytest.fixture
def connections(connected):
    """Ten pairs of connected sockets that have just exchanged messages, and so were attended a moment ago."""
    pairs = []
    for transport in ["tcp", "ipc", "inproc"] * 3 + ["tcp"]:
        a, b = connected(zmq.DEALER, zmq.DEALER, transport)
        for _ in range(20):
            a.send(b"x")
            b.send(b.recv())
            a.recv()
        pairs.append((a, b))
    return pairs


def test_connected_sockets_that_nobody_uses(connections):
    time.sleep(0.05)  # what was left in queues goes out first
    assert cpu_share(lambda: time.sleep(WATCHED)) < ALLOWED


@pytest.mark.parametrize("call", ["recv", "poll", "poller", "select"])
def test_blocked_calls(connections, call):
    a = connections[0][0]
    a.rcvtimeo = int(WATCHED * 1000)
    poller = zmq.Poller()
    for pair in connections:
        poller.register(pair[0], zmq.POLLIN)

    def receive():
        with pytest.raises(zmq.Again):
            a.recv()

    waits = {
        "recv": receive,
        "poll": lambda: a.poll(WATCHED * 1000),
        "poller": lambda: poller.poll(WATCHED * 1000),
        "select": lambda: zmq.select([a], [], [], WATCHED),
    }
    assert cpu_share(waits[call]) < ALLOWED


def test_blocked_sender(make):
    push = make(zmq.PUSH, sndtimeo=int(WATCHED * 1000))
    bind(push)

    def send():
        with pytest.raises(zmq.Again):
            push.send(b"x")

    assert cpu_share(send) < ALLOWED


def test_unreachable_peer(make):
    """Reconnecting every 100 ms is a few system calls, not a loop."""
    sockets = [make(zmq.PUSH) for _ in range(10)]
    for socket in sockets:
        socket.connect("tcp://127.0.0.1:1")
    assert cpu_share(lambda: time.sleep(WATCHED)) < ALLOWED


def test_descriptor_is_quiet_when_there_is_nothing(connections):
    """An event loop that follows the contract of ZMQ_FD may be woken for nothing, but not again and again."""
    for a, b in connections:
        thread = threading.Thread(target=b.send, args=(b"wake",))
        thread.start()
        while not a.get(zmq.EVENTS) & zmq.POLLIN:
            assert select.select([a.fileno()], [], [], 10)[0]
        assert a.recv(zmq.DONTWAIT) == b"wake"
        thread.join()
        wakes = 0
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            if select.select([a.fileno()], [], [], max(0.0, end - time.monotonic()))[0]:
                wakes += 1
                assert not a.get(zmq.EVENTS) & zmq.POLLIN
        assert wakes < 10, "the descriptor is readable all the time"
