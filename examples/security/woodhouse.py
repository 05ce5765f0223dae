"""Woodhouse: a user name and a password (PLAIN). Both cross the network as they are: only for networks where nobody listens."""

import hmac

import zmqpy as zmq
from zmqpy.utils.monitor import recv_monitor_message

PASSWORDS = {"admin": "secret"}


def who_may_connect(domain, address, identity, mechanism, credentials):
    if mechanism != "PLAIN":
        return False
    user, password = credentials
    known = PASSWORDS.get(user)
    # Compared so that the time it takes tells nothing.
    return known is not None and hmac.compare_digest(known.encode(), password.encode("utf-8", "replace"))


def refusal(client, address):
    """Connects; returns why the server refuses, as the client is told."""
    with client.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH) as monitor:
        client.connect(address)
        return recv_monitor_message(monitor)["value"]


def make_client(context, user, password):
    client = context.socket(zmq.PUSH)
    client.plain_username = user
    client.plain_password = password
    return client


with zmq.Context() as context, context.socket(zmq.PULL) as server:
    context.authenticate(who_may_connect)
    server.plain_server = True
    address = f"tcp://127.0.0.1:{server.bind_to_random_port('tcp://127.0.0.1')}"

    with make_client(context, b"admin", b"secret") as client:
        client.connect(address)
        client.send_string("Hello")
        message = server.recv(copy=False)
        print(message.get("User-Id"), "says:", message.bytes.decode())

    with make_client(context, b"admin", b"guessed") as client:
        print("a wrong password is refused:", refusal(client, address))
