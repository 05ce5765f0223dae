"""PLAIN, CURVE and ZAP between us and real pyzmq in other processes: every pair of types, either side the server, either side binding.

Of two such processes one has a ZAP handler, as long as it lives: `guarded`. The other, `peer`, has none.
"""

import pytest
from peers import PyzmqPeer
from support import WAIT_MS, endpoint, engine_is_own, remove_ipc
from test_interop import BLOCK, HUGE, PAIR_IDS, PAIRS, body, both_ways, prepare

import zmqpy as zmq
import zmqpy.auth
from zmqpy.auth.thread import ThreadAuthenticator
from zmqpy.utils.monitor import recv_monitor_message

CURVE = zmq.has("curve")

MESSAGES = [[body(size)] for size in (0, 1, 31, 32, 33, 222, 223, 255, 256, 1024, 16384, 65536, 1 << 20)]
MESSAGES += [[body(i * 7 % 300) for i in range(count)] for count in (2, 50, 200)]
BEATS = {"heartbeat_ivl": 20, "heartbeat_timeout": 1000, "heartbeat_ttl": 1000}
SHORT_MESSAGES = [[b"short"], [body(100_000), b"", body(33)]]


@pytest.fixture
def authenticator(context, stranger):
    """authenticator(): ours, with one user for PLAIN; CURVE clients with any key but the stranger's are let in."""
    started = []

    def start():
        auth = ThreadAuthenticator(context)
        auth.start()
        started.append(auth)
        auth.configure_plain(domain="*", passwords={"admin": "secret"})
        auth.configure_curve_callback(domain="*", credentials_provider=AllBut([stranger[0]]))
        return auth

    yield start
    for auth in started:
        auth.stop()


class AllBut:
    """Lets in every key but these."""

    def __init__(self, strangers):
        self.strangers = strangers

    def callback(self, domain, key):
        return key not in self.strangers


@pytest.fixture(scope="module")
def stranger():
    """Keys of a client that nobody knows."""
    return zmq.curve_keypair() if CURVE else (b"", b"")


@pytest.fixture(scope="module")
def guarded(stranger):
    """The pyzmq process that has a ZAP handler, with the same rules as `authenticator`."""
    process = PyzmqPeer()
    process.request("authenticate", {"admin": "secret"}, [stranger[0]])
    yield process
    process.stop()


@pytest.fixture(scope="session")
def keys():
    return (zmq.curve_keypair(), zmq.curve_keypair()) if CURVE else None


def options(mechanism, server, keys, password="secret"):
    """What a socket of this role sets."""
    if mechanism == "null":
        return {"zap_domain": b"global"} if server else {}
    if mechanism == "plain":
        if server:
            return {"plain_server": 1}
        return {"plain_username": b"admin", "plain_password": password.encode()}
    (server_public, server_secret), (public, secret) = keys
    if server:
        return {"curve_server": 1, "curve_secretkey": server_secret}
    return {"curve_serverkey": server_public, "curve_publickey": public, "curve_secretkey": secret}


@pytest.fixture
def secured(make, peer, guarded, keys, authenticator):
    """secured(pair, ours, server, mechanism, asks, binder, transport): connected sockets a and b, one here, one in pyzmq.

    asks: whether the server's side has a ZAP handler."""
    theirs, addresses = [], []

    def open_pair(pair, ours, server, mechanism, asks=True, binder=None, transport="tcp"):
        type_a, type_b, options_a, options_b, _ = pair
        if server == ours and asks and not addresses:
            authenticator()
        process = guarded if server != ours and asks else peer
        sockets = {}
        for side, name, own in (("a", type_a, options_a), ("b", type_b, options_b)):
            own = {**own, **options(mechanism, side == server, keys)}
            if side == ours:
                sockets[side] = make(getattr(zmq, name), **own)
            else:
                sockets[side] = process.open(name, **own)
                theirs.append(sockets[side])
        binder = binder or server
        other = "ab".replace(binder, "")
        sockets[binder].bind(endpoint(transport))
        bound = sockets[binder]
        last = bound.last_endpoint if binder == ours else bound.get("last_endpoint")
        addresses.append(last.decode())
        sockets[other].connect(last.decode())
        prepare(type_a, type_b, sockets["a"], sockets["b"])
        return sockets["a"], sockets["b"]

    yield open_pair
    for socket in theirs:
        socket.close()
    for address in addresses:
        remove_ipc(address)


#: (mechanism, whether there is a ZAP handler): NULL without one is test_interop's, PLAIN without one lets nobody in.
WAYS = [("null", True), ("plain", True), ("curve", False), ("curve", True)]
WAY_IDS = ["null-zap", "plain-zap", "curve", "curve-zap"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", WAYS, ids=WAY_IDS)
@pytest.mark.parametrize("server", ["a", "b"])
@pytest.mark.parametrize("ours", ["a", "b"])
@pytest.mark.parametrize("pair", PAIRS, ids=PAIR_IDS)
def test_every_pair(secured, pair, ours, server, way):
    """Every size once; then the other end binds, and the same over ipc."""
    mechanism, asks = way
    if mechanism == "curve" and not CURVE:
        pytest.skip("no CURVE in this library")
    if pair[0] == "REQ" and server == "a" and asks and not (ours == "a" and engine_is_own()):
        pytest.skip("libzmq's REQ that has asked ZAP receives no reply, not even of its own kind")
    a, b = secured(pair, ours, server, mechanism, asks, server)
    for message in MESSAGES:
        pair[-1](a, b, message)
    client = "ab".replace(server, "")
    for binder, transport in ((client, "tcp"), (server, "ipc"), (client, "ipc")):
        a, b = secured(pair, ours, server, mechanism, asks, binder, transport)
        for message in SHORT_MESSAGES:
            pair[-1](a, b, message)


@pytest.mark.skipif(not CURVE, reason="no CURVE in this library")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ours", ["a", "b"])
def test_16_megabytes_and_thousands_of_messages(secured, ours):
    a, b = secured(PAIRS[PAIR_IDS.index("PUSH-PULL")], ours, "b", "curve")
    a.send_multipart([body(HUGE)])
    assert b.recv_multipart() == [body(HUGE)]
    for start in range(0, 2000, 500):
        for i in range(start, start + 500):
            a.send_multipart([b"%d" % i, BLOCK[: i % 1000]])
        for i in range(start, start + 500):
            assert b.recv_multipart() == [b"%d" % i, BLOCK[: i % 1000]]


@pytest.mark.skipif(not CURVE, reason="no CURVE in this library")
@pytest.mark.parametrize("ours", ["server", "client"])
def test_heartbeats_and_subscriptions_under_curve(make, peer, keys, ours):
    beats = {"heartbeat_ivl": 20, "heartbeat_timeout": 1000}
    server, client = ({**options("curve", role, keys), **beats} for role in (True, False))
    if ours == "server":
        xpub, sub = make(zmq.XPUB, **server), peer.open("SUB", **client)
        xpub.bind("tcp://127.0.0.1:*")
        sub.connect(xpub.last_endpoint.decode())
    else:
        xpub, sub = peer.open("XPUB", **server), make(zmq.SUB, **client)
        sub.connect(xpub.bound("tcp://127.0.0.1:*"))
    for topic in (b"topic", b"t" * 240, b"t" * 255, b"t" * 300):
        sub.subscribe(topic)
        assert xpub.recv() == b"\x01" + topic
        xpub.send(topic + b" body")
        assert sub.recv() == topic + b" body"
        sub.unsubscribe(topic)
        assert xpub.recv() == b"\x00" + topic
    if ours == "server":
        sub.close()
    else:
        xpub.close()


@pytest.mark.parametrize("mechanism", ["plain", "curve"])
@pytest.mark.parametrize("ours", ["server", "client"])
def test_a_wrong_password_or_unknown_key_is_heard_at_both_ends(
    make, guarded, keys, stranger, authenticator, ours, mechanism
):
    if mechanism == "curve" and not CURVE:
        pytest.skip("no CURVE in this library")
    peer = guarded
    server = options(mechanism, True, keys)
    client = options(mechanism, False, keys and (keys[0], stranger), password="wrong")
    if ours == "server":
        authenticator()
        here, there = make(zmq.DEALER, **server), peer.open("DEALER", **client)
        events, their_events = here.get_monitor_socket(), there.monitor(int(zmq.EVENT_HANDSHAKE_FAILED_AUTH))
        here.bind("tcp://127.0.0.1:*")
        there.connect(here.last_endpoint.decode())
    else:
        here, there = make(zmq.DEALER, **client), peer.open("DEALER", **server)
        events, their_events = here.get_monitor_socket(), there.monitor(int(zmq.EVENT_HANDSHAKE_FAILED_AUTH))
        here.connect(there.bound("tcp://127.0.0.1:*"))
    events.rcvtimeo = WAIT_MS
    while (event := recv_monitor_message(events))["event"] != zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        pass
    assert event["value"] == 400
    assert their_events.event()[:2] == (int(zmq.EVENT_HANDSHAKE_FAILED_AUTH), 400)
    there.close()


@pytest.mark.parametrize("ours", ["server", "client"])
@pytest.mark.parametrize("mechanism", ["plain", "curve"])
def test_heartbeats_keep_an_idle_connection(secured, ours, mechanism):
    """For longer than it would be left silent."""
    if mechanism == "curve" and not CURVE:
        pytest.skip("no CURVE in this library")
    pair = ("DEALER", "DEALER", BEATS, BEATS, both_ways)
    a, b = secured(pair, "a" if ours == "server" else "b", "a", mechanism)
    both_ways(a, b, [b"before"])
    monitor = (a if ours == "server" else b).get_monitor_socket(zmq.EVENT_DISCONNECTED)
    assert not monitor.poll(BEATS["heartbeat_timeout"] + 200), "the connection ended"
    both_ways(a, b, [b"after"])
    (a if ours == "server" else b).disable_monitor()
    monitor.close(linger=0)


@pytest.mark.skipif(not CURVE, reason="no CURVE in this library")
@pytest.mark.parametrize("ours", ["server", "client"])
def test_the_key_of_another_server_opens_nothing(make, peer, keys, ours):
    wrong = {**options("curve", False, keys), "curve_serverkey": zmq.curve_keypair()[0]}
    server = options("curve", True, keys)
    if ours == "server":
        here, there = make(zmq.PULL, **server), peer.open("PUSH", **wrong)
        here.bind("tcp://127.0.0.1:*")
        there.connect(here.last_endpoint.decode())
        there.send(b"secret")
        assert not here.poll(100)
    else:
        here, there = make(zmq.PUSH, **wrong), peer.open("PULL", **server)
        here.connect(there.bound("tcp://127.0.0.1:*"))
        here.send(b"secret")
        assert not there.poll(100)
    there.close()
