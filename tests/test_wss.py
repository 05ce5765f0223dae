"""wss://: ws inside TLS, with libzmq's options WSS_*; a client by Python's ssl. What TLS does is tested in test_tls*.py, what WebSocket
does in test_websocket.py.
"""

import base64
import hashlib
import os

import pytest
from certificates import OPENSSL
from test_tls import EACCES, EPROTO, Watch
from test_tls_peers import PythonPeer

import zmqpy as zmq

pytestmark = [
    pytest.mark.extension,
    pytest.mark.own_engine,
    pytest.mark.skipif(not zmq.has("wss"), reason="built without TLS"),
    pytest.mark.skipif(OPENSSL is None, reason="there is no openssl program to make certificates"),
]


@pytest.fixture
def bound(make, authority):
    """bound(type, path, options): a socket that is bound over wss, and where."""
    identity = authority.issue("server")

    def bind(socket_type, path="", **options):
        socket = make(socket_type, wss_cert_pem=identity.certificate, wss_key_pem=identity.key, **options)
        socket.bind(f"wss://127.0.0.1:*{path}")
        return socket, socket.last_endpoint.decode()

    return bind


@pytest.mark.parametrize(("first", "second"), [("PAIR", "PAIR"), ("REP", "REQ"), ("DEALER", "DEALER")])
def test_messages_of_all_sizes(make, authority, bound, first, second):
    server, address = bound(getattr(zmq, first), "/a/path")
    assert address.startswith("wss://127.0.0.1:")
    assert address.endswith("/a/path")
    client = make(getattr(zmq, second), wss_trust_pem=authority.certificate)
    client.connect(address)
    for size in (0, 1, 125, 126, 65535, 65536, 300_000):
        client.send(b"x" * size)
        assert server.recv() == b"x" * size
        server.send(b"y" * size)
        assert client.recv() == b"y" * size


def test_publish_subscribe_and_what_messages_say(make, authority, bound):
    server, address = bound(zmq.XPUB)
    client = make(zmq.SUB, wss_trust_pem=authority.certificate, wss_hostname=b"localhost")
    client.subscribe(b"")
    client.connect(address)
    assert server.recv() == b"\1"
    server.send(b"news")
    message = client.recv(copy=False)
    assert message.bytes == b"news"
    assert message.get("Peer-Certificate-Subject") == "CN=server"
    assert message.get("TLS-Version") == "TLSv1.3"


@pytest.mark.parametrize("mechanism", ["PLAIN", "CURVE"])
def test_mechanisms_inside(context, make, authority, bound, mechanism):
    context.authenticate(lambda *question: True)
    if mechanism == "PLAIN":
        of_server, of_client = {"plain_server": True}, {"plain_username": b"me", "plain_password": b"secret"}
    elif zmq.has("curve"):
        public, secret = zmq.curve_keypair()
        keys = {"curve_publickey": public, "curve_secretkey": secret}
        of_server, of_client = {"curve_server": True, **keys}, {"curve_serverkey": public, **keys}
    else:
        pytest.skip("built without libsodium")
    server, address = bound(zmq.PULL, **of_server)
    client = make(zmq.PUSH, wss_trust_pem=authority.certificate, **of_client)
    client.connect(address)
    client.send(b"inside")
    assert server.recv() == b"inside"


def test_servers_that_are_not_trusted_and_clients_that_need_a_certificate(make, authority, bound):
    server, address = bound(zmq.PULL)
    for options in (
        {"wss_trust_system": 1},
        {"wss_trust_pem": authority.certificate, "wss_hostname": b"elsewhere"},
        {},
    ):
        client = make(zmq.PUSH, **options)
        watch = Watch(client)
        client.connect(address)
        assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EACCES
        assert client.ext_tls_failure
        client.close()
    server, address = bound(zmq.PULL, wss_trust_pem=authority.certificate, ext_tls_verify=2)
    known = authority.issue("known")
    client = make(zmq.PUSH, wss_trust_pem=authority.certificate, wss_cert_pem=known.certificate, wss_key_pem=known.key)
    client.connect(address)
    client.send(b"known")
    assert server.recv(copy=False).get("Peer-Certificate-Subject") == "CN=known"


def test_wrong_options(make):
    socket = make(zmq.PULL)
    with pytest.raises(zmq.ZMQError, match="WSS_CERT_PEM: not set"):
        socket.bind("wss://127.0.0.1:*")
    for name in ("wss_cert_pem", "wss_key_pem"):
        with pytest.raises(AttributeError):
            getattr(socket, name)


def test_ws_and_wss_do_not_understand_each_other(make, authority, bound):
    server, address = bound(zmq.PULL)
    watch = Watch(server)
    plain = make(zmq.PUSH)
    plain.connect(address.replace("wss://", "ws://"))
    assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EPROTO


def test_a_client_of_python(authority, bound):
    server, address = bound(zmq.PULL)
    peer = PythonPeer(int(address.rpartition(":")[2].partition("/")[0]), authority)
    try:
        peer.shake_hands()
        key = base64.b64encode(os.urandom(16))
        request = [
            b"GET / HTTP/1.1",
            b"Host: localhost",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Version: 13",
        ]
        request += [b"Sec-WebSocket-Protocol: ZWS2.0/NULL", b"Sec-WebSocket-Key: " + key, b"", b""]
        peer.call(peer.tls.write, b"\r\n".join(request))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += peer.read()
        accepted = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert accepted in answer

        def frame(body):
            return bytes([0x82, 0x80 | len(body)]) + bytes(4) + body

        peer.call(peer.tls.write, frame(b"\4\5READY\x0bSocket-Type\0\0\0\4PUSH") + frame(b"\0by hand"))
        assert server.recv() == b"by hand"
    finally:
        peer.close()
