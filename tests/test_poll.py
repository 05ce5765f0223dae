"""Readiness: Socket.poll, Poller, zmq_poll and select, over sockets, descriptors and objects with fileno()."""

import os
import select as posix_select
import socket as posix
import threading
import time

import pytest
from support import QUIET_MS, WAIT_MS, WS, bind

import zmqpy as zmq


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            pass


# ---- Socket.poll ----


def test_socket_poll(pair):
    a, b = pair
    assert b.poll(0) == 0
    assert b.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    assert b.poll(0, zmq.POLLIN | zmq.POLLOUT) == zmq.POLLOUT
    a.send(b"x")
    assert b.poll(WAIT_MS) == zmq.POLLIN
    assert b.poll(timeout=WAIT_MS, flags=zmq.POLLIN | zmq.POLLOUT) == zmq.POLLIN | zmq.POLLOUT
    assert b.poll() == zmq.POLLIN, "no timeout: waits for ever, and again while something is there"
    b.recv()
    assert b.poll(0) == 0


@pytest.mark.parametrize("timeout", [30, 30.7])
def test_socket_poll_waits_as_long_as_told(pair, timeout):
    start = time.monotonic()
    assert pair[1].poll(timeout) == 0
    assert 0.029 <= time.monotonic() - start < 5


def test_socket_poll_wakes_up(connected):
    for transport in ("tcp", "inproc"):
        a, b = connected(zmq.PAIR, zmq.PAIR, transport)
        thread = threading.Timer(0.03, a.send, (b"x",))
        thread.start()
        assert b.poll(WAIT_MS) == zmq.POLLIN
        thread.join()


# ---- Poller ----


def test_registration(pair):
    a, b = pair
    poller = zmq.Poller()
    assert poller.sockets == [] and a not in poller
    poller.register(a)
    poller.register(b, zmq.POLLIN)
    assert a in poller and b in poller
    assert poller.sockets == [(a, zmq.POLLIN | zmq.POLLOUT), (b, zmq.POLLIN)]
    poller.register(a, zmq.POLLIN)
    assert poller.sockets == [(a, zmq.POLLIN), (b, zmq.POLLIN)], "registering again replaces the flags"
    poller.modify(b, zmq.POLLOUT)
    assert dict(poller.sockets)[b] == zmq.POLLOUT
    poller.register(a, 0)
    assert a not in poller, "no flags means no registration"
    poller.unregister(b)
    assert poller.sockets == []
    with pytest.raises(KeyError):
        poller.unregister(b)


def test_poll_gives_pairs_that_make_a_dict(pair):
    a, b = pair
    poller = zmq.Poller()
    poller.register(a, zmq.POLLIN)
    poller.register(b, zmq.POLLIN | zmq.POLLOUT)
    assert dict(poller.poll(0)) == {b: zmq.POLLOUT}
    b.send(b"x")
    poller.modify(b, zmq.POLLIN)
    assert dict(poller.poll(WAIT_MS)) == {a: zmq.POLLIN}
    assert poller.poll() == [(a, zmq.POLLIN)]


def test_empty_poller():
    assert zmq.Poller().poll(0) == []
    assert zmq.Poller().poll(30) == []
    assert zmq.Poller().poll() == [], "nothing could ever end the wait"


def test_poller_timeouts(pair):
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLIN)
    for timeout in (0, 20, 20.5):
        start = time.monotonic()
        assert poller.poll(timeout) == []
        assert time.monotonic() - start >= timeout // 1 / 1000 - 0.001
    with pytest.raises(TypeError):
        poller.poll("soon")
    pair[1].send(b"x")
    for timeout in (None, -1, WAIT_MS):
        assert poller.poll(timeout) == [(pair[0], zmq.POLLIN)]


@pytest.mark.parametrize("timeout", [2**31, 10**13, 1e13, 2**63 - 1, 10**30, float("inf")])
def test_time_outs_beyond_an_int_are_refused(pair, timeout):
    """As by pyzmq; ended at once, they would make a loop that never sleeps."""
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLIN)
    for call in (pair[0].poll, poller.poll, lambda timeout: zmq.zmq_poll([(pair[0], zmq.POLLIN)], timeout)):
        with pytest.raises(OverflowError):
            call(timeout)
    with pytest.raises(OverflowError):
        zmq.select([pair[0]], [], [], timeout)


def test_the_longest_time_outs_wait(pair):
    a, b = pair
    poller = zmq.Poller()
    poller.register(a, zmq.POLLIN)
    a.rcvtimeo = longest = 2**31 - 1
    for call in (lambda: a.poll(longest), lambda: poller.poll(longest), a.recv, lambda: zmq.select([a], [], [], 2e6)):
        sender = threading.Timer(QUIET_MS / 1000, b.send, (b"x",))
        start = time.monotonic()
        sender.start()
        assert call()
        assert time.monotonic() - start >= QUIET_MS / 1000 - 0.001
        sender.join()
        if a.poll(0):
            a.recv()


def test_descriptors(pipe):
    reader, writer = pipe
    poller = zmq.Poller()
    poller.register(reader, zmq.POLLIN)
    assert poller.poll(0) == []
    os.write(writer, b"x")
    assert poller.poll(WAIT_MS) == [(reader, zmq.POLLIN)]
    poller.register(writer, zmq.POLLOUT)
    assert dict(poller.poll(0)) == {reader: zmq.POLLIN, writer: zmq.POLLOUT}


def test_objects_with_fileno(pair):
    one, two = posix.socketpair()
    with one, two:
        poller = zmq.Poller()
        poller.register(one, zmq.POLLIN)
        poller.register(pair[0], zmq.POLLIN)
        two.send(b"x")
        assert poller.poll(WAIT_MS) in ([(one.fileno(), zmq.POLLIN)], [(one, zmq.POLLIN)])
        pair[1].send(b"y")
        assert len(poller.poll(WAIT_MS)) == 2


def test_closed_descriptor_is_an_error_event(pipe):
    poller = zmq.Poller()
    poller.register(pipe[0], zmq.POLLIN)
    os.close(pipe[0])
    assert poller.poll(WAIT_MS) == [(pipe[0], zmq.POLLERR)]


@pytest.mark.parametrize("thing", ["text", None, 1.5, object()])
def test_things_that_cannot_be_polled(thing):
    poller = zmq.Poller()
    with pytest.raises(TypeError):
        poller.register(thing, zmq.POLLIN)
        poller.poll(0)


def test_hundreds_of_sockets(make):
    push = make(zmq.PUSH)
    pulls = [make(zmq.PULL) for _ in range(100)]
    poller = zmq.Poller()
    for pull in pulls:
        push.connect(bind(pull, "inproc"))
        poller.register(pull, zmq.POLLIN)
    for _ in range(100):
        push.send(b"x")
    seen = dict(poller.poll(WAIT_MS))
    assert set(seen) == set(pulls)


def test_one_ready_socket_does_not_starve_others(make):
    poller, pulls = zmq.Poller(), [make(zmq.PULL) for _ in range(3)]
    pushes = [make(zmq.PUSH) for _ in pulls]
    for pull, push in zip(pulls, pushes):
        push.connect(bind(pull, "tcp"))
        poller.register(pull, zmq.POLLIN)
        for _ in range(50):
            push.send(b"x")
    got = dict.fromkeys(pulls, 0)
    while sum(got.values()) < 150:
        ready = poller.poll(WAIT_MS)
        assert ready
        for pull, _ in ready:
            pull.recv(zmq.DONTWAIT)
            got[pull] += 1
    assert set(got.values()) == {50}


def test_zmq_poll_function(pair):
    a, b = pair
    assert zmq.zmq_poll([(a, zmq.POLLIN), (b, zmq.POLLOUT)], 0) == [(b, zmq.POLLOUT)]
    assert zmq.zmq_poll([(a, zmq.POLLIN)], timeout=QUIET_MS) == []
    assert zmq.zmq_poll([], 0) == []
    with pytest.raises(TypeError):
        zmq.zmq_poll([("x", zmq.POLLIN)], 0)


def test_terminated_context_ends_a_poll():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    thread = threading.Timer(0.03, context.term)
    thread.start()
    with pytest.raises(zmq.ContextTerminated):
        poller.poll(WAIT_MS)
    socket.close()
    thread.join(10)
    assert not thread.is_alive()


# ---- select ----


def test_select(pair, pipe):
    a, b = pair
    assert zmq.select([a, b], [a], [], 0) == ([], [a], [])
    assert zmq.select([a], [], [], timeout=0.02) == ([], [], [])
    b.send(b"x")
    assert zmq.select([a, b], [], [], WAIT_MS / 1000) == ([a], [], [])
    assert zmq.select([a], [], []) == ([a], [], [])
    os.write(pipe[1], b"x")
    readable, writable, broken = zmq.select([a, pipe[0]], [pipe[1]], [a], 1)
    assert (set(readable), writable, broken) == ({a, pipe[0]}, [pipe[1]], [])


def test_select_timeout_is_in_seconds(pair):
    start = time.monotonic()
    assert zmq.select([pair[0]], [], [], 0.05) == ([], [], [])
    assert 0.045 <= time.monotonic() - start < 5


# ---- the descriptor ----


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_fd_contract(connected, transport):
    """zmq_getsockopt(3): when the descriptor fires read EVENTS, and handle everything before waiting for it again."""
    a, b = connected(zmq.PAIR, zmq.PAIR, transport)
    received = []
    for round_number in range(20):
        a.send(b"%d" % round_number)
        while len(received) <= round_number:
            while b.get(zmq.EVENTS) & zmq.POLLIN:
                received.append(b.recv(zmq.DONTWAIT))
            if len(received) <= round_number:
                assert posix_select.select([b.fileno()], [], [], 10)[0], "the descriptor never became readable"
    assert received == [b"%d" % i for i in range(20)]


# ---- sockets that were closed ----


@pytest.fixture
def some(connected, make):
    """A socket with something to receive, an idle one, and one that is closed."""
    a, b = connected(zmq.PAIR, zmq.PAIR)
    a.send(b"x")
    idle, closed = make(zmq.PAIR), make(zmq.PAIR)
    bind(idle, "inproc")
    return b, idle, closed


@pytest.mark.extension
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_closed_socket_in_a_poller(some, when, pipe):
    ready, idle, closed = some
    poller = zmq.Poller()
    for socket in (idle, closed, ready):
        if socket is closed and when == "before":
            closed.close()
        poller.register(socket, zmq.POLLIN)
    poller.register(pipe[0], zmq.POLLIN)
    closed.close()
    for timeout in (0, 1000, None):
        assert poller.poll(timeout) == [(closed, zmq.POLLERR), (ready, zmq.POLLIN)]
    ready.recv()
    os.write(pipe[1], b"x")
    assert poller.poll() == [(closed, zmq.POLLERR), (pipe[0], zmq.POLLIN)]
    os.read(pipe[0], 1)
    assert poller.poll() == [(closed, zmq.POLLERR)]
    poller.unregister(closed)
    assert poller.poll(0) == []


@pytest.mark.extension
def test_a_closed_socket_among_many(some, make):
    ready, _, closed = some
    poller = zmq.Poller()
    for socket in [make(zmq.PAIR) for _ in range(20)] + [closed, ready]:
        poller.register(socket, zmq.POLLIN)
    closed.close()
    assert poller.poll() == [(closed, zmq.POLLERR), (ready, zmq.POLLIN)]


@pytest.mark.extension
def test_only_closed_sockets(make):
    sockets = [make(zmq.PAIR), make(zmq.PAIR)]
    poller = zmq.Poller()
    for socket in sockets:
        poller.register(socket)
        socket.close()
    assert poller.poll() == [(socket, zmq.POLLERR) for socket in sockets]


@pytest.mark.extension
def test_a_closed_socket_in_zmq_poll_and_select(some):
    ready, idle, closed = some
    closed.close()
    assert zmq.zmq_poll([(idle, zmq.POLLIN), (closed, zmq.POLLIN), (ready, zmq.POLLIN)], -1) == [
        (closed, zmq.POLLERR),
        (ready, zmq.POLLIN),
    ]
    assert zmq.select([idle, closed, ready], [], []) == ([ready], [], [closed])
    assert zmq.select([closed], [], [closed]) == ([], [], [closed])


@pytest.mark.extension
def test_the_original_of_a_shadow_is_closed(some):
    ready, _, closed = some
    shadow = zmq.Socket.shadow(closed.underlying)
    poller = zmq.Poller()
    poller.register(shadow, zmq.POLLIN)
    poller.register(ready, zmq.POLLIN)
    closed.close()
    assert poller.poll() == [(shadow, zmq.POLLERR), (ready, zmq.POLLIN)]


@pytest.mark.extension
@pytest.mark.own_engine
@pytest.mark.parametrize("wait", ["poller", "zmq_poll", "select"])
def test_a_socket_that_is_closed_while_another_thread_polls(make, wait):
    idle, closed = make(zmq.PAIR), make(zmq.PAIR)
    poller = zmq.Poller()
    poller.register(idle, zmq.POLLIN)
    poller.register(closed, zmq.POLLIN)
    waits = {
        "poller": lambda: poller.poll(WAIT_MS),
        "zmq_poll": lambda: zmq.zmq_poll([(idle, zmq.POLLIN), (closed, zmq.POLLIN)], WAIT_MS),
        "select": lambda: [(socket, zmq.POLLERR) for socket in zmq.select([idle, closed], [], [], WAIT_MS / 1000)[2]],
    }
    timer = threading.Timer(0.03, closed.close)
    timer.start()
    start = time.monotonic()
    assert waits[wait]() == [(closed, zmq.POLLERR)]
    assert time.monotonic() - start < WAIT_MS / 2000
    timer.join()


@pytest.mark.extension
def test_a_terminated_context_still_ends_a_poll(context):
    socket = context.socket(zmq.PAIR)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    timer = threading.Timer(0.03, context.term)
    timer.start()
    with pytest.raises(zmq.ContextTerminated):
        poller.poll(WAIT_MS)
    socket.close()
    timer.join()
