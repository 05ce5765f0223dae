"""Patterns over ws://, from Python: sync and asyncio, options, security, proxies below it; and other WebSocket libraries as peers."""

import asyncio
import contextlib
import socket as posix
import struct
import threading

import pytest
from rawws import ready
from support import QUIET_MS, WAIT_MS, wait_until

import zmqpy as zmq
import zmqpy.asyncio

pytestmark = pytest.mark.own_engine

WS = "ws://127.0.0.1:*"


def bound(socket, path=""):
    socket.bind(WS + path)
    return socket.last_endpoint.decode()


def test_has():
    assert zmq.has("ws")
    assert zmq.has("WS")


def test_last_endpoint(make):
    assert bound(make(zmq.REP)).startswith("ws://127.0.0.1:")
    assert bound(make(zmq.REP)).endswith("/")
    assert bound(make(zmq.REP), "/a/b").endswith("/a/b")
    port = make(zmq.REP).bind_to_random_port("ws://127.0.0.1")
    assert port > 0


PAIRS = [
    (zmq.PAIR, zmq.PAIR),
    (zmq.PULL, zmq.PUSH),
    (zmq.REP, zmq.REQ),
    (zmq.ROUTER, zmq.REQ),
    (zmq.ROUTER, zmq.DEALER),
    (zmq.DEALER, zmq.ROUTER),
    (zmq.DEALER, zmq.DEALER),
    (zmq.PUB, zmq.SUB),
    (zmq.XPUB, zmq.XSUB),
    (zmq.SUB, zmq.PUB),
    (zmq.CLIENT, zmq.SERVER),
    (zmq.SERVER, zmq.CLIENT),
    (zmq.GATHER, zmq.SCATTER),
    (zmq.CHANNEL, zmq.CHANNEL),
    (zmq.PEER, zmq.PEER),
    (zmq.RADIO, zmq.DISH),
]


@pytest.mark.parametrize("types", PAIRS, ids=lambda pair: "-".join(t.name for t in pair))
def test_every_type_shakes_hands(make, types):
    a, b = (make(t) for t in types)
    monitor = b.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
    b.connect(bound(a))
    assert monitor.poll(WAIT_MS)
    assert struct.unpack("=hi", monitor.recv_multipart()[0])[0] == zmq.EVENT_HANDSHAKE_SUCCEEDED
    b.disable_monitor()
    monitor.close()


def test_types_that_do_not_fit(make):
    pull, pub = make(zmq.PULL), make(zmq.PUB)
    monitor = pull.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    pub.connect(bound(pull))
    assert monitor.poll(WAIT_MS)
    pull.disable_monitor()
    monitor.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 5_000_000])
def test_sizes(make, size):
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    b.connect(bound(a))
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    b.send(body)
    assert a.recv() == body
    a.send(body, copy=False)
    assert b.recv(copy=False).bytes == body
    b.send(body, copy=False)
    assert a.recv() == body
    assert body == bytes(range(256)) * (size // 256) + bytes(size % 256), "masked in place"


def test_radio_and_dish(make):
    radio, dish = make(zmq.RADIO), make(zmq.DISH)
    dish.join("group")
    dish.connect(bound(radio))
    for _ in range(1000):
        radio.send(b"news", group="group")
        if dish.poll(10):
            break
    frame = dish.recv(copy=False)
    assert (frame.bytes, frame.group) == (b"news", "group")


def test_plain_and_curve(make, context):
    from zmqpy.auth.thread import ThreadAuthenticator

    auth = ThreadAuthenticator(context)
    auth.start()
    auth.configure_plain(passwords={"me": "secret"})
    auth.configure_curve(location=zmq.auth.CURVE_ALLOW_ANY)
    try:
        server, client = make(zmq.REP, plain_server=True), make(zmq.REQ, plain_username=b"me", plain_password=b"secret")
        client.connect(bound(server))
        client.send(b"hi")
        message = server.recv(copy=False)
        assert message["User-Id"] == "me"
        assert message["Peer-Address"] == "127.0.0.1"

        public, secret = zmq.curve_keypair()
        own_public, own_secret = zmq.curve_keypair()
        server = make(zmq.PUB, curve_server=True, curve_secretkey=secret)
        client = make(
            zmq.SUB,
            curve_serverkey=public,
            curve_publickey=own_public,
            curve_secretkey=own_secret,
            subscribe=b"a",
            rcvtimeo=20,
        )
        client.connect(bound(server))
        for _ in range(500):
            server.send(b"a" + bytes(10_000))
            try:
                assert client.recv() == b"a" + bytes(10_000)
                break
            except zmq.Again:
                pass
        else:
            pytest.fail("nothing came")
    finally:
        auth.stop()


def test_accept_filters(make):
    server, client = make(zmq.PULL, tcp_accept_filter=b"10.0.0.0/8"), make(zmq.PUSH)
    client.connect(bound(server))
    client.send(b"x")
    assert not server.poll(QUIET_MS)


def test_devices_that_there_are_not(make):
    server = make(zmq.PULL)
    server.set(zmq.BINDTODEVICE, b"nosuch0")
    with pytest.raises(zmq.ZMQError):
        server.bind(WS)


def test_unbind_and_disconnect(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    address = bound(server, "/x")
    client.connect(address)
    client.send(b"1")
    assert server.recv() == b"1"
    client.disconnect(address)
    server.unbind(address)
    with pytest.raises(zmq.ZMQError):
        server.unbind(address)
    server.bind(address)
    client.connect(address)
    client.send(b"2")
    assert server.recv() == b"2"


def test_two_sockets_one_proxy(make):
    """A proxy between ws and tcp: frames are what they are."""
    front, back = make(zmq.ROUTER), make(zmq.DEALER)
    client, worker = make(zmq.REQ), make(zmq.REP)
    client.connect(bound(front))
    back.bind("tcp://127.0.0.1:*")
    worker.connect(back.last_endpoint.decode())
    client.send_multipart([b"a", b"b" * 70_000])
    back.send_multipart(front.recv_multipart())
    assert worker.recv_multipart() == [b"a", b"b" * 70_000]
    worker.send(b"done")
    front.send_multipart(back.recv_multipart())
    assert client.recv() == b"done"


@pytest.fixture
def proxy():
    """A SOCKS5 proxy without authentication: its address, and the targets it was asked for."""
    listener = posix.create_server(("127.0.0.1", 0))
    asked = []

    def forward(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(posix.SHUT_WR)

    def serve(client):
        with client, contextlib.suppress(OSError):
            client.recv(3)
            client.sendall(b"\5\0")
            head = client.recv(4)
            size = 4 if head[3] == 1 else client.recv(1)[0]
            host = client.recv(size)
            port = int.from_bytes(client.recv(2), "big")
            asked.append((host if head[3] == 3 else posix.inet_ntoa(host).encode(), port))
            with posix.create_connection(("127.0.0.1", port)) as target:
                client.sendall(b"\5\0\0\1" + bytes(6))
                back = threading.Thread(target=forward, args=(target, client), daemon=True)
                back.start()
                forward(client, target)
                back.join(WAIT_MS / 1000)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(posix.SHUT_RDWR)  # closing alone would leave a thread in accept(), which takes one more
    listener.close()


def test_through_a_socks_proxy(make, proxy):
    address, asked = proxy
    rep, req = make(zmq.REP), make(zmq.REQ, socks_proxy=address.encode())
    endpoint = bound(rep, "/path")
    req.connect(endpoint.replace("127.0.0.1", "localhost"))
    req.send(b"hello" * 10_000)
    assert rep.recv() == b"hello" * 10_000
    rep.send(b"world")
    assert req.recv() == b"world"
    assert asked == [(b"localhost", int(endpoint.split(":")[2].split("/")[0]))]


def test_stats(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    address = bound(server)
    with posix.create_connection(("127.0.0.1", int(address.split(":")[2].strip("/")))) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        while stranger.recv(1000):
            pass
    client.connect(address)
    client.send(b"x")
    assert server.recv() == b"x"
    wait_until(lambda: server.stats()["handshake_failures"] == 1, "the stranger counts")


# ---- asyncio ----


def test_asyncio(run):
    async def talk():
        context = zmqpy.asyncio.Context()
        server, client = context.socket(zmq.REP), context.socket(zmq.REQ)
        publisher, subscriber = context.socket(zmq.PUB), context.socket(zmq.SUB)
        try:
            client.connect(bound(server))

            async def answer():
                for _ in range(200):
                    await server.send_multipart(await server.recv_multipart())

            answering = asyncio.ensure_future(answer())
            for i in range(200):
                await client.send_multipart([b"%d" % i, bytes(i * 100)])
                assert await client.recv_multipart() == [b"%d" % i, bytes(i * 100)]
            await answering
            subscriber.subscribe(b"t")
            subscriber.connect(bound(publisher))
            receiving = asyncio.ensure_future(subscriber.recv())
            while not receiving.done():
                await publisher.send(b"topic")
                await asyncio.sleep(0.002)
            assert await receiving == b"topic"
        finally:
            context.destroy(linger=0)

    run(asyncio.wait_for(talk(), WAIT_MS / 1000))


# ---- other libraries ----
# (To them ZWS2.0/NULL is no name of a sub-protocol, because of its slash. ZWS2.0 by itself has no mechanism: routing ids, then messages.)

websockets = pytest.importorskip("websockets")
NO_ID = b"\0"


def test_a_client_of_the_websockets_library(make):
    """Its pings, pieces and closes are other people's idea of the protocol."""
    from websockets.asyncio.client import connect

    rep = make(zmq.REP)
    address = bound(rep, "/path")

    async def talk():
        async with connect(address, subprotocols=["chat", "ZWS2.0"], max_size=None) as client:
            assert client.subprotocol == "ZWS2.0"
            assert client.protocol.extensions == [], "compression, which it offers"
            await client.send(NO_ID)
            assert await client.recv() == NO_ID
            await client.send(b"\1")  # the envelope's end
            await client.send(iter([b"\0one ", b"two", b"", bytes(100_000)]))  # in pieces
            await asyncio.wait_for(await client.ping(b"payload"), WAIT_MS / 1000)
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, rep.recv) == b"one two" + bytes(100_000)
            await loop.run_in_executor(None, rep.send, b"answer" * 50_000)
            assert await client.recv() == b"\1"
            assert await client.recv() == b"\0" + b"answer" * 50_000
            await client.close(1000, "bye")
            assert client.close_code == 1000

    asyncio.run(asyncio.wait_for(talk(), WAIT_MS / 1000))


def test_the_websockets_library_hears_our_end(make):
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosedOK

    pub = make(zmq.XPUB)
    address = bound(pub)

    async def talk():
        async with connect(address, subprotocols=["ZWS2.0"]) as client:
            await client.send(NO_ID)
            await client.recv()
            await client.send(b"\0\1topic")
            assert await asyncio.get_running_loop().run_in_executor(None, pub.recv) == b"\1topic"
            pub.close()
            with pytest.raises(ConnectionClosedOK) as caught:
                await client.recv()
            assert caught.value.rcvd.code == 1001

    asyncio.run(asyncio.wait_for(talk(), WAIT_MS / 1000))


def test_the_websockets_library_refused(make):
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    pub = make(zmq.PUB)
    address = bound(pub)

    async def talk():
        with pytest.raises(InvalidStatus) as caught:
            await connect(address, subprotocols=["chat"])
        assert caught.value.response.status_code == 400
        assert b"ZWS2.0/NULL" in caught.value.response.body

    asyncio.run(asyncio.wait_for(talk(), WAIT_MS / 1000))


class Service:
    """A WebSocket server of tornado's at ws://127.0.0.1:port/service, that is a PULL with or without a mechanism."""

    def __init__(self, protocol):
        import tornado.httpserver
        import tornado.netutil
        import tornado.web
        import tornado.websocket

        self.taken = asyncio.get_running_loop().create_future()
        service = self

        class Handler(tornado.websocket.WebSocketHandler):
            frames = ()

            def select_subprotocol(self, offered):
                assert offered == ["ZWS2.0/NULL", "ZWS2.0"]
                return protocol

            async def open(self, *_):
                await self.write_message(ready("PULL") if protocol.endswith("/NULL") else NO_ID, binary=True)
                self.ping(b"are you there")

            def on_message(self, frame):
                self.frames = (*self.frames, frame)
                if len(self.frames) == 3 and not service.taken.done():
                    service.taken.set_result(self.frames[1:])
                    self.close(1001)

        self.server = tornado.httpserver.HTTPServer(tornado.web.Application([("/service", Handler)]))
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        self.server.add_sockets(sockets)
        self.url = f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/service"


@pytest.mark.parametrize("protocol", ["ZWS2.0/NULL", "ZWS2.0"])
def test_a_server_of_tornados(make, protocol):
    pytest.importorskip("tornado")
    push = make(zmq.PUSH, heartbeat_ivl=50, heartbeat_timeout=WAIT_MS)

    async def talk():
        service = Service(protocol)
        push.connect(service.url)
        push.send_multipart([b"first", b"second" * 100_000])
        taken = await asyncio.wait_for(service.taken, WAIT_MS / 1000)
        push.close()
        service.server.stop()
        return taken

    assert asyncio.run(talk()) == (b"\1first", b"\0" + b"second" * 100_000)


def test_a_client_of_tornados(make):
    websocket = pytest.importorskip("tornado.websocket")
    rep = make(zmq.REP)
    address = bound(rep)

    async def talk():
        client = await websocket.websocket_connect(address, subprotocols=["ZWS2.0/NULL"], compression_options={})
        assert client.selected_subprotocol == "ZWS2.0/NULL"
        await client.write_message(ready("REQ"), binary=True)
        await client.read_message()
        for frame in (b"\1", b"\0" + bytes(100_000)):
            await client.write_message(frame, binary=True)
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, rep.recv) == bytes(100_000)
        rep.send(b"answer")
        assert [await client.read_message(), await client.read_message()] == [b"\1", b"\0answer"]
        await client.write_message("text")
        assert await client.read_message() is None
        assert client.close_code == 1003
        client.close()

    asyncio.run(asyncio.wait_for(talk(), WAIT_MS / 1000))
