"""Grasslands: no security. Whoever reaches the port may connect, read and write; NULL is what sockets do by default."""

import zmqpy as zmq

with zmq.Context() as context, context.socket(zmq.PULL) as server, context.socket(zmq.PUSH) as client:
    port = server.bind_to_random_port("tcp://127.0.0.1")
    client.connect(f"tcp://127.0.0.1:{port}")
    client.send_string("Hello")
    print("anybody says:", server.recv_string())
