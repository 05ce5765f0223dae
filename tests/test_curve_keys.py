"""CURVE keys in one call, and settings that cannot work, which bind and connect refuse with a text that says why."""

import pytest
from support import QUIET_MS, bind

import zmqpy as zmq
from zmqpy import auth
from zmqpy.utils import z85

pytestmark = [
    pytest.mark.extension,
    pytest.mark.skipif(not zmq.has("curve"), reason="the engine was built without CURVE"),
]

SERVER, CLIENT, OTHER = [zmq.curve_keypair() if zmq.has("curve") else (b"", b"") for _ in range(3)]


def works(a, b):
    b.send(b"hello")
    return a.recv() == b"hello"


@pytest.mark.parametrize("form", [bytes, bytes.decode, z85.decode], ids=["bytes", "str", "binary"])
def test_a_secure_pair_takes_two_lines(make, form):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    assert server.curve_server_keys(form(SERVER[1])) == SERVER[0]
    assert client.curve_client_keys(form(SERVER[0]), (form(CLIENT[0]), form(CLIENT[1]))) == CLIENT[0]
    client.connect(bind(server))
    assert works(server, client)
    assert client.curve_secretkey == CLIENT[1] and server.curve_secretkey == SERVER[1]


def test_client_makes_up_its_pair(make):
    server, client, another = make(zmq.PULL), make(zmq.PUSH), make(zmq.PUSH)
    public = server.curve_server_keys(SERVER[1])
    made = client.curve_client_keys(public)
    assert made == client.curve_publickey == zmq.curve_public(client.curve_secretkey)
    assert another.curve_client_keys(public) != made
    address = bind(server)
    for socket in (client, another):
        socket.connect(address)
        assert works(server, socket)


def test_either_end_may_be_the_server(make):
    server, client = make(zmq.PUSH), make(zmq.PULL)
    client.curve_client_keys(server.curve_server_keys(SERVER[1]))
    server.connect(bind(client))
    assert works(client, server)


def test_roles_may_be_changed(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    server.curve_client_keys(OTHER[0])
    server.curve_server_keys(SERVER[1])
    client.curve_server_keys(OTHER[1])
    client.curve_client_keys(SERVER[0], CLIENT)
    client.connect(bind(server))
    assert works(server, client)


def test_keys_of_certificates(make, tmp_path):
    public_file, secret_file = auth.create_certificates(tmp_path, "client")
    server, client = make(zmq.PULL), make(zmq.PUSH)
    server.curve_server_keys(SERVER[1])
    client.curve_client_keys(SERVER[0], auth.load_certificate(secret_file))
    client.connect(bind(server))
    assert works(server, client)
    with pytest.raises(ValueError, match="no secret key"):
        client.curve_client_keys(SERVER[0], auth.load_certificate(public_file))


def test_what_is_no_key_is_refused_and_changes_nothing(make):
    socket = make(zmq.PUSH)
    for wrong in (b"", b"short", "k" * 41, b"\xff" * 40, SERVER[0] + b"\0"):
        with pytest.raises(ValueError):
            socket.curve_server_keys(wrong)
        with pytest.raises(ValueError):
            socket.curve_client_keys(wrong)
        with pytest.raises(ValueError):
            socket.curve_client_keys(SERVER[0], (CLIENT[0], wrong))
    for wrong in (None, 7):
        with pytest.raises(TypeError):
            socket.curve_server_keys(wrong)
        with pytest.raises(TypeError):
            socket.curve_client_keys(wrong)
    for pair in ((CLIENT[0], OTHER[1]), (CLIENT[1], CLIENT[0])):
        with pytest.raises(ValueError, match="do not belong together"):
            socket.curve_client_keys(SERVER[0], pair)
    assert socket.mechanism == zmq.NULL


# ---- settings that cannot work ----

SERVES = {"curve_server": 1, "curve_secretkey": SERVER[1]}
KNOWS = {"curve_serverkey": SERVER[0]}
OWNS = {"curve_publickey": CLIENT[0], "curve_secretkey": CLIENT[1]}

HOPELESS = {
    "a client without its server's key": (OWNS, "CURVE_SERVERKEY"),
    "a server that does not say so": ({"curve_secretkey": SERVER[1]}, "CURVE_SERVER=1"),
    "a server without a key": ({"curve_server": 1}, "CURVE_SECRETKEY"),
    "a server with a public key only": ({"curve_server": 1, "curve_publickey": SERVER[0]}, "CURVE_SECRETKEY"),
    "a client without keys": (KNOWS, "CURVE_PUBLICKEY and CURVE_SECRETKEY"),
    "a client without a public key": ({**KNOWS, "curve_secretkey": CLIENT[1]}, "CURVE_PUBLICKEY"),
    "a client without a secret key": ({**KNOWS, "curve_publickey": CLIENT[0]}, "CURVE_SECRETKEY"),
    "keys of two clients": ({**KNOWS, **OWNS, "curve_publickey": OTHER[0]}, "does not belong"),
    "the wrong way round": ({**KNOWS, "curve_publickey": CLIENT[1], "curve_secretkey": CLIENT[0]}, "does not belong"),
}


@pytest.mark.parametrize("options", HOPELESS.values(), ids=HOPELESS)
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_hopeless_settings_are_refused(make, options, transport):
    chosen, why = options
    socket = make(zmq.DEALER, **chosen)
    address = "tcp://127.0.0.1:*" if transport == "tcp" else "ipc:///tmp/zmqpy-never-bound"
    for call, where in ((socket.bind, address), (socket.connect, address.replace("*", "9"))):
        with pytest.raises(zmq.ZMQError, match=why) as refused:
            call(where)
        assert refused.value.errno == zmq.Errno.EINVAL
        assert where in str(refused.value)


@pytest.mark.parametrize("options", [*[chosen for chosen, _ in HOPELESS.values()]], ids=HOPELESS)
def test_inproc_takes_no_notice_of_them(make, options):
    a, b = make(zmq.PULL, **options), make(zmq.PUSH, **options)
    b.connect(bind(a, "inproc"))
    assert works(a, b)


def test_what_works_is_not_refused(make):
    """Whatever connects with libzmq: a server's public key is of no use to itself, and what is set later is for later."""
    server = make(zmq.PULL, **SERVES, curve_publickey=OTHER[0])
    address = bind(server)
    client = make(zmq.PUSH, **KNOWS, **OWNS)
    client.connect(address)
    assert works(server, client)
    plain = make(zmq.PULL)
    late = make(zmq.PUSH)
    late.connect(bind(plain))
    for name, value in OWNS.items():
        setattr(late, name, value)
    assert works(plain, late)
    raw = make(zmq.STREAM, **OWNS)
    raw.connect(bind(plain))
    assert not plain.poll(QUIET_MS)
    back = make(zmq.PULL, curve_secretkey=SERVER[1], curve_server=0)  # sets the mechanism back to NULL
    again = make(zmq.PUSH)
    again.connect(bind(back))
    assert works(back, again)
