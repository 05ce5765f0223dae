"""zmqpy.anyio: the same tests on trio, asyncio and uvloop."""

import random
import threading

import pytest
from support import WAIT_MS, bind

import zmqpy as zmq

pytestmark = pytest.mark.extension

anyio = pytest.importorskip("anyio")

zmq_anyio = pytest.importorskip("zmqpy.anyio", exc_type=ImportError)

CONTEXT = zmq_anyio.Context


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def run(request):
    """run(coroutine function) on each backend."""
    backend, options = request.param, {}
    if backend == "uvloop":
        pytest.importorskip("uvloop")
        backend, options = "asyncio", {"use_uvloop": True}
    elif backend == "trio":
        pytest.importorskip("trio")

    def run_it(main):
        async def limited():
            with anyio.fail_after(WAIT_MS / 1000):
                await main()

        anyio.run(limited, backend=backend, backend_options=options)

    return run_it


def test_every_form(run, dealers):
    a, b = dealers
    text = "é"

    async def main():
        async def check(receive, expected, send, *args):
            for late in (False, True):
                async with anyio.create_task_group() as group:

                    async def take():
                        result = await receive()
                        assert (result.bytes if isinstance(result, zmq.Frame) else result) == expected

                    if late:
                        group.start_soon(take)
                        await anyio.sleep(0.002)
                        await send(*args)
                    else:
                        await send(*args)
                        await take()

        await check(b.recv, b"x", a.send, b"x")
        await check(lambda: b.recv(copy=False), b"x", a.send, b"x")
        await check(b.recv_multipart, [b"1", b"2"], a.send_multipart, [b"1", b"2"])
        await check(b.recv_string, text, a.send_string, text)
        await check(b.recv_json, {"a": 1}, a.send_json, {"a": 1})
        await check(b.recv_pyobj, (1, 2), a.send_pyobj, (1, 2))
        await check(lambda: b.recv_serialized(len), 2, a.send_serialized, 2, lambda count: [b""] * count)
        await check(lambda: b.recv_into(bytearray(5)), 3, a.send, b"123")
        await check(b.recv_many, [[b"1", b"2"]], a.send_many, [[b"1", b"2"]])
        await check(b.recv, bytes(300_000), a.send, bytes(300_000))
        assert await b.poll(0) == 0 and await b.poll(5) == 0
        await a.send(b"x")
        assert await b.poll(WAIT_MS) == zmq.POLLIN
        assert await b.recv(zmq.NOBLOCK) == b"x"
        with pytest.raises(zmq.Again):
            await b.recv(zmq.NOBLOCK)
        assert isinstance(await a.send(bytes(100_000), copy=False, track=True), zmq.MessageTracker)
        await b.recv()
        for call in (lambda: a.send("text"), lambda: a.send_multipart([]), lambda: a.send_multipart("text")):
            with pytest.raises((TypeError, IndexError)):
                await call()

    run(main)


def test_waiting_in_order(run, dealers):
    a, b = dealers

    async def main():
        got = []

        async def take(number):
            got.append((number, await b.recv()))

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(take, number)
                await anyio.sleep(0.001)
            for number in range(5):
                await a.send(b"%d" % number)
        assert got == [(number, b"%d" % number) for number in range(5)]

    run(main)


def test_both_directions_wait_at_once(run, connected):
    a, b = connected(zmq.PAIR, zmq.PAIR, "inproc", [("rcvhwm", 1), ("sndhwm", 1)], [("rcvhwm", 1), ("sndhwm", 1)])

    async def main():
        async def send(socket):
            for number in range(100):
                await socket.send(b"%d" % number)

        async def receive(socket):
            for number in range(100):
                assert await socket.recv() == b"%d" % number

        async with anyio.create_task_group() as group:
            for socket in (a, b):
                group.start_soon(send, socket)
                group.start_soon(receive, socket)

    run(main)


def test_cancelled_calls_take_and_send_nothing(run, dealers):
    a, b = dealers
    chance = random.Random(5)

    async def main():
        sent, got = 0, []
        for _ in range(1000):
            if chance.random() < 0.7:
                await a.send(b"%d" % sent)
                sent += 1
            with anyio.move_on_after(chance.random() * 0.0005):
                got.append(int(await b.recv()))
        while len(got) < sent:
            got.append(int(await b.recv()))
        assert got == list(range(sent))

    run(main)


def test_busy_tasks_let_others_run_and_can_be_cancelled(run, connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")

    async def main():
        counts = {"sent": 0, "got": 0}

        async def send():
            while True:
                await push.send(b"x")
                counts["sent"] += 1

        async def receive():
            while True:
                await pull.recv()
                counts["got"] += 1

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            group.start_soon(receive)
            for _ in range(20):
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
        assert min(counts.values()) > 0

    run(main)


def test_timeouts_of_the_socket(run, make):
    async def main():
        pull, push = make(zmq.PULL, rcvtimeo=10), make(zmq.PUSH, sndtimeo=10)
        for call in (pull.recv, pull.recv_multipart, lambda: push.send(b"x"), lambda: push.send_many([b"x"])):
            with pytest.raises(zmq.Again):
                await call()

    run(main)


def test_closing_ends_waits(run, context):
    async def main():
        pull = context.socket(zmq.PULL)
        ends = []

        async def wait(call):
            try:
                await call()
            except zmq.ZMQError as error:
                ends.append(error.errno)

        async def iterate():
            async for _ in pull:
                raise AssertionError
            ends.append("end")

        async with anyio.create_task_group() as group:
            group.start_soon(wait, pull.recv)
            group.start_soon(wait, pull.poll)
            group.start_soon(iterate)
            await anyio.sleep(0.01)
            pull.close()
        assert sorted(map(str, ends)) == sorted([str(zmq.ENOTSOCK), str(zmq.ENOTSOCK), "end"])

    run(main)


def test_terminating_in_another_thread_ends_waits(run):
    context = zmq_anyio.Context()

    async def main():
        pull = context.socket(zmq.PULL)
        thread = threading.Thread(target=context.term)

        async def later():
            await anyio.sleep(0.01)
            thread.start()

        async with anyio.create_task_group() as group:
            group.start_soon(later)
            with pytest.raises(zmq.ContextTerminated):
                await pull.recv()
        pull.close()
        await anyio.to_thread.run_sync(thread.join)

    run(main)


def test_threads_at_the_other_end(run, context):
    async def main():
        rep = context.socket(zmq.REP)
        address = bind(rep)

        def ask():
            with zmq.Context() as other, other.socket(zmq.REQ) as req:
                req.connect(address)
                for number in range(200):
                    req.send(b"%d" % number)
                    assert req.recv() == b"%d" % number

        async def serve():
            for _ in range(200):
                await rep.send(await rep.recv())

        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            await anyio.to_thread.run_sync(ask)
        async with rep:
            pass
        assert rep.closed

    run(main)


@pytest.mark.own_engine
@pytest.mark.parametrize("early", [False, True], ids=["later", "while it waits"])
def test_a_send_that_would_wait_for_ever_says_so(run, make, early):
    async def main():
        server, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, reconnect_ivl=-1, sndhwm=1, sndtimeo=-1)
        push.connect(bind(server))
        await push.send(b"first")
        assert await server.recv() == b"first"

        async def fill():
            with pytest.raises(zmq.ZMQError) as error:
                while True:
                    await push.send(bytes(1 << 20))
            assert error.value.errno == zmq.EHOSTUNREACH

        async with anyio.create_task_group() as group:
            if early:
                group.start_soon(fill)
                while await push.poll(0, zmq.POLLOUT):
                    await anyio.sleep(0.001)
                await anyio.sleep(0.002)
                server.close()
            else:
                with push.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
                    server.close()
                    await monitor.recv_multipart()
                    push.disable_monitor()
                await fill()

    run(main)


@pytest.mark.own_engine
def test_send_many_says_how_many_it_has_sent(run, make):
    """Though the rest would wait for ever: as sockets for threads and greenlets do."""

    async def main():
        server, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, reconnect_ivl=-1, sndhwm=1, sndtimeo=-1)
        push.connect(bind(server))
        await push.send(b"first")
        assert await server.recv() == b"first"
        sent = []

        async def fill():
            sent.append(await push.send_many([bytes(1 << 20)] * 100))

        async with anyio.create_task_group() as group:
            group.start_soon(fill)
            while await push.poll(0, zmq.POLLOUT):
                await anyio.sleep(0.001)
            await anyio.sleep(0.002)
            server.close()
        assert 0 < sent[0] < 100
        with pytest.raises(zmq.ZMQError) as error:
            await push.send_many([bytes(1 << 20)] * 100)
        assert error.value.errno == zmq.EHOSTUNREACH

    run(main)
