"""Calls as large applications make them (servers of language models, job schedulers), each for its own sake. All of them work
with pyzmq; programs that make them run on zmqpy unchanged."""

import asyncio
import pickle
import signal
import socket as sockets
import sys
import threading
import uuid

import numpy
import pytest
from support import QUIET_MS, WAIT_MS, WS, bind, start_python, wait_readable, wait_until

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.utils.monitor import recv_monitor_message

HALF_GIB = 512 * 1024 * 1024
PAIRS = [(zmq.ROUTER, zmq.DEALER), (zmq.PULL, zmq.PUSH), (zmq.XSUB, zmq.XPUB)]


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
@pytest.mark.parametrize("types", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_no_limits_and_large_buffers(connected, types, transport):
    options = {"sndhwm": 0, "rcvhwm": 0, "sndbuf": HALF_GIB, "rcvbuf": HALF_GIB}
    receiver, sender = connected(*types, transport, options, options)
    if types[0] == zmq.XSUB:
        receiver.send(b"\x01")
        while not sender.poll(QUIET_MS):
            receiver.poll(0)  # libzmq tells a new peer of subscriptions in calls with the socket only
        assert sender.recv() == b"\x01"
    numbers = [b"%d" % number for number in range(3000)]
    for number in numbers:
        sender.send(number)
    assert [receiver.recv_multipart()[-1] for _ in numbers] == numbers


def test_asyncio_context_of_a_context(context):
    async def main():
        shared = zmq.asyncio.Context(context)
        with shared.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("inproc://shared")
            push.connect("inproc://shared")
            push.send(b"from the other")
            assert await pull.recv() == b"from the other"

    asyncio.run(main())


def test_ordinary_shadow_of_an_asyncio_socket():
    async def main():
        with zmq.asyncio.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("inproc://shadow")
            push.connect("inproc://shadow")
            zmq.Socket.shadow(push).send(b"sent at once")
            assert zmq.Socket.shadow(pull.underlying).recv() == b"sent at once"
            await push.send(b"x")
            assert await pull.recv(flags=zmq.NOBLOCK) == b"x"

    asyncio.run(main())


def test_asyncio_result_at_once():
    async def main():
        with zmq.asyncio.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.bind("inproc://at-once")
            push.connect("inproc://at-once")
            await push.send(b"x")
            assert pull.recv(flags=zmq.NOBLOCK).result() == b"x"
            with pytest.raises(zmq.Again):
                pull.recv(flags=zmq.NOBLOCK).result()

    asyncio.run(main())


def test_unknown_flags_are_accepted(pair):
    """BLOCKY is a context option; programs pass it to receive, in the belief that it lets the call wait."""
    a, b = pair
    a.send(b"x")
    assert b.recv(flags=zmq.BLOCKY) == b"x"
    a.send_multipart([b"x", b"y"])
    assert b.recv_multipart(flags=zmq.BLOCKY) == [b"x", b"y"]


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_pickle_with_buffers_out_of_band(connected, transport):
    a, b = connected(zmq.PUSH, zmq.PULL, transport)
    array = numpy.arange(300_000, dtype=numpy.float32)
    buffers = []
    head = pickle.dumps({"array": array, "step": 7}, protocol=5, buffer_callback=buffers.append)
    a.send_multipart([head, *buffers], copy=False)
    head, *frames = b.recv_multipart(copy=False)
    received = pickle.loads(head, buffers=frames)
    assert received["step"] == 7
    assert numpy.array_equal(received["array"], array)


def test_array_on_a_frame(connected):
    a, b = connected(zmq.PUSH, zmq.PULL, "tcp")
    a.send(numpy.arange(100_000, dtype=numpy.int64), copy=False)
    frame = b.recv(copy=False)
    array = numpy.frombuffer(frame, dtype=numpy.int64)
    assert array[-1] == 99_999 and array.sum() == sum(range(100_000))


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
def test_buffer_is_used_again_when_the_tracker_is_done(connected, transport):
    a, b = connected(zmq.PUSH, zmq.PULL, transport)
    buffer = bytearray(2_000_000)
    for round_ in range(5):
        buffer[:] = bytes([round_]) * len(buffer)
        tracker = a.send_multipart([b"head", buffer], copy=False, track=True)
        received = b.recv_multipart()
        assert received[1] == bytes([round_]) * len(buffer)
        tracker.wait(WAIT_MS / 1000)
        assert tracker.done


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
def test_listener_made_beforehand(make, tmp_path, transport):
    listener = sockets.socket(sockets.AF_INET if transport == "tcp" else sockets.AF_UNIX)
    path = f"{tmp_path}/s"
    listener.bind(("127.0.0.1", 0) if transport == "tcp" else path)
    listener.listen(10)
    address = f"tcp://127.0.0.1:{listener.getsockname()[1]}" if transport == "tcp" else f"ipc://{path}"
    server, client = make(zmq.REP, use_fd=listener.detach()), make(zmq.REQ)
    server.bind(address)
    client.connect(address)
    client.send(b"x")
    assert server.recv() == b"x"


def test_handover_to_a_peer_that_comes_back(make):
    router = make(zmq.ROUTER, router_handover=1, router_mandatory=1)
    address = bind(router)
    for text in (b"first", b"second"):
        dealer = make(zmq.DEALER, routing_id=b"same")
        dealer.connect(address)
        dealer.send(text)
        assert router.recv_multipart() == [b"same", text]
        router.send_multipart([b"same", b"welcome " + text])
        assert dealer.recv() == b"welcome " + text


def test_verbose_publisher_hears_every_subscription(make):
    publisher = make(zmq.XPUB, xpub_verbose=1)
    address = bind(publisher)
    for _ in range(3):
        subscriber = make(zmq.SUB)
        subscriber.subscribe(b"same")
        subscriber.connect(address)
        assert publisher.recv() == b"\x01same"


def test_newest_only(make):
    """A publisher that keeps one message for a subscriber that keeps one: what is read late is new."""
    publisher, subscriber = make(zmq.XPUB, sndhwm=1), make(zmq.SUB, conflate=1)
    subscriber.subscribe(b"")
    subscriber.connect(bind(publisher))
    publisher.recv()
    newest = -1
    for number in range(2000):
        publisher.send(b"%d" % number)
    while subscriber.poll(QUIET_MS):
        received = int(subscriber.recv())
        assert received > newest
        newest = received
    assert newest >= 0


def test_descriptor_in_a_loop(connected):
    a, b = connected(zmq.PUSH, zmq.PULL, "tcp")
    expected = [b"%d" % number for number in range(200)]

    async def main():
        loop, received, complete = asyncio.get_running_loop(), [], asyncio.Event()

        def on_readable():
            while b.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                received.append(b.recv(zmq.DONTWAIT))
            if len(received) == len(expected):
                complete.set()

        loop.add_reader(b.getsockopt(zmq.FD), on_readable)
        on_readable()
        for text in expected:
            a.send(text)
            await asyncio.sleep(0)
        await asyncio.wait_for(complete.wait(), WAIT_MS / 1000)
        loop.remove_reader(b.getsockopt(zmq.FD))
        return received

    assert asyncio.run(main()) == expected


def test_monitor_in_a_poller(make):
    server, client = make(zmq.REP), make(zmq.REQ)
    address = bind(server)
    monitor = client.get_monitor_socket()
    poller = zmq.Poller()
    poller.register(monitor, zmq.POLLIN)
    poller.register(client, zmq.POLLIN)
    client.connect(address)
    seen = set()
    while zmq.EVENT_HANDSHAKE_SUCCEEDED not in seen:
        ready = dict(poller.poll(WAIT_MS))
        assert monitor in ready and client not in ready
        seen.add(recv_monitor_message(monitor)["event"])
    client.send(b"x")
    server.send(server.recv())
    assert client in dict(poller.poll(WAIT_MS))
    client.disable_monitor()
    monitor.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_peer_that_freezes_is_noticed(make):
    """Heartbeats: a stopped process keeps its connection, and answers nothing."""
    server = make(zmq.ROUTER, heartbeat_ivl=100, heartbeat_timeout=400, linger=0)
    address = bind(server)
    monitor = server.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    child = start_python(
        f"""
        import sys, zmqpy as zmq
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.connect({address!r})
        socket.send(b"hello")
        sys.stdin.read()
        """
    )
    try:
        assert server.recv_multipart()[1] == b"hello"
        child.send_signal(signal.SIGSTOP)
        wait_readable(monitor)
        assert recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED
    finally:
        child.send_signal(signal.SIGCONT)
        child.kill()
        child.communicate()
    server.disable_monitor()
    monitor.close()


@pytest.mark.own_engine
def test_destroy_from_another_thread():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    bind(socket)
    waiting, outcome = threading.Event(), []

    def receive():
        waiting.set()
        try:
            socket.recv()
        except zmq.ZMQError as error:
            outcome.append(error.errno)

    thread = threading.Thread(target=receive)
    thread.start()
    assert waiting.wait(WAIT_MS / 1000)
    destroyer = threading.Thread(target=context.destroy, kwargs={"linger": 0})
    destroyer.start()
    thread.join(WAIT_MS / 1000)
    destroyer.join(WAIT_MS / 1000)
    assert not thread.is_alive() and not destroyer.is_alive()
    assert outcome[0] in (zmq.ETERM, zmq.ENOTSOCK) and context.closed


def test_source_address(make):
    server, client = make(zmq.REP), make(zmq.REQ)
    address = bind(server)
    client.connect(f"tcp://127.0.0.1:0;{address[len('tcp://') :]}")
    client.send(b"x")
    assert server.recv() == b"x"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="abstract names are Linux's")
def test_abstract_ipc(make):
    server, client = make(zmq.REP), make(zmq.REQ)
    address = f"ipc://@zmqpy-{uuid.uuid4().hex}"
    server.bind(address)
    client.connect(address)
    client.send(b"x")
    assert server.recv() == b"x"


def test_steps_of_a_scheduler():
    """A ROUTER on an event loop hands jobs to DEALERs of worker threads, which come back with results."""
    workers = 3
    context = zmq.Context()

    def work(address):
        with context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.rcvtimeo = WAIT_MS
            socket.connect(address)
            socket.send_multipart([b"", b"READY"])
            while True:
                _, job = socket.recv_multipart()
                if job == b"END":
                    return
                socket.send_multipart([b"", b"%d" % (int(job) ** 2)])

    async def main():
        shared = zmq.asyncio.Context(context)
        router = shared.socket(zmq.ROUTER)
        router.linger = 0
        port = router.bind_to_random_port("tcp://127.0.0.1")
        threads = [threading.Thread(target=work, args=(f"tcp://127.0.0.1:{port}",)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        jobs, results, ended = list(range(100)), set(), 0
        while ended < workers:
            peer, _, text = await asyncio.wait_for(router.recv_multipart(), WAIT_MS / 1000)
            if text != b"READY":
                results.add(int(text))
            ended += not jobs
            await router.send_multipart([peer, b"", b"%d" % jobs.pop() if jobs else b"END"])
        for thread in threads:
            await asyncio.to_thread(thread.join)
        router.close()
        return results

    assert asyncio.run(main()) == {number**2 for number in range(100)}
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("asyncio_")], "the loop's threads")
    context.term()
