"""The draft socket types: SERVER, CLIENT, RADIO, DISH, GATHER, SCATTER, PEER, CHANNEL; routing ids and groups of messages."""

import asyncio
import threading
import time

import pytest
from support import QUIET_MS, WAIT_MS, bind

import zmqpy as zmq
import zmqpy.asyncio

pytestmark = pytest.mark.skipif(not zmq.has("draft"), reason="this libzmq has no drafts")

TRANSPORTS = ("inproc", "tcp", "ipc")
PAIRS = [("SERVER", "CLIENT"), ("RADIO", "DISH"), ("GATHER", "SCATTER"), ("CHANNEL", "CHANNEL"), ("PEER", "PEER")]


def receive(socket):
    """(body, routing id, group) of the next message."""
    frame = socket.recv(copy=False)
    return frame.bytes, frame.routing_id, frame.group


def send_until_heard(radio, dish, group):
    """Both are connected and the group was joined: until the RADIO knows of it."""
    limit = time.monotonic() + WAIT_MS / 1000
    while not dish.poll(10):
        assert time.monotonic() < limit
        radio.send(b"ready?", group=group)
    radio.send(b"ready", group=group)
    while dish.recv() != b"ready":
        pass


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_server_answers_by_routing_id(make, connected, transport):
    server, client = connected(zmq.SERVER, zmq.CLIENT, transport)
    client.send(b"question")
    body, routing_id, group = receive(server)
    assert body == b"question" and routing_id > 0 and group == ""
    server.send(b"answer", routing_id=routing_id)
    assert receive(client) == (b"answer", 0, "")
    server.send(b"no copy" * 10000, copy=False, routing_id=routing_id)
    assert client.recv() == b"no copy" * 10000
    server.send_string("text", routing_id=routing_id)
    assert client.recv_string() == "text"
    server.send_json({"a": 1}, routing_id=routing_id)
    assert client.recv_json() == {"a": 1}
    server.send_multipart([b"one part"], routing_id=routing_id)
    assert client.recv_multipart() == [b"one part"]
    client.send_multipart([b"one part"])
    assert server.recv_multipart() == [b"one part"]


def test_a_frame_carries_its_routing_id(connected):
    server, client = connected(zmq.SERVER, zmq.CLIENT)
    client.send(b"question")
    question = server.recv(copy=False)
    answer = zmq.Frame(b"answer")
    assert answer.routing_id == 0 and answer["routing_id"] == 0
    answer.routing_id = question.routing_id
    assert answer.routing_id == question.routing_id
    server.send(answer)
    assert client.recv() == b"answer"
    # What was received may go back as it is.
    server.send(question)
    assert client.recv() == b"question"
    with pytest.raises(zmq.ZMQError) as caught:
        answer.routing_id = 0
    assert caught.value.errno == zmq.EINVAL


def test_server_without_a_routing_id_or_with_an_unknown_one(connected):
    server, client = connected(zmq.SERVER, zmq.CLIENT)
    client.send(b"question")
    routing_id = receive(server)[1]
    for arguments in ({}, {"routing_id": routing_id + 1000}):
        with pytest.raises(zmq.ZMQError) as caught:
            server.send(b"to nobody", **arguments)
        assert caught.value.errno == zmq.EHOSTUNREACH


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_dish_hears_its_groups(connected, transport):
    radio, dish = connected(zmq.RADIO, zmq.DISH, transport)
    for group in ("news", b"sport", "wetter-ü"):
        dish.join(group)
    send_until_heard(radio, dish, "news")
    for group in ("news", "sport", b"other", "wetter-ü"):
        radio.send(b"x", group=group)
    assert [receive(dish) for _ in range(3)] == [(b"x", 0, "news"), (b"x", 0, "sport"), (b"x", 0, "wetter-ü")]
    dish.leave("news")
    radio.send(b"late", group="news")
    radio.send(b"last", group="sport")
    assert receive(dish) == (b"last", 0, "sport")
    frame = zmq.Frame(b"framed")
    frame.group = "sport"
    assert frame.group == frame["group"] == "sport"
    radio.send(frame)
    assert receive(dish) == (b"framed", 0, "sport")


def test_errors_of_join_and_leave(make):
    dish, radio = make(zmq.DISH), make(zmq.RADIO)
    dish.join("a")
    for call, group in ((dish.join, "a"), (dish.leave, "b"), (dish.join, "g" * 256)):
        with pytest.raises(zmq.ZMQError) as caught:
            call(group)
        assert caught.value.errno == zmq.EINVAL
    with pytest.raises(TypeError):
        dish.join(5)
    for call in (radio.join, radio.leave):
        with pytest.raises(zmq.ZMQError) as caught:
            call("a")
        assert caught.value.errno == zmq.ENOTSUP


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_scatter_and_gather(connected, transport):
    gather, scatter = connected(zmq.GATHER, zmq.SCATTER, transport)
    for number in range(10):
        scatter.send(b"%d" % number)
    assert [gather.recv() for _ in range(10)] == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_channel(connected, transport):
    a, b = connected(zmq.CHANNEL, zmq.CHANNEL, transport)
    b.send(b"to a")
    assert a.recv() == b"to a"
    a.send(b"to b")
    assert b.recv() == b"to b"


@pytest.mark.extension
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_peers(make, transport):
    a, b = make(zmq.PEER), make(zmq.PEER)
    to_a = b.connect_peer(bind(a, transport))
    with pytest.raises(zmq.ZMQError) as caught:
        a.send(b"x")
    assert caught.value.errno == zmq.EHOSTUNREACH
    b.send(b"x", routing_id=to_a)
    body, to_b, _ = receive(a)
    assert body == b"x"
    a.send(b"y", routing_id=to_b)
    assert receive(b) == (b"y", to_a, "")
    b.disconnect_peer(to_a)
    for call in (lambda: b.disconnect_peer(to_a), lambda: b.send(b"x", routing_id=to_a)):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.EHOSTUNREACH


@pytest.mark.extension
def test_errors_of_connect_peer(make):
    peer, server = make(zmq.PEER), make(zmq.SERVER)
    with pytest.raises(zmq.ZMQError) as caught:
        server.connect_peer("inproc://x")
    assert caught.value.errno == zmq.ENOTSUP
    with pytest.raises(zmq.ZMQError, match="nothing://x") as caught:
        peer.connect_peer("nothing://x")
    assert caught.value.errno == zmq.EPROTONOSUPPORT
    with pytest.raises(TypeError):
        peer.connect_peer(5)
    peer.immediate = 1
    with pytest.raises(zmq.ZMQError) as caught:
        peer.connect_peer("inproc://x")
    assert caught.value.errno == zmq.EFAULT
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.CLIENT).disconnect_peer(1)
    assert caught.value.errno == zmq.ENOTSUP


@pytest.mark.parametrize("names", PAIRS)
def test_parts_are_refused(connected, names):
    for socket in connected(*(getattr(zmq, name) for name in names)):
        assert socket.get(zmq.THREAD_SAFE) == 1
        with pytest.raises(zmq.ZMQError) as caught:
            socket.send(b"part", zmq.SNDMORE)
        assert caught.value.errno in (zmq.EINVAL, zmq.ENOTSUP)
        with pytest.raises(zmq.ZMQError):
            socket.send_multipart([b"a", b"b"])


@pytest.mark.parametrize("poll", ["socket", "poller", "select"])
def test_thread_safe_sockets_can_be_polled(connected, poll):
    server, client = connected(zmq.SERVER, zmq.CLIENT, "tcp")

    def readable(timeout_ms):
        if poll == "socket":
            return bool(server.poll(timeout_ms))
        if poll == "select":
            return zmq.select([server], [], [], timeout_ms / 1000)[0] == [server]
        poller = zmq.Poller()
        poller.register(server, zmq.POLLIN)
        return dict(poller.poll(timeout_ms)) == {server: zmq.POLLIN}

    assert not readable(QUIET_MS)
    client.send(b"x")
    assert readable(WAIT_MS)
    server.recv()
    assert not readable(0)


@pytest.mark.own_engine
def test_their_descriptor_wakes_an_event_loop(connected):
    """libzmq has none for these types; ours is there, so every loop serves them as it does the others."""
    server, client = connected(zmq.SERVER, zmq.CLIENT, "tcp")
    assert server.fileno() == server.FD == server.get(zmq.FD) >= 0
    assert not server.get(zmq.EVENTS) & zmq.POLLIN
    waiting = threading.Timer(0.02, client.send, [b"x"])
    waiting.start()
    limit = time.monotonic() + WAIT_MS / 1000
    while not server.get(zmq.EVENTS) & zmq.POLLIN:
        assert time.monotonic() < limit
        zmq.select([server.fileno()], [], [], WAIT_MS / 1000)
    assert server.recv() == b"x"
    waiting.join()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_threads_share_a_server_and_a_client(connected, transport):
    server, client = connected(zmq.SERVER, zmq.CLIENT, transport)
    count, threads = 200, 3
    answers = []

    def serve():
        for _ in range(count):
            question = server.recv(copy=False)
            server.send(question.bytes, routing_id=question.routing_id)

    def ask(first):
        for number in range(first, first + count):
            client.send(b"%d" % number)

    def hear():
        for _ in range(count):
            answers.append(client.recv())

    workers = [threading.Thread(target=serve) for _ in range(threads)]
    workers += [threading.Thread(target=ask, args=(n * count,)) for n in range(threads)]
    workers += [threading.Thread(target=hear) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(map(int, answers)) == list(range(count * threads))


# ---- asyncio ----


@pytest.fixture
def async_pair():
    """async_pair(type_a, type_b, transport): as `connected`, with sockets of asyncio."""
    context = zmqpy.asyncio.Context()
    opened = []

    def connect_pair(first, second, transport="tcp"):
        a, b = context.socket(first), context.socket(second)
        opened.extend([a, b])
        b.connect(bind(a, transport))
        return a, b

    yield connect_pair
    for socket in opened:
        socket.close(linger=0)
    context.term()


@pytest.mark.own_engine
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_server_and_client_with_asyncio(run, async_pair, transport):
    async def main():
        server, client = async_pair(zmq.SERVER, zmq.CLIENT, transport)

        async def serve():
            for _ in range(20):
                question = await server.recv(copy=False)
                await server.send(question.bytes + b"!", routing_id=question.routing_id)

        task = asyncio.ensure_future(serve())
        for number in range(20):
            if number % 3 == 0:
                await asyncio.sleep(0.002)  # now and then somebody waits
            await client.send(b"%d" % number)
            assert await client.recv() == b"%d!" % number
        await task

    run(main())


@pytest.mark.own_engine
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_radio_and_dish_with_asyncio(run, async_pair, transport):
    async def main():
        radio, dish = async_pair(zmq.RADIO, zmq.DISH, transport)
        dish.join("group")
        heard = asyncio.ensure_future(dish.recv(copy=False))
        while not heard.done():
            await radio.send(b"x", group="group")
            await radio.send(b"y", group="another")
            await asyncio.sleep(0.005)
        frame = await heard
        assert (frame.bytes, frame.group) == (b"x", "group")
        dish.leave("group")

    run(main())


@pytest.mark.own_engine
def test_all_pairs_with_asyncio(run, async_pair):
    async def main():
        for names in (("GATHER", "SCATTER"), ("CHANNEL", "CHANNEL")):
            receiver, sender = async_pair(*(getattr(zmq, name) for name in names))
            waiting = asyncio.ensure_future(receiver.recv())
            await asyncio.sleep(0.01)
            await sender.send(b"x")
            assert await waiting == b"x"

    run(main())


# ---- other loops ----


@pytest.mark.own_engine
@pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")
def test_tornado_serves_a_server(run, connected):
    pytest.importorskip("tornado")
    from zmqpy.eventloop.zmqstream import ZMQStream

    server, client = connected(zmq.SERVER, zmq.CLIENT, "tcp")

    async def main():
        stream, asking = ZMQStream(server), ZMQStream(client)
        answers = []
        stream.on_recv(lambda frames: stream.send(frames[0].bytes + b"!", routing_id=frames[0].routing_id), copy=False)
        asking.on_recv(answers.append)
        for number in range(10):
            asking.send(b"%d" % number)
            while len(answers) <= number:
                await asyncio.sleep(0.001)
        assert answers == [[b"%d!" % number] for number in range(10)]
        stream.close(0)
        asking.close(0)

    run(main())


@pytest.mark.own_engine
def test_greenlets_share_a_server():
    gevent = pytest.importorskip("gevent")
    import zmqpy.green as green

    with green.Context() as context:
        server, client = context.socket(zmq.SERVER), context.socket(zmq.CLIENT)
        client.connect(bind(server, "tcp"))

        def serve():
            for _ in range(10):
                question = server.recv(copy=False)
                server.send(question.bytes + b"!", routing_id=question.routing_id)

        serving = gevent.spawn(serve)
        with gevent.Timeout(WAIT_MS / 1000):
            for number in range(10):
                client.send(b"%d" % number)
                assert client.recv() == b"%d!" % number
            serving.join()
        context.destroy(linger=0)
