"""Socket.peers, Socket.stats and Context.stats."""

import time

import pytest
from support import WAIT_MS, bind, wait_until

import zmqpy as zmq
from zmqpy.peers import PeerState

pytestmark = [pytest.mark.extension, pytest.mark.own_engine]


def test_peers_of_both_ends(make):
    router, dealer = make(zmq.ROUTER), make(zmq.DEALER, routing_id=b"somebody")
    assert router.peers() == []
    address = bind(router)
    before = time.monotonic()
    dealer.connect(address)
    router.wait_connected(timeout=WAIT_MS)
    dealer.wait_connected(timeout=WAIT_MS)
    (client,), (server,) = router.peers(), dealer.peers()
    assert client.state is server.state is PeerState.UP
    assert (client.accepted, server.accepted) == (True, False)
    assert client.routing_id == b"somebody"
    assert client.endpoint == server.endpoint == address
    assert client.address == "127.0.0.1"
    assert client.mechanism == "NULL"
    assert before <= client.since <= time.monotonic()
    assert str(client) == f"{address} from 127.0.0.1 (b'somebody'): connected"


def test_a_router_knows_peers_by_the_ids_it_receives(make):
    router, dealer = make(zmq.ROUTER), make(zmq.DEALER)
    dealer.connect(bind(router))
    dealer.send(b"x")
    routing_id = router.recv_multipart()[0]
    assert [peer.routing_id for peer in router.peers()] == [routing_id]


def test_peers_of_a_plain_server(make, context):
    context.authenticate(lambda domain, address, identity, mechanism, credentials: "the user")
    server = make(zmq.PULL, plain_server=1)
    client = make(zmq.PUSH, plain_username=b"name", plain_password=b"word")
    client.connect(bind(server))
    server.wait_connected(timeout=WAIT_MS)
    (peer,) = server.peers()
    assert (peer.mechanism, peer.user_id) == ("PLAIN", "the user")


def test_queues_of_a_peer(make):
    pull, push = make(zmq.PULL), make(zmq.PUSH)
    address = bind(pull)
    pull.unbind(address)
    push.connect(address)
    push.send(b"12345")
    (peer,) = push.peers()
    assert (peer.state, peer.queued_out, peer.since) == (PeerState.CONNECTING, 1, None)
    assert peer.unsent >= 5
    assert str(peer) == f"{address}: connecting, 1 message unsent"


def test_many_peers(make):
    pull = make(zmq.PULL)
    pull.bind("inproc://many")
    clients = [make(zmq.PUSH) for _ in range(40)]
    for client in clients:
        client.connect("inproc://many")
    pull.wait_connected(40, WAIT_MS)
    assert len(pull.peers()) == 40


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc"])
def test_messages_and_bytes_of_each_peer(make, transport):
    router = make(zmq.ROUTER)
    address = bind(router, transport)
    dealers = {name: make(zmq.DEALER, routing_id=name) for name in (b"one", b"two")}
    for dealer in dealers.values():
        dealer.connect(address)
    router.wait_connected(2, WAIT_MS)
    sent = {b"one": [[b"x" * 10, b"y"], [b"z"]], b"two": [[b"w" * 100]]}
    for name, messages in sent.items():
        for message in messages:
            dealers[name].send_multipart(message)
            got, *parts = router.recv_multipart()
            assert (got, parts) == (name, message)
            router.send_multipart([name, *parts, b"back"])
            assert dealers[name].recv_multipart() == [*message, b"back"]
    found = {peer.routing_id: peer for peer in router.peers()}
    for name, messages in sent.items():
        size = sum(len(part) for message in messages for part in message)
        ends = (found[name], dealers[name].peers()[0])
        counted = [(peer.messages_in, peer.messages_out, peer.bytes_in, peer.bytes_out) for peer in ends]
        # Over inproc a ROUTER's peer announces its routing id in a message of its own.
        announced = (transport == "inproc", len(name) * (transport == "inproc"))
        back = size + 4 * len(messages)
        near, far = counted
        assert near[0] - len(messages) in (0, announced[0]) and near[2] - size in (0, announced[1])
        assert (near[1], near[3]) == (len(messages), back)
        assert far[0] == len(messages) and far[2] == back
        assert far[1] - len(messages) in (0, announced[0]) and far[3] - size in (0, announced[1])
    for name in ("messages_in", "messages_out", "bytes_in", "bytes_out"):
        assert sum(getattr(peer, name) for peer in found.values()) == router.stats()[name]


def test_counts_of_a_peer_that_comes_again(make):
    """Those of who connects go on, those of who is accepted begin anew."""
    push, pull = make(zmq.PUSH), make(zmq.PULL)
    address = bind(pull)
    push.reconnect_ivl = 1
    push.connect(address)
    push.send(b"x")
    assert pull.recv() == b"x"
    pull.close()
    wait_until(lambda: push.peers()[0].state is PeerState.CONNECTING, "the connection has ended")
    again = make(zmq.PULL)
    wait_until(lambda: _bound(again, address), "the port is free again")
    push.send(b"y")
    assert again.recv() == b"y"
    (there,), (here,) = push.peers(), again.peers()
    assert (there.messages_out, there.bytes_out) == (2, 2)
    assert (here.messages_in, here.bytes_in) == (1, 1)


def _bound(socket, address):
    try:
        socket.bind(address)
    except zmq.ZMQError:
        return False
    return True


def test_stats_count_parts_and_causes(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    push.send_multipart([b"1", b"2", b"3"])
    push.send(b"4")
    pull.recv_multipart()
    pull.recv()
    stats = pull.stats()
    assert (stats["parts_in"], stats["messages_in"]) == (4, 2)
    assert stats["handshakes"] == 1
    wait_until(lambda: push.stats()["parts_out"] == 4, "all parts counted")
    router, _ = connected(zmq.ROUTER, zmq.DEALER)
    router.send_multipart([b"unknown", b"x"])
    stats = router.stats()
    assert stats["dropped_unroutable"] == stats["dropped_out"] == 1
    assert stats["dropped_full"] == stats["dropped_lost"] == stats["dropped_memory"] == 0


def test_stats_count_what_a_full_peer_misses(connected):
    pub, sub = connected(zmq.PUB, zmq.SUB, "inproc", {"sndhwm": 1}, {"rcvhwm": 1})
    pub.wait_subscribers(timeout=WAIT_MS)
    for _ in range(10):
        pub.send(b"x")
    assert pub.stats()["dropped_full"] == 8
    assert sub.stats()["queued_in"] == 2


def test_stats_of_a_context_outlive_its_sockets(context):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    push.connect(bind(pull))
    for _ in range(3):
        push.send_multipart([b"a", b"b"])
        pull.recv_multipart()
    assert context.stats()["peers"] == 2
    push.close()
    pull.close()
    wait_until(lambda: context.stats()["peers"] == 0, "the sockets have gone")
    stats = context.stats()
    assert (stats["messages_in"], stats["parts_in"], stats["accepts"]) == (3, 6, 1)
    context.term()
    with pytest.raises(RuntimeError):
        context.stats()
