"""Interoperation with real pyzmq in another process: every compatible pair of types, both directions of bind, tcp and ipc.

The pyzmq process is one for the whole session (peers.py). A pair of sockets is opened and connected once a test and then
carries every size and every number of parts there and back, so that boundaries of the framing are crossed on one connection.
"""

import os

import pytest
from support import WAIT_MS, endpoint, remove_ipc, wait_until

import zmqpy as zmq

SIZES = [0, 1, 33, 34, 254, 255, 256, 8191, 8192, 65535, 65536, 1 << 20]
PARTS = [1, 2, 3, 50, 200]
HUGE = 16 << 20

BLOCK = os.urandom(1 << 20)


def body(size):
    """`size` bytes that differ from place to place."""
    return (BLOCK * (size // len(BLOCK) + 1))[:size] if size > len(BLOCK) else BLOCK[:size]


def messages():
    for size in SIZES:
        yield [body(size)]
    for count in PARTS:
        yield [body(i * 7 % 300) for i in range(count)]
    yield [b"", b"", b""]
    yield [body(65536), b"", body(1 << 20), body(33)]


# What carries one message over a connected pair; `a` and `b` have the methods of a socket, whichever process they are in.


def both_ways(a, b, message):
    a.send_multipart(message)
    assert b.recv_multipart() == message
    b.send_multipart(message[::-1])
    assert a.recv_multipart() == message[::-1]


def one_way(a, b, message):
    a.send_multipart(message)
    assert b.recv_multipart() == message


def req_router(req, router, message):
    req.send_multipart(message)
    identity, empty, *got = router.recv_multipart()
    assert (empty, got) == (b"", message)
    router.send_multipart([identity, b"", *message[::-1]])
    assert req.recv_multipart() == message[::-1]


def dealer_rep(dealer, rep, message):
    dealer.send_multipart([b"", *message])
    assert rep.recv_multipart() == message
    rep.send_multipart(message[::-1])
    assert dealer.recv_multipart() == [b"", *message[::-1]]


def dealer_router(dealer, router, message):
    dealer.send_multipart(message)
    identity, *got = router.recv_multipart()
    assert identity == b"id of DEALER" and got == message
    router.send_multipart([identity, *message[::-1]])
    assert dealer.recv_multipart() == message[::-1]


def router_router(a, b, message):
    a.send_multipart([b"id of b", *message])
    assert b.recv_multipart() == [b"id of a", *message]
    b.send_multipart([b"id of a", *message[::-1]])
    assert a.recv_multipart() == [b"id of b", *message[::-1]]


#: (type of a, type of b, options of a, options of b, how a message is carried)
PAIRS = [
    ("PAIR", "PAIR", {}, {}, both_ways),
    ("PUB", "SUB", {}, {}, one_way),
    ("PUB", "XSUB", {}, {}, one_way),
    ("XPUB", "SUB", {}, {}, one_way),
    ("XPUB", "XSUB", {}, {}, one_way),
    ("REQ", "REP", {}, {}, both_ways),
    ("REQ", "ROUTER", {}, {}, req_router),
    ("DEALER", "REP", {}, {}, dealer_rep),
    ("DEALER", "DEALER", {}, {}, both_ways),
    ("DEALER", "ROUTER", {"routing_id": b"id of DEALER"}, {}, dealer_router),
    (
        "ROUTER",
        "ROUTER",
        {"routing_id": b"id of a", "router_mandatory": 1},
        {"routing_id": b"id of b", "router_mandatory": 1},
        router_router,
    ),
    ("PUSH", "PULL", {}, {}, one_way),
]
PAIR_IDS = [f"{a}-{b}" for a, b, *_ in PAIRS]


@pytest.fixture
def opened(make, peer):
    """opened(pair, ours, binder, transport): connected sockets a and b, one here ("ours": "a" or "b"), one in pyzmq."""
    theirs, addresses = [], []

    def open_pair(pair, ours, binder, transport):
        type_a, type_b, options_a, options_b, _ = pair
        sockets = {}
        for side, name, options in (("a", type_a, options_a), ("b", type_b, options_b)):
            if side == ours:
                sockets[side] = make(getattr(zmq, name), **options)
            else:
                sockets[side] = peer.open(name, **options)
                theirs.append(sockets[side])
        other = "b" if binder == "a" else "a"
        sockets[binder].bind(endpoint(transport))
        bound = sockets[binder]
        last = bound.last_endpoint if binder == ours else bound.get("last_endpoint")
        addresses.append(last.decode())
        sockets[other].connect(last.decode())
        a, b = sockets["a"], sockets["b"]
        prepare(type_a, type_b, a, b)
        return a, b

    yield open_pair
    for socket in theirs:
        socket.close()
    for address in addresses:
        remove_ipc(address)


def prepare(type_a, type_b, a, b):
    """Subscribes, and waits until a message from a reaches b."""
    if type_b == "SUB":
        b.subscribe(b"")
    elif type_b == "XSUB":
        b.send(b"\x01")
    if type_a == "XPUB":
        # libzmq sends a bound SUB's subscriptions only when its owner makes a call.
        wait_until(lambda: (b.poll(0), a.poll(5))[1], "the subscription arrives")
        assert a.recv() == b"\x01"
    elif type_a == "PUB":
        published = 0
        while not b.poll(5):
            published += 1
            a.send(b"sync %d" % published)
        a.send(b"last")
        while b.recv() != b"last":
            pass
    elif type_a == type_b == "ROUTER":
        wait_until(lambda: reaches(a, b"id of b"), "a knows b")
        wait_until(lambda: reaches(b, b"id of a"), "b knows a")
        for receiver in (a, b):
            while receiver.recv_multipart()[1] != b"probe":
                pass


def reaches(router, identity):
    try:
        router.send_multipart([identity, b"probe"])
    except Exception as error:
        assert "unreachable" in str(error)
        return False
    return True


@pytest.mark.timeout(60)
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
@pytest.mark.parametrize("binder", ["a", "b"])
@pytest.mark.parametrize("ours", ["a", "b"])
@pytest.mark.parametrize("pair", PAIRS, ids=PAIR_IDS)
def test_every_pair(opened, pair, ours, binder, transport):
    a, b = opened(pair, ours, binder, transport)
    carry = pair[-1]
    for message in messages():
        carry(a, b, message)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("ours", ["a", "b"])
@pytest.mark.parametrize("pair", PAIRS, ids=PAIR_IDS)
def test_16_megabytes(opened, pair, ours):
    a, b = opened(pair, ours, ours, "tcp")
    pair[-1](a, b, [body(HUGE)])
    pair[-1](a, b, [b"small after huge"])


@pytest.mark.parametrize("ours", ["a", "b"])
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_thousands_of_messages_keep_their_order(opened, ours, transport):
    a, b = opened(("PUSH", "PULL", {}, {}, None), ours, "a", transport)
    for start in range(0, 3000, 500):
        for i in range(start, start + 500):
            a.send_multipart([b"%d" % i, BLOCK[: i % 1000]])
        for i in range(start, start + 500):
            assert b.recv_multipart() == [b"%d" % i, BLOCK[: i % 1000]]


def test_subscriptions_seen_by_pyzmq(make, peer):
    with peer.open("XPUB") as xpub:
        sub = make(zmq.SUB)
        sub.subscribe(b"early")
        sub.connect(xpub.bound("tcp://127.0.0.1:*"))
        assert xpub.recv() == b"\x01early"
        sub.subscribe(b"x" * 300)
        assert xpub.recv() == b"\x01" + b"x" * 300
        sub.unsubscribe(b"early")
        assert xpub.recv() == b"\x00early"
        sub.close()
        assert xpub.recv() == b"\x00" + b"x" * 300


def test_subscriptions_of_pyzmq(make, peer):
    xpub = make(zmq.XPUB)
    xpub.bind("tcp://127.0.0.1:*")
    sub = peer.open("SUB")
    sub.connect(xpub.last_endpoint.decode())
    sub.subscribe(b"topic")
    assert xpub.recv() == b"\x01topic"
    xpub.send(b"other")
    xpub.send(b"topical")
    assert sub.recv() == b"topical"
    sub.unsubscribe(b"topic")
    assert xpub.recv() == b"\x00topic"
    sub.subscribe(b"again")
    assert xpub.recv() == b"\x01again"
    sub.close()
    assert xpub.recv() == b"\x00again"


def test_pyzmq_server_goes_and_comes_back(make, peer):
    first = peer.open("PULL")
    address = first.bound("tcp://127.0.0.1:*")
    push = make(zmq.PUSH, reconnect_ivl=10)
    push.connect(address)
    push.send(b"1")
    assert first.recv() == b"1"
    monitor = push.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    first.close()
    assert monitor.poll(WAIT_MS)
    push.disable_monitor()
    push.send(b"2")
    with peer.open("PULL") as second:

        def bound():
            try:
                second.bind(address)
            except Exception as error:
                assert "in use" in str(error)
                return False
            return True

        wait_until(bound, "the address is free")
        assert second.recv() == b"2"
    monitor.close(linger=0)


def test_pyzmq_clients_come_and_go(make, peer):
    router = make(zmq.ROUTER)
    router.bind("tcp://127.0.0.1:*")
    for number in range(20):
        with peer.open("REQ", routing_id=b"client %d" % number) as req:
            req.connect(router.last_endpoint.decode())
            req.send(b"hello")
            assert router.recv_multipart() == [b"client %d" % number, b"", b"hello"]
            router.send_multipart([b"client %d" % number, b"", b"reply"])
            assert req.recv() == b"reply"


def test_heartbeats_keep_an_idle_connection(make, peer):
    dealer = make(zmq.DEALER, heartbeat_ivl=10, heartbeat_timeout=500)
    monitor = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    with peer.open("DEALER", heartbeat_ivl=10, heartbeat_timeout=500, heartbeat_ttl=1000) as other:
        dealer.connect(other.bound("tcp://127.0.0.1:*"))
        both_ways(dealer, other, [b"before"])
        assert not monitor.poll(200), "the connection ended"
        both_ways(dealer, other, [b"after"])
        dealer.disable_monitor()
    monitor.close(linger=0)


def test_properties_of_a_pyzmq_peer(make, peer):
    router = make(zmq.ROUTER)
    router.bind("tcp://127.0.0.1:*")
    with peer.open("DEALER", routing_id=b"them") as dealer:
        dealer.connect(router.last_endpoint.decode())
        dealer.send(b"x")
        frame = router.recv_multipart(copy=False)[-1]
        assert frame.get("Socket-Type") == "DEALER"
        assert frame.get("Identity") == "them"
        assert frame.get("Peer-Address") == "127.0.0.1"


def test_stream_against_a_zmtp_peer(make, peer):
    """A STREAM socket sees the raw greeting of a real peer."""
    stream = make(zmq.STREAM)
    stream.bind("tcp://127.0.0.1:*")
    with peer.open("DEALER") as dealer:
        dealer.connect(stream.last_endpoint.decode())
        identity, empty = stream.recv_multipart()
        assert len(identity) == 5 and empty == b""
        same, greeting = stream.recv_multipart()
        assert same == identity and greeting[:1] == b"\xff"
