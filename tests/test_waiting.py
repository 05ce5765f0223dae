"""wait_connected, wait_subscribers, flush and Context.term with a time-out: threads, asyncio, anyio and gevent."""

import asyncio
import threading
import time

import pytest
from support import QUIET_MS, WAIT_MS, WS, bind, endpoint

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.error import TimedOut

pytestmark = pytest.mark.extension


@pytest.fixture
def free_address(make):
    """A tcp address where nobody listens."""
    socket = make(zmq.PULL)
    address = bind(socket)
    socket.unbind(address)
    return address


# ---- another libzmq ----


def test_where_it_cannot_be_told(make, own_engine):
    if own_engine:
        return
    for call in ("wait_connected", "wait_subscribers", "flush", "peers"):
        with pytest.raises(zmq.ZMQNotSupported):
            getattr(make(zmq.PUB), call)()
    with pytest.raises(zmq.ZMQNotSupported):
        make(zmq.PUB).context.stats()


# ---- wait_connected ----


@pytest.mark.own_engine
@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_wait_connected(make, transport, run_threads):
    server, clients = make(zmq.PULL), [make(zmq.PUSH) for _ in range(3)]
    address = bind(server, transport)

    def connect():
        for client in clients:
            client.connect(address)

    run_threads(lambda: server.wait_connected(3, WAIT_MS), connect)
    assert server.wait_connected(3, 0) == 3
    assert clients[0].wait_connected(timeout=WAIT_MS) == 1


@pytest.mark.own_engine
@pytest.mark.parametrize("timeout", [2**31, 10**13, 1e300, float("inf")])
def test_the_longest_times(make, run_threads, timeout):
    """They wait, for what comes, rather than end at once or not be taken."""
    server, client = make(zmq.PULL), make(zmq.PUSH)
    address = bind(server, "tcp")

    def connect():
        time.sleep(QUIET_MS / 1000)
        client.connect(address)

    run_threads(lambda: server.wait_connected(1, timeout), connect)
    run_threads(lambda: client.flush(timeout), lambda: client.send(b"x"))
    assert server.recv() == b"x"
    context = zmq.Context()
    socket = context.socket(zmq.PULL)

    def close():
        time.sleep(QUIET_MS / 1000)
        socket.close()

    run_threads(lambda: context.term(timeout), close)
    assert context.closed


@pytest.mark.own_engine
def test_wait_connected_says_who_is_missing(make, free_address):
    client = make(zmq.DEALER)
    with pytest.raises(TimedOut, match="0 of 1 peers connected after 0 ms: nothing is bound or connected"):
        client.wait_connected(timeout=0)
    client.connect(free_address)
    with pytest.raises(zmq.Again) as caught:
        client.wait_connected(timeout=QUIET_MS)
    assert caught.value.errno == zmq.EAGAIN
    assert str(caught.value).startswith(str(zmq.Again()) + ": 0 of 1 peers connected")
    assert f"{free_address}: connecting" in str(caught.value)
    server = make(zmq.ROUTER)
    server.bind(free_address)
    assert client.wait_connected(timeout=WAIT_MS) == 1


@pytest.mark.own_engine
def test_a_peer_that_goes_is_not_counted(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    client.connect(bind(server))
    client.wait_connected(timeout=WAIT_MS)
    server.close()
    deadline = time.monotonic() + WAIT_MS / 1000
    while client.peers()[0].state is zmqpy.peers.PeerState.UP and time.monotonic() < deadline:
        client.poll(1, zmq.POLLOUT)
    with pytest.raises(TimedOut):
        client.wait_connected(timeout=0)


@pytest.mark.own_engine
def test_waits_end_with_their_socket(make, context, run_threads):
    socket = make(zmq.PUB)
    errors = []

    def wait(call):
        try:
            call()
        except zmq.ZMQError as error:
            errors.append(error.errno)

    threads = [threading.Thread(target=wait, args=(call,)) for call in (socket.wait_connected, socket.wait_subscribers)]
    for thread in threads:
        thread.start()
    socket.close()
    for thread in threads:
        thread.join(WAIT_MS / 1000)
    assert errors == [zmq.ENOTSOCK] * 2


# ---- wait_subscribers ----


@pytest.mark.own_engine
@pytest.mark.parametrize("kind", [zmq.PUB, zmq.XPUB])
def test_no_message_is_lost_after_wait_subscribers(make, kind):
    publisher = make(kind)
    address = bind(publisher)
    subscribers = [make(zmq.SUB) for _ in range(3)]
    for subscriber in subscribers:
        subscriber.connect(address)
        subscriber.subscribe("news.")
    assert publisher.wait_subscribers("news.today", 3, WAIT_MS) == 3
    assert publisher.wait_subscribers(n=3, timeout=0) == 3
    publisher.send(b"news.today")
    assert [subscriber.recv() for subscriber in subscribers] == [b"news.today"] * 3
    with pytest.raises(TimedOut, match="0 of 1 peers subscribed to b'other'"):
        publisher.wait_subscribers(b"other", timeout=0)


@pytest.mark.own_engine
def test_only_publishers_have_subscribers(make):
    with pytest.raises(zmq.ZMQError, match="only PUB and XPUB") as caught:
        make(zmq.SUB).wait_subscribers(timeout=0)
    assert caught.value.errno == zmq.ENOTSUP


# ---- flush ----


@pytest.mark.own_engine
def test_flush(make, free_address):
    push = make(zmq.PUSH, sndhwm=0)
    push.flush(0)
    push.connect(free_address)
    push.send_many([b"x"] * 5)
    with pytest.raises(TimedOut, match="connecting, 5 messages unsent"):
        push.flush(QUIET_MS)
    pull = make(zmq.PULL)
    pull.bind(free_address)
    push.flush(WAIT_MS)
    assert push.stats()["queued_out"] == 0
    push.close(linger=0)
    assert [pull.recv() for _ in range(5)] == [b"x"] * 5


# ---- term ----


def test_term_names_a_socket_that_is_open(own_engine):
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    with pytest.raises(TimedOut, match="is not closed") as caught:
        context.term(timeout=QUIET_MS)
    assert "ROUTER" in str(caught.value)
    assert len(caught.value.blockers) == 1
    if own_engine:
        assert caught.value.blockers[0].address == socket.underlying
    assert not context.closed
    socket.close()
    context.term(timeout=WAIT_MS)
    assert context.closed
    context.term(timeout=0)


@pytest.mark.own_engine
def test_term_names_what_lingers(free_address, run_threads):
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect(free_address)
    push.send_many([b"1", b"2"])
    push.close()
    started = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        context.term(timeout=QUIET_MS)
    assert time.monotonic() - started >= QUIET_MS / 1000
    (blocker,) = caught.value.blockers
    assert (blocker.socket, blocker.closed, blocker.unsent) == ("PUSH", True, 2)
    assert f"{free_address}: ending, 2 messages unsent" in str(caught.value)
    taker = zmq.Context()
    pull = taker.socket(zmq.PULL)
    pull.bind(free_address)
    run_threads(lambda: context.term(WAIT_MS), lambda: [pull.recv(), pull.recv()])
    taker.destroy(linger=0)
    assert context.closed


def test_term_in_two_threads_with_a_time_out(run_threads):
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    results = []

    def end(timeout):
        began = time.monotonic()
        try:
            context.term(timeout)
            results.append("ended")
        except TimedOut:
            assert time.monotonic() - began > 0.9 * timeout / 1000
            results.append("not yet")

    run_threads(lambda: end(QUIET_MS), lambda: end(QUIET_MS))
    assert results == ["not yet"] * 2
    socket.close()
    end(WAIT_MS)
    assert results[-1] == "ended"


# ---- event loops ----


@pytest.mark.own_engine
def test_asyncio(run):
    async def main():
        context = zmqpy.asyncio.Context()
        publisher, subscriber = context.socket(zmq.XPUB), context.socket(zmq.SUB)
        publisher.bind(endpoint("tcp"))
        with pytest.raises(TimedOut):
            await publisher.wait_connected(timeout=0)
        waiting = asyncio.ensure_future(publisher.wait_subscribers(n=1, timeout=WAIT_MS))
        subscriber.connect(publisher.last_endpoint.decode())
        assert await subscriber.wait_connected(timeout=WAIT_MS) == 1
        with pytest.raises(TimedOut):
            await publisher.wait_subscribers(n=2, timeout=QUIET_MS)
        assert not waiting.done()
        subscriber.subscribe(b"")
        assert await waiting == 1
        await publisher.send(b"x")
        await publisher.flush(WAIT_MS)
        assert await subscriber.recv() == b"x"
        closed = asyncio.ensure_future(publisher.wait_connected(5))
        await asyncio.sleep(0)
        publisher.close()
        with pytest.raises(zmq.ZMQError) as caught:
            await closed
        assert caught.value.errno == zmq.ENOTSOCK
        context.destroy(linger=0)

    run(main())


@pytest.mark.own_engine
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        async with Context() as context:
            pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
            pull.bind(endpoint("tcp"))
            push.connect(pull.last_endpoint.decode())
            assert await pull.wait_connected(timeout=WAIT_MS) == 1
            await push.send(b"x")
            await push.flush(WAIT_MS)
            with pytest.raises(TimedOut):
                await pull.wait_connected(2, timeout=5)
            pull.close()
            push.close()

    anyio.run(main, backend=backend)


@pytest.mark.own_engine
def test_gevent():
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context

    context = Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.bind(endpoint("tcp"))
    waiting = gevent.spawn(pull.wait_connected, 1, WAIT_MS)
    gevent.sleep(0)
    push.connect(pull.last_endpoint.decode())
    assert waiting.get(timeout=WAIT_MS / 1000) == 1
    with pytest.raises(TimedOut):
        pull.wait_connected(2, timeout=5)
    context.destroy(linger=0)


# ---- names of a program's own ----


def test_methods_of_a_subclass_come_first(context):
    class Own(zmq.Socket):
        flush = stats = wait_connected = peers = request = events = "mine"

    with Own(context, zmq.PUB) as socket:
        for name in ("flush", "stats", "wait_connected", "peers", "request", "events"):
            assert getattr(socket, name) == "mine"
        socket.send(b"x")
