"""ZMQ_FD tells what has come once: whoever takes note of it first, tasks that wait for it are woken (all loops, both engines)."""

import asyncio
import contextlib
import time

import pytest
from support import WAIT_MS, endpoint

import zmqpy as zmq
import zmqpy.asyncio

PAUSE = 0.01  # seconds; a send of another libzmq looks seldom for what has come
MOMENT = 0.005  # seconds, in which a task that was started comes to wait
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


@contextlib.contextmanager
def pair(context_class, plain=False):
    """The socket that is waited for, of that context or a plain one, and its peer, which is a plain one."""
    with context_class() as context:
        plain_context = zmq.Context.shadow(context.underlying)
        with (
            plain_context.socket(zmq.DEALER) as peer,
            (plain_context if plain else context).socket(zmq.DEALER) as socket,
        ):
            address = endpoint("inproc")
            peer.rcvhwm = socket.sndhwm = 1
            socket.linger = peer.linger = 0
            peer.bind(address)
            socket.connect(address)
            yield socket, peer


def polling(poller_class, socket, events=zmq.POLLIN):
    poller = poller_class()
    poller.register(socket, events)
    return poller


def fill(socket):
    """Until it has no room; a plain shadow of it sends."""
    shadow = zmq.Socket.shadow(socket)
    with pytest.raises(zmq.Again):
        for _ in range(100):
            shadow.send(b"x", zmq.DONTWAIT)


def bring_news(peer):
    """No loop runs meanwhile, which could see it."""
    peer.send(b"news")
    time.sleep(PAUSE)


@contextlib.contextmanager
def as_expected(stir):
    """Around it: it finds room, unless it is the one that does not."""
    try:
        yield
        assert stir is not send_too_much
    except zmq.Again:
        assert stir is send_too_much


@pytest.fixture
def anyio(request):
    module = pytest.importorskip("anyio")
    pytest.importorskip(request.getfixturevalue("backend"))
    return module


@pytest.fixture
def gevent():
    return pytest.importorskip("gevent")


@pytest.fixture
def green(gevent):
    import zmqpy.green

    return zmqpy.green


@pytest.mark.parametrize("wait", ["recv", "poll"])
@pytest.mark.parametrize("stir", STIRS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(anyio, backend, stir, wait):
    from zmqpy.anyio import Context

    async def main():
        got = []

        async def take():
            with anyio.fail_after(SOON):
                got.append(await WAITS[wait](socket, None))

        with pair(Context) as (socket, peer):
            if stir is send_too_much:
                fill(socket)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(take)
                await anyio.wait_all_tasks_blocked()
                bring_news(peer)
                with as_expected(stir):
                    result = stir(socket)
                    if result is not None:
                        await result
            assert GOT[wait](got[0])

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("stir", STIRS)
def test_asyncio(stir, wait):
    async def main():
        with pair(zmqpy.asyncio.Context) as (socket, peer):
            if stir is send_too_much:
                fill(socket)
            waiting = asyncio.ensure_future(WAITS[wait](socket, polling(zmqpy.asyncio.Poller, socket)))
            await asyncio.sleep(MOMENT)
            bring_news(peer)
            with as_expected(stir):
                result = stir(socket)
                if result is not None:
                    await result
            assert GOT[wait](await asyncio.wait_for(waiting, SOON))

    asyncio.run(main())


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("stir", STIRS)
def test_green(gevent, green, stir, wait):
    with pair(green.Context) as (socket, peer):
        if stir is send_too_much:
            fill(socket)
        waiting = gevent.spawn(WAITS[wait], socket, polling(green.Poller, socket))
        gevent.sleep(MOMENT)
        bring_news(peer)
        with as_expected(stir):
            stir(socket)
        assert GOT[wait](waiting.get(timeout=SOON))


@pytest.mark.parametrize("wait", ["recv", "poll"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_waits_for_room_anyio(anyio, backend, wait):
    """A send that has to wait takes note of a message that another one waits for."""
    from zmqpy.anyio import Context

    async def main():
        with pair(Context) as (socket, peer):
            fill(socket)
            async with anyio.create_task_group() as tasks:

                async def take():
                    with anyio.fail_after(SOON):
                        assert GOT[wait](await WAITS[wait](socket, None))
                    tasks.cancel_scope.cancel()

                tasks.start_soon(take)
                await anyio.wait_all_tasks_blocked()
                bring_news(peer)
                await socket.send(b"x")  # ends by being cancelled

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("wait", WAITS)
def test_one_waits_for_room_asyncio(wait):
    async def main():
        with pair(zmqpy.asyncio.Context) as (socket, peer):
            fill(socket)
            waiting = asyncio.ensure_future(WAITS[wait](socket, polling(zmqpy.asyncio.Poller, socket)))
            await asyncio.sleep(MOMENT)
            bring_news(peer)
            sending = socket.send(b"x")
            assert GOT[wait](await asyncio.wait_for(waiting, SOON))
            assert sending.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("wait", WAITS)
def test_one_waits_for_room_green(gevent, green, wait):
    with pair(green.Context) as (socket, peer):
        fill(socket)
        waiting = gevent.spawn(WAITS[wait], socket, polling(green.Poller, socket))
        gevent.sleep(MOMENT)
        bring_news(peer)
        with gevent.Timeout(SOON, False):
            sending = gevent.spawn(socket.send, b"x")
            assert GOT[wait](waiting.get())
        assert waiting.ready()
        sending.kill()


@pytest.mark.parametrize("wait", WAITS)
def test_a_poller_tells_others_asyncio(wait):
    """One who polls for room takes note of a message that another one waits for."""

    async def main():
        with pair(zmqpy.asyncio.Context) as (socket, peer):
            fill(socket)
            waiting = asyncio.ensure_future(WAITS[wait](socket, polling(zmqpy.asyncio.Poller, socket)))
            await asyncio.sleep(MOMENT)
            bring_news(peer)
            assert not await polling(zmqpy.asyncio.Poller, socket, zmq.POLLOUT).poll(0)
            assert GOT[wait](await asyncio.wait_for(waiting, SOON))

    asyncio.run(main())


@pytest.mark.parametrize("wait", WAITS)
def test_a_poller_tells_others_green(gevent, green, wait):
    with pair(green.Context) as (socket, peer):
        fill(socket)
        waiting = gevent.spawn(WAITS[wait], socket, polling(green.Poller, socket))
        gevent.sleep(MOMENT)
        bring_news(peer)
        assert not polling(green.Poller, socket, zmq.POLLOUT).poll(0)
        assert GOT[wait](waiting.get(timeout=SOON))


@pytest.mark.parametrize("kind", ["plain", "green"])
def test_two_pollers_of_greenlets(gevent, green, kind):
    """One polls for room, beside one that polls for messages; also sockets that are no green ones."""
    with pair(green.Context, plain=kind == "plain") as (socket, peer):
        fill(socket)
        waiting = gevent.spawn(polling(green.Poller, socket).poll, WAIT_MS)
        gevent.sleep(MOMENT)
        bring_news(peer)
        assert not polling(green.Poller, socket, zmq.POLLOUT).poll(1)  # not at once: it asks for EVENTS
        assert waiting.get(timeout=SOON) == [(socket, zmq.POLLIN)]


def test_a_greenlet_that_waits_for_room_looks_for_a_poller(gevent, green):
    """What is looked at for one that waits for room, a poller is told, though nobody waits to receive."""
    with pair(green.Context) as (socket, peer):
        fill(socket)
        sending = gevent.spawn(socket.send, b"x")
        waiting = gevent.spawn(polling(green.Poller, socket).poll, WAIT_MS)
        gevent.sleep(MOMENT)
        socket.get(zmq.EVENTS)  # it is looked soon, before descriptors
        bring_news(peer)
        assert waiting.get(timeout=SOON) == [(socket, zmq.POLLIN)]
        sending.kill()


def test_requests_of_greenlets(gevent, green):
    """A request that finds no room takes note of another's reply."""
    with pair(green.Context) as (socket, peer):
        first = gevent.spawn(socket.request, b"first", timeout=WAIT_MS)
        gevent.sleep(MOMENT)
        request = peer.recv_multipart()
        fill(socket)
        with gevent.Timeout(SOON, False):
            peer.send_multipart(request)
            time.sleep(PAUSE)
            second = gevent.spawn(socket.request, b"second", timeout=WAIT_MS)
            assert first.get() == [b"first"]
        assert first.ready()
        second.kill()
