"""zmqpy.auth: the rules of an authenticator request by request, where it runs, and sockets that it lets in or keeps out."""

import asyncio
import functools
import logging
import threading

import pytest
from support import QUIET_MS, WAIT_MS, run_python, wait_until

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy import auth
from zmqpy.auth.asyncio import AsyncioAuthenticator
from zmqpy.auth.thread import ThreadAuthenticator
from zmqpy.utils import z85
from zmqpy.utils.monitor import recv_monitor_message

ZAP = "inproc://zeromq.zap.01"
KEY = b"k" * 32
ADDRESS = b"127.0.0.1"


class Replies:
    """In place of zap_socket: keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send_multipart(self, parts, *_, **__):
        self.sent.append(parts)

    def close(self):
        pass


@pytest.fixture
def authenticator(context):
    made = auth.Authenticator(context)
    made.zap_socket = Replies()
    return made


def ask(authenticator, mechanism, *credentials, domain=b"", address=ADDRESS):
    """(status, text, user id) of the answer to one request."""
    request = [b"1.0", b"7", domain, address, b"id", mechanism, *credentials]
    return answer(authenticator, request, b"7")


def answer(authenticator, request, request_id):
    asyncio.run(authenticator.handle_zap_message(request))
    (reply,) = authenticator.zap_socket.sent
    authenticator.zap_socket.sent.clear()
    assert len(reply) == 6 and reply[:2] == [b"1.0", request_id] and reply[5] == b""
    return tuple(reply[2:5])


ALLOWED = (b"200", b"OK", b"anonymous")


def denied(text):
    return (b"400", text, b"")


# ---- the rules ----


def test_defaults(context):
    made = auth.Authenticator(context)
    assert made.context is context and made.encoding == "utf-8" and made.zap_socket is None
    assert made.log.name == "zmq.auth" and made.allow_any is False
    assert made.passwords == made.certs == made.credentials_providers == {}
    assert auth.CURVE_ALLOW_ANY == "*"


def test_malformed_requests(authenticator, caplog):
    caplog.set_level(logging.CRITICAL)
    good = [b"1.0", b"7", b"", ADDRESS, b"", b"NULL"]
    assert answer(authenticator, good, b"7") == ALLOWED
    assert answer(authenticator, [b"2.0", *good[1:]], b"7") == denied(b"Invalid version")
    for size in range(2, 6):
        assert answer(authenticator, good[:size], b"7") == denied(b"Not enough frames")
    for mechanism, wrong in (
        (b"PLAIN", [b"u"]),
        (b"PLAIN", [b"u", b"p", b"x"]),
        (b"CURVE", []),
        (b"CURVE", [KEY, b""]),
    ):
        assert ask(authenticator, mechanism, *wrong) == denied(b"Invalid credentials")
    assert ask(authenticator, b"OTHER", b"x") == denied(b"NO ACCESS")


@pytest.mark.extension
def test_every_request_is_answered(authenticator):
    """Where pyzmq sends nothing, and a REP socket that has not answered receives no more."""
    for short in ([], [b"1.0"]):
        assert answer(authenticator, short, b"") == denied(b"Not enough frames")
    authenticator.configure_curve(location=auth.CURVE_ALLOW_ANY)
    for key in (b"", b"short", b"k" * 31, b"k" * 36):
        assert ask(authenticator, b"CURVE", key) == denied(b"Invalid credentials")


def test_allow(authenticator):
    authenticator.allow("10.0.0.1")
    authenticator.allow("10.0.0.2", "127.0.0.1")
    assert ask(authenticator, b"NULL") == ALLOWED
    assert ask(authenticator, b"NULL", address=b"10.0.0.1") == ALLOWED
    assert ask(authenticator, b"NULL", address=b"10.0.0.9") == denied(b"Address not allowed")
    with pytest.raises(ValueError, match="not both"):
        authenticator.deny("10.0.0.9")


def test_deny(authenticator):
    authenticator.deny("127.0.0.1", "10.0.0.1")
    assert ask(authenticator, b"NULL") == denied(b"Address denied")
    assert ask(authenticator, b"NULL", address=b"10.0.0.9") == ALLOWED
    with pytest.raises(ValueError, match="not both"):
        authenticator.allow("10.0.0.9")


def test_addresses_come_before_credentials(authenticator):
    authenticator.deny("127.0.0.1")
    authenticator.configure_plain("*", {"u": "p"})
    assert ask(authenticator, b"PLAIN", b"u", b"p") == denied(b"Address denied")
    assert ask(authenticator, b"PLAIN", b"u", b"p", address=b"1.1.1.1") == (b"200", b"OK", b"u")


def test_plain(authenticator):
    assert ask(authenticator, b"PLAIN", b"u", b"p") == denied(b"No passwords defined")
    authenticator.configure_plain()
    authenticator.configure_plain("*", {"u": "p", "ü": "é"})
    authenticator.configure_plain("two", {"u": "2"})
    assert ask(authenticator, b"PLAIN", b"u", b"p") == (b"200", b"OK", b"u")
    assert ask(authenticator, b"PLAIN", "ü".encode(), "é".encode()) == (b"200", b"OK", "ü".encode())
    assert ask(authenticator, b"PLAIN", b"u", b"2") == denied(b"Invalid password")
    assert ask(authenticator, b"PLAIN", b"nobody", b"p") == denied(b"Invalid username")
    assert ask(authenticator, b"PLAIN", b"\xff", b"p") == denied(b"Invalid username")
    assert ask(authenticator, b"PLAIN", b"u", b"2", domain=b"two") == (b"200", b"OK", b"u")
    assert ask(authenticator, b"PLAIN", b"u", b"p", domain=b"other") == denied(b"Invalid domain")
    assert ask(authenticator, b"NULL", domain=b"other") == ALLOWED


def test_passwords_can_be_changed(authenticator):
    passwords = {"u": "p"}
    authenticator.configure_plain("*", passwords)
    passwords["u"] = "new"
    assert ask(authenticator, b"PLAIN", b"u", b"new")[0] == b"200"


def test_encoding(context):
    made = auth.Authenticator(context, encoding="latin-1")
    made.zap_socket = Replies()
    made.configure_plain("*", {"ü": "é"})
    assert ask(made, b"PLAIN", b"\xfc", b"\xe9") == (b"200", b"OK", b"\xfc")


@pytest.mark.extension
def test_passwords_are_not_logged(context, caplog):
    made = auth.Authenticator(context, log=logging.getLogger("test.auth"))
    made.zap_socket = Replies()
    with caplog.at_level(logging.DEBUG, "test.auth"):
        made.configure_plain("*", {"u": "geheim"})
        ask(made, b"PLAIN", b"u", b"geheim")
        ask(made, b"PLAIN", b"u", b"geheim?")
        ask(made, b"PLAIN", b"geheim")
    assert "ALLOWED" in caplog.text and "geheim" not in caplog.text


def test_curve_any(authenticator):
    assert ask(authenticator, b"CURVE", KEY) == denied(b"Unknown domain")
    authenticator.configure_curve(location=auth.CURVE_ALLOW_ANY)
    user = z85.encode(KEY)
    assert authenticator.allow_any and authenticator.curve_user_id(KEY) == user.decode()
    assert ask(authenticator, b"CURVE", KEY) == (b"200", b"OK", user)
    assert ask(authenticator, b"CURVE", KEY, domain=b"other") == (b"200", b"OK", user)


def test_user_id_of_a_subclass(context):
    class Named(auth.Authenticator):
        def curve_user_id(self, client_public_key):
            return f"client {len(client_public_key)}"

    made = Named(context)
    made.zap_socket = Replies()
    made.configure_curve(location="*")
    assert ask(made, b"CURVE", KEY) == (b"200", b"OK", b"client 32")


def write_certificate(folder, name, key):
    (folder / f"{name}.key").write_text(f'curve\n    public-key = "{z85.encode(key).decode()}"\n')


def test_curve_folder(authenticator, tmp_path):
    write_certificate(tmp_path, "known", KEY)
    authenticator.configure_curve("*", tmp_path)
    assert ask(authenticator, b"CURVE", KEY) == (b"200", b"OK", z85.encode(KEY))
    assert ask(authenticator, b"CURVE", b"x" * 32) == denied(b"Unknown key")
    assert ask(authenticator, b"CURVE", KEY, domain=b"other") == denied(b"Unknown domain")
    write_certificate(tmp_path, "second", b"x" * 32)
    assert ask(authenticator, b"CURVE", b"x" * 32) == denied(b"Unknown key")
    authenticator.configure_curve("*", str(tmp_path))
    assert ask(authenticator, b"CURVE", b"x" * 32)[0] == b"200"


def test_folder_takes_any_back(authenticator, tmp_path):
    authenticator.configure_curve(location="*")
    authenticator.configure_curve("*", tmp_path)
    assert ask(authenticator, b"CURVE", KEY)[0] == b"400"


def test_missing_folder_is_logged(context, tmp_path, caplog):
    made = auth.Authenticator(context, log=logging.getLogger("test.auth"))
    made.configure_curve("*", tmp_path / "nowhere")
    assert "nowhere" in caplog.text and made.certs == {}


class Provider:
    def __init__(self, result):
        self.result = result
        self.asked = []

    def callback(self, domain, key):
        self.asked.append((domain, key))
        return self.result


class SlowProvider(Provider):
    async def callback(self, domain, key):
        await asyncio.sleep(0)
        return super().callback(domain, key)


@pytest.mark.parametrize("kind", [Provider, SlowProvider])
@pytest.mark.parametrize("result", [True, False, None, "yes"])
def test_curve_callback(authenticator, kind, result):
    provider = kind(result)
    authenticator.configure_curve_callback("*", provider)
    expected = (b"200", b"OK", z85.encode(KEY)) if result else denied(b"Unknown key")
    assert ask(authenticator, b"CURVE", KEY) == expected
    assert provider.asked == [("*", z85.encode(KEY))]
    assert ask(authenticator, b"CURVE", KEY, domain=b"other") == denied(b"Unknown domain")


def test_callback_goes_before_certificates(authenticator, tmp_path):
    write_certificate(tmp_path, "known", KEY)
    authenticator.configure_curve_callback("*", Provider(False))
    authenticator.configure_curve("*", tmp_path)
    assert ask(authenticator, b"CURVE", KEY) == denied(b"Unknown key")
    authenticator.configure_curve(location="*")
    assert ask(authenticator, b"CURVE", KEY)[0] == b"200"
    authenticator.configure_curve_callback("*", Provider(False))
    assert ask(authenticator, b"CURVE", KEY)[0] == b"400"


def test_no_provider(authenticator, caplog):
    authenticator.configure_curve_callback("*", None)
    assert ask(authenticator, b"CURVE", KEY) == denied(b"Unknown domain")


@pytest.mark.extension
def test_failing_callback_lets_nobody_in(authenticator, caplog):
    class Failing:
        def callback(self, domain, key):
            raise ValueError("broken")

    for provider in (Failing(), object()):
        authenticator.configure_curve_callback("*", provider)
        assert ask(authenticator, b"CURVE", KEY) == (b"500", b"Internal error", b"")
    assert "broken" in caplog.text


def test_gssapi(authenticator):
    authenticator.configure_gssapi()
    authenticator.configure_gssapi("*", "somewhere")
    assert ask(authenticator, b"GSSAPI", b"principal") == (b"200", b"OK", b"principal")
    assert ask(authenticator, b"GSSAPI") == denied(b"Invalid credentials")


# ---- where it runs ----


@pytest.fixture
def asking(make):
    """asking(...) sends a request as the engine does, and gives the answer's parts from the status on."""

    def request(mechanism, *credentials):
        socket = make(zmq.REQ)
        socket.connect(ZAP)
        socket.send_multipart([b"1.0", b"7", b"", ADDRESS, b"", mechanism, *credentials])
        reply = socket.recv_multipart()
        socket.close()
        return tuple(reply[2:5])

    return request


def test_base_opens_the_socket(context, asking, run_threads):
    made = auth.Authenticator(context)
    made.start()
    assert made.zap_socket.type == zmq.REP and made.zap_socket.linger == 1
    with pytest.raises(zmq.ZMQError) as caught:
        auth.Authenticator(context).start()
    assert caught.value.errno == zmq.EADDRINUSE
    run_threads(
        lambda: asyncio.run(made.handle_zap_message(made.zap_socket.recv_multipart())),
        lambda: asking(b"NULL"),
    )
    made.stop()
    made.stop()
    assert made.zap_socket is None


@pytest.fixture
def thread_authenticator(context):
    made = ThreadAuthenticator(context)
    made.start()
    yield made
    made.stop()


def test_thread_answers(thread_authenticator, asking):
    assert thread_authenticator.is_alive() and thread_authenticator.thread.daemon
    assert asking(b"NULL") == ALLOWED
    thread_authenticator.configure_plain("*", {"u": "p"})
    assert asking(b"PLAIN", b"u", b"p") == (b"200", b"OK", b"u")
    thread_authenticator.configure_curve_callback("*", SlowProvider(True))
    assert asking(b"CURVE", KEY)[0] == b"200"
    thread_authenticator.deny("127.0.0.1")
    assert asking(b"NULL") == denied(b"Address denied")


@pytest.mark.extension
def test_thread_survives_anything(thread_authenticator, make, asking, caplog):
    caplog.set_level(logging.CRITICAL)
    thread_authenticator.configure_curve_callback("*", object())
    assert asking(b"CURVE", KEY)[0] == b"500"
    socket = make(zmq.REQ)
    socket.connect(ZAP)
    for junk in ([b""], [b"1.0"], [b"x"] * 50, [b"1.0", b"\xff", b"\xff", b"\xff", b"\xff", b"\xff"]):
        socket.send_multipart(junk)
        assert socket.recv_multipart()[2] == b"400"
    assert asking(b"NULL") == ALLOWED


def starts(made):
    """Whether it has started: upstream frees the handler's name some time after it was closed."""
    try:
        made.start()
    except zmq.ZMQError as error:
        assert error.errno == zmq.EADDRINUSE
        return False
    return True


@pytest.mark.extension
def test_thread_stops_and_starts(context, asking):
    made = ThreadAuthenticator(context)
    assert not made.is_alive() and made.pipe is None and made.thread is None

    for _ in range(3):
        wait_until(lambda: starts(made), "the handler's name to be free")
        with pytest.raises(zmq.ZMQError):
            made.start()
        assert asking(b"NULL") == ALLOWED
        made.stop()
        assert not made.is_alive() and made.pipe is None and made.zap_socket is None
        made.stop()


@pytest.mark.extension
def test_thread_ends_with_the_context():
    run_python(
        """
        import zmqpy as zmq
        from zmqpy.auth.thread import ThreadAuthenticator
        context = zmq.Context()
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        thread = authenticator.thread
        context.destroy(linger=0)
        thread.join(10)
        assert not thread.is_alive()
        authenticator.stop()
        """
    )


@pytest.mark.extension
def test_asyncio_answers(context, asking):
    async def main():
        made = AsyncioAuthenticator(context)
        made.configure_curve_callback("*", SlowProvider(True))
        for _ in range(2):
            made.start()
            with pytest.raises(zmq.ZMQError):
                made.start()
            made.configure_plain("*", {"u": "p"})
            assert await asyncio.to_thread(asking, b"PLAIN", b"u", b"p") == (b"200", b"OK", b"u")
            assert (await asyncio.to_thread(asking, b"CURVE", KEY))[0] == b"200"
            many = await asyncio.gather(*(asyncio.to_thread(asking, b"NULL") for _ in range(5)))
            assert many == [ALLOWED] * 5
            made.stop()
            made.stop()
            assert made.zap_socket is None

    asyncio.run(main())


def test_authenticators_of_an_asyncio_context():
    """Their own socket is an ordinary one; the context is shared with sockets that give futures."""

    async def main(kind):
        with zmq.asyncio.Context() as context, context.socket(zmq.REQ) as socket:
            made = kind(context)
            made.configure_plain("*", {"u": "p"})
            made.start()
            assert type(made.zap_socket) is zmq.Socket
            socket.connect(ZAP)
            await socket.send_multipart([b"1.0", b"7", b"", ADDRESS, b"", b"PLAIN", b"u", b"p"])
            reply = await asyncio.wait_for(socket.recv_multipart(), WAIT_MS / 1000)
            assert reply[2:5] == [b"200", b"OK", b"u"]
            made.stop()

    for kind in (AsyncioAuthenticator, ThreadAuthenticator):
        asyncio.run(main(kind))


@pytest.mark.extension
def test_asyncio_needs_a_loop(context):
    made = AsyncioAuthenticator(context)
    with pytest.raises(RuntimeError):
        made.start()
    assert made.zap_socket is None


def test_asyncio_loop_argument(context):
    with pytest.warns(DeprecationWarning, match="loop"):
        AsyncioAuthenticator(context, loop=5)


def test_ioloop_is_deprecated():
    done = run_python(
        """
        import warnings
        import zmqpy
        from zmqpy.auth.asyncio import AsyncioAuthenticator
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            from zmqpy.auth.ioloop import IOLoopAuthenticator
        assert any("IOLoopAuthenticator is deprecated" in str(w.message) for w in caught)
        assert issubclass(IOLoopAuthenticator, AsyncioAuthenticator)
        """,
        "-W",
        "ignore",
    )
    assert done.returncode == 0


# ---- sockets ----


@functools.cache
def mechanism_works(option):
    """Whether the engine has the mechanism: a server of it can bind."""
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        setattr(socket, option, 1)
        if option == "curve_server":
            try:
                socket.curve_secretkey = zmq.curve_keypair()[1]
            except zmq.ZMQError:
                return False
        try:
            socket.bind("tcp://127.0.0.1:*")
        except zmq.ZMQError:
            return False
        return True


def needs(option):
    return pytest.mark.skipif(not mechanism_works(option), reason=f"this engine has no {option}")


@pytest.fixture
def reaches(make):
    """reaches(server options, client options): the User-Id of a message that got through, or None."""

    def run(server_options, client_options):
        server, client = make(zmq.PULL, **server_options), make(zmq.PUSH, **client_options)
        server.bind("tcp://127.0.0.1:*")
        client.connect(server.last_endpoint)
        client.send(b"x")
        user = None
        if server.poll(WAIT_MS // 5 if server_options.get("expected", True) else QUIET_MS * 3):
            user = server.recv(copy=False).get("User-Id")
        server.close()
        client.close()
        return user

    return run


@needs("plain_server")
def test_addresses_of_sockets(thread_authenticator, reaches):
    assert reaches({"zap_domain": b"global"}, {}) == "anonymous"
    thread_authenticator.deny("127.0.0.1")
    assert reaches({"zap_domain": b"global"}, {}) is None


@needs("plain_server")
def test_plain_sockets(thread_authenticator, reaches):
    thread_authenticator.configure_plain("*", {"admin": "secret"})
    server = {"plain_server": 1}
    assert reaches(server, {"plain_username": b"admin", "plain_password": b"secret"}) == "admin"
    assert reaches(server, {"plain_username": b"admin", "plain_password": b"wrong"}) is None
    assert reaches(server, {}) is None


@needs("curve_server")
def test_curve_sockets(thread_authenticator, reaches, tmp_path):
    _, secret_file = auth.create_certificates(tmp_path, "server")
    (clients := tmp_path / "clients").mkdir()
    server_public, server_secret = auth.load_certificate(secret_file)
    _, client_file = auth.create_certificates(clients, "client")
    public, secret = auth.load_certificate(client_file)
    stranger_public, stranger_secret = zmq.curve_keypair()
    server = {"curve_server": 1, "curve_publickey": server_public, "curve_secretkey": server_secret}
    client = {"curve_publickey": public, "curve_secretkey": secret, "curve_serverkey": server_public}
    stranger = dict(client, curve_publickey=stranger_public, curve_secretkey=stranger_secret)

    thread_authenticator.configure_curve(location=auth.CURVE_ALLOW_ANY)
    assert reaches(server, client) == public.decode()
    assert reaches(server, stranger) == stranger_public.decode()
    assert reaches(server, dict(client, curve_serverkey=stranger_public)) is None
    thread_authenticator.configure_curve("*", clients)
    assert reaches(server, client) == public.decode()
    assert reaches(server, stranger) is None
    thread_authenticator.configure_curve_callback("*", Provider(False))
    assert reaches(server, client) is None


@needs("plain_server")
def test_many_handshakes_at_once(thread_authenticator, make):
    thread_authenticator.configure_plain("*", {"u": "p"})
    server = make(zmq.PULL, plain_server=1)
    server.bind("tcp://127.0.0.1:*")
    clients = [make(zmq.PUSH, plain_username=b"u", plain_password=b"p") for _ in range(20)]
    for number, client in enumerate(clients):
        client.connect(server.last_endpoint)
        client.send(b"%d" % number)
    assert {server.recv() for _ in clients} == {b"%d" % number for number in range(20)}


def test_threads_may_change_rules(thread_authenticator, asking, run_threads):
    stop = threading.Event()

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            thread_authenticator.configure_plain(f"domain{number % 7}", {"u": "p"})
            thread_authenticator.allow(f"10.0.0.{number % 250}", "127.0.0.1")

    def use():
        try:
            for _ in range(50):
                assert asking(b"NULL") == ALLOWED
        finally:
            stop.set()

    run_threads(change, use)


@pytest.mark.extension
def test_a_monitored_server_lets_many_in_at_once(context, make, thread_authenticator):
    """Verdicts come in batches, and each makes events, which look for more verdicts."""
    count = 60
    server = make(zmq.PULL)
    server.zap_domain = b"many"
    port = server.bind_to_random_port("tcp://127.0.0.1")
    events = server.get_monitor_socket()
    clients = [make(zmq.PUSH) for _ in range(count)]
    for number, client in enumerate(clients):
        client.connect(f"tcp://127.0.0.1:{port}")
        client.send(b"%d" % number)
    server.rcvtimeo = WAIT_MS
    assert sorted(int(server.recv()) for _ in clients) == list(range(count))
    done = 0
    while done < count:
        assert events.poll(WAIT_MS)
        event = recv_monitor_message(events)["event"]
        assert event not in (
            zmq.EVENT_HANDSHAKE_FAILED_AUTH,
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
            zmq.EVENT_DISCONNECTED,
        )
        done += event == zmq.EVENT_HANDSHAKE_SUCCEEDED
    server.disable_monitor()
    events.close()


@pytest.mark.own_engine  # libzmq's socket notes the refusal during some call: it takes two messages or none as well
@pytest.mark.parametrize(("client", "server"), [(zmq.REQ, zmq.REP), (zmq.DEALER, zmq.ROUTER), (zmq.PUSH, zmq.PULL)])
def test_who_sends_once_to_whom_refused_it_misses_a_reply_and_no_more(make, thread_authenticator, client, server):
    thread_authenticator.configure_plain(passwords={"u": "p"})
    server, client = make(server), make(client)
    server.plain_server = True
    server.zap_domain = b"refusing"
    server.rcvtimeo = QUIET_MS
    port = server.bind_to_random_port("tcp://127.0.0.1")
    client.plain_username, client.plain_password = b"u", b"wrong"
    events = client.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    client.connect(f"tcp://127.0.0.1:{port}")
    assert events.poll(WAIT_MS)
    client.send(b"let me in")
    with pytest.raises(zmq.Again):
        server.recv()
    if client.type != zmq.PUSH:
        assert not client.poll(QUIET_MS)
    client.disable_monitor()
    events.close()


@pytest.mark.extension
def test_thread_that_cannot_start_leaves_nothing_open(context, monkeypatch, asking):
    made = ThreadAuthenticator(context)
    with monkeypatch.context() as patched:

        def refuse(_):
            raise RuntimeError("can't start new thread")

        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            made.start()
    assert made.pipe is None and made.zap_socket is None and not made.is_alive()

    wait_until(lambda: starts(made), "the handler's name to be free")
    assert asking(b"NULL") == ALLOWED
    made.stop()
