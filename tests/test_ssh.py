"""zmqpy.ssh: what needs no server, and tunnels through a real sshd (sshd.py) by OpenSSH and by paramiko."""

import importlib.util
import os
import signal
import socket

import pytest
import sshd
from support import run_python, wait_until

import zmqpy as zmq
from zmqpy import ssh
from zmqpy.ssh import tunnel

missing = sshd.find()
needs_server = pytest.mark.skipif(missing is not None, reason=missing or "")
needs_paramiko = pytest.mark.skipif(importlib.util.find_spec("paramiko") is None, reason="needs paramiko")

# Those of pyzmq need pexpect or other ways to be told about keys; what they have in common with ours is tested without a server.
pytestmark = pytest.mark.timeout(60)


def test_names():
    assert ssh.ssh_tunnel is ssh.openssh_tunnel
    assert ssh.tunnel_connection is tunnel.tunnel_connection
    assert issubclass(tunnel.MaxRetryExceeded, Exception)


def test_random_ports():
    ports = tunnel.select_random_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    assert tunnel.select_random_ports(0) == []


@pytest.mark.extension
@pytest.mark.parametrize(
    ("server", "parts", "host", "options"),
    [
        ("me@host:2222", ("me", "host", 2222), "me@host", ["-p", "2222"]),
        ("me@host", ("me", "host", 22), "me@host", []),
        ("me@[::1]:2222", ("me", "::1", 2222), "me@::1", ["-p", "2222"]),
        ("me@fe80::1", ("me", "fe80::1", 22), "me@fe80::1", []),
    ],
)
def test_server_names(server, parts, host, options):
    assert tunnel._split_server(server) == parts
    if "fe80" not in server:
        assert tunnel._host(server) == host
        assert tunnel._ssh_command(server, None) == ["ssh", *options]
    assert tunnel._ssh_command("h", "key") == ["ssh", "-i", "key"]


@pytest.mark.extension
@pytest.mark.parametrize("endpoint", ["ipc://x", "tcp://host", "inproc://x:1", "host:5"])
def test_only_tcp_can_be_reached(endpoint):
    with pytest.raises(ValueError, match="tcp"):
        tunnel.open_tunnel(endpoint, "host")


@pytest.mark.extension
def test_without_paramiko(monkeypatch):
    monkeypatch.setattr(tunnel, "paramiko", None)
    with pytest.raises(ImportError):
        ssh.paramiko_tunnel(1, 2, "host")
    with pytest.raises(ImportError):
        ssh.try_passwordless_ssh("host", None, paramiko=True)


# ---- a server ----


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = sshd.Server(str(tmp_path_factory.mktemp("sshd")))
    yield running
    running.stop()


@pytest.fixture
def client(server, monkeypatch):
    """The server, with `ssh` being the client that knows it and the tunnels of the test ended afterwards."""
    monkeypatch.setenv("PATH", server.path + os.pathsep + os.environ["PATH"])
    monkeypatch.setattr("zmqpy.ssh.tunnel.getpass", lambda prompt: pytest.fail(f"asked for {prompt}"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield server
    tunnel._stop_tunnels()


@pytest.fixture
def remote(make):
    """A REP server, and its endpoint as the ssh server sees it."""
    socket = make(zmq.REP)
    socket.bind("tcp://127.0.0.1:*")
    return socket, socket.last_endpoint.decode()


def talk(make, remote, **options):
    """A message there and back through a tunnel; returns the tunnel."""
    socket, endpoint = remote
    client = make(zmq.REQ)
    opened = ssh.tunnel_connection(client, endpoint, **options)
    for text in (b"question", b"x" * 1_000_000):
        client.send(text)
        assert socket.recv() == text
        socket.send(b"answer")
        assert client.recv() == b"answer"
    return opened


@needs_server
@pytest.mark.extension
def test_tunnel(client, make, remote):
    pid = talk(make, remote, server=client.address, keyfile=client.key)
    assert isinstance(pid, int)
    os.kill(pid, 0)


@needs_server
@pytest.mark.extension
def test_key_with_a_passphrase(client, make, remote):
    talk(make, remote, server=client.address, keyfile=client.locked_key, password=sshd.PASSPHRASE)


@needs_server
@pytest.mark.extension
def test_passphrase_is_asked_for(client, make, remote, monkeypatch):
    asked = []
    monkeypatch.setattr("zmqpy.ssh.tunnel.getpass", lambda prompt: asked.append(prompt) or sshd.PASSPHRASE)
    talk(make, remote, server=client.address, keyfile=client.locked_key)
    assert len(asked) == 1 and client.address in asked[0]


@needs_server
@pytest.mark.extension
def test_try_passwordless(client):
    assert ssh.try_passwordless_ssh(client.address, client.key) is True
    assert ssh.try_passwordless_ssh(client.address, client.stranger) is False
    assert ssh.try_passwordless_ssh(client.address, client.locked_key) is False


@needs_server
@pytest.mark.extension
@pytest.mark.parametrize("why", ["stranger", "wrong passphrase", "port in use", "unknown host"])
def test_what_cannot_be_opened_is_explained(client, remote, why, monkeypatch):
    options = {"server": client.address, "keyfile": client.key, "password": None}
    (port,) = tunnel.select_random_ports(1)
    if why == "stranger":
        options.update(keyfile=client.stranger, password="x")
    elif why == "wrong passphrase":
        options.update(keyfile=client.locked_key, password="wrong")
    elif why == "port in use":
        port = client.port
    else:
        options.update(server=client.address.replace("127.0.0.1", "127.0.0.2"), password="x")
    with pytest.raises(RuntimeError, match="not opened the tunnel: ."):
        ssh.openssh_tunnel(port, 1, **options)


@needs_server
@pytest.mark.extension
def test_unused_tunnel_closes(client):
    (port,) = tunnel.select_random_ports(1)
    pid = ssh.openssh_tunnel(port, 1, client.address, keyfile=client.key, timeout=1)
    (process,) = [process for process in tunnel._processes if process.pid == pid]
    process.wait(20)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@needs_server
@pytest.mark.extension
def test_tunnel_ends_with_the_process(client):
    done = run_python(
        f"""
        from zmqpy.ssh import tunnel
        print(*tunnel.open_tunnel("tcp://127.0.0.1:1", {client.address!r}, keyfile={client.key!r}))
        """
    )
    pid = int(done.stdout.split()[1])

    def has_ended():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_until(has_ended, "ssh to end")


# ---- paramiko ----


@pytest.fixture
def trusting(client, monkeypatch):
    """paramiko takes the known hosts of the test."""
    paramiko = pytest.importorskip("paramiko")
    original = paramiko.SSHClient.load_system_host_keys
    monkeypatch.setattr(
        paramiko.SSHClient, "load_system_host_keys", lambda self, filename=None: original(self, client.known_hosts)
    )
    return client


@needs_server
@needs_paramiko
@pytest.mark.extension
@pytest.mark.filterwarnings("default")
def test_tunnel_by_paramiko(trusting, make, remote):
    process = talk(make, remote, server=trusting.address, keyfile=trusting.key, paramiko=True)
    assert process.is_alive() and process.daemon
    os.kill(process.pid, signal.SIGTERM)
    process.join(10)


@needs_server
@needs_paramiko
@pytest.mark.extension
@pytest.mark.filterwarnings("default")
def test_paramiko_without_access(trusting):
    assert ssh.try_passwordless_ssh(trusting.address, trusting.key, paramiko=True) is True
    assert ssh.try_passwordless_ssh(trusting.address, trusting.stranger, paramiko=True) is False
    with pytest.raises(RuntimeError, match="Authentication"):
        ssh.paramiko_tunnel(
            *tunnel.select_random_ports(1), 1, trusting.address, keyfile=trusting.stranger, password="x"
        )
