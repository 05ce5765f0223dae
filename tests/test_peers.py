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
