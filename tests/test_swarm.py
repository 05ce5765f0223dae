"""A CURVE server beside many connections that never become peers (swarm.py): its traffic goes on, and nothing of them is left."""

import pytest
from support import WAIT_MS, bind, open_descriptors, wait_until
from swarm import Swarm, held, raise_limit, rate, record_hello

import zmqpy as zmq

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.extension,
    pytest.mark.skipif(not zmq.has("curve"), reason="the engine was built without CURVE"),
    pytest.mark.timeout(120),
]

CONNECTIONS = 500
MEMORY = 32  # MiB: the buffers of traffic, and what the allocator keeps


@pytest.fixture
def server(context, make):
    """(server, its address, its public key, a client that is connected)"""
    raise_limit(CONNECTIONS)
    context.authenticate(lambda domain, address, identity, mechanism, credentials: mechanism == "CURVE")
    keys = zmq.curve_keypair()

    def started(**options):
        pull, push = make(zmq.PULL, **options), make(zmq.PUSH)
        pull.curve_server_keys(keys[1])
        address = bind(pull)
        push.curve_client_keys(keys[0])
        push.connect(address)
        push.send(b"first")
        assert pull.recv() == b"first"
        return pull, address, keys[0], push

    return started


@pytest.mark.parametrize("most", [1000, 100])
def test_traffic_goes_on(context, make, server, most):
    pull, address, public, push = server(
        ext_max_handshakes=most, backlog=1000
    )  # whoever does not fit there has to try again
    hello = record_hello(context, public)
    rate(pull, push, 0.2)  # to begin with
    memory, descriptors = held()
    swarm = Swarm(int(address.rpartition(":")[2]), hello, CONNECTIONS)
    with swarm:
        # Alternately, because other programs of this machine come and go: half of the throughput at least.
        for _ in range(8):
            swarm.pause()
            alone = rate(pull, push, 0.3)
            swarm.go_on()
            if rate(pull, push, 0.3) >= alone / 2:
                break
        else:
            pytest.fail("the authenticated peer lost more than half of its throughput each time")
        assert pull.stats()["handshake_failures"] > 0
        # Room for whoever means it, though all places are taken.
        late = make(zmq.PUSH)
        late.curve_client_keys(public)
        late.connect(address)
        late.send(b"late")
        assert pull.recv() == b"late"
        late.close()
        half_open = open_descriptors() - descriptors
        assert half_open <= most + 20
    wait_until(lambda: open_descriptors() <= descriptors + 2, "the swarm's connections are closed")
    rate(pull, push, 0.2)
    assert held()[0] < memory + MEMORY


def test_handshakes_are_counted_and_limited_in_time(context, server):
    """Connections that stall go when their time is over, though nobody wants their place."""
    pull, address, public, _ = server(handshake_ivl=1000)
    hello = record_hello(context, public)
    with Swarm(int(address.rpartition(":")[2]), hello, 60):
        wait_until(lambda: pull.stats()["handshake_failures"] >= 60, "all stalled connections were dropped")
        assert pull.stats()["peers"] == 1
    assert not pull.poll(0)


def test_unauthenticated_peers_deliver_nothing(context, make, server):
    """Whatever they say, no message comes of it."""
    pull, address, public, push = server()
    with Swarm(int(address.rpartition(":")[2]), record_hello(context, public), 100):
        wait_until(lambda: pull.stats()["handshake_failures"] >= 20, "the garbage was refused", WAIT_MS / 1000)
        assert not pull.poll(0)
        push.send(b"mine")
        assert pull.recv() == b"mine"
        assert not pull.poll(0)


def test_who_waits_for_our_own_answer_does_not_give_way(context, make):
    """A slow ZAP handler is the server's doing: those whose question it has would only come again, and ask again."""
    handler = make(zmq.ROUTER)
    handler.bind("inproc://zeromq.zap.01")
    pull = make(zmq.PULL, ext_max_handshakes=2, zap_domain=b"slow", backlog=100)
    address = bind(pull)
    clients = [make(zmq.PUSH) for _ in range(3)]
    asked = []
    for client in clients[:2]:
        client.connect(address)
        asked.append(handler.recv_multipart())
    clients[2].connect(address)  # nobody has room for it
    for client in clients:
        client.send(b"in")
    assert not handler.poll(800)  # more than each connection has
    assert pull.stats()["handshake_failures"] == 0
    for _ in clients:
        who, _, version, number = (asked.pop(0) if asked else handler.recv_multipart())[:4]
        handler.send_multipart([who, b"", version, number, b"200", b"OK", b"", b""])
        assert pull.recv() == b"in"
    assert pull.stats()["handshake_failures"] == 0
