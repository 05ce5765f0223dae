"""Sockets for asyncio: what their calls give, contexts and shadows, loops one after another. Waiting is test_asyncio_waiting.py's."""

import asyncio
import functools
import json
import threading

import pytest
from loops import KINDS, run_on, turns
from support import WAIT_MS, bind, endpoint, run_python

import zmqpy as zmq
import zmqpy.asyncio as zmq_asyncio

CONTEXT = zmq_asyncio.Context


# ---- what calls give ----


def test_classes(context):
    assert issubclass(zmq_asyncio.Context, zmq.Context)
    assert issubclass(zmq_asyncio.Socket, zmq.Socket)
    assert issubclass(zmq_asyncio.Poller, zmq.Poller)
    with context.socket(zmq.PUSH) as socket:
        assert type(socket) is zmq_asyncio.Socket
        assert isinstance(socket, zmq.Socket)
        assert repr(socket).startswith("<zmq.asyncio.Socket(zmq.PUSH)")
        assert repr(context).startswith("<zmq.asyncio.Context(1 socket)")


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "in place"])
def test_a_frame_gives_its_tracker(run, pipeline, copy):
    push, pull = pipeline

    async def main():
        for send in (push.send, lambda frame, **kwargs: push.send_multipart([b"first", frame], **kwargs)):
            frame = zmq.Frame(b"x", track=True)
            assert await send(frame, copy=copy) is frame.tracker
            assert await send(zmq.Frame(b"x"), copy=copy) is None
            assert [(await pull.recv_multipart())[-1] for _ in range(2)] == [b"x", b"x"]

    run(main())


def test_future_is_done_when_the_message_is_there(run, pipeline):
    push, pull = pipeline

    async def main():
        loop = asyncio.get_running_loop()
        assert await push.poll(WAIT_MS, zmq.POLLOUT) == zmq.POLLOUT
        sent = push.send(b"x")
        assert asyncio.isfuture(sent) and sent.done() and sent.get_loop() is loop
        assert sent.result() is None
        assert await pull.poll(WAIT_MS)
        received = pull.recv()
        assert isinstance(received, asyncio.Future) and received.done() and received.get_loop() is loop
        assert received.result() == b"x"
        waiting = pull.recv()
        assert asyncio.isfuture(waiting) and not waiting.done()
        assert waiting.cancel() and waiting.cancelled()

    run(main())


def test_not_waiting_is_answered_at_once(run, pipeline):
    push, pull = pipeline

    async def main():
        for future in (
            pull.recv(zmq.NOBLOCK),
            pull.recv_multipart(zmq.DONTWAIT),
            pull.recv(flags=zmq.NOBLOCK),
        ):
            assert future.done()
            with pytest.raises(zmq.Again):
                future.result()
        push.send(b"x")
        assert await pull.poll(WAIT_MS)
        assert pull.recv(zmq.NOBLOCK).result() == b"x"
        lonely = push.context.socket(zmq.PUSH)
        with lonely:
            assert isinstance(lonely.send(b"x", zmq.DONTWAIT).exception(), zmq.Again)

    run(main())


def test_every_form(run, dealers):
    a, b = dealers

    async def main():
        await a.send(b"bytes")
        assert await b.recv() == b"bytes"
        await a.send(bytearray(b"buffer"), copy=False)
        frame = await b.recv(copy=False)
        assert isinstance(frame, zmq.Frame) and frame.bytes == b"buffer"
        await a.send_multipart([b"1", b"2"])
        assert await b.recv_multipart() == [b"1", b"2"]
        await a.send_multipart([b"1", memoryview(b"2"), zmq.Frame(b"3")], copy=False)
        assert [frame.bytes for frame in await b.recv_multipart(copy=False)] == [b"1", b"2", b"3"]
        await a.send_multipart([b"%d" % i for i in range(50)])
        assert len(await b.recv_multipart()) == 50
        await a.send(b"first", zmq.SNDMORE)
        await a.send(b"last")
        assert await b.recv() == b"first" and b.rcvmore
        assert await b.recv() == b"last" and not b.rcvmore
        await a.send_string("é")
        assert await b.recv_string() == "é"
        await a.send_string("é", encoding="latin-1")
        assert await b.recv_string(encoding="latin-1") == "é"
        await a.send_json({"a": [1]})
        assert await b.recv_json() == {"a": [1]}
        await a.send_json(1.5)
        assert await b.recv_json(parse_float=str) == "1.5"
        await a.send_pyobj({"a": (1,)})
        assert await b.recv_pyobj() == {"a": (1,)}
        await a.send_serialized([1, 2], lambda numbers: [b"%d" % n for n in numbers])
        assert await b.recv_serialized(lambda parts: [int(part) for part in parts]) == [1, 2]
        await a.send(b"12345")
        buffer = bytearray(10)
        assert await b.recv_into(buffer, nbytes=3) == 5
        assert buffer[:5] == b"123\0\0"
        large = bytes(300_000)
        await a.send(large)
        assert await b.recv() == large
        await a.send_multipart([large, b"x"])
        assert await b.recv_multipart() == [large, b"x"]

    run(main())


def test_every_form_that_waits(run, dealers):
    """The same when the message comes later."""
    a, b = dealers
    text = "é".encode()

    async def main():
        for receive, message, expected in (
            (b.recv, [b"x"], b"x"),
            (b.recv_multipart, [b"x", b"y"], [b"x", b"y"]),
            (lambda: b.recv(copy=False), [b"x"], b"x"),
            (b.recv_string, [text], "é"),
            (b.recv_json, [b"[1]"], [1]),
            (lambda: b.recv_json(parse_int=str), [b"[1]"], ["1"]),
            (lambda: b.recv_serialized(len), [b"x", b"y"], 2),
            (lambda: b.recv_into(bytearray(3)), [b"x"], 1),
            (b.poll, None, zmq.POLLIN),
        ):
            future = receive()
            await turns()
            assert asyncio.isfuture(future) and not future.done()
            await a.send_multipart(message or [b"polled"])
            result = await future
            assert (result.bytes if isinstance(result, zmq.Frame) else result) == expected
        assert await b.recv() == b"polled"

    run(main())


def test_errors_of_what_is_made_of_a_message(run, dealers):
    a, b = dealers

    async def main():
        for ready in (True, False):
            for receive, error in ((b.recv_string, UnicodeDecodeError), (b.recv_json, json.JSONDecodeError)):
                future = None if ready else receive()
                await a.send(b"\xff" if error is UnicodeDecodeError else b"{")
                if ready:
                    assert await b.poll(WAIT_MS)
                    future = receive()
                with pytest.raises(error):
                    await future

    run(main())


def test_errors_of_arguments(run, dealers):
    a, _ = dealers

    async def main():
        for future in (a.send("text"), a.send(5), a.send_multipart([5]), a.send_multipart([])):
            assert asyncio.isfuture(future)
            with pytest.raises((TypeError, IndexError)):
                await future
        with pytest.raises(TypeError):
            await a.send_string(b"bytes")

    run(main())


@pytest.mark.extension
def test_buffer_that_cannot_be_filled(run, dealers):
    """Said before there is a message."""
    _, b = dealers

    async def main():
        with pytest.raises(ValueError):
            await b.recv_into(bytearray(1), nbytes=2)
        with pytest.raises((TypeError, BufferError)):
            await b.recv_into(b"read only")

    run(main())


def test_tracker(run, dealers):
    a, b = dealers

    async def main():
        body = bytes(100_000)
        tracker = await a.send(body, copy=False, track=True)
        assert isinstance(tracker, zmq.MessageTracker)
        assert await b.recv() == body
        await asyncio.get_running_loop().run_in_executor(None, tracker.wait, 10)
        assert tracker.done
        tracker = await a.send_multipart([body, b"x"], copy=False, track=True)
        assert isinstance(tracker, zmq.MessageTracker)
        assert (await b.recv_multipart())[0] == body

    run(main())


@pytest.mark.extension
def test_batches(run, dealers):
    a, b = dealers

    async def main():
        waiting = b.recv_many(10)
        await turns()
        assert await a.send_many([b"1", [b"2", b"3"], "4"]) == 3
        received = await waiting
        while len(received) < 3:
            received += await b.recv_many()
        assert received == [b"1", [b"2", b"3"], b"4"]
        assert await a.send_many([]) == 0
        with pytest.raises(ValueError):
            b.recv_many(0)
        b.close()
        a.sndhwm = 10
        sent = a.send_many([bytes(100_000)] * 1000)
        await turns()
        assert not sent.done()
        sent.cancel()

    run(main())


@pytest.mark.extension
def test_async_for(run, dealers):
    a, b = dealers

    async def main():
        messages = []

        async def collect():
            async for message in b:
                messages.append(message)
                if message == b"last":
                    break
            async for _message in b:
                raise AssertionError("nothing came")

        task = asyncio.ensure_future(collect())
        for message in (b"1", b"2", b"last"):
            await a.send(message)
            await asyncio.sleep(0.001)
        while b"last" not in messages:
            await asyncio.sleep(0.001)
        await turns()
        b.close()
        await task
        assert messages == [b"1", b"2", b"last"]
        async for _message in b:
            raise AssertionError("it is closed")
        with pytest.raises(TypeError):
            iter(a)

    run(main())


@pytest.mark.extension
def test_async_with(run):
    async def main():
        async with zmq_asyncio.Context() as ctx:
            async with ctx.socket(zmq.PULL) as socket:
                assert not socket.closed
            assert socket.closed
        assert ctx.closed

    run(main())


def test_combinators(run, dealers):
    a, b = dealers

    async def main():
        futures = [b.recv() for _ in range(3)]
        done, pending = await asyncio.wait(futures, timeout=0.01)
        assert not done and pending == set(futures)
        await a.send(b"1")
        done, pending = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        assert done == {futures[0]}
        await a.send(b"2")
        await a.send(b"3")
        assert await asyncio.gather(*futures) == [b"1", b"2", b"3"]
        shielded = asyncio.shield(b.recv())
        await a.send(b"4")
        assert await asyncio.wait_for(shielded, 10) == b"4"
        called = []
        future = b.recv()
        future.add_done_callback(called.append)
        await a.send(b"5")
        await asyncio.wait([future])
        await turns()
        assert called == [future] and future.result() == b"5" and future.exception() is None
        for future in asyncio.as_completed([b.recv(), b.recv()]):
            await a.send(b"6")
            assert await future == b"6"

    run(main())


def test_async_poll(run, dealers):
    a, b = dealers

    async def main():
        assert await b.poll(0) == 0
        assert await b.poll(5) == 0
        assert await a.poll(WAIT_MS, zmq.POLLOUT) == zmq.POLLOUT
        waiting = b.poll(None, zmq.POLLIN)
        both = b.poll(WAIT_MS, zmq.POLLIN | zmq.POLLOUT)
        assert await both & zmq.POLLOUT
        await a.send(b"x")
        assert await waiting == zmq.POLLIN
        assert await b.poll(0) == zmq.POLLIN
        assert await b.recv() == b"x"

    run(main())


# ---- poller ----


def test_poller(run, dealers, context):
    a, b = dealers
    sync_context = zmq.Context.shadow(context.underlying)

    async def main():
        import socket as system_socket

        poller = zmq_asyncio.Poller()
        sync_pull = sync_context.socket(zmq.PULL)
        push = context.socket(zmq.PUSH)
        push.connect(bind(sync_pull))
        left, right = system_socket.socketpair()
        with sync_pull, push, left, right:
            poller.register(b, zmq.POLLIN)
            poller.register(sync_pull, zmq.POLLIN)
            poller.register(left, zmq.POLLIN)
            assert await poller.poll(0) == []
            assert await poller.poll(10) == []
            future = asyncio.ensure_future(poller.poll())
            await turns()
            await a.send(b"x")
            assert await future == [(b, zmq.POLLIN)]
            assert await b.recv() == b"x"
            future = asyncio.ensure_future(poller.poll(WAIT_MS))
            await turns()
            await push.send(b"y")
            assert await future == [(sync_pull, zmq.POLLIN)]
            assert sync_pull.recv() == b"y"
            future = asyncio.ensure_future(poller.poll(WAIT_MS))
            await turns()
            right.send(b"z")
            assert await future == [(left.fileno(), zmq.POLLIN)]
            left.recv(1)
            future = asyncio.ensure_future(poller.poll())
            await turns()
            future.cancel()
            await asyncio.wait([future])
            assert future.cancelled()
            poller.register(left, zmq.POLLOUT)
            assert await poller.poll(WAIT_MS) == [(left.fileno(), zmq.POLLOUT)]

    run(main())


def test_synchronous_poller_over_asynchronous_sockets(run, dealers):
    a, b = dealers

    async def main():
        await a.send(b"x")
        poller = zmq.Poller()
        poller.register(b, zmq.POLLIN)
        assert poller.poll(WAIT_MS) == [(b, zmq.POLLIN)]
        assert zmq.select([b], [], [], 10) == ([b], [], [])
        assert await b.recv() == b"x"

    run(main())


# ---- contexts and shadows ----


def test_instance_is_apart():
    instance = zmq_asyncio.Context.instance()
    try:
        assert type(instance) is zmq_asyncio.Context
        assert zmq_asyncio.Context.instance() is instance
        synchronous = zmq.Context.instance()
        assert synchronous is not instance and type(synchronous) is zmq.Context
        synchronous.term()
    finally:
        instance.term()
    assert zmq_asyncio.Context.instance() is not instance
    zmq_asyncio.Context.instance().term()


def test_instance_is_forgotten_after_a_fork():
    done = run_python("""
        import os
        import zmqpy.asyncio as zmq_asyncio

        instance = zmq_asyncio.Context.instance()
        child = os.fork()
        if child == 0:
            other = zmq_asyncio.Context.instance()
            os._exit(0 if other is not instance and not other.closed else 1)
        print(os.waitpid(child, 0)[1])
        instance.term()
    """)
    assert done.stdout.strip() == "0"


def test_context_over_a_synchronous_one(run):
    with zmq.Context() as sync_context:
        for context in (
            zmq_asyncio.Context(sync_context),
            zmq_asyncio.Context.shadow(sync_context),
            zmq_asyncio.Context.shadow(sync_context.underlying),
        ):
            assert type(context) is zmq_asyncio.Context
            assert context.underlying == sync_context.underlying
            socket = context.socket(zmq.PULL)
            assert type(socket) is zmq_asyncio.Socket
            socket.close()


def test_shadows(run, dealers):
    a, b = dealers

    async def main():
        view = zmq.Socket.shadow(b)
        assert type(view) is zmq.Socket
        view.rcvtimeo = WAIT_MS
        await a.send(b"x")
        assert view.recv() == b"x"
        assert zmq.Socket(b).type == zmq.DEALER
        assert type(zmq.Socket.shadow(b.underlying)) is zmq.Socket
        other = zmq_asyncio.Socket.from_socket(view)
        assert type(other) is zmq_asyncio.Socket and other.underlying == b.underlying
        waiting = other.recv()
        await turns()
        await a.send(b"y")
        assert await waiting == b"y"
        again = zmq_asyncio.Socket.shadow(view)
        await a.send(b"z")
        assert await again.recv() == b"z"
        assert zmq_asyncio.Socket(view).underlying == b.underlying

    run(main())


def test_socket_class(context):
    class Mine(zmq_asyncio.Socket):
        pass

    class MyContext(zmq_asyncio.Context):
        _socket_class = Mine

    with context.socket(zmq.PULL, socket_class=Mine) as socket:
        assert type(socket) is Mine
    with context.socket(zmq.PULL, socket_class=zmq.Socket) as socket:
        assert type(socket) is zmq.Socket
    with MyContext() as mine, mine.socket(zmq.PULL) as socket:
        assert type(socket) is Mine


def test_socket_class_wants_a_type(context):
    with pytest.raises(TypeError):
        zmq_asyncio.Socket(context)


@pytest.mark.extension
def test_overrides(run, context):
    """Of send and recv, from which the other forms are made; also by coroutines, with which pyzmq makes no other forms."""

    class Loud(zmq_asyncio.Socket):
        def send(self, data, flags=0, copy=True, track=False, **kwargs):
            return super().send(bytes(data).upper(), flags, copy, track, **kwargs)

        async def recv(self, flags=0, copy=True, track=False):
            return b"<" + await super().recv(flags, copy, track) + b">"

    async def main():
        with context.socket(zmq.PAIR, socket_class=Loud) as a, context.socket(zmq.PAIR, socket_class=Loud) as b:
            a.connect(bind(b))
            await a.send(b"x")
            assert await b.recv() == b"<X>"
            await a.send_string("y")
            assert await b.recv_string() == "<Y>"
            waiting = asyncio.ensure_future(b.recv_string())
            await turns()
            await a.send_string("z")
            assert await waiting == "<Z>"
            await a.send_multipart([b"a", b"b"])
            assert await b.recv_multipart() == [b"a", b"b"]

    run(main())


def test_options_are_attributes(context):
    with context.socket(zmq.PULL) as socket:
        socket.rcvhwm = 5
        assert socket.get(zmq.RCVHWM) == socket.getsockopt(zmq.RCVHWM) == socket.RCVHWM == 5
        with pytest.raises(AttributeError):
            socket.no_such_thing = 1


# ---- loops ----


def test_made_before_a_loop_and_used_in_several(dealers):
    a, b = dealers

    async def main(number):
        waiting = b.recv()
        await turns()
        await a.send(b"%d" % number)
        assert await waiting == b"%d" % number
        await asyncio.gather(b.poll(1), a.send_multipart([b"x", b"y"]))
        assert await b.recv_multipart() == [b"x", b"y"]

    for number in range(3):
        for kind in KINDS:
            run_on(kind, main(number))


@pytest.mark.extension
@pytest.mark.skipif("eager" not in KINDS, reason="eager tasks came with Python 3.12")
def test_eager_tasks(pipeline):
    """A task that finds its message is over when it has been made; one that waits goes on as any other."""
    push, pull = pipeline

    async def receive():
        return await pull.recv()

    async def main():
        await push.send(b"x")
        assert await pull.poll(WAIT_MS)
        task = asyncio.create_task(receive())
        assert task.done() and task.result() == b"x"
        tasks = [asyncio.create_task(receive()) for _ in range(5)]
        assert not any(task.done() for task in tasks)
        for number in range(5):
            await push.send(b"%d" % number)
        assert await asyncio.gather(*tasks) == [b"%d" % number for number in range(5)]
        tasks = [asyncio.create_task(receive()) for _ in range(2)]
        tasks[0].cancel()
        await push.send(b"y")
        assert await tasks[1] == b"y" and tasks[0].cancelled()

    run_on("eager", main())


@pytest.mark.extension
def test_loop_that_ends_with_a_wait(dealers):
    """The next loop gets the message that the first one's wait did not."""
    a, b = dealers

    async def leave():
        b.recv()
        await turns()

    async def main():
        await a.send(b"x")
        return await b.recv()

    run_on("asyncio", leave())
    assert run_on("asyncio", main()) == b"x"
    run_on("uvloop", leave())
    assert run_on("asyncio", main()) == b"x"


def test_loops_in_threads(run_threads):
    """Each thread has its own loop, context and sockets."""

    def work():
        async def main():
            with zmq_asyncio.Context() as ctx, ctx.socket(zmq.PULL) as pull, ctx.socket(zmq.PUSH) as push:
                push.connect(bind(pull))
                for number in range(300):
                    if number % 2:
                        push.send(b"%d" % number)
                        assert await pull.recv() == b"%d" % number
                    else:
                        waiting = pull.recv()
                        push.send(b"%d" % number)
                        assert await waiting == b"%d" % number

        run_on("asyncio", main(), timeout=20)

    run_threads(work, work, work)


def test_peers_in_another_thread_and_loop(dealers):
    a, b = dealers
    count = 500

    async def echo():
        for _ in range(count):
            await b.send(await b.recv())

    thread = threading.Thread(target=lambda: run_on("asyncio", echo(), timeout=20))
    thread.start()

    async def main():
        for number in range(count):
            await a.send(b"%d" % number)
            assert await a.recv() == b"%d" % number

    run_on("uvloop", main(), timeout=20)
    thread.join()


@pytest.mark.parametrize(("ours", "theirs"), [("REQ", "REP"), ("DEALER", "ROUTER"), ("PUSH", "PULL"), ("PULL", "PUSH")])
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_against_pyzmq(run, context, peer, ours, theirs, transport):
    async def main():
        in_thread = functools.partial(asyncio.get_running_loop().run_in_executor, None)
        there = peer.open(theirs)
        try:
            with context.socket(getattr(zmq, ours)) as here:
                here.connect(there.bound(endpoint(transport)))
                for number in range(20):
                    message = [b"%d" % number, bytes(number * 1000)]
                    if ours == "PULL":
                        waiting = here.recv_multipart()
                        await in_thread(there.send_multipart, message)
                        assert await waiting == message
                        continue
                    await here.send_multipart(message)
                    arrived = await in_thread(there.recv_multipart)
                    assert arrived[-2:] == message
                    if ours != "PUSH":
                        waiting = here.recv_multipart()
                        await in_thread(there.send_multipart, arrived)
                        assert await waiting == message
        finally:
            there.close()

    run(main())
