"""ZMQStream and what else zmqpy.eventloop has, with tornado."""

import asyncio
import json
import logging
import warnings

import pytest
from loops import run_on, turns
from support import WAIT_MS, bind

import zmqpy as zmq

pytest.importorskip("tornado")

from zmqpy.eventloop import future as zmq_future
from zmqpy.eventloop import ioloop
from zmqpy.eventloop.zmqstream import ZMQStream

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    return lambda coroutine: run_on(request.param, coroutine)


@pytest.fixture
def pair(connected):
    return connected(zmq.PAIR, zmq.PAIR, "tcp")


async def until(condition):
    """Lets the loop run until it holds."""
    for _ in range(WAIT_MS):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come")


class Streams:
    """Two connected streams, closed in the end."""

    def __init__(self, pair):
        self.pair = pair

    async def __aenter__(self):
        self.streams = tuple(ZMQStream(socket) for socket in self.pair)
        return self.streams

    async def __aexit__(self, *exc_info):
        for stream in self.streams:
            if not stream.closed():
                stream.close(0)


def test_messages_and_callbacks(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            got = []
            assert not b.receiving() and not a.sending() and not a.closed()
            b.on_recv(got.append)
            assert b.receiving()
            a.send(b"1")
            a.send_multipart([b"2", b"3"])
            a.send_string("é")
            a.send_json({"a": 1})
            a.send_pyobj((1,))
            a.send(b"frame", copy=False)
            await until(lambda: len(got) == 6)
            assert got[:3] == [[b"1"], [b"2", b"3"], ["é".encode()]]
            assert json.loads(got[3][0]) == {"a": 1}
            assert got[5] == [b"frame"]
            b.stop_on_recv()
            assert not b.receiving()
            a.send(b"later")
            await asyncio.sleep(0.02)
            assert len(got) == 6
            b.on_recv(got.append, copy=False)
            await until(lambda: len(got) == 7)
            assert isinstance(got[6][0], zmq.Frame) and got[6][0].bytes == b"later"

    run(main())


def test_callbacks_with_the_stream(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            got, sent = [], []
            b.on_recv_stream(lambda stream, message: got.append((stream, message)))
            a.on_send_stream(lambda stream, message, status: sent.append((stream, message, status)))
            a.send(b"x")
            await until(lambda: got and sent)
            assert got == [(b, [b"x"])]
            assert sent == [(a, [b"x"], None)]

    run(main())


def test_what_cannot_be_called_is_refused(run, pair):
    async def main():
        stream = ZMQStream(pair[0])
        for take in (
            stream.on_recv,
            stream.on_recv_stream,
            stream.on_send,
            stream.on_send_stream,
            stream.set_close_callback,
        ):
            with pytest.raises(AssertionError):
                take(1)
            take(None)
        stream.close()

    run(main())


def test_sent_messages(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            sent = []
            a.on_send(lambda message, status: sent.append((message, status)))
            a.send(b"1")
            assert not sent, "callbacks are the loop's to call"
            assert a.sending()
            await until(lambda: sent)
            assert sent == [([b"1"], None)] and not a.sending()
            a.send(b"2" * 100_000, copy=False, track=True)
            await until(lambda: len(sent) == 2)
            assert isinstance(sent[1][1], zmq.MessageTracker)
            a.send(b"3", callback=lambda message, status: sent.append("own"))
            await until(lambda: len(sent) == 3)
            assert sent[2] == "own"
            a.stop_on_send()
            a.send(b"4")
            await asyncio.sleep(0.01)
            assert len(sent) == 3
            assert [b.socket.recv() for _ in range(4)] == [b"1", b"2" * 100_000, b"3", b"4"]

    run(main())


def test_sends_that_wait_for_room(run, connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc", [("rcvhwm", 1)], [("sndhwm", 1)])

    async def main():
        async with Streams((pull, push)) as (receiver, sender):
            for number in range(200):
                sender.send(b"%d" % number)
            assert sender.sending()
            got = []
            receiver.on_recv(got.append)
            await until(lambda: len(got) == 200)
            assert got == [[b"%d" % number] for number in range(200)]
            assert not sender.sending()

    run(main())


def test_flush(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            got, sent = [], []
            b.on_recv(got.append)
            a.on_send(lambda message, status: sent.append(message))
            assert a.socket.poll(WAIT_MS, zmq.POLLOUT)
            a.send(b"1")
            a.send(b"2")
            a.flush()
            assert sent == [[b"1"], [b"2"]]
            while not b.socket.poll(WAIT_MS):
                pass
            for _ in range(1000):
                b.flush(zmq.POLLIN)
                if len(got) == 2:
                    break
                await asyncio.sleep(0.001)
            assert got == [[b"1"], [b"2"]]
            assert b.flush() == 0
            b.stop_on_recv()
            for _ in range(5):
                a.send(b"x")
            await asyncio.sleep(0.02)
            b.on_recv(got.append)
            del got[:]
            assert b.flush(zmq.POLLIN, limit=2) == 2 and len(got) == 2
            await until(lambda: len(got) == 5)

    run(main())


def test_coroutines_as_callbacks(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            got = []

            async def received(message):
                await asyncio.sleep(0)
                got.append(message)

            b.on_recv(received)
            a.send(b"x")
            await until(lambda: got == [[b"x"]])

    run(main())


def test_errors_of_callbacks_are_logged(pair, caplog):
    async def main():
        async with Streams(pair) as (a, b):
            calls = []

            def fail(message):
                calls.append(message)
                raise RuntimeError("of the callback")

            async def fail_later(message):
                calls.append(message)
                raise RuntimeError("of the coroutine")

            b.on_recv(fail)
            a.send(b"1")
            await until(lambda: calls)
            await turns()
            assert "of the callback" in caplog.text
            b.on_recv(fail_later)
            a.send(b"2")
            await until(lambda: len(calls) == 2)
            await turns()
            assert "of the coroutine" in caplog.text
            a.send(b"3")
            await until(lambda: len(calls) == 3)

    caplog.set_level(logging.ERROR)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_closing(run, pair, context):
    async def main():
        a, b = (ZMQStream(socket) for socket in pair)
        closed = []
        a.set_close_callback(lambda: closed.append(1))
        socket = a.socket
        a.close()
        assert a.closed() and socket.closed and closed == [1]
        a.close()
        assert closed == [1]
        for call in (lambda: a.send(b"x"), lambda: a.on_recv(print), lambda: a.flush()):
            with pytest.raises(OSError):
                call()
        # A callback that closes its own stream.
        b.close()
        b, other = ZMQStream(context.socket(zmq.PULL)), context.socket(zmq.PUSH)
        other.connect(bind(b.socket))
        got = []

        def last(message):
            got.append(message)
            b.close()

        b.on_recv(last)
        for _ in range(3):
            other.send(b"x")
        await until(lambda: b.closed())
        await turns()
        assert got == [[b"x"]]
        other.close(0)

    run(main())


def test_closing_the_socket_first(run, pair):
    async def main():
        a, b = (ZMQStream(socket) for socket in pair)
        a.socket.close()
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            assert a.closed()
        b.close()

    run(main())


def test_closing_the_socket_below_a_stream_that_has_messages_is_told(pair, caplog):
    async def main():
        socket, other = pair
        stream = ZMQStream(zmq.Socket.shadow(socket))
        other.send(b"x")
        assert socket.poll(WAIT_MS)
        stream.on_recv(print)
        socket.close()
        await turns()
        with pytest.warns(UserWarning, match="after closing socket"):
            stream.close()

    asyncio.run(main())  # (uvloop ends the process over a descriptor that is closed while it is watched)
    assert "closed socket" in caplog.text


def test_asynchronous_sockets_are_shadowed(run, connected):
    import zmqpy.asyncio as zmq_asyncio

    async def main():
        with zmq_asyncio.Context() as context:
            socket = context.socket(zmq.PAIR)
            with pytest.warns(RuntimeWarning):
                stream = ZMQStream(socket)
            assert type(stream.socket) is zmq.Socket
            stream.close()

    run(main())


def test_echo_of_thousands(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            count, got = 3000, []
            b.on_recv(b.send_multipart)
            a.on_recv(got.append)
            for number in range(count):
                a.send_multipart([b"%d" % number, b"x"])
                if number % 100 == 0:
                    await asyncio.sleep(0)
            await until(lambda: len(got) == count)
            assert got == [[b"%d" % number, b"x"] for number in range(count)]

    run(main())


def test_a_busy_stream_lets_others_run(run, pair):
    async def main():
        async with Streams(pair) as (a, b):
            ticks = []

            def again(message):
                b.send_multipart(message)

            b.on_recv(again)
            a.on_recv(a.send_multipart)
            for _ in range(10):
                a.send(b"x")
            for _ in range(20):
                await asyncio.sleep(0.001)
                ticks.append(1)
            assert len(ticks) == 20
            b.on_recv(None)

    run(main())


def test_subclass_of_socket(run, context):
    class Loud(zmq.Socket):
        def send(self, data, *args, **kwargs):
            return super().send(bytes(data).upper(), *args, **kwargs)

    async def main():
        a, b = context.socket(zmq.PAIR, socket_class=Loud), context.socket(zmq.PAIR)
        a.connect(bind(b))
        async with Streams((a, b)) as (sender, receiver):
            got = []
            receiver.on_recv(got.append)
            sender.send(b"x")
            await until(lambda: got == [[b"X"]])

    run(main())


def test_ioloop_names():
    from tornado.ioloop import IOLoop, PeriodicCallback

    assert ioloop.IOLoop is IOLoop and ioloop.PeriodicCallback is PeriodicCallback
    assert issubclass(ioloop.ZMQIOLoop, IOLoop)
    with pytest.warns(DeprecationWarning, match="."):
        ioloop.install()


def test_futures_of_tornado():
    from tornado.ioloop import IOLoop

    async def main():
        with zmq_future.Context() as context:
            pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
            assert type(pull) is zmq_future.Socket
            with pull, push:
                push.connect(bind(pull))
                waiting = pull.recv_multipart()
                await push.send_multipart([b"x", b"y"])
                assert await waiting == [b"x", b"y"]
                poller = zmq_future.Poller()
                poller.register(pull, zmq.POLLIN)
                assert await poller.poll(5) == []
                await push.send(b"x")
                assert await poller.poll(WAIT_MS) == [(pull, zmq.POLLIN)]

    asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        IOLoop.current().run_sync(main)
    finally:
        asyncio.get_event_loop().close()
        asyncio.set_event_loop(None)


def test_a_loop_that_is_closed_with_all_descriptors_closes_sockets():
    """So that term of their context ends: ipyparallel's nannies end by it."""
    loop = ioloop.IOLoop(make_current=False)
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.bind("tcp://127.0.0.1:*")
    ZMQStream(socket, loop).on_recv(print)
    loop.close(all_fds=True)
    assert socket.closed
    context.term()
