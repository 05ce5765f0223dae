"""Every Python block of docs/ does what the page says: those that are no whole programs run here, each in the setting its page tells of.

test_readme.py runs the pages whose blocks are programs.
"""

import asyncio
import hmac
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import WAIT_MS

import zmqpy as zmq
from zmqpy.utils.monitor import recv_monitor_message

pytestmark = [pytest.mark.extension, pytest.mark.timeout(60)]

DOCS = Path(__file__).resolve().parent.parent / "docs"
OF_PROGRAMS = {"howto.md", "serialization.md"}
NEEDS_TLS = pytest.mark.skipif(not zmq.has("tls") or shutil.which("openssl") is None, reason="needs TLS and openssl")
NEEDS_CURVE = pytest.mark.skipif(not zmq.has("curve"), reason="needs CURVE")


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)


class Fragment:
    """The block of a page that begins with some words, to be run with names the page takes for granted."""

    used = set()

    def __init__(self, page, begin):
        found = [block for block in blocks(page) if block.startswith(begin)]
        assert len(found) == 1, begin
        self.text = found[0]
        self.used.add((page, self.text))

    def with_random_ports(self):
        self.text = re.sub(r"://\*:\d+", "://127.0.0.1:*", self.text)
        return self

    def run(self, **names):
        """Runs it; returns the names it then has."""
        exec(compile(self.text, "docs", "exec"), names)
        return names


SECURITY = {
    "strawhouse": Fragment(
        "security.md", "context.authenticate(lambda domain, address, identity, mechanism, credentials: address"
    ),
    "woodhouse": Fragment("security.md", "def who_may_connect"),
    "stonehouse": Fragment(
        "security.md", "server.curve_server_keys(server_secret)\nclient.curve_client_keys(server_public)\n"
    ),
    "ironhouse": Fragment(
        "security.md", "context.authenticate(lambda domain, address, identity, mechanism, credentials: USERS"
    ),
    "keys that change": Fragment("security.md", "server.curve_server_keys(old_secret)"),
    "limits": Fragment("security.md", "server.maxmsgsize"),
}
TLS = {
    "server": Fragment("tls.md", "server = context.socket"),
    "clients": Fragment("tls.md", "server.ext_tls_trust_pem"),
    "properties": Fragment("tls.md", "frame = server.recv"),
}
MIGRATING = {
    "import": Fragment("migrating.md", "import zmqpy as zmq\n"),
    "alias": Fragment("migrating.md", "import zmqpy\n\nzmqpy.install_as_zmq()"),
    "cython": Fragment("migrating.md", "Extension("),
    "loop": Fragment("migrating.md", "def on_readable"),
}


def test_no_block_is_left_out():
    pages = {page.name for page in DOCS.glob("*.md")} - OF_PROGRAMS
    assert {(page, block) for page in pages for block in blocks(page)} == Fragment.used


@pytest.fixture
def ends(context):
    """A server and a client, not yet bound and connected."""
    server, client = context.socket(zmq.REP), context.socket(zmq.REQ)
    for socket in (server, client):
        socket.linger = 0
        socket.rcvtimeo = socket.sndtimeo = WAIT_MS
    return server, client


def talk(server, client):
    """A request and its reply; true if they arrive."""
    if not server.last_endpoint:
        server.bind("tcp://127.0.0.1:*")
    client.connect(server.last_endpoint)
    client.send(b"question")
    assert server.recv() == b"question"
    server.send(b"answer")
    return client.recv() == b"answer"


def refused(context, server, **options):
    """That another client's handshake fails."""
    with context.socket(zmq.REQ) as stranger:
        stranger.linger = 0
        for name, value in options.items():
            setattr(stranger, name, value)
        events = stranger.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_FAILED_AUTH
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
            | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
            | zmq.EVENT_HANDSHAKE_SUCCEEDED
            | zmq.EVENT_DISCONNECTED
        )
        events.rcvtimeo = WAIT_MS
        stranger.connect(server.last_endpoint)
        with events:
            return recv_monitor_message(events)["event"] != zmq.EVENT_HANDSHAKE_SUCCEEDED


@pytest.mark.parametrize("allowed", [True, False])
def test_strawhouse(context, ends, allowed):
    server, client = ends
    SECURITY["strawhouse"].run(context=context, server=server, ALLOWED={"127.0.0.1"} if allowed else {"10.1.1.1"})
    if allowed:
        assert talk(server, client)
    else:
        server.bind("tcp://127.0.0.1:*")
        assert refused(context, server)


def test_woodhouse(context, ends):
    server, client = ends
    SECURITY["woodhouse"].run(context=context, server=server, client=client, hmac=hmac, PASSWORDS={"admin": "secret"})
    assert talk(server, client)
    assert refused(context, server, plain_username=b"admin", plain_password=b"wrong")
    assert refused(context, server)


@NEEDS_CURVE
def test_stonehouse(context, ends):
    server, client = ends
    server_public, server_secret = zmq.curve_keypair()
    SECURITY["stonehouse"].run(server=server, client=client, server_public=server_public, server_secret=server_secret)
    assert talk(server, client)
    assert refused(context, server)


@NEEDS_CURVE
def test_ironhouse(context, ends):
    server, client = ends
    server_public, server_secret = zmq.curve_keypair()
    client_public, client_secret = zmq.curve_keypair()
    names = {
        "context": context,
        "server": server,
        "client": client,
        "server_public": server_public,
        "server_secret": server_secret,
        "client_public": client_public,
        "client_secret": client_secret,
        "USERS": {client_public: "ann"},
    }
    SECURITY["ironhouse"].run(**names)
    server.bind("tcp://127.0.0.1:*")
    client.connect(server.last_endpoint)
    client.send(b"question")
    assert server.recv(copy=False).get("User-Id") == "ann"
    public, secret = zmq.curve_keypair()
    assert refused(context, server, curve_publickey=public, curve_secretkey=secret, curve_serverkey=server_public)


@NEEDS_CURVE
def test_keys_change_while_the_server_serves(context, ends):
    server, _ = ends
    (old_public, old_secret), (new_public, new_secret) = zmq.curve_keypair(), zmq.curve_keypair()
    bound = []
    fragment = SECURITY["keys that change"].with_random_ports()
    both, later = fragment.text.split("# later\n")

    def step(text, **names):
        exec(text, {"server": server, "old_secret": old_secret, "new_secret": new_secret, **names})

    first, second = both.split("server.curve_server_keys(new_secret)")
    step(first)
    bound.append(server.last_endpoint)
    step("server.curve_server_keys(new_secret)" + second)
    bound.append(server.last_endpoint)

    def ask(public, address):
        with context.socket(zmq.REQ) as client:
            client.linger = 0
            client.rcvtimeo = client.sndtimeo = WAIT_MS
            client.curve_client_keys(public)
            client.connect(address)
            client.send(b"question")
            server.send(server.recv())
            return client.recv() == b"question"

    assert ask(old_public, bound[0]) and ask(new_public, bound[1])
    step(later.replace("tcp://127.0.0.1:*", bound[0].decode()))
    assert ask(new_public, bound[1])


@pytest.mark.own_engine
def test_limits(ends):
    server, client = ends
    SECURITY["limits"].run(server=server)
    assert (server.maxmsgsize, server.handshake_ivl) == (1 << 20, 5000)
    assert (server.ext_max_message_size, server.ext_max_message_parts) == (4 << 20, 100)
    assert talk(server, client)


@pytest.fixture
def certificates(authority, tmp_path, monkeypatch):
    """The files that docs/tls.md names, in the working directory."""
    for name in ("server", "client"):
        identity = authority.issue(name)
        shutil.copy(identity.certificate_file, tmp_path / f"{name}.pem")
        shutil.copy(identity.key_file, tmp_path / f"{name}.key")
    shutil.copy(authority.certificate_file, tmp_path / "authority.pem")
    monkeypatch.chdir(tmp_path)


@pytest.mark.own_engine
@NEEDS_TLS
def test_tls(context, certificates):
    fragment = TLS["server"].with_random_ports()
    fragment.text = fragment.text.replace('"tls+tcp://server.example:5555"', "server.last_endpoint")
    ends = fragment.run(context=context, zmq=zmq)
    with ends["server"] as server, ends["client"] as client:
        server.rcvtimeo = server.sndtimeo = client.rcvtimeo = client.sndtimeo = WAIT_MS
        client.send(b"question")
        assert server.recv() == b"question"
        server.send(b"answer")
        assert client.recv() == b"answer"


@pytest.mark.own_engine
@NEEDS_TLS
def test_tls_with_certificates_of_clients(context, certificates):
    server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    server.linger = client.linger = 0
    server.rcvtimeo = client.sndtimeo = WAIT_MS
    server.ext_tls_cert_pem, server.ext_tls_key_pem = b"server.pem", b"server.key"
    client.ext_tls_trust_pem = b"authority.pem"
    with server, client:
        TLS["clients"].run(server=server, client=client)
        server.bind("tls+tcp://127.0.0.1:*")
        client.connect(server.last_endpoint)
        client.send(b"known")
        frame = TLS["properties"].run(server=server)["frame"]
        assert frame.get("Peer-Certificate-Subject") == "CN=client"
        assert re.fullmatch("[0-9a-f]{64}", frame.get("Peer-Certificate-Fingerprint").lower())
        assert refused(context, server, ext_tls_trust_pem=b"authority.pem")


@pytest.mark.parametrize("name", ["import", "alias"])
def test_imports(name, tmp_path):
    (tmp_path / "program_written_for_pyzmq.py").write_text(
        "import sys\nimport zmq.utils.z85\nassert zmq.Context.__module__.startswith('zmqpy')\nsys.exit(5)\n"
    )
    source = MIGRATING[name].text
    if name == "import":
        source += "import sys\nsys.exit(5 if zmq.Context.__module__.startswith('zmqpy') else 1)\n"
    finished = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, timeout=60)
    assert finished.returncode == 5


def test_directories_for_cython():
    """test_cimport.py builds a module with them; here the block's own words are seen to name what there is."""
    pytest.importorskip("Cython")
    given = {}

    class Extension:
        def __init__(self, name, sources, **directories):
            given.update(directories, name=name, sources=sources)

    MIGRATING["cython"].run(
        Extension=Extension,
        zmqpy=zmq,
        extensions=[],
        cythonize=lambda extensions, include_path: given.update(path=include_path),
    )
    assert given["path"] == given["include_dirs"] == zmq.get_includes()
    for folder in (*given["include_dirs"], *given["library_dirs"]):
        assert Path(folder).is_dir()
    assert given["libraries"] and given["runtime_library_dirs"] == given["library_dirs"]


def test_a_loop_of_ones_own(connected):
    sender, sock = connected(zmq.PUSH, zmq.PULL)
    got = []

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def handle(message):
            got.append(message)
            if len(got) == 101:
                done.set_result(None)

        MIGRATING["loop"].run(sock=sock, zmq=zmq, handle=handle, loop=loop)
        for number in range(100):
            sender.send(b"%d" % number)
            await asyncio.sleep(0)
        await asyncio.wait_for(done, WAIT_MS / 1000)
        loop.remove_reader(sock.fileno())

    sender.send(b"before")
    assert sock.poll(WAIT_MS)
    asyncio.run(main())
    assert got == [b"before", *(b"%d" % number for number in range(100))]
