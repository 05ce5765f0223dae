"""Stonehouse: CURVE with any client. Clients know that they talk to the server, and nobody else can read or change what is
said; but whoever knows the server's public key may connect."""

import zmqpy as zmq

# Once, by `python -m zmqpy.curve_keygen`. The public key goes to the clients, the secret one never leaves the server.
server_public, server_secret = zmq.curve_keypair()

with zmq.Context() as context, context.socket(zmq.PULL) as server, context.socket(zmq.PUSH) as client:
    server.curve_server_keys(server_secret)
    port = server.bind_to_random_port("tcp://127.0.0.1")

    client.curve_client_keys(server_public)  # with a pair of keys made up for this socket
    client.connect(f"tcp://127.0.0.1:{port}")
    client.send_string("Hello")
    print("somebody says, in secret:", server.recv_string())
