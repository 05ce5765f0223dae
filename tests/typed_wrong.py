"""Mistakes that mypy must find with zmqpy's stubs (test_typing.py): each line marked with `error` is one; never run."""

import zmqpy as zmq


def mistakes(sock: zmq.Socket) -> None:
    sock.bind(5)  # error
    sock.send_string(b"bytes")  # error
    sock.recv(timeout=5)  # error
    zmq.Poller().poll("soon")  # error
    print(zmq.no_such_name)  # error
    text: str = zmq.zmq_version_info()  # error
    print(text)
