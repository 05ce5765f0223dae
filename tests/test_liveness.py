"""Socket.liveness: heartbeats in both directions by one call."""

import pytest
from rawzmtp import dial, handshake
from support import WAIT_MS, bind

import zmqpy as zmq

pytestmark = pytest.mark.extension


def test_what_it_sets(make):
    socket = make(zmq.DEALER)
    socket.liveness(1000)
    assert (socket.heartbeat_ivl, socket.heartbeat_timeout, socket.heartbeat_ttl) == (1000, 2000, 3000)
    socket.liveness(10**7)
    assert socket.heartbeat_ttl <= 6553500
    socket.liveness(0)
    assert socket.heartbeat_ivl == socket.heartbeat_ttl == 0
    for wrong in (-1, 0.5):
        with pytest.raises(ValueError, match="interval"):
            socket.liveness(wrong)


def test_a_silent_peer_is_noticed(make):
    """One that shakes hands and then neither speaks nor answers."""
    server = make(zmq.PULL)
    server.liveness(20)
    monitor = server.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    with dial(bind(server)) as peer:
        handshake(peer, "PUSH")
        assert monitor.poll(WAIT_MS)


def test_peers_that_live_are_served(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    server.liveness(100)
    client.liveness(100)
    client.connect(bind(server))
    for message in (b"x", b"y"):
        client.send(message)
        assert server.recv() == message
