"""ROUTER and DEALER, and STREAM: routing by identity, unroutable messages, raw TCP."""

import socket as posix

import pytest
import rawzmtp
from support import QUIET_MS, WS, bind, wait_until

import zmqpy as zmq


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_identities(make, transport):
    router = make(zmq.ROUTER)
    address = bind(router, transport)
    dealers = [make(zmq.DEALER, routing_id=b"dealer %d" % n) for n in range(4)]
    for number, dealer in enumerate(dealers):
        dealer.connect(address)
        dealer.send_multipart([b"hello", b"%d" % number])
    for _ in dealers:
        identity, hello, number = router.recv_multipart()
        assert (identity, hello) == (b"dealer " + number, b"hello")
        router.send_multipart([identity, b"for", number])
    for number, dealer in enumerate(dealers):
        assert dealer.recv_multipart() == [b"for", b"%d" % number]


def test_automatic_identities(make):
    router = make(zmq.ROUTER)
    address = bind(router)
    seen = set()
    for _ in range(3):
        dealer = make(zmq.DEALER)
        dealer.connect(address)
        dealer.send(b"x")
        identity, _ = router.recv_multipart()
        assert len(identity) == 5 and identity[0] == 0
        seen.add(identity)
        router.send_multipart([identity, b"y"])
        assert dealer.recv() == b"y"
    assert len(seen) == 3


def test_unroutable_messages_are_dropped(connected):
    router, dealer = connected(zmq.ROUTER, zmq.DEALER, second_options={"routing_id": b"d"})
    dealer.send(b"x")
    router.recv_multipart()
    router.send_multipart([b"unknown", b"lost"])
    router.send(b"only an identity")
    router.send_multipart([b"d", b"found"])
    assert dealer.recv() == b"found"


def test_mandatory(make):
    router = make(zmq.ROUTER, router_mandatory=1)
    with pytest.raises(zmq.ZMQError) as caught:
        router.send_multipart([b"unknown", b"x"])
    assert caught.value.errno == zmq.EHOSTUNREACH
    dealer = make(zmq.DEALER, routing_id=b"d")
    dealer.connect(bind(router))
    dealer.send(b"x")
    assert router.recv_multipart() == [b"d", b"x"]
    router.send_multipart([b"d", b"y"])
    assert dealer.recv() == b"y"


def test_mandatory_full_queue(make):
    router, dealer = make(zmq.ROUTER, router_mandatory=1, sndhwm=2), make(zmq.DEALER, routing_id=b"d", rcvhwm=2)
    dealer.connect(bind(router, "inproc"))
    dealer.send(b"x")
    router.recv_multipart()
    with pytest.raises(zmq.Again):
        for i in range(10):
            router.send_multipart([b"d", b"%d" % i], zmq.DONTWAIT)
    assert [dealer.recv() for _ in range(4)] == [b"0", b"1", b"2", b"3"]


def test_handover(make):
    router = make(zmq.ROUTER, router_handover=1)
    address = bind(router)
    old, new = make(zmq.DEALER, routing_id=b"same"), make(zmq.DEALER, routing_id=b"same")
    old.connect(address)
    old.send(b"old")
    assert router.recv_multipart() == [b"same", b"old"]
    new.connect(address)
    new.send(b"new")
    assert router.recv_multipart() == [b"same", b"new"]
    router.send_multipart([b"same", b"for the new one"])
    assert new.recv() == b"for the new one"
    assert not old.poll(QUIET_MS)


def test_duplicate_identity_is_ignored(make):
    router = make(zmq.ROUTER)
    address = bind(router)
    first, second = make(zmq.DEALER, routing_id=b"same"), make(zmq.DEALER, routing_id=b"same")
    first.connect(address)
    first.send(b"1")
    assert router.recv_multipart() == [b"same", b"1"]
    second.connect(address)
    second.send(b"2")
    assert not router.poll(QUIET_MS)
    router.send_multipart([b"same", b"x"])
    assert first.recv() == b"x"


def test_connect_routing_id(make):
    router, dealer = make(zmq.ROUTER), make(zmq.DEALER)
    address = bind(dealer)
    router.connect_routing_id = b"chosen"
    router.connect(address)
    router.send_multipart([b"chosen", b"x"])
    assert dealer.recv() == b"x"
    dealer.send(b"y")
    assert router.recv_multipart() == [b"chosen", b"y"]


def test_probe_router(make):
    router, dealer = make(zmq.ROUTER), make(zmq.DEALER, probe_router=1, routing_id=b"d")
    dealer.connect(bind(router))
    assert router.recv_multipart() == [b"d", b""]


def test_dealer_balances_and_queues_fairly(make):
    dealer, routers = make(zmq.DEALER), [make(zmq.ROUTER) for _ in range(3)]
    for router in routers:
        dealer.connect(bind(router, "inproc"))
    for i in range(9):
        dealer.send(b"%d" % i)
    for number, router in enumerate(routers):
        got = [router.recv_multipart() for _ in range(3)]
        assert [int(m[-1]) % 3 for m in got] == [number] * 3
        router.send_multipart([got[0][0], b"from %d" % number])
    assert sorted(dealer.recv() for _ in routers) == [b"from 0", b"from 1", b"from 2"]


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_many_dealers_echo(make, transport):
    router = make(zmq.ROUTER)
    address = bind(router, transport)
    dealers = [make(zmq.DEALER) for _ in range(8)]
    for dealer in dealers:
        dealer.connect(address)
    for round_number in range(20):
        for dealer in dealers:
            dealer.send(b"%d" % round_number)
        for _ in dealers:
            router.send_multipart(router.recv_multipart())
        assert [d.recv() for d in dealers] == [b"%d" % round_number] * 8


def test_peer_gone_in_the_middle_of_a_reply(make):
    router = make(zmq.ROUTER)
    address = bind(router)
    dealer = make(zmq.DEALER, routing_id=b"d")
    dealer.connect(address)
    dealer.send(b"x")
    router.recv_multipart()
    router.send(b"d", zmq.SNDMORE)
    router.send(b"begun", zmq.SNDMORE)
    monitor = router.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    dealer.close()
    assert monitor.poll(10_000)
    router.send(b"finished for nobody")
    other = make(zmq.DEALER, routing_id=b"e")
    other.connect(address)
    other.send(b"y")
    assert router.recv_multipart() == [b"e", b"y"]
    router.send_multipart([b"e", b"whole"])
    assert other.recv_multipart() == [b"whole"]
    router.disable_monitor()
    monitor.close(linger=0)


# ---- STREAM ----


def test_stream_serves_raw_tcp(make):
    stream = make(zmq.STREAM)
    address = bind(stream)
    with rawzmtp.dial(address) as client:
        identity, notice = stream.recv_multipart()
        assert len(identity) == 5 and notice == b""
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert stream.recv_multipart() == [identity, b"GET / HTTP/1.0\r\n\r\n"]
        stream.send_multipart([identity, b"HTTP/1.0 200 OK\r\n\r\n"])
        assert rawzmtp.read_exactly(client, 19) == b"HTTP/1.0 200 OK\r\n\r\n"
        stream.send_multipart([identity, b""])
        assert rawzmtp.wait_closed(client, meanwhile=lambda: stream.poll(0))


def test_stream_as_a_client(make):
    with posix.create_server(("127.0.0.1", 0)) as server:
        stream = make(zmq.STREAM)
        stream.connect("tcp://127.0.0.1:%d" % server.getsockname()[1])
        connection, _ = server.accept()
        with connection:
            identity, notice = stream.recv_multipart()
            assert notice == b"" and stream.routing_id == identity
            stream.send_multipart([identity, b"hello"])
            assert rawzmtp.read_exactly(connection, 5) == b"hello"
            connection.sendall(b"x" * 100_000)
            got = b""
            while len(got) < 100_000:
                got += stream.recv_multipart()[1]
            assert got == b"x" * 100_000


def test_stream_tells_of_disconnects(make):
    stream = make(zmq.STREAM)
    client = rawzmtp.dial(bind(stream))
    identity, _ = stream.recv_multipart()
    client.close()
    assert stream.recv_multipart() == [identity, b""]
    wait_until(lambda: not stream.poll(0), "quiet")


def test_stream_to_an_unknown_peer(make):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.STREAM).send_multipart([b"12345", b"x"])
    assert caught.value.errno == zmq.EHOSTUNREACH
