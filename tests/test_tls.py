"""tls+tcp://: every pattern and mechanism over it, whom it lets in and whom not, what messages say of the peer, wrong options.

Independent ends (OpenSSL's programs, Python's ssl) and hostile ones are in test_tls_peers.py.
"""

import asyncio
import socket as system
import threading

import pytest
from certificates import OPENSSL, Authority
from support import QUIET_MS, WAIT_MS, wait_until

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.utils.monitor import recv_monitor_message

pytestmark = [
    pytest.mark.extension,
    pytest.mark.own_engine,
    pytest.mark.skipif(not zmq.has("tls"), reason="built without TLS"),
    pytest.mark.skipif(OPENSSL is None, reason="there is no openssl program to make certificates"),
]

EACCES, EPROTO = 13, 71


@pytest.fixture
def tls(make, authority, server_identity):
    """tls(server_type, client_type, server options, client options): both, connected; the server's last_endpoint names it."""

    def connect(server_type, client_type, server_options=(), client_options=(), host="127.0.0.1"):
        server = make(server_type, **serving(server_identity), **dict(server_options))
        client = make(client_type, ext_tls_trust_pem=authority.certificate, **dict(client_options))
        server.bind(f"tls+tcp://{host}:*")
        client.connect(server.last_endpoint.decode())
        return server, client

    return connect


def serving(identity):
    return {"ext_tls_cert_pem": identity.certificate, "ext_tls_key_pem": identity.key}


class Watch:
    """The monitor of a socket."""

    def __init__(self, socket):
        self.events = socket.get_monitor_socket()

    def wait(self, event):
        """The value of the next such event."""
        while self.events.poll(WAIT_MS):
            found = recv_monitor_message(self.events)
            if found["event"] == event:
                return found["value"]
        raise AssertionError(f"no event {event!r}")


# ---- what goes through it ----


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("PAIR", "PAIR"),
        ("PULL", "PUSH"),
        ("GATHER", "SCATTER"),
        ("DEALER", "DEALER"),
        ("CHANNEL", "CHANNEL"),
        ("REP", "REQ"),
    ],
)
def test_messages_in_order(tls, first, second):
    server, client = tls(getattr(zmq, first), getattr(zmq, second))
    for number in range(50):
        body = str(number).encode() * (number * number)
        client.send(body)
        assert server.recv() == body
        if first in ("REP", "PAIR", "DEALER", "CHANNEL"):
            server.send(body)
            assert client.recv() == body


def test_publish_subscribe_both_ways_round(tls, make, authority, server_identity):
    server, client = tls(zmq.XPUB, zmq.SUB)
    client.subscribe(b"topic")
    assert server.recv() == b"\1topic"
    server.send_multipart([b"topic", b"body"])
    assert client.recv_multipart() == [b"topic", b"body"]
    subscriber = make(zmq.SUB, **serving(server_identity))
    subscriber.subscribe(b"")
    subscriber.bind("tls+tcp://127.0.0.1:*")
    publisher = make(zmq.XPUB, ext_tls_trust_pem=authority.certificate)
    publisher.connect(subscriber.last_endpoint.decode())
    assert publisher.recv() == b"\1"
    publisher.send(b"news")
    assert subscriber.recv() == b"news"


def test_router_and_server(tls):
    router, dealer = tls(zmq.ROUTER, zmq.DEALER, (), {"routing_id": b"me"})
    dealer.send_multipart([b"", b"question"])
    assert router.recv_multipart() == [b"me", b"", b"question"]
    router.send_multipart([b"me", b"", b"answer"])
    assert dealer.recv_multipart() == [b"", b"answer"]
    server, client = tls(zmq.SERVER, zmq.CLIENT)
    client.send(b"question")
    frame = server.recv(copy=False)
    server.send(b"answer", routing_id=frame.routing_id)
    assert client.recv() == b"answer"


def test_streams_of_raw_bytes(tls):
    server, client = tls(zmq.STREAM, zmq.STREAM)
    peer, nothing = client.recv_multipart()
    assert nothing == b""
    client.send_multipart([peer, b"raw bytes"])
    server.recv_multipart()
    assert server.recv_multipart()[1] == b"raw bytes"


def test_plain_and_curve_inside(context, tls):
    context.authenticate(lambda *question: True)
    server, client = tls(
        zmq.REP, zmq.REQ, {"plain_server": True}, {"plain_username": b"me", "plain_password": b"secret"}
    )
    client.send(b"plain")
    assert server.recv(copy=False).get("User-Id") == "me"
    if zmq.has("curve"):
        public, secret = zmq.curve_keypair()
        keys = {"curve_publickey": public, "curve_secretkey": secret}
        server, client = tls(zmq.REP, zmq.REQ, {"curve_server": True, **keys}, {"curve_serverkey": public, **keys})
        client.send(b"curve")
        assert server.recv() == b"curve"


def test_ipv6_and_host_names(tls, authority):
    with system.socket(system.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
    server, client = tls(zmq.PULL, zmq.PUSH, {"ipv6": True}, {"ipv6": True}, host="[::1]")
    assert server.last_endpoint.startswith(b"tls+tcp://[::1]:")
    client.send(b"six")
    assert server.recv() == b"six"


def test_the_hosts_name_is_asked_for_and_checked(make, tls, authority):
    server, client = tls(zmq.PULL, zmq.PUSH)
    port = server.last_endpoint.rpartition(b":")[2].decode()
    client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate)
    client.connect(f"tls+tcp://localhost:{port}")
    client.send(b"by name")
    assert server.recv() == b"by name"


def test_endpoints_by_name(tls):
    server, client = tls(zmq.PULL, zmq.PUSH)
    address = server.last_endpoint.decode()
    assert address.startswith("tls+tcp://127.0.0.1:")
    client.send(b"before")
    assert server.recv() == b"before"
    client.disconnect(address)
    server.unbind(address)
    server.bind(address)
    client.connect(address)
    client.send(b"after")
    assert server.recv() == b"after"


def test_large_messages_and_all_that_was_sent_before_close(tls):
    server, client = tls(zmq.PULL, zmq.PUSH, {"rcvhwm": 0}, {"sndhwm": 0})
    client.linger = WAIT_MS
    bodies = [bytes([number]) * size for number, size in enumerate([10, 16384, 3_000_000, 1, 70_000] * 5)]
    for body in bodies:
        client.send(body)
    client.close()
    for body in bodies:
        assert server.recv() == body


def test_many_small_messages_in_both_directions_at_once(tls, run_threads):
    server, client = tls(zmq.PAIR, zmq.PAIR)

    def exchange(socket):
        def run():
            for number in range(2000):
                socket.send(b"%d" % number)
                assert socket.recv() == b"%d" % number

        return run

    run_threads(exchange(server), exchange(client))


def test_limits_of_size_hold(tls):
    server, client = tls(zmq.PULL, zmq.PUSH, {"maxmsgsize": 1000}, {"reconnect_ivl": -1})
    client.send(b"x" * 1000)
    assert len(server.recv()) == 1000
    watch = Watch(server)
    client.send(b"x" * 1001)
    watch.wait(zmq.EVENT_DISCONNECTED)


def test_heartbeats(tls):
    server, client = tls(zmq.PAIR, zmq.PAIR, (), {"heartbeat_ivl": 20, "heartbeat_timeout": WAIT_MS})
    client.send(b"first")
    assert server.recv() == b"first"
    assert not client.poll(QUIET_MS * 3)
    client.send(b"still here")
    assert server.recv() == b"still here"


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_asyncio(authority, server_identity, run, size):
    async def talk():
        context = zmqpy.asyncio.Context()
        try:
            server, client = context.socket(zmq.REP), context.socket(zmq.REQ)
            for name, value in serving(server_identity).items():
                setattr(server, name, value)
            client.ext_tls_trust_pem = authority.certificate
            server.bind("tls+tcp://127.0.0.1:*")
            client.connect(server.last_endpoint.decode())
            for _ in range(20):
                await client.send(b"x" * size)
                assert len(await server.recv()) == size
                await server.send(b"answer")
                assert await client.recv() == b"answer"
        finally:
            context.destroy(linger=0)

    run(asyncio.wait_for(talk(), 25))


# ---- who is let in ----


def test_what_messages_say_of_the_peer(authority, tls):
    someone = authority.issue("someone", "DNS:someone")
    server, client = tls(
        zmq.REP,
        zmq.REQ,
        {"ext_tls_trust_pem": authority.certificate, "ext_tls_alpn": b"other,zmtp"},
        {**serving(someone), "ext_tls_alpn": b"zmtp"},
    )
    client.send(b"who am I")
    frame = server.recv(copy=False)
    assert frame.get("Peer-Certificate-Subject") == "CN=someone"
    assert len(frame.get("Peer-Certificate-Fingerprint")) == 64
    assert frame.get("TLS-Version") == "TLSv1.3"
    assert frame.get("TLS-ALPN") == "zmtp"
    assert frame.get("TLS-Resumed") == "0"
    assert frame.get("Peer-Address") == "127.0.0.1"
    server.send(b"you")
    assert client.recv(copy=False).get("Peer-Certificate-Subject") == "CN=server"


def test_peers_cannot_announce_what_only_tls_says(connected):
    server, client = connected(zmq.PULL, zmq.PUSH, "tcp")
    # (Such a property is dropped by who receives it; an application's own are not.)
    client.close()
    fake = server.context.socket(zmq.PUSH)
    fake.setsockopt(zmq.METADATA, b"X-Other:good")
    fake.connect(server.last_endpoint.decode())
    fake.send(b"message")
    frame = server.recv(copy=False)
    assert frame.get("X-Other") == "good"
    fake.close(linger=0)


@pytest.mark.parametrize(
    ("trust", "options", "reason"),
    [
        ("own", {"ext_tls_hostname": b"elsewhere"}, "ostname mismatch"),
        ("own", {"ext_tls_hostname": b"10.0.0.1"}, "IP address mismatch"),
        ("other", {}, "unable to get local issuer certificate"),
        ("system", {}, "unable to get local issuer certificate"),
    ],
)
def test_servers_that_are_not_trusted(tls, make, trust, options, reason):
    server, _ = tls(zmq.REP, zmq.REQ)
    stranger = Authority("stranger") if trust == "other" else None
    try:
        client = make(zmq.REQ, reconnect_ivl=-1, **options)
        if trust == "own":
            client.ext_tls_trust_pem = _.ext_tls_trust_pem
        elif stranger:
            client.ext_tls_trust_pem = stranger.certificate
        watch, at_server = Watch(client), Watch(server)
        client.connect(server.last_endpoint.decode())
        assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EACCES
        assert at_server.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EACCES
        assert reason in client.ext_tls_failure.decode()
        assert server.ext_tls_failure
        # (The event comes a moment before the count.)
        for socket in (client, server):
            wait_until(lambda socket=socket: socket.stats()["handshake_failures"], "the failure is counted")
            assert socket.stats()["handshake_failures"] == 1
        # And not looked at, it is taken.
        client = make(zmq.REQ, ext_tls_verify=0)
        client.connect(server.last_endpoint.decode())
        client.send(b"blind")
        assert server.recv(copy=False).get("TLS-Version") == "TLSv1.3"
    finally:
        if stranger:
            stranger.close()


def test_expired_and_self_signed_servers(make, authority):
    expired = authority.issue("server", days=-1)
    for identity, reason in ((expired, "expired"), (authority, "self")):
        server = make(zmq.REP, **serving(identity))
        server.bind("tls+tcp://127.0.0.1:*")
        client = make(zmq.REQ, ext_tls_trust_pem=b"" if identity is authority else authority.certificate)
        watch = Watch(client)
        client.connect(server.last_endpoint.decode())
        assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EACCES
        assert reason in client.ext_tls_failure.decode()


def test_clients_have_to_show_certificates_where_somebody_is_trusted(tls, make, authority):
    server, silent = tls(zmq.PULL, zmq.PUSH, {"ext_tls_trust_pem": authority.certificate})
    watch = Watch(server)
    assert watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL) == EACCES
    assert "peer did not return a certificate" in server.ext_tls_failure.decode()
    silent.close()
    known = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate, **serving(authority.issue("known")))
    known.connect(server.last_endpoint.decode())
    known.send(b"let in")
    assert server.recv(copy=False).get("Peer-Certificate-Subject") == "CN=known"
    # One that is optional.
    server, silent = tls(zmq.PULL, zmq.PUSH, {"ext_tls_trust_pem": authority.certificate, "ext_tls_verify": 1})
    silent.send(b"without")
    frame = server.recv(copy=False)
    with pytest.raises(zmq.ZMQError):
        frame.get("Peer-Certificate-Subject")


def test_no_attempt_after_a_refusal_where_that_is_wanted(make, tls):
    server, _ = tls(zmq.REP, zmq.REQ)
    client = make(
        zmq.REQ,
        reconnect_stop=zmq.RECONNECT_STOP_HANDSHAKE_FAILED,
        ext_tls_trust_pem=_.ext_tls_trust_pem,
        ext_tls_hostname=b"other",
    )
    watch = Watch(client)
    client.connect(server.last_endpoint.decode())
    watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    with pytest.raises(zmq.ZMQError):
        client.send(b"nobody")


# ---- options ----


def test_wrong_options_are_refused_by_bind_and_connect(make, authority, server_identity):
    def message(**options):
        socket = make(zmq.PULL, **options)
        with pytest.raises(zmq.ZMQError) as caught:
            socket.bind("tls+tcp://127.0.0.1:*")
        assert caught.value.errno == zmq.Errno.EINVAL if hasattr(zmq.Errno, "EINVAL") else 22
        assert socket.ext_tls_failure.decode() in str(caught.value)
        return str(caught.value)

    assert "EXT_TLS_CERT_PEM: not set" in message()
    assert "EXT_TLS_CERT_PEM: /nowhere: No such file" in message(ext_tls_cert_pem=b"/nowhere")
    assert "it is not the key of the certificate" in message(
        ext_tls_cert_pem=server_identity.certificate, ext_tls_key_pem=authority.key
    )
    assert "no password is set" in message(
        ext_tls_cert_pem=server_identity.certificate, ext_tls_key_pem=authority.encrypted_key(server_identity, "secret")
    )
    assert "another password" in message(
        ext_tls_cert_pem=server_identity.certificate,
        ext_tls_key_pem=authority.encrypted_key(server_identity, "secret"),
        ext_tls_key_password=b"public",
    )
    client = make(zmq.PUSH, ext_tls_trust_pem=b"-----BEGIN nonsense")
    with pytest.raises(zmq.ZMQError, match="EXT_TLS_TRUST_PEM"):
        client.connect("tls+tcp://127.0.0.1:5555")
    # What may have a key in it cannot be read back, and is not in an error.
    socket = make(zmq.PULL, ext_tls_cert_pem=server_identity.certificate + server_identity.key)
    for name in ("ext_tls_cert_pem", "ext_tls_key_pem", "ext_tls_key_password"):
        with pytest.raises(AttributeError):
            getattr(socket, name)
    with pytest.raises(zmq.ZMQError):
        socket.getsockopt(zmq.EXT_TLS_CERT_PEM)
    for key in (b"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v8nQz", b"\x30\x2e\x00secret"):
        text = message(ext_tls_cert_pem=server_identity.certificate, ext_tls_key_pem=key)
        assert "EXT_TLS_KEY_PEM: " in text
        assert key[-6:].decode() not in text
    for name, value in (
        ("ext_tls_verify", 3),
        ("ext_tls_verify", -2),
        ("ext_tls_trust_system", 2),
        ("ext_tls_check_hostname", 2),
    ):
        with pytest.raises(zmq.ZMQError):
            setattr(client, name, value)


def test_what_tls_said_of_one_endpoint_is_not_said_of_another(make, authority, server_identity):
    server = make(zmq.PULL)
    client = make(zmq.PUSH, ext_tls_trust_pem=b"-----BEGIN nonsense")
    for again in (lambda: client.connect("tls+tcp://127.0.0.1"), lambda: client.connect("tls+tcp:/wrong")):
        with pytest.raises(zmq.ZMQError, match="EXT_TLS_TRUST_PEM"):
            client.connect("tls+tcp://127.0.0.1:5555")
        assert client.ext_tls_failure
        with pytest.raises(zmq.ZMQError) as caught:
            again()
        assert "TRUST_PEM" not in str(caught.value)
        assert client.ext_tls_failure == b""
    # Nor when the options are as they were when all was well.
    server.ext_tls_cert_pem, server.ext_tls_key_pem = server_identity.certificate, server_identity.key
    server.bind("tls+tcp://127.0.0.1:*")
    client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate, ext_tls_hostname=b"elsewhere", reconnect_ivl=-1)
    watch = Watch(client)
    client.connect(server.last_endpoint.decode())
    watch.wait(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    assert b"ostname mismatch" in client.ext_tls_failure
    with pytest.raises(zmq.ZMQError) as caught:
        client.bind("tls+tcp://127.0.0.1")
    assert "mismatch" not in str(caught.value)
    assert client.ext_tls_failure != b"" and b"mismatch" not in client.ext_tls_failure


def test_files_passwords_and_a_key_behind_the_certificate(make, authority, server_identity, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(server_identity.certificate + server_identity.key)
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "authority.pem").write_bytes(authority.certificate)
    for options in (
        {"ext_tls_cert_pem": str(both).encode()},
        {
            "ext_tls_cert_pem": server_identity.certificate_file.encode(),
            "ext_tls_key_pem": server_identity.key_file.encode(),
        },
        {
            "ext_tls_cert_pem": server_identity.certificate,
            "ext_tls_key_pem": authority.encrypted_key(server_identity, "secret"),
            "ext_tls_key_password": b"secret",
        },
    ):
        server = make(zmq.PULL, **options)
        server.bind("tls+tcp://127.0.0.1:*")
        client = make(zmq.PUSH, ext_tls_trust_pem=str(folder).encode())
        client.connect(server.last_endpoint.decode())
        client.send(b"good")
        assert server.recv() == b"good"


# ---- connections that come and go ----


class CuttingProxy:
    """Passes bytes on between a client and a port; cut() ends all connections as a broken network would."""

    def __init__(self, port):
        self.listener = system.create_server(("127.0.0.1", 0))
        self.port, self._to = self.listener.getsockname()[1], port
        self._lock, self._open = threading.Lock(), []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._begin, args=(near,), daemon=True).start()

    def _begin(self, near):
        try:
            self._serve(near)
        except OSError:  # it, or whom it wants, has gone meanwhile
            near.close()

    def _serve(self, near):
        self._join(near, system.create_connection(("127.0.0.1", self._to)))

    def _join(self, near, far):
        with self._lock:
            self._open += [near, far]
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(system.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        with self._lock:
            ended, self._open = self._open, []
        for connection in ended:
            connection.setsockopt(system.SOL_SOCKET, system.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            for step in (lambda c=connection: c.shutdown(system.SHUT_RDWR), connection.close):
                try:
                    step()
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(system.SHUT_RDWR)  # closing alone would leave a thread in accept(), which takes one more
        self.listener.close()
        self.cut()


def test_a_client_that_connects_again_resumes_its_session(tls, make, authority):
    server, client = tls(zmq.PULL, zmq.PUSH)
    proxy = CuttingProxy(int(server.last_endpoint.rpartition(b":")[2]))
    try:
        client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate, reconnect_ivl=1)
        watch = Watch(client)
        client.connect(f"tls+tcp://127.0.0.1:{proxy.port}")
        resumed = []
        for _ in range(4):
            watch.wait(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            client.send(b"message")
            resumed.append(server.recv(copy=False).get("TLS-Resumed"))
            proxy.cut()
        assert resumed == ["0", "1", "1", "1"]
    finally:
        proxy.close()


class SocksProxy(CuttingProxy):
    """A SOCKS5 proxy without authentication, which looks names up itself."""

    def _serve(self, near):
        stream = near.makefile("rb")
        stream.read(stream.read(2)[1])
        near.sendall(b"\5\0")
        assert stream.read(4) == b"\5\1\0\3"
        self.asked_for = stream.read(stream.read(1)[0]).decode(), int.from_bytes(stream.read(2), "big")
        far = system.create_connection(("127.0.0.1", self.asked_for[1]))
        near.sendall(b"\5\0\0\1" + bytes(6))
        self._join(near, far)


def test_through_a_socks_proxy(make, authority, server_identity):
    server = make(zmq.PULL, **serving(server_identity))
    server.bind("tls+tcp://127.0.0.1:*")
    port = int(server.last_endpoint.rpartition(b":")[2])
    proxy = SocksProxy(port)
    try:
        client = make(zmq.PUSH, ext_tls_trust_pem=authority.certificate, socks_proxy=b"127.0.0.1:%d" % proxy.port)
        client.connect(f"tls+tcp://localhost:{port}")
        client.send(b"by proxy")
        assert server.recv() == b"by proxy"
        assert proxy.asked_for == ("localhost", port)
    finally:
        proxy.close()


def test_a_restarted_server_is_connected_to_again(tls, make, server_identity):
    server, client = tls(zmq.PULL, zmq.PUSH, (), {"reconnect_ivl": 1})
    address = server.last_endpoint.decode()
    client.send(b"one")
    assert server.recv() == b"one"
    watch = Watch(client)
    server.close(linger=0)
    watch.wait(zmq.EVENT_DISCONNECTED)
    server = make(zmq.PULL, **serving(server_identity))
    wait_until(lambda: _binds(server, address), "the port is free")
    client.send(b"two")
    assert server.recv() == b"two"


def _binds(socket, address):
    try:
        socket.bind(address)
    except zmq.ZMQError:
        return False
    return True
