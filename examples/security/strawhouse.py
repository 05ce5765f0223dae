"""Strawhouse: peers are let in by their address. It keeps strangers of other networks out, but nothing that is said is secret."""

import zmqpy as zmq
from zmqpy.utils.monitor import recv_monitor_message

ALLOWED = {"127.0.0.1"}


def who_may_connect(domain, address, identity, mechanism, credentials):
    return address in ALLOWED


def refusal(client, address):
    """Connects; returns why the server refuses, as the client is told."""
    with client.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH) as monitor:
        client.connect(address)
        return recv_monitor_message(monitor)["value"]


with zmq.Context() as context, context.socket(zmq.PULL) as server:
    context.authenticate(who_may_connect)
    server.zap_domain = b"house"  # without a domain nobody is asked about peers that bring no credentials
    port = server.bind_to_random_port("tcp://127.0.0.1")

    # "source;target": two addresses of this machine stand for two machines.
    with context.socket(zmq.PUSH) as client:
        client.connect(f"tcp://127.0.0.1:0;127.0.0.1:{port}")
        client.send_string("Hello")
        print("127.0.0.1 says:", server.recv_string())

    with context.socket(zmq.PUSH) as client:
        print("127.0.0.2 is refused:", refusal(client, f"tcp://127.0.0.2:0;127.0.0.1:{port}"))
