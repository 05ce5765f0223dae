"""PUSH and PULL, and PAIR: sharing work out, collecting it, and what stops a sender."""

import pytest
from support import QUIET_MS, WS, bind, wait_until

import zmqpy as zmq


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_tasks_are_shared_among_workers(make, transport):
    push = make(zmq.PUSH)
    address = bind(push, transport)
    workers = [make(zmq.PULL) for _ in range(3)]
    for worker in workers:
        worker.connect(address)
    # Every worker must be there before the sharing is even.
    for worker in workers:
        wait_until(
            lambda w=worker: (push.poll(0, zmq.POLLOUT) and push.send(b"warm"), w.poll(2))[1], "the worker is there"
        )
    for worker in workers:
        while worker.poll(QUIET_MS):
            worker.recv()
    for i in range(30):
        push.send(b"%d" % i)
    got = [[worker.recv() for _ in range(10)] for worker in workers]
    assert sorted(int(m) for g in got for m in g) == list(range(30))
    assert all(g == sorted(g, key=int) for g in got)


def test_results_are_collected_fairly(make):
    pull = make(zmq.PULL)
    address = bind(pull, "inproc")
    pushes = [make(zmq.PUSH) for _ in range(3)]
    for number, push in enumerate(pushes):
        push.connect(address)
        for _ in range(10):
            push.send(b"%d" % number)
    first_nine = [pull.recv() for _ in range(9)]
    assert sorted(first_nine) == sorted([b"0", b"1", b"2"] * 3)


@pytest.mark.parametrize(("sndhwm", "rcvhwm"), [(10, 3), (1, 1), (2, 5)])
def test_high_water_mark_of_inproc(make, sndhwm, rcvhwm):
    pull, push = make(zmq.PULL, rcvhwm=rcvhwm), make(zmq.PUSH, sndhwm=sndhwm)
    push.connect(bind(pull, "inproc"))
    count = 0
    with pytest.raises(zmq.Again):
        while True:
            push.send(b"%d" % count, zmq.DONTWAIT)
            count += 1
    assert count == sndhwm + rcvhwm
    assert not push.poll(0, zmq.POLLOUT)
    assert [pull.recv() for _ in range(count)] == [b"%d" % i for i in range(count)]
    assert push.poll(5000, zmq.POLLOUT)


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
def test_high_water_mark_stops_a_sender_and_nothing_is_lost(make, transport):
    pull, push = make(zmq.PULL, rcvhwm=5), make(zmq.PUSH, sndhwm=5)
    push.connect(bind(pull, transport))
    block, count = b"x" * 50_000, 0
    push.sndtimeo = 200
    with pytest.raises(zmq.Again):
        while count < 5000:
            push.send(b"%d " % count + block)
            count += 1
    assert 10 <= count < 5000
    push.sndtimeo = 10_000
    for i in range(count):
        assert pull.recv().split(b" ")[0] == b"%d" % i
    push.send(b"and on")
    assert pull.recv() == b"and on"


def test_sends_before_connection_wait_in_the_queue(make):
    probe = make(zmq.PULL)
    address = bind(probe)
    probe.unbind(address)
    push, pull = make(zmq.PUSH, reconnect_ivl=10), make(zmq.PULL)
    push.connect(address)
    for i in range(10):
        push.send(b"%d" % i)
    wait_until(lambda: try_bind(pull, address), "the address is free")
    assert [pull.recv() for _ in range(10)] == [b"%d" % i for i in range(10)]


def try_bind(socket, address):
    try:
        socket.bind(address)
    except zmq.ZMQError:
        return False
    return True


def test_immediate_waits_for_a_connection(make):
    push = make(zmq.PUSH, immediate=1)
    push.connect("tcp://127.0.0.1:1")
    with pytest.raises(zmq.Again):
        push.send(b"x", zmq.DONTWAIT)
    pull = make(zmq.PULL)
    push.connect(bind(pull))
    push.send(b"y")
    assert pull.recv() == b"y"


def test_worker_that_leaves_is_left_out(make):
    push = make(zmq.PUSH)
    stays, leaves = make(zmq.PULL), make(zmq.PULL)
    addresses = [bind(stays, "inproc"), bind(leaves, "inproc")]
    for address in addresses:
        push.connect(address)
    push.send(b"1")
    push.send(b"2")
    assert (stays.recv(), leaves.recv()) == (b"1", b"2")
    push.disconnect(addresses[1])
    for i in range(5):
        push.send(b"%d" % i)
    assert [stays.recv() for _ in range(5)] == [b"%d" % i for i in range(5)]


# ---- PAIR ----


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_pair_is_one_to_one(make, transport):
    a, b, extra = make(zmq.PAIR), make(zmq.PAIR), make(zmq.PAIR)
    address = bind(a, transport)
    b.connect(address)
    b.send(b"from b")
    assert a.recv() == b"from b"
    extra.connect(address)
    if transport != "inproc":
        extra.send(b"into the void")
    assert not a.poll(QUIET_MS)
    if transport == "inproc":
        with pytest.raises(zmq.Again):
            extra.send(b"x", zmq.DONTWAIT)
    a.send(b"for b")
    assert b.recv() == b"for b"
    assert not extra.poll(0)


def test_inproc_connect_before_bind(make):
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    a.connect("inproc://later")
    a.send(b"early")
    b.bind("inproc://later")
    assert b.recv() == b"early"
    b.send(b"back")
    assert a.recv() == b"back"
