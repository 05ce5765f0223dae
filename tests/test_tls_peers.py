"""tls+tcp:// against ends that are not ours: OpenSSL's s_client and s_server, Python's ssl module - and against hostile ones, which stop, cut,
dribble or talk something else at any byte.
"""

import contextlib
import socket as system
import ssl
import subprocess

import pytest
from certificates import OPENSSL
from rawzmtp import GREETING, frame, ready
from support import WAIT_MS
from test_tls import EPROTO, Watch, serving

import zmqpy as zmq

pytestmark = [
    pytest.mark.extension,
    pytest.mark.own_engine,
    pytest.mark.skipif(not zmq.has("tls"), reason="built without TLS"),
    pytest.mark.skipif(OPENSSL is None, reason="there is no openssl program to make certificates"),
]


@pytest.fixture
def pull(make, server_identity):
    """A bound PULL."""
    socket = make(zmq.PULL, **serving(server_identity))
    socket.bind("tls+tcp://127.0.0.1:*")
    return socket


def port_of(socket):
    return int(socket.last_endpoint.rpartition(b":")[2])


def check_serves(make, authority, socket):
    """After whatever has happened, a good client is served."""
    client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate)
    client.connect(socket.last_endpoint.decode())
    client.send(b"good")
    assert socket.recv() == b"good"
    client.close()


#: How our greeting begins.
SIGNATURE = b"\xff\0\0\0\0\0\0\0\1\x7f"
#: All that a PUSH of ZMTP says to a PULL, with one message.
PUSHED = GREETING + ready("PUSH") + frame(b"by hand")


# ---- OpenSSL's programs ----


def run_s_client(port, authority, *options, said=b"", until=b"", timeout=WAIT_MS / 1000):
    """What s_client prints: it sends `said`, and ends when it has printed `until`."""
    process = subprocess.Popen(
        [OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", authority.certificate_file, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        process.stdin.write(said)
        process.stdin.flush()
        printed = b""
        while not until or until not in printed:
            chunk = process.stdout.read1(65536)
            if not chunk:
                break
            printed += chunk
        return printed
    finally:
        process.kill()
        process.communicate(timeout=timeout)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_client_sends_a_message(pull, authority, version):
    printed = run_s_client(
        port_of(pull),
        authority,
        "-quiet",
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
        version,
        said=PUSHED,
        until=b"READY",
    )
    assert SIGNATURE in printed
    message = pull.recv(copy=False)
    assert message.bytes == b"by hand"
    assert message.get("TLS-Version") == {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}[version]


def test_s_client_finds_nothing_older_than_tls_1_2(pull, authority, make):
    printed = run_s_client(port_of(pull), authority, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert b"alert protocol version" in printed or b"no protocols available" in printed
    check_serves(make, authority, pull)


def test_s_client_resumes(pull, authority):
    printed = run_s_client(port_of(pull), authority, "-tls1_2", "-reconnect", until=b"Reused, TLSv1.2")
    assert b"Reused, TLSv1.2" in printed


def test_s_client_is_asked_for_a_certificate(make, authority, server_identity):
    server = make(zmq.PULL, **serving(server_identity), ext_tls_trust_pem=authority.certificate)
    server.bind("tls+tcp://127.0.0.1:*")
    printed = run_s_client(port_of(server), authority, "-quiet", "-tls1_3", said=PUSHED)
    assert b"certificate required" in printed
    known = authority.issue("known")
    run_s_client(
        port_of(server),
        authority,
        "-quiet",
        "-cert",
        known.certificate_file,
        "-key",
        known.key_file,
        said=PUSHED,
        until=b"READY",
    )
    assert server.recv(copy=False).get("Peer-Certificate-Subject") == "CN=known"


@contextlib.contextmanager
def s_server(identity, *options):
    """An s_server that listens: its process and port."""
    process = subprocess.Popen(
        [
            OPENSSL,
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            identity.certificate_file,
            "-key",
            identity.key_file,
            *options,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        while True:
            line = process.stdout.readline()
            assert line, "s_server has ended"
            if line.startswith(b"ACCEPT"):
                yield process, int(line.rpartition(b":")[2])
                return
    finally:
        process.kill()
        process.communicate(timeout=WAIT_MS / 1000)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_server_sends_a_message(make, authority, server_identity, version):
    with s_server(server_identity, version) as (process, port):
        client = make(zmq.PULL, ext_tls_trust_pem=authority.certificate)
        client.connect(f"tls+tcp://localhost:{port}")
        printed = b""
        while SIGNATURE not in printed:
            printed += process.stdout.read1(65536)
        process.stdin.write(PUSHED)
        process.stdin.flush()
        message = client.recv(copy=False)
        assert message.bytes == b"by hand"
        assert message.get("Peer-Certificate-Subject") == "CN=server"


# ---- Python's ssl ----


class PythonPeer:
    """TLS by Python's ssl without its I/O: what it makes goes to the socket as the test says."""

    def __init__(self, port, authority, identity=None):
        context = ssl.create_default_context(cadata=authority.certificate.decode())
        if identity:
            context.load_cert_chain(identity.certificate_file, identity.key_file)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.wire = system.create_connection(("127.0.0.1", port), timeout=WAIT_MS / 1000)
        self.wire.setsockopt(system.IPPROTO_TCP, system.TCP_NODELAY, 1)

    def close(self):
        self.wire.close()

    def flush(self, piece=1 << 20):
        """Sends what TLS has made, in pieces."""
        data = self.outgoing.read()
        for begin in range(0, len(data), piece):
            self.wire.sendall(data[begin : begin + piece])

    def fill(self):
        """Reads what has come. False: the end."""
        data = self.wire.recv(65536)
        self.incoming.write(data) if data else self.incoming.write_eof()
        return bool(data)

    def call(self, function, *arguments, piece=1 << 20):
        """Does what needs the wire."""
        while True:
            try:
                result = function(*arguments)
            except ssl.SSLWantReadError:
                self.flush(piece)
                if not self.fill():
                    raise
            else:
                self.flush(piece)
                return result

    def shake_hands(self, piece=1 << 20):
        self.call(self.tls.do_handshake, piece=piece)

    def read(self):
        return self.call(self.tls.read, 65536)

    def read_handshake(self):
        """What ZMTP says to the end of its handshake."""
        heard = b""
        while b"READY" not in heard:
            heard += self.read()
        return heard


@pytest.fixture
def python_peer(authority):
    """python_peer(port): one whose socket is closed after the test."""
    made = []

    def make_peer(port, identity=None):
        made.append(PythonPeer(port, authority, identity))
        return made[-1]

    yield make_peer
    for peer in made:
        peer.close()


def test_python_talks(pull, python_peer):
    peer = python_peer(port_of(pull))
    peer.shake_hands()
    assert peer.tls.version() == "TLSv1.3"
    peer.call(peer.tls.write, PUSHED)
    assert pull.recv() == b"by hand"
    assert peer.read_handshake().startswith(SIGNATURE)
    # It says good-bye when it goes.
    pull.close()
    with pytest.raises((ssl.SSLZeroReturnError, ssl.SSLError)) as caught:
        while peer.read():
            pass
        raise ssl.SSLZeroReturnError
    assert isinstance(caught.value, ssl.SSLZeroReturnError)


def test_bytes_one_at_a_time(pull, python_peer):
    peer = python_peer(port_of(pull))
    peer.shake_hands(piece=1)
    peer.call(peer.tls.write, PUSHED, piece=1)
    peer.call(peer.tls.write, frame(b"x" * 1000), piece=1)
    assert pull.recv() == b"by hand"
    assert pull.recv() == b"x" * 1000


def test_a_connection_cut_at_any_byte(make, authority, pull, python_peer):
    """Of the handshake, of the greeting, of a message: the server goes on, and receives whole messages or none."""
    whole = python_peer(port_of(pull))
    whole.shake_hands()
    whole.call(whole.tls.write, PUSHED)
    assert pull.recv() == b"by hand"
    whole.close()
    for cut in [*range(0, 40, 5), *range(40, 700, 37)]:
        peer = python_peer(port_of(pull))
        with contextlib.suppress(ssl.SSLWantReadError):
            peer.tls.do_handshake()
        first = peer.outgoing.read()
        peer.wire.sendall(first[:cut])
        if cut >= len(first):
            assert peer.fill()
            with contextlib.suppress(ssl.SSLWantReadError):
                peer.tls.do_handshake()
                peer.tls.write(PUSHED[:-1])
            peer.wire.sendall(peer.outgoing.read()[: cut - len(first)])
        peer.close()
    assert not pull.poll(0)
    check_serves(make, authority, pull)


def test_truncation_is_noticed(pull, python_peer):
    peer = python_peer(port_of(pull))
    peer.shake_hands()
    peer.call(peer.tls.write, PUSHED)
    assert pull.recv() == b"by hand"
    peer.read_handshake()  # (What nobody reads would make it a reset connection.)
    watch = Watch(pull)
    peer.close()
    watch.wait(zmq.EVENT_DISCONNECTED)
    assert b"close_notify" in pull.ext_tls_failure


def test_an_end_that_was_said_is_no_failure(pull, python_peer):
    peer = python_peer(port_of(pull))
    peer.shake_hands()
    peer.call(peer.tls.write, PUSHED)
    assert pull.recv() == b"by hand"
    peer.read_handshake()
    watch = Watch(pull)
    with contextlib.suppress(ssl.SSLWantReadError):
        peer.tls.unwrap()
    peer.flush()
    watch.wait(zmq.EVENT_DISCONNECTED)
    assert pull.ext_tls_failure == b""


@pytest.mark.parametrize(
    "said",
    [
        GREETING + ready("PUSH"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00" + b"\xee" * 512,
        b"\x80\x2e\x01\0\2" * 20,
    ],
)
def test_what_is_not_tls(make, authority, pull, said):
    watch = Watch(pull)
    with system.create_connection(("127.0.0.1", port_of(pull)), timeout=WAIT_MS / 1000) as wire:
        wire.sendall(said)
        assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EPROTO
        with contextlib.suppress(ConnectionError):
            while wire.recv(1000):
                pass
    assert pull.ext_tls_failure
    check_serves(make, authority, pull)


def test_garbage_after_the_handshake(make, authority, pull, python_peer):
    peer = python_peer(port_of(pull))
    peer.shake_hands()
    peer.call(peer.tls.write, PUSHED)
    assert pull.recv() == b"by hand"
    watch = Watch(pull)
    peer.wire.sendall(b"\x17\x03\x03\x00\x20" + b"g" * 32)
    watch.wait(zmq.EVENT_DISCONNECTED)
    check_serves(make, authority, pull)


def test_plain_tcp_to_a_port_with_tls_and_tls_to_a_plain_one(make, authority, pull):
    plain = make(zmq.PUSH)
    watch = Watch(pull)
    plain.connect(pull.last_endpoint.decode().replace("tls+", ""))
    assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EPROTO
    plain.close()
    check_serves(make, authority, pull)
    server = make(zmq.PULL)
    server.bind("tcp://127.0.0.1:*")
    client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate)
    watch = Watch(client)
    client.connect("tls+" + server.last_endpoint.decode())
    assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EPROTO
    assert "wrong version number" in client.ext_tls_failure.decode()


def test_who_says_nothing_is_let_go(make, authority, server_identity):
    server = make(zmq.PULL, **serving(server_identity), handshake_ivl=100)
    server.bind("tls+tcp://127.0.0.1:*")
    with system.create_connection(("127.0.0.1", port_of(server)), timeout=WAIT_MS / 1000) as wire:
        assert wire.recv(1) == b""
    # And who stops in the middle.
    with system.create_connection(("127.0.0.1", port_of(server)), timeout=WAIT_MS / 1000) as wire:
        wire.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert wire.recv(1) == b""


def test_changes_of_keys_in_a_long_connection(pull, authority):
    """`k` and `K` of s_client update its keys, and want ours updated."""
    process = subprocess.Popen(
        [
            OPENSSL,
            "s_client",
            "-tls1_3",
            "-connect",
            f"127.0.0.1:{port_of(pull)}",
            "-CAfile",
            authority.certificate_file,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        process.stdin.write(PUSHED)
        process.stdin.flush()
        assert pull.recv() == b"by hand"
        for command in (b"K\n", b"k\n"):
            process.stdin.write(command)
            process.stdin.flush()
            while b"KEYUPDATE" not in process.stderr.readline():
                pass
            process.stdin.write(frame(b"x" * 300))
            process.stdin.flush()
            assert pull.recv() == b"x" * 300
    finally:
        process.kill()
        process.communicate(timeout=WAIT_MS / 1000)
