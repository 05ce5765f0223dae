"""What is no WebSocket connection, and knocks at a socket of ours all the same: an HTTP answer that says why not, and nothing else.

Browsers, health checks, scanners, other protocols, slow peers; and servers of all kinds that a socket of ours connects to.
"""

import http.client
import socket as posix
import time

import pytest
from rawws import RawClient, RawServer, accept_key, address_of, listen
from support import WAIT_MS, wait_until

import zmqpy as zmq
from zmqpy.utils.monitor import recv_monitor_message

pytestmark = pytest.mark.own_engine


@pytest.fixture
def server(make):
    socket = make(zmq.PULL, handshake_ivl=WAIT_MS)
    socket.bind("ws://127.0.0.1:*/path")
    return socket


def endpoint_of(socket):
    return socket.last_endpoint.decode()


def still_works(make, server):
    push = make(zmq.PUSH)
    push.connect(endpoint_of(server))
    push.send(b"good")
    return server.recv() == b"good"


def answer_to(server, request):
    """The whole answer, up to the end of the connection."""
    with posix.create_connection(address_of(endpoint_of(server)), WAIT_MS / 1000) as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


def test_get_of_a_browser(make, server):
    connection = http.client.HTTPConnection(*address_of(endpoint_of(server)), timeout=WAIT_MS / 1000)
    connection.request("GET", "/path", headers={"User-Agent": "Mozilla/5.0", "Accept": "text/html"})
    response = connection.getresponse()
    assert response.status == 426
    assert response.getheader("Upgrade") == "websocket"
    assert response.getheader("Sec-WebSocket-Version") == "13"
    assert b"WebSocket" in response.read()
    connection.close()
    assert still_works(make, server)


@pytest.mark.parametrize(
    ("method", "status"),
    [("POST", 405), ("PUT", 405), ("HEAD", 405), ("OPTIONS", 405), ("DELETE", 405), ("TRACE", 405)],
)
def test_other_methods(make, server, method, status):
    connection = http.client.HTTPConnection(*address_of(endpoint_of(server)), timeout=WAIT_MS / 1000)
    connection.request(method, "/", body=b"x" * 1000 if method in {"POST", "PUT"} else None)
    response = connection.getresponse()
    assert response.status == status
    assert response.getheader("Allow") == "GET"
    response.read()
    connection.close()
    assert still_works(make, server)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", b"505"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
        (b"GET /\r\n\r\n", b"400"),
        (b"hello\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),  # TLS
        (b"\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL", b"400"),  # ZMTP
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n folded\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000, b"431"),
        (b"GET /" + b"x" * 20_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200, b"431"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 50 + b"\r\n" + b"more" * 10_000, b"426"),
    ],
)
def test_what_is_no_request(make, server, request_, status):
    with RawClient(endpoint_of(server)) as raw:
        raw.send_bytes(request_)
        head = raw.read_head()
        assert head[0].startswith(b"HTTP/1.1 " + status + b" ")
        assert any(line.startswith(b"Connection: ") and b"close" in line for line in head)
        length = next(int(line.split(b": ")[1]) for line in head if line.startswith(b"Content-Length: "))
        assert raw.read(length).endswith(b"\n")
        assert raw.at_end()
    assert still_works(make, server)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec-WebSocket-Protocol": "chat"}, b"400"),
        ({"Sec-WebSocket-Protocol": "ZWS2.0/CURVE"}, b"400"),
        ({"Sec-WebSocket-Protocol": None}, b"400"),
        ({"Sec-WebSocket-Key": None}, b"400"),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, b"400"),
        ({"Sec-WebSocket-Version": "8"}, b"426"),
        ({"Sec-WebSocket-Version": None}, b"426"),
        ({"Upgrade": "h2c"}, b"426"),
        ({"Connection": "keep-alive"}, b"426"),
        ({"Content-Length": "3"}, b"400"),
        ({"Host": None}, b"400"),
        ({"Transfer-Encoding": "chunked"}, b"400"),
    ],
)
def test_what_is_wrong_with_an_upgrade(make, server, fields, status):
    usual = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "ZWS2.0/NULL",
    }
    lines = [f"{name}: {value}" for name, value in {**usual, **fields}.items() if value is not None]
    with RawClient(endpoint_of(server)) as raw:
        raw.send_bytes("\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode())
        assert raw.read_head()[0].startswith(b"HTTP/1.1 " + status)
    assert still_works(make, server)


def test_a_request_byte_by_byte(server):
    with RawClient(endpoint_of(server)) as raw:
        request = (
            b"GET /path HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
            + raw.key
            + b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n"
        )
        for byte in request:
            raw.send_bytes(bytes([byte]))
        assert b"Sec-WebSocket-Accept: " + accept_key(raw.key) in raw.read_head()
        raw.recv_message()


def test_slow_requests_end_with_the_handshake_time(make):
    server = make(zmq.PULL, handshake_ivl=200)
    server.bind("ws://127.0.0.1:*")
    raws = [RawClient(endpoint_of(server)) for _ in range(20)]
    try:
        for count, raw in enumerate(raws):
            raw.send_bytes(b"GET / HTTP/1.1\r\nA: b\r\n"[:count])
        start = time.monotonic()
        for raw in raws:
            assert raw.at_end()
        assert time.monotonic() - start < WAIT_MS / 1000
    finally:
        for raw in raws:
            raw.connection.close()
    assert still_works(make, server)


def test_a_refused_peer_that_stays_is_let_go(make):
    server = make(zmq.PULL, handshake_ivl=200)
    server.bind("ws://127.0.0.1:*")
    with RawClient(endpoint_of(server)) as raw:
        raw.send_bytes(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert raw.read_head()[0].startswith(b"HTTP/1.1 426")
        with pytest.raises(OSError):
            while True:
                raw.send_bytes(b"x" * 10_000)
                time.sleep(0.01)


def test_descriptors_are_given_back(make, server):
    import os

    def held():
        return len(os.listdir("/proc/self/fd"))

    before = held()
    for _ in range(100):
        assert answer_to(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").startswith(b"HTTP/1.1 426")
    wait_until(lambda: held() <= before + 2, "the descriptors of refused peers are closed")
    assert still_works(make, server)


def test_monitor_tells_of_a_refusal(server):
    monitor = server.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
    monitor.rcvtimeo = WAIT_MS
    answer_to(server, b"nonsense\r\n")
    assert recv_monitor_message(monitor)["value"] == zmq.PROTOCOL_ERROR_WS_UNSPECIFIED
    server.disable_monitor()
    monitor.close()


# ---- servers that our clients find ----


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\nSec-WebSocket-Protocol: ZWS2.0\r\n\r\n",
        b"\xff\0\0\0\0\0\0\0\1\x7f",
        b"HTTP/1.1 101 " + b"x" * 20_000,
        b"",
    ],
)
def test_a_server_that_is_none_is_asked_again(make, answer):
    push = make(zmq.PUSH, reconnect_ivl=20)
    listener, endpoint = listen()
    with listener:
        push.connect(endpoint + "/x")
        push.send(b"kept")
        with RawServer(listener) as raw:
            head = raw.read_head()
            assert head[0] == b"GET /x HTTP/1.1"
            raw.send_bytes(answer)
            if not answer:
                raw.connection.shutdown(posix.SHUT_WR)
            assert raw.at_end()
        with RawServer(listener) as raw:
            raw.become("PULL")
            assert raw.recv_message() == (0, b"kept")


def test_a_server_that_says_nothing(make):
    push = make(zmq.PUSH, reconnect_ivl=20, handshake_ivl=100)
    listener, endpoint = listen()
    with listener:
        push.connect(endpoint)
        with RawServer(listener) as raw:
            raw.read_head()
            assert raw.at_end()
        with RawServer(listener) as raw:
            raw.become("PULL")


@pytest.mark.parametrize(
    ("suffix", "host", "first"),
    [("", True, b"GET / HTTP/1.1"), ("/", True, b"GET / HTTP/1.1"), ("/a/b?c=d&e", True, b"GET /a/b?c=d&e HTTP/1.1")],
)
def test_what_is_asked_for(make, suffix, host, first):
    push = make(zmq.PUSH)
    listener, endpoint = listen()
    with listener:
        push.connect(endpoint.replace("127.0.0.1", "localhost") + suffix)
        with RawServer(listener) as raw:
            line, fields = raw.answer()
    assert line == first
    assert fields[b"Host"] == b"localhost:" + endpoint.rpartition(":")[2].encode()
    assert fields[b"Upgrade"] == b"websocket"
    assert fields[b"Connection"] == b"Upgrade"
    assert fields[b"Sec-WebSocket-Version"] == b"13"
    assert fields[b"Sec-WebSocket-Protocol"] == b"ZWS2.0/NULL,ZWS2.0"
    assert len(fields[b"Sec-WebSocket-Key"]) == 24


def test_every_key_is_new(make):
    push = make(zmq.PUSH, reconnect_ivl=10)
    listener, endpoint = listen()
    keys = set()
    with listener:
        push.connect(endpoint)
        for _ in range(5):
            with RawServer(listener) as raw:
                keys.add(raw.answer()[1][b"Sec-WebSocket-Key"])
    assert len(keys) == 5
