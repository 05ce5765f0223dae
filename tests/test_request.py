"""Socket.request: correlated requests on REQ and DEALER, by threads, tasks and greenlets; retries, and errors that say what happened."""

import asyncio
import sys
import threading
import time

import pytest
from support import QUIET_MS, WAIT_MS, bind, endpoint, wait_until

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.error import RequestFailed, TimedOut

pytestmark = pytest.mark.extension


class Server:
    """A ROUTER in a thread that does with each request what `answer(socket, envelope, parts)` does, until it is told to stop."""

    def __init__(self, answer, context=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.address = bind(self.socket)
        self.answer = answer
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            if self.socket.poll(10):
                frames = self.socket.recv_multipart()
                at = frames.index(b"") + 1
                self.answer(self.socket, frames[:at], frames[at:])

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.stop.set()
        self.thread.join(WAIT_MS / 1000)
        self.context.destroy(linger=0)


def echo(socket, envelope, parts):
    socket.send_multipart([*envelope, *parts])


@pytest.fixture
def echoes():
    with Server(echo) as server:
        yield server


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_a_request(make, echoes, kind):
    socket = make(kind)
    socket.connect(echoes.address)
    assert socket.request(b"x", timeout=WAIT_MS) == [b"x"]
    assert socket.request([b"a", "b", b""], timeout=WAIT_MS) == [b"a", b"b", b""]
    assert socket.request("text") == [b"text"]


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_a_rep_answers(make, kind, run_threads):
    server, client = make(zmq.REP), make(kind)
    client.connect(bind(server))

    def serve():
        for _ in range(3):
            server.send_multipart([b"re", *server.recv_multipart()])

    def ask():
        for i in range(3):
            assert client.request(b"%d" % i, timeout=WAIT_MS) == [b"re", b"%d" % i]

    run_threads(serve, ask)


def test_many_at_a_time_from_threads(make, run_threads):
    """Answered in another order than they were asked."""
    held = []

    def answer(socket, envelope, parts):
        held.append([*envelope, *parts])
        if len(held) == 8:
            for message in reversed(held):
                socket.send_multipart(message)
            held.clear()

    with Server(answer) as server:
        dealer = make(zmq.DEALER)
        dealer.connect(server.address)

        def ask(name):
            for i in range(20):
                request = b"%s %d" % (name, i)
                assert dealer.request(request, timeout=WAIT_MS) == [request]

        run_threads(*[lambda name=b"%d" % n: ask(name) for n in range(8)])


def test_a_req_takes_them_one_by_one(make, echoes, run_threads):
    req = make(zmq.REQ)
    req.connect(echoes.address)

    def ask(name):
        for i in range(20):
            request = b"%s %d" % (name, i)
            assert req.request(request, timeout=WAIT_MS) == [request]

    run_threads(*[lambda name=b"%d" % n: ask(name) for n in range(4)])


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_retries(make, kind):
    seen = []

    def answer(socket, envelope, parts):
        seen.append(parts)
        if len(seen) == 3:
            echo(socket, envelope, parts)

    with Server(answer) as server:
        client = make(kind)
        client.connect(server.address)
        assert client.request(b"x", timeout=20, retries=50, backoff=10) == [b"x"]
    assert len(seen) >= 3


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_pauses_between_tries_double(make, kind):
    """Three tries of 20 ms, and pauses of 10 and 20."""
    server, client = make(zmq.ROUTER), make(kind)
    client.connect(bind(server))
    with pytest.raises(RequestFailed) as caught:
        client.request(b"x", timeout=20, retries=2, backoff=10)
    assert caught.value.elapsed >= 89
    assert caught.value.sent == 3


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_a_late_reply_is_not_the_next_ones(make, kind):
    late = []

    def answer(socket, envelope, parts):
        if parts == [b"slow"]:
            late.append([*envelope, b"late"])
            return
        for message in late:
            socket.send_multipart(message)
        echo(socket, envelope, parts)

    with Server(answer) as server:
        client = make(kind)
        client.connect(server.address)
        with pytest.raises(RequestFailed):
            client.request(b"slow", timeout=QUIET_MS)
        assert client.request(b"fast", timeout=WAIT_MS) == [b"fast"]


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_what_the_error_says(make, kind, own_engine):
    server, client = make(zmq.ROUTER), make(kind)
    address = bind(server)
    client.connect(address)
    if own_engine:
        client.wait_connected(timeout=WAIT_MS)
    with pytest.raises(RequestFailed, match="no reply to 2 requests in") as caught:
        client.request(b"x", timeout=QUIET_MS, retries=1)
    error = caught.value
    assert isinstance(error, (zmq.Again, TimedOut)) and error.errno == zmq.EAGAIN
    assert (error.tries, error.sent) == (2, 2)
    assert error.elapsed >= 2 * (QUIET_MS - 1)  # libzmq waits by a clock of milliseconds
    assert str(error).startswith(str(zmq.Again()) + ": ")
    if own_engine:
        assert f"{address}: connected" in str(error)


def test_what_could_not_be_sent(make, own_engine):
    client = make(zmq.DEALER)
    with pytest.raises(RequestFailed, match="could not be sent in 2 tries") as caught:
        client.request(b"x", timeout=5, retries=1)
    assert caught.value.sent == 0
    if own_engine:
        assert "nothing is bound or connected" in str(caught.value)


def test_one_that_gives_up_while_another_waits(make, run_threads):
    """Whoever receives for all stops; the others get their replies all the same."""

    def answer(socket, envelope, parts):
        if parts == [b"last"]:
            for message in held:
                socket.send_multipart(message)
            echo(socket, envelope, parts)
        elif parts[0] != b"never":
            held.append([*envelope, *parts])

    held = []
    with Server(answer) as server:
        dealer = make(zmq.DEALER)
        dealer.connect(server.address)
        gave_up = threading.Event()

        def never():
            with pytest.raises(RequestFailed):
                dealer.request(b"never", timeout=QUIET_MS)
            gave_up.set()

        def ask():
            assert dealer.request(b"held", timeout=WAIT_MS) == [b"held"]

        def last():
            assert gave_up.wait(WAIT_MS / 1000)
            while len(held) < 3:
                time.sleep(0.001)
            assert dealer.request(b"last", timeout=WAIT_MS) == [b"last"]

        run_threads(never, ask, ask, ask, last)


def test_arguments(make):
    with pytest.raises(zmq.ZMQError, match="REQ and DEALER") as caught:
        make(zmq.PUSH).request(b"x")
    assert caught.value.errno == zmq.ENOTSUP
    dealer = make(zmq.DEALER)
    for parts, error in (([], ValueError), (5, TypeError)):
        with pytest.raises(error):
            dealer.request(parts, timeout=0)
    with pytest.raises(ValueError, match="negative"):
        dealer.request(b"x", retries=-1)


def test_a_closed_socket(make):
    dealer = make(zmq.DEALER)
    dealer.close()
    with pytest.raises(zmq.ZMQError) as caught:
        dealer.request(b"x")
    assert caught.value.errno == zmq.ENOTSOCK


def test_pauses_end_at_a_minute():
    """However many tries there are: 2.0 ** 1024 is no number."""
    from zmqpy.request import Call

    call = Call(b"x", 0, 1100, 0.5)
    began = time.monotonic()
    assert max(call.rounds()) - began < 61


def test_a_req_that_never_had_its_turn_says_so(make, run_threads):
    server, client = make(zmq.ROUTER), make(zmq.REQ)
    client.connect(bind(server))

    def first():
        assert client.request(b"x", timeout=WAIT_MS) == [b"x"]

    def second():
        assert server.poll(WAIT_MS)
        with pytest.raises(RequestFailed, match="another request was under way"):
            client.request(b"y", timeout=5)
        server.send_multipart(server.recv_multipart())

    run_threads(first, second)


@pytest.mark.own_engine
def test_closing_ends_all_requests(make, run_threads):
    server, client = make(zmq.ROUTER), make(zmq.DEALER)
    client.connect(bind(server))

    def ask():
        with pytest.raises(zmq.ZMQError) as caught:
            client.request(b"x")
        assert caught.value.errno == zmq.ENOTSOCK

    def close():
        requester = client._requests()
        wait_until(lambda: len(requester.line) == 2, "two that wait for the third")
        client.close()

    run_threads(ask, ask, ask, close)


def test_an_interrupted_wait_leaves_the_line(make, run_threads):
    """As KeyboardInterrupt does: who is next gets the turn to receive, and not the one that is gone."""
    seen = []

    def answer(socket, envelope, parts):
        seen.append(parts)
        if parts == [b"x"]:
            echo(socket, envelope, parts)

    class Interrupt(BaseException):
        pass

    class Interrupted(threading.Event):
        def wait(self, timeout=None):
            raise Interrupt

    with Server(answer) as server:
        dealer = make(zmq.DEALER)
        dealer.connect(server.address)
        requester = dealer._requests()

        def reads():
            with pytest.raises(RequestFailed):
                dealer.request(b"never", timeout=QUIET_MS)

        def is_interrupted():
            wait_until(lambda: seen, "the first request")
            requester.make_event = Interrupted
            with pytest.raises(Interrupt):
                dealer.request(b"never")
            del requester.make_event

        run_threads(reads, is_interrupted)
        assert dealer.request(b"x", timeout=WAIT_MS) == [b"x"]


# ---- event loops ----


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_asyncio(run, echoes, kind):
    async def main():
        context = zmqpy.asyncio.Context()
        client = context.socket(kind)
        client.connect(echoes.address)
        requests = [client.request(b"%d" % i, timeout=WAIT_MS) for i in range(50)]
        assert await asyncio.gather(*requests) == [[b"%d" % i] for i in range(50)]
        context.destroy(linger=0)

    run(main())


def test_asyncio_failure_and_cancelling(run):
    def answer(socket, envelope, parts):
        if parts != [b"never"]:
            echo(socket, envelope, parts)

    async def main(address):
        context = zmqpy.asyncio.Context()
        client = context.socket(zmq.DEALER)
        client.connect(address)
        first = asyncio.ensure_future(client.request(b"never"))
        second = asyncio.ensure_future(client.request(b"never"))
        await asyncio.sleep(0.01)
        third = asyncio.ensure_future(client.request(b"x", timeout=WAIT_MS))
        await asyncio.sleep(0)
        first.cancel()
        assert await third == [b"x"]
        with pytest.raises(RequestFailed, match="no reply to 1 request"):
            await client.request(b"never", timeout=QUIET_MS)
        second.cancel()
        assert await client.request(b"y", timeout=WAIT_MS) == [b"y"]
        context.destroy(linger=0)

    with Server(answer) as server:
        run(main(server.address))


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_asyncio_on_one_loop_after_another(echoes, kind):
    """What waited on the first one, which has ended, is not waited for."""
    server = zmq.Context()
    silent = server.socket(zmq.ROUTER)
    silent.linger = 0
    address = bind(silent)
    context = zmqpy.asyncio.Context()
    client = context.socket(kind)
    client.connect(address)

    async def left():
        tasks = [asyncio.ensure_future(client.request(b"never")) for _ in range(3)]
        await asyncio.sleep(0.01)
        return tasks

    async def asks():
        client.disconnect(address)
        client.connect(echoes.address)
        requests = [client.request(b"%d" % i, timeout=WAIT_MS) for i in range(10)]
        assert await asyncio.gather(*requests) == [[b"%d" % i] for i in range(10)]

    old, new = asyncio.new_event_loop(), asyncio.new_event_loop()
    tasks = old.run_until_complete(left())
    new.run_until_complete(asks())
    new.close()
    for task in tasks:
        task.cancel()
    old.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    old.close()
    context.destroy(linger=0)
    server.destroy(linger=0)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="who waits in poll is cancelled")
@pytest.mark.parametrize("connects", [True, False], ids=["receiving", "sending"])
def test_asyncio_closing_ends_all_requests(run, connects):
    async def main():
        context = zmqpy.asyncio.Context()
        server, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        if connects:
            client.connect(bind(server))
        tasks = [asyncio.ensure_future(client.request(b"x", timeout=WAIT_MS)) for _ in range(3)]
        await asyncio.sleep(0)
        while connects and len(client._requests().line) < 2:
            await asyncio.sleep(0.001)
        client.close(linger=0)
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(error, zmq.ZMQError) and error.errno == zmq.ENOTSOCK, repr(error)
        context.destroy(linger=0)

    run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio_closing_ends_all_requests(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        context = Context()
        server, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        client.connect(bind(server))
        errors = []

        async def ask():
            with pytest.raises(zmq.ZMQError) as caught:
                await client.request(b"x", timeout=WAIT_MS)
            errors.append(caught.value.errno)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ask)
            while len(client._requests().line) < 2:
                await anyio.sleep(0.001)
            client.close(linger=0)
        assert errors == [zmq.ENOTSOCK] * 3
        context.destroy(linger=0)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio_on_one_loop_after_another(backend, echoes):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    context = Context()
    clients = [context.socket(kind) for kind in (zmq.REQ, zmq.DEALER)]

    async def main():
        for client in clients:
            assert await client.request(b"x", timeout=WAIT_MS) == [b"x"]

    for client in clients:
        client.connect(echoes.address)
    for _ in range(2):
        anyio.run(main, backend=backend)
    context.destroy(linger=0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend, echoes):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        async with Context() as context:
            with context.socket(zmq.DEALER) as client:
                client.linger = 0
                client.connect(echoes.address)
                got = []

                async def ask(i):
                    got.append(await client.request(b"%d" % i, timeout=WAIT_MS))

                async with anyio.create_task_group() as tasks:
                    for i in range(20):
                        tasks.start_soon(ask, i)
                assert sorted(got) == sorted([b"%d" % i] for i in range(20))
                client.connect(endpoint("inproc"))

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
def test_gevent(echoes, kind):
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context

    context = Context()
    client = context.socket(kind)
    client.connect(echoes.address)
    asked = [gevent.spawn(client.request, b"%d" % i, WAIT_MS) for i in range(10)]
    assert [one.get(timeout=WAIT_MS / 1000) for one in asked] == [[b"%d" % i] for i in range(10)]
    context.destroy(linger=0)


def test_a_greenlet_that_is_killed_leaves_the_line():
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context

    def answer(socket, envelope, parts):
        if parts == [b"x"]:
            echo(socket, envelope, parts)

    with Server(answer) as server:
        context = Context()
        client = context.socket(zmq.DEALER)
        client.connect(server.address)
        reader, waiter = (gevent.spawn(client.request, b"never") for _ in range(2))
        requester = client._requests()
        while not requester.line:
            gevent.sleep(0.001)
        waiter.kill()
        reader.kill()
        assert gevent.spawn(client.request, b"x", WAIT_MS).get(timeout=WAIT_MS / 1000) == [b"x"]
        context.destroy(linger=0)


def test_gevent_closing_ends_all_requests():
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context

    context = Context()
    server, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    client.connect(bind(server))
    asked = [gevent.spawn(client.request, b"x") for _ in range(3)]
    while len(client._requests().line) < 2:
        gevent.sleep(0.001)
    client.close(linger=0)
    gevent.joinall(asked, timeout=WAIT_MS / 1000)
    assert [getattr(one.exception, "errno", None) for one in asked] == [zmq.ENOTSOCK] * 3
    context.destroy(linger=0)
