"""Defects recorded against ZeroMQ libraries and bindings, each with a test that would show it again."""

import gc
import select
import threading
import time

import pytest
import rawzmtp
from support import QUIET_MS, WAIT_MS, bind, bind_when_free, remove_ipc, run_python

import zmqpy as zmq

TRANSPORTS = ["tcp", "ipc", "inproc"]


# ---- data buffered in the engine but invisible to poll or ZMQ_FD ----


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_buffered_messages_stay_visible_to_poll(connected, transport):
    """Many small messages arrive in one read of the kernel's buffer: each must show in the next poll."""
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    for i in range(500):
        push.send(b"%d" % i)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    for i in range(500):
        assert poller.poll(WAIT_MS) == [(pull, zmq.POLLIN)]
        assert pull.recv(zmq.DONTWAIT) == b"%d" % i
    assert poller.poll(0) == []


def test_one_segment_with_many_frames_is_seen_whole(make):
    """The peer's frames come in a single TCP segment; the event loop's contract must bring them all out."""
    pull = make(zmq.PULL)
    with rawzmtp.dial(bind(pull)) as connection:
        rawzmtp.handshake(connection, "PUSH")
        connection.sendall(b"".join(rawzmtp.frame(b"%d" % i) for i in range(300)))
        got = []
        while len(got) < 300:
            while pull.get(zmq.EVENTS) & zmq.POLLIN:
                got.append(pull.recv(zmq.DONTWAIT))
            if len(got) < 300:
                assert select.select([pull.fileno()], [], [], 10)[0], f"the descriptor is silent after {len(got)}"
        assert got == [b"%d" % i for i in range(300)]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_descriptor_after_partial_reading(connected, transport):
    """Reads one message a wake-up as long as EVENTS says that there are more; none may be forgotten."""
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    pull.fileno()
    got = []

    def send():
        for i in range(2000):
            push.send(b"%d" % i)

    thread = threading.Thread(target=send)
    thread.start()
    while len(got) < 2000:
        if pull.get(zmq.EVENTS) & zmq.POLLIN:
            got.append(int(pull.recv(zmq.DONTWAIT)))
        else:
            assert select.select([pull.fileno()], [], [], 10)[0], f"the descriptor is silent after {len(got)}"
    thread.join()
    assert got == list(range(2000))


def test_descriptor_fires_though_a_send_came_between(connected):
    """A send on the same socket may use up the edge, so EVENTS must tell what has come in."""
    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp")
    descriptor = a.fileno()
    for i in range(100):
        b.send(b"%d" % i)
        a.send(b"between")
        while not a.get(zmq.EVENTS) & zmq.POLLIN:
            assert select.select([descriptor], [], [], 10)[0]
        assert a.recv(zmq.DONTWAIT) == b"%d" % i
        assert b.recv() == b"between"


# ---- wake only when empty, losing a wake-up ----


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("waiting", ["recv", "poll", "fd"])
def test_no_wake_up_is_lost(connected, transport, waiting):
    """A receiver about to sleep and a sender that sees it 'not empty' race thousands of times."""
    a, b = connected(zmq.PAIR, zmq.PAIR, transport)
    rounds = 1500

    def answer():
        for _ in range(rounds):
            b.send(b.recv())

    thread = threading.Thread(target=answer)
    thread.start()
    for i in range(rounds):
        a.send(b"%d" % i)
        if waiting == "poll":
            assert a.poll(WAIT_MS), f"round {i}"
        elif waiting == "fd":
            while not a.get(zmq.EVENTS) & zmq.POLLIN:
                assert select.select([a.fileno()], [], [], 10)[0], f"round {i}"
        assert a.recv() == b"%d" % i
    thread.join()


def test_two_senders_wake_one_receiver(make):
    pull, pushes = make(zmq.PULL), [make(zmq.PUSH) for _ in range(2)]
    address = bind(pull, "inproc")
    for push in pushes:
        push.connect(address)
    threads = [threading.Thread(target=lambda p=p: [p.send(b"x") for _ in range(1000)]) for p in pushes]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        assert pull.poll(WAIT_MS) and pull.recv() == b"x"
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sender_at_its_mark_is_woken(make, transport):
    pull, push = make(zmq.PULL, rcvhwm=2), make(zmq.PUSH, sndhwm=2)
    address = bind(pull, transport)
    push.connect(address)
    body = b"x" * 20_000
    thread = threading.Thread(target=lambda: [push.send(body) for _ in range(1000)])
    thread.start()
    for _ in range(1000):
        assert pull.recv() == body
    thread.join(10)
    assert not thread.is_alive()
    remove_ipc(address)


# ---- DONTWAIT that waits for SNDTIMEO ----


@pytest.mark.parametrize("timeout", [-1, 5000])
def test_dontwait_does_not_wait(make, timeout):
    for kind in (zmq.PUSH, zmq.DEALER, zmq.PAIR, zmq.REQ):
        socket = make(kind, sndtimeo=timeout, rcvtimeo=timeout)
        start = time.monotonic()
        with pytest.raises(zmq.Again):
            socket.send(b"x", zmq.DONTWAIT)
        with pytest.raises(zmq.Again):
            socket.send_multipart([b"x", b"y"], zmq.DONTWAIT, copy=False)
        if kind not in (zmq.PUSH, zmq.REQ):
            with pytest.raises(zmq.Again):
                socket.recv(zmq.DONTWAIT)
        assert time.monotonic() - start < 2


def test_dontwait_at_the_high_water_mark(make):
    pull, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, sndhwm=1, sndtimeo=5000)
    push.connect(bind(pull, "inproc"))
    push.send(b"1")
    push.send(b"2")
    start = time.monotonic()
    with pytest.raises(zmq.Again):
        push.send(b"3", zmq.DONTWAIT)
    assert time.monotonic() - start < 2


# ---- polling that advances the REQ/REP state ----


def test_polling_does_not_advance_the_state(connected):
    rep, req = connected(zmq.REP, zmq.REQ, "tcp")
    poller = zmq.Poller()
    poller.register(rep)
    poller.register(req)
    for i in range(5):
        poller.poll(0)
        req.send(b"%d" % i)
        for _ in range(3):
            rep.poll(WAIT_MS)
            poller.poll(0)
            assert not req.events & zmq.POLLIN
        assert rep.recv() == b"%d" % i
        for _ in range(3):
            poller.poll(0)
            assert rep.events == zmq.POLLOUT
        rep.send(b"reply %d" % i)
        for _ in range(3):
            req.poll(WAIT_MS)
            poller.poll(0)
        with pytest.raises(zmq.ZMQError) as caught:
            req.send(b"too early")
        assert caught.value.errno == zmq.EFSM
        assert req.recv() == b"reply %d" % i


# ---- one unsubscribe cancelling two subscriptions ----


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_subscribed_twice_unsubscribed_once(make, transport):
    pub, sub = make(zmq.XPUB), make(zmq.SUB)
    sub.subscribe(b"t")
    sub.subscribe(b"t")
    address = bind(pub, transport)
    sub.connect(address)
    assert pub.recv() == b"\x01t"
    sub.unsubscribe(b"t")
    assert not pub.poll(QUIET_MS)
    pub.send(b"t1")
    assert sub.recv() == b"t1"
    sub.unsubscribe(b"t")
    assert pub.recv() == b"\x00t"
    pub.send(b"t2")
    assert not sub.poll(QUIET_MS)
    remove_ipc(address)


def test_two_subscribers_one_leaves(make):
    pub, one, two = make(zmq.XPUB), make(zmq.SUB), make(zmq.SUB)
    address = bind(pub, "tcp")
    one.subscribe(b"t")
    one.connect(address)
    assert pub.recv() == b"\x01t"
    two.subscribe(b"t")
    two.subscribe(b"only two")
    two.connect(address)
    assert pub.recv() == b"\x01only two"
    one.unsubscribe(b"t")
    one.subscribe(b"sync")
    assert pub.recv() == b"\x01sync"
    pub.send(b"t1")
    assert two.recv() == b"t1"


# ---- a socket closed right after a large send ----


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("copy", [True, False])
def test_closed_right_after_a_large_send(make, transport, copy):
    body = bytes(range(256)) * (32 << 10)  # 8 MiB
    for _ in range(3):
        pull, push = make(zmq.PULL), make(zmq.PUSH, linger=-1)
        address = bind(pull, transport)
        push.connect(address)
        push.send(body, copy=copy)
        push.close()
        assert pull.recv() == body
        pull.close()
        remove_ipc(address)


def test_process_that_sends_and_exits_at_once(make):
    """The introduction's shape: connect, send, end of program. LINGER's default delivers it."""
    pull = make(zmq.PULL)
    address = bind(pull)
    run_python(
        f"""
        import zmqpy as zmq
        with zmq.Context() as context:
            with context.socket(zmq.PUSH) as push:
                push.connect({address!r})
                push.send(bytes(4 << 20))
                push.send(b"last")
        """
    )
    assert len(pull.recv()) == 4 << 20
    assert pull.recv() == b"last"


# ---- address in use after close and rebind at once ----


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc"])
@pytest.mark.parametrize("ending", ["close", "unbind"])
def test_rebind_at_once(make, transport, ending, own_engine):
    pull = make(zmq.PULL)
    address = bind(pull, transport)
    for i in range(50):
        push = make(zmq.PUSH)
        push.connect(address)
        push.send(b"%d" % i)
        assert pull.recv() == b"%d" % i
        if ending == "unbind":
            pull.unbind(address)
        pull.close()
        pull = make(zmq.PULL)
        bind_when_free(pull, address, at_once=own_engine)
        push.close()
    remove_ipc(address)


def test_rebind_of_a_new_context_after_term(own_engine):
    address = None
    for _ in range(20):
        with zmq.Context() as context, context.socket(zmq.REP) as rep, context.socket(zmq.REQ) as req:
            req.linger = rep.linger = 0
            if address is None:
                address = bind(rep)
            else:
                rep.bind(address)
            req.connect(address)
            req.send(b"x")
            assert rep.recv() == b"x"
            rep.send(b"y")
            assert req.recv() == b"y"


# ---- garbage collection of a Frame or context in another thread ----


def test_frames_collected_by_another_thread(connected):
    """The last reference to a zero-copy message goes wherever it goes: in the engine's threads or in Python's."""
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    stop = threading.Event()

    def collect():
        while not stop.is_set():
            gc.collect()

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        for _ in range(300):
            cycle = [zmq.Frame(bytearray(70_000), copy=False)]
            cycle.append(cycle)
            push.send(cycle[0])
            del cycle
            frame = pull.recv(copy=False)
            holder = [frame]
            holder.append(holder)
            assert len(frame) == 70_000
            del frame, holder
    finally:
        stop.set()
        thread.join()


@pytest.mark.extension
def test_context_collected_by_another_thread():
    """A context in a reference cycle is terminated by whichever thread collects; its sockets are closed first."""
    run_python(
        """
        import gc, threading, warnings, zmqpy as zmq
        warnings.simplefilter("ignore")
        gc.disable()
        class Owner: pass
        def make():
            owner = Owner()
            owner.context = zmq.Context()
            owner.sockets = [owner.context.socket(zmq.PUSH), owner.context.socket(zmq.PULL)]
            owner.sockets[1].bind("inproc://x")
            owner.sockets[0].connect("inproc://x")
            owner.sockets[0].send(b"x" * 100000, copy=False)
            owner.itself = owner
        for _ in range(20):
            make()
            thread = threading.Thread(target=gc.collect)
            thread.start()
            thread.join(10)
            assert not thread.is_alive(), "collection hangs"
        print("done")
        """
    )


def test_context_collected_while_its_socket_is_used_elsewhere():
    run_python(
        """
        import gc, threading, zmqpy as zmq
        def use():
            context = zmq.Context()
            a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
            del context
            gc.collect()
            a.bind("inproc://x"); b.connect("inproc://x")
            a.send(b"x"); assert b.recv() == b"x"
            owner = a.context
            a.close(); b.close(); owner.term()
        threads = [threading.Thread(target=use) for _ in range(8)]
        [t.start() for t in threads]; [t.join(10) for t in threads]
        assert not any(t.is_alive() for t in threads)
        """
    )


# ---- the caller's memory after a large send ----


def test_large_send_is_a_copy_for_an_inproc_peer_that_has_just_come(make, own_engine):
    pub, remote, local = make(zmq.PUB), make(zmq.SUB, rcvtimeo=WAIT_MS), make(zmq.SUB, rcvtimeo=WAIT_MS)
    remote.subscribe(b"")
    local.subscribe(b"")
    remote.connect(bind(pub))
    while not remote.poll(10):
        pub.send(b"up?")
    while remote.recv() != b"up!":
        pub.send(b"up!")
    inproc = bind(pub, "inproc")
    for letter in b"abcdefgh":
        local.connect(inproc)  # which the publisher hears of in its next call
        body = bytearray([letter]) * 20_000
        pub.send(body)
        body[:] = b"?" * len(body)
        if own_engine or local.poll(QUIET_MS):  # upstream may hear of the subscription a little later
            assert local.recv() == bytes([letter]) * 20_000
        while (got := remote.recv()) == b"up!":
            pass
        assert got == bytes([letter]) * 20_000
        local.disconnect(inproc)


# ---- what our engine promises beyond upstream ----


@pytest.mark.extension
def test_idle_owner_still_sends_its_subscriptions(make, own_engine):
    """The SUB socket's owner makes no call after bind; upstream then sends nothing to a publisher that connects."""
    sub, pub = make(zmq.SUB), make(zmq.XPUB, rcvtimeo=WAIT_MS if own_engine else QUIET_MS)
    sub.subscribe(b"t")
    pub.connect(bind(sub))
    if own_engine:
        assert pub.recv() == b"\x01t"
    else:
        with pytest.raises(zmq.Again):
            pub.recv()
