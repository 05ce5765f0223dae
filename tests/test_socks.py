"""Connecting through a SOCKS5 proxy (RFC 1928), with and without user and password (RFC 1929): one of the test's own, and a real one."""

import contextlib
import shutil
import socket as sockets
import socketserver
import struct
import subprocess
import threading

import pytest
from support import QUIET_MS, WAIT_MS, bind, engine_is_own, wait_until

import zmqpy as zmq

pytestmark = pytest.mark.skipif(
    not engine_is_own() and not zmq.has("draft"), reason="its options for users are drafts there"
)

USER, PASSWORD = b"somebody", b"a secret"


class Handler(socketserver.BaseRequestHandler):
    """One client: its greeting, who it is, what it wants, then bytes both ways until either end closes."""

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def authenticated(self, methods):
        if not self.server.user:
            self.request.sendall(b"\5\0" if 0 in methods else b"\5\xff")
            return 0 in methods
        if 2 not in methods:
            self.request.sendall(b"\5\xff")
            return False
        self.request.sendall(b"\5\2")
        assert self.read(1) == b"\1"
        user = self.read(self.read(1)[0])
        password = self.read(self.read(1)[0])
        right = (user, password) == (USER, PASSWORD)
        self.server.users.append(user)
        self.request.sendall(b"\1\0" if right else b"\1\1")
        return right

    def target(self):
        version, command, _, kind = self.read(4)
        assert (version, command) == (5, 1)
        if kind == 1:
            host = sockets.inet_ntop(sockets.AF_INET, self.read(4))
        elif kind == 4:
            host = sockets.inet_ntop(sockets.AF_INET6, self.read(16))
        else:
            host = self.read(self.read(1)[0]).decode()
        return host, struct.unpack("!H", self.read(2))[0]

    def handle(self):
        with contextlib.suppress(ConnectionError):
            version, count = self.read(2)
            assert version == 5
            if not self.authenticated(self.read(count)):
                return
            target = self.target()
            self.server.targets.append(target)
            with sockets.create_connection(target) as upstream:
                self.request.sendall(b"\5\0\0\1" + bytes(6))
                back = threading.Thread(target=pump, args=(upstream, self.request))
                back.start()
                pump(self.request, upstream)
                back.join()


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(sockets.SHUT_RDWR)


class OwnProxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, user):
        super().__init__(("127.0.0.1", 0), Handler)
        self.user = user
        self.users, self.targets = [], []


@contextlib.contextmanager
def own_proxy(user):
    with OwnProxy(user) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def microsocks(user):
    """Debian's package of that name."""
    program = shutil.which("microsocks")
    if not program:
        pytest.skip("needs microsocks (a package of Debian)")
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [program, "-i", "127.0.0.1", "-p", str(port), *(["-u", USER, "-P", PASSWORD] if user else [])]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), "the proxy listens")
        yield port
    finally:
        process.terminate()
        process.wait()


def answers(port):
    with contextlib.suppress(OSError), sockets.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture(params=[own_proxy, microsocks], ids=["own", "microsocks"])
def proxy(request):
    return request.param


def connect(make, proxy_port, target, **options):
    socket = make(zmq.DEALER, socks_proxy=b"127.0.0.1:%d" % proxy_port, reconnect_ivl=10, **options)
    socket.connect(target)
    return socket


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_through_an_open_proxy(make, proxy, host):
    server = make(zmq.ROUTER)
    port = bind(server).rpartition(":")[2]
    with proxy(user=False) as proxy_port:
        client = connect(make, proxy_port, f"tcp://{host}:{port}")
        for body in (b"through", b"large" * 100_000):
            client.send(body)
            identity, received = server.recv_multipart()
            assert received == body
            server.send_multipart([identity, body[::-1]])
            assert client.recv() == body[::-1]
        client.close()


def test_with_user_and_password(make, proxy):
    server = make(zmq.ROUTER)
    target = bind(server)
    with proxy(user=True) as proxy_port:
        client = connect(make, proxy_port, target, socks_username=USER, socks_password=PASSWORD)
        assert (client.socks_username, client.socks_password) == (USER, PASSWORD)
        client.send(b"who I am")
        assert server.recv_multipart()[1] == b"who I am"
        client.close()


@pytest.mark.parametrize(("user", "password"), [(b"", b""), (USER, b"wrong"), (b"nobody", PASSWORD), (USER, b"")])
def test_a_proxy_that_does_not_know_us(make, proxy, user, password):
    server = make(zmq.ROUTER)
    target = bind(server)
    with proxy(user=True) as proxy_port:
        client = connect(make, proxy_port, target, socks_username=user, socks_password=password)
        client.send(b"x")
        assert not server.poll(2 * QUIET_MS)
        client.close()


def test_a_name_is_the_proxys_to_look_up(make):
    server = make(zmq.ROUTER)
    port = int(bind(server).rpartition(":")[2])
    with OwnProxy(user=True) as own:
        thread = threading.Thread(target=own.serve_forever, args=(0.01,))
        thread.start()
        client = connect(
            make, own.server_address[1], f"tcp://localhost:{port}", socks_username=USER, socks_password=PASSWORD
        )
        client.send(b"x")
        assert server.recv_multipart()[1] == b"x"
        assert own.targets == [("localhost", port)]
        assert own.users == [USER]
        client.close()
        own.shutdown()
        thread.join()


def test_reconnecting_goes_through_the_proxy_too(make):
    server = make(zmq.ROUTER)
    target = bind(server)
    with own_proxy(user=True) as port:
        client = connect(make, port, target, socks_username=USER, socks_password=PASSWORD)
        client.send(b"first")
        identity, body = server.recv_multipart()
        assert body == b"first"
        # The server ends the connection; the client tries again by itself.
        server.unbind(target)
        server.bind(target)
        # (What it sends before it knows is lost with the old connection.)
        for _ in range(WAIT_MS // QUIET_MS):
            client.send(b"again")
            if server.poll(QUIET_MS):
                break
        fresh_identity, body = server.recv_multipart()
        assert body == b"again" and fresh_identity != identity
        client.close()
