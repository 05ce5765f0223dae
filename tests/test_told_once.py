"""ZMQ_FD tells what has come once: whoever takes note of it first, tasks that wait for it are woken (all loops, both engines)."""

import time

import pytest
from support import WAIT_MS, endpoint

import zmqpy as zmq

PAUSE = 0.01  # seconds; a send of another libzmq looks seldom for what has come
SOON = WAIT_MS / 2000

# what another task does with a socket while one waits for it


def ask_events(socket):
    assert socket.getsockopt(zmq.EVENTS) & zmq.POLLIN


def poll_at_once(socket):
    return socket.poll(0, zmq.POLLOUT)


def send_what_finds_room(socket):
    return socket.send(b"x", zmq.DONTWAIT)


def send_message_that_finds_room(socket):
    return socket.send_multipart([b"x"], zmq.DONTWAIT)


def send_too_much(socket):
    """The call that finds no room."""
    return socket.send(b"x", zmq.DONTWAIT)


STIRS = [ask_events, poll_at_once, send_what_finds_room, send_message_that_finds_room, send_too_much]
WAITS = {
    "recv": lambda socket, poller: socket.recv(),
    "poll": lambda socket, poller: socket.poll(WAIT_MS),
    "Poller": lambda socket, poller: poller.poll(WAIT_MS),
}
GOT = {"recv": lambda got: got == b"news", "poll": lambda got: got == zmq.POLLIN, "Poller": lambda got: len(got) == 1}


def pair(context):
    """The socket that is waited for, and its peer, which is a plain one."""
    address = endpoint("inproc")
    peer = zmq.Context.shadow(context.underlying).socket(zmq.DEALER)
    peer.rcvhwm = 1
    peer.bind(address)
    socket = context.socket(zmq.DEALER)
    socket.sndhwm = 1
    socket.linger = peer.linger = 0
    socket.connect(address)
    return socket, peer


def fill(socket):
    """Until it has no room; a plain shadow of it sends."""
    shadow = zmq.Socket.shadow(socket)
    with pytest.raises(zmq.Again):
        for _ in range(100):
            shadow.send(b"x", zmq.DONTWAIT)


@pytest.mark.parametrize("wait", ["recv", "poll"])
@pytest.mark.parametrize("stir", STIRS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend, stir, wait):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        with Context() as context:
            socket, peer = pair(context)
            got = []

            async def take():
                with anyio.fail_after(SOON):
                    got.append(await WAITS[wait](socket, None))

            with socket, peer:
                if stir is send_too_much:
                    fill(socket)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(take)
                    await anyio.wait_all_tasks_blocked()
                    peer.send(b"news")
                    time.sleep(PAUSE)  # the loop does not run
                    try:
                        result = stir(socket)
                        if result is not None:
                            await result
                        assert stir is not send_too_much
                    except zmq.Again:
                        assert stir is send_too_much
                assert GOT[wait](got[0])

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("stir", STIRS)
def test_asyncio(stir, wait):
    import asyncio

    from zmqpy.asyncio import Context, Poller

    async def main():
        with Context() as context:
            socket, peer = pair(context)
            poller = Poller()
            poller.register(socket, zmq.POLLIN)
            with socket, peer:
                if stir is send_too_much:
                    fill(socket)
                waiting = asyncio.ensure_future(WAITS[wait](socket, poller))
                await asyncio.sleep(0.005)
                peer.send(b"news")
                time.sleep(PAUSE)
                try:
                    result = stir(socket)
                    if result is not None:
                        await result
                    assert stir is not send_too_much
                except zmq.Again:
                    assert stir is send_too_much
                assert GOT[wait](await asyncio.wait_for(waiting, SOON))

    asyncio.run(main())


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("stir", STIRS)
def test_green(stir, wait):
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context, Poller

    with Context() as context:
        socket, peer = pair(context)
        poller = Poller()
        poller.register(socket, zmq.POLLIN)
        with socket, peer:
            if stir is send_too_much:
                fill(socket)
            waiting = gevent.spawn(WAITS[wait], socket, poller)
            gevent.sleep(0.005)
            peer.send(b"news")
            time.sleep(PAUSE)
            try:
                stir(socket)
                assert stir is not send_too_much
            except zmq.Again:
                assert stir is send_too_much
            assert GOT[wait](waiting.get(timeout=SOON))


@pytest.mark.parametrize("wait", ["recv", "poll"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_waits_for_room_anyio(backend, wait):
    """A send that has to wait takes note of a message that another one waits for."""
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        with Context() as context:
            socket, peer = pair(context)
            with socket, peer:
                fill(socket)
                async with anyio.create_task_group() as tasks:

                    async def take():
                        with anyio.fail_after(SOON):
                            assert GOT[wait](await WAITS[wait](socket, None))
                        tasks.cancel_scope.cancel()

                    tasks.start_soon(take)
                    await anyio.wait_all_tasks_blocked()
                    peer.send(b"news")
                    time.sleep(PAUSE)
                    await socket.send(b"x")  # ends by being cancelled

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("wait", WAITS)
def test_one_waits_for_room_asyncio(wait):
    import asyncio

    from zmqpy.asyncio import Context, Poller

    async def main():
        with Context() as context:
            socket, peer = pair(context)
            poller = Poller()
            poller.register(socket, zmq.POLLIN)
            with socket, peer:
                fill(socket)
                waiting = asyncio.ensure_future(WAITS[wait](socket, poller))
                await asyncio.sleep(0.005)
                peer.send(b"news")
                time.sleep(PAUSE)
                sending = socket.send(b"x")
                assert GOT[wait](await asyncio.wait_for(waiting, SOON))
                assert sending.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("wait", WAITS)
def test_one_waits_for_room_green(wait):
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context, Poller

    with Context() as context:
        socket, peer = pair(context)
        poller = Poller()
        poller.register(socket, zmq.POLLIN)
        with socket, peer:
            fill(socket)
            waiting = gevent.spawn(WAITS[wait], socket, poller)
            gevent.sleep(0.005)
            peer.send(b"news")
            time.sleep(PAUSE)
            with gevent.Timeout(SOON, False):
                sending = gevent.spawn(socket.send, b"x")
                assert GOT[wait](waiting.get())
            assert waiting.ready()
            sending.kill()


@pytest.mark.parametrize("first", ["recv", "poll", "Poller"])
@pytest.mark.parametrize("loop", ["asyncio", "green"])
def test_a_poller_tells_others(loop, first):
    """One who polls for room takes note of a message that another one waits for."""
    if loop == "green":
        gevent = pytest.importorskip("gevent")
        from zmqpy.green import Context, Poller

        with Context() as context:
            socket, peer = pair(context)
            news, room = Poller(), Poller()
            news.register(socket, zmq.POLLIN)
            room.register(socket, zmq.POLLOUT)
            with socket, peer:
                fill(socket)
                waiting = gevent.spawn(WAITS[first], socket, news)
                gevent.sleep(0.005)
                peer.send(b"news")
                time.sleep(PAUSE)
                assert not room.poll(0)
                assert GOT[first](waiting.get(timeout=SOON))
        return
    import asyncio

    from zmqpy.asyncio import Context, Poller

    async def main():
        with Context() as context:
            socket, peer = pair(context)
            news, room = Poller(), Poller()
            news.register(socket, zmq.POLLIN)
            room.register(socket, zmq.POLLOUT)
            with socket, peer:
                fill(socket)
                waiting = asyncio.ensure_future(WAITS[first](socket, news))
                await asyncio.sleep(0.005)
                peer.send(b"news")
                time.sleep(PAUSE)
                assert not await room.poll(0)
                assert GOT[first](await asyncio.wait_for(waiting, SOON))

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["plain", "green"])
def test_two_pollers_of_greenlets(kind):
    """One polls for room, beside one that polls for messages; also sockets that are no green ones."""
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context, Poller

    with Context() as context:
        socket, peer = pair(context if kind == "green" else zmq.Context.shadow(context.underlying))
        news, room = Poller(), Poller()
        news.register(socket, zmq.POLLIN)
        room.register(socket, zmq.POLLOUT)
        with socket, peer:
            fill(socket)
            waiting = gevent.spawn(news.poll, WAIT_MS)
            gevent.sleep(0.005)
            peer.send(b"news")
            time.sleep(PAUSE)
            assert not room.poll(1)  # not at once: it asks for EVENTS
            assert waiting.get(timeout=SOON) == [(socket, zmq.POLLIN)]


def test_a_greenlet_that_waits_for_room_looks_for_a_poller():
    """What is looked at for one that waits for room, a poller is told, though nobody waits to receive."""
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context, Poller

    with Context() as context:
        socket, peer = pair(context)
        poller = Poller()
        poller.register(socket, zmq.POLLIN)
        with socket, peer:
            fill(socket)
            sending = gevent.spawn(socket.send, b"x")
            waiting = gevent.spawn(poller.poll, WAIT_MS)
            gevent.sleep(0.005)
            socket.get(zmq.EVENTS)  # it is looked soon, before descriptors
            peer.send(b"news")
            time.sleep(PAUSE)
            assert waiting.get(timeout=SOON) == [(socket, zmq.POLLIN)]
            sending.kill()


def test_requests_of_greenlets():
    """A request that finds no room takes note of another's reply."""
    gevent = pytest.importorskip("gevent")
    from zmqpy.green import Context

    with Context() as context:
        socket, peer = pair(context)
        with socket, peer:
            first = gevent.spawn(socket.request, b"first", timeout=WAIT_MS)
            gevent.sleep(0.005)
            request = peer.recv_multipart()
            fill(socket)
            with gevent.Timeout(SOON, False):
                peer.send_multipart(request)
                time.sleep(PAUSE)
                second = gevent.spawn(socket.request, b"second", timeout=WAIT_MS)
                assert first.get() == [b"first"]
            assert first.ready()
            second.kill()
