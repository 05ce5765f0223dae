"""Ironhouse: CURVE with known clients. As Stonehouse, and the server lets in only those whose public keys it has."""

import tempfile
from pathlib import Path

import zmqpy as zmq
from zmqpy import auth
from zmqpy.utils.monitor import recv_monitor_message


def make_certificates(folder):
    """What is done once, by hand: each end keeps its secret file, the server gets the public files of its clients."""
    known = folder / "known_clients"
    known.mkdir()
    for name in ("server", "marie", "stranger"):
        auth.create_certificates(folder, name)
    (folder / "marie.key").rename(known / "marie.key")
    return known


def refusal(client, address):
    """Connects; returns why the server refuses, as the client is told."""
    with client.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH) as monitor:
        client.connect(address)
        return recv_monitor_message(monitor)["value"]


with tempfile.TemporaryDirectory() as name, zmq.Context() as context, context.socket(zmq.PULL) as server:
    folder = Path(name)
    users = {auth.load_certificate(file)[0]: file.stem for file in make_certificates(folder).glob("*.key")}

    def who_may_connect(domain, address, identity, mechanism, credentials):
        if mechanism != "CURVE":
            return False
        (public_key,) = credentials
        return users.get(public_key, False)  # the name becomes the peer's User-Id

    context.authenticate(who_may_connect)
    server_public, server_secret = auth.load_certificate(folder / "server.key_secret")
    server.curve_server_keys(server_secret)
    address = f"tcp://127.0.0.1:{server.bind_to_random_port('tcp://127.0.0.1')}"

    with context.socket(zmq.PUSH) as client:
        client.curve_client_keys(server_public, auth.load_certificate(folder / "marie.key_secret"))
        client.connect(address)
        client.send_string("Hello")
        message = server.recv(copy=False)
        print(message.get("User-Id"), "says, in secret:", message.bytes.decode())

    with context.socket(zmq.PUSH) as client:
        client.curve_client_keys(server_public, auth.load_certificate(folder / "stranger.key_secret"))
        print("a stranger is refused:", refusal(client, address))
