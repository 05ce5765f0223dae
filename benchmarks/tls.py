"""What TLS costs: tls+tcp beside tcp, and beside Python's ssl over the same sizes, in one process.

    python benchmarks/tls.py [--seconds S] [--rounds N]

Each figure is the best of the rounds, which are taken in turn, so that a machine that is busy for a moment slows one round of each.
Certificates are made by the `openssl` program.
"""

from __future__ import annotations

import argparse
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable

import zmqpy as zmq

SIZES = (64, 1024, 65536, 1 << 20, 16 << 20)  # bytes
PAUSE = 10_000  # ms within which anything comes


class Certificate:
    """A self-signed one, in files."""

    def __init__(self, folder: str) -> None:
        self.file, self.key = str(Path(folder, "cert.pem")), str(Path(folder, "key.pem"))
        words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server -addext subjectAltName=IP:127.0.0.1"
        subprocess.run(
            ["openssl", *words.split(), "-keyout", self.key, "-out", self.file], check=True, capture_output=True
        )


Measure = Callable[[zmq.Context[zmq.Socket[bytes]], str, Certificate, int, float], float]


class Sockets:
    """A PUSH and a PULL, or a REQ and a REP, over a transport."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], transport: str, certificate: Certificate, kinds: tuple[int, int]
    ) -> None:
        self.receiver, self.sender = (context.socket(kind) for kind in kinds)
        for one in (self.receiver, self.sender):
            one.rcvtimeo = one.sndtimeo = PAUSE
            one.linger = 0
        self.receiver.set(zmq.SocketOption.EXT_TLS_CERT_PEM, certificate.file.encode())
        self.receiver.set(zmq.SocketOption.EXT_TLS_KEY_PEM, certificate.key.encode())
        self.sender.set(zmq.SocketOption.EXT_TLS_TRUST_PEM, certificate.file.encode())
        self.receiver.bind(f"{transport}://127.0.0.1:*")
        self.sender.connect(self.receiver.last_endpoint.decode())

    def close(self) -> None:
        self.receiver.close()
        self.sender.close()


def throughput_of_sockets(
    context: zmq.Context[zmq.Socket[bytes]], transport: str, certificate: Certificate, size: int, seconds: float
) -> float:
    """Bytes a second from a thread to another."""
    sockets = Sockets(context, transport, certificate, (zmq.PULL, zmq.PUSH))
    body = bytes(size)
    end = threading.Event()

    def send() -> None:
        while not end.is_set():
            try:
                sockets.sender.send(body, copy=False)
            except zmq.Again:
                return

    sender = threading.Thread(target=send)
    sender.start()
    sockets.receiver.recv()
    received, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        received += len(sockets.receiver.recv(copy=False))
    end.set()
    while sockets.receiver.poll(50):
        sockets.receiver.recv(copy=False)
    sender.join()
    sockets.close()
    return received / passed


def round_trips(
    context: zmq.Context[zmq.Socket[bytes]], transport: str, certificate: Certificate, size: int, seconds: float
) -> float:
    """Seconds a round trip."""
    sockets = Sockets(context, transport, certificate, (zmq.REP, zmq.REQ))
    body = bytes(size)
    count, began = -1, time.perf_counter()
    while count < 0 or (passed := time.perf_counter() - began) < seconds:
        if count < 0:  # the first is the handshake
            count, began = 0, time.perf_counter()
        sockets.sender.send(body)
        sockets.receiver.send(sockets.receiver.recv())
        sockets.sender.recv()
        count += 1
    sockets.close()
    return passed / count


def throughput_of_python(certificate: Certificate, size: int, seconds: float) -> float:
    """The same by Python's ssl: the sender's sendall of `size` bytes, the receiver's recv_into of 256 KiB."""
    listener = socket.create_server(("127.0.0.1", 0))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate.file, certificate.key)
    trusting = ssl.create_default_context(cafile=certificate.file)
    end = threading.Event()

    def send() -> None:
        with trusting.wrap_socket(
            socket.create_connection(listener.getsockname()), server_hostname="127.0.0.1"
        ) as connection:
            body = bytes(size)
            try:
                while not end.is_set():
                    connection.sendall(body)
            except OSError:
                pass

    sender = threading.Thread(target=send)
    sender.start()
    accepted, _ = listener.accept()
    with serving.wrap_socket(accepted, server_side=True) as connection:
        space = bytearray(256 * 1024)
        connection.recv_into(space)
        received, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            received += connection.recv_into(space)
        end.set()
    sender.join()
    listener.close()
    return received / passed


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="What TLS costs.")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not zmq.has("tls"):
        raise SystemExit("this engine was built without TLS")
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context:
        certificate = Certificate(folder)
        print(
            "| bytes | tcp MB/s | tls+tcp MB/s | Python's ssl MB/s | tls+tcp of tcp | tls+tcp of ssl | tcp us | tls+tcp us |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for size in SIZES:

            def sockets(measure: Measure, transport: str, size: int = size) -> float:
                return measure(context, transport, certificate, size, arguments.seconds)

            taken = [
                (
                    sockets(throughput_of_sockets, "tcp"),
                    sockets(throughput_of_sockets, "tls+tcp"),
                    throughput_of_python(certificate, size, arguments.seconds),
                    -sockets(round_trips, "tcp"),
                    -sockets(round_trips, "tls+tcp"),
                )
                for _ in range(arguments.rounds)
            ]
            plain, tls, python, plain_trip, tls_trip = (max(column) for column in zip(*taken))
            print(
                f"| {size} | {plain / 1e6:.0f} | {tls / 1e6:.0f} | {python / 1e6:.0f} | {tls / plain:.2f} | {tls / python:.2f} "
                f"| {-plain_trip * 1e6:.0f} | {-tls_trip * 1e6:.0f} |"
            )


if __name__ == "__main__":
    main()
