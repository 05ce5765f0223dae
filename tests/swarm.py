"""Many connections that never become peers of a CURVE server: they send garbage, stall at each step, or say HELLO again and again.

A process of its own, for tests; by hand it measures what a server's authenticated traffic loses meanwhile:

    python tests/swarm.py --connections 10000 --seconds 20
"""

import argparse
import os
import random
import resource
import selectors
import signal
import socket as posix
import subprocess
import sys
import time

import rawzmtp

GREETING = rawzmtp.GREETING[:12] + b"CURVE".ljust(20, b"\0") + bytes(32)


def record_hello(context, server_public):
    """A HELLO that a client of ours says to that server: the server cannot tell it from a new one."""
    import zmqpy as zmq

    with posix.socket() as listener, context.socket(zmq.PUSH) as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(10)
        client.linger = 0
        client.curve_client_keys(server_public)
        client.connect(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(10)
            peer.sendall(GREETING)
            heard = b""
            while len(heard) < 64 + 202:
                heard += peer.recv(4096)
    return heard[64:266]


def scripts(hello):
    """What a connection says, piece by piece, before it stalls; then the server has to end it."""
    chance = random.Random(1)
    said = [chance.randbytes(chance.randrange(1, 2000)) for _ in range(8)]
    said += [GREETING[:cut] for cut in (0, 1, 9, 10, 11, 12, 32, 63, 64)]
    said += [GREETING + hello[:cut] for cut in (1, 2, 3, 100, 201, 202)]
    said += [GREETING + hello * count for count in (2, 3, 50)]
    altered = bytearray(hello)
    altered[150] ^= 1
    said += [GREETING + bytes(altered), GREETING + hello + rawzmtp.command(b"\x08INITIATE" + bytes(300))]
    return said


def attack(port, hello, connections):
    """Runs until it is killed: keeps so many connections, each with its script; one that the server ends begins anew."""
    os.nice(10)  # it stands for other machines
    raise_limit(connections)
    said = scripts(hello)
    selector = selectors.DefaultSelector()
    begun = 0

    def begin():
        nonlocal begun
        connection = posix.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        selector.register(connection, selectors.EVENT_WRITE, said[begun % len(said)])
        begun += 1

    for _ in range(connections):
        begin()
    print("begun", flush=True)
    while True:
        for key, events in selector.select():
            connection = key.fileobj
            try:
                if events & selectors.EVENT_WRITE:
                    connection.send(key.data)
                    selector.modify(connection, selectors.EVENT_READ)
                    continue
                if connection.recv(4096):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            selector.unregister(connection)
            connection.close()
            begin()


def raise_limit(connections):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 500
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard)
        )


class Swarm:
    """The attack as a process. Leaving it as a context manager ends it, and with it all of its connections."""

    def __init__(self, port, hello, connections):
        arguments = [sys.executable, os.path.abspath(__file__), "--attack", str(port), hello.hex()]
        self.process = subprocess.Popen(
            [*arguments, "--connections", str(connections)],
            stdout=subprocess.PIPE,
            cwd=os.path.dirname(os.path.abspath(__file__)),
        )

    def __enter__(self):
        assert self.process.stdout.readline() == b"begun\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def pause(self):
        """Its connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


def main():
    import zmqpy as zmq

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--attack", nargs=2, metavar=("PORT", "HELLO"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.attack:
        attack(int(chosen.attack[0]), bytes.fromhex(chosen.attack[1]), chosen.connections)
        return
    raise_limit(chosen.connections)
    with zmq.Context() as context, context.socket(zmq.PULL) as server, context.socket(zmq.PUSH) as client:
        public, secret = zmq.curve_keypair()
        server.curve_server_keys(secret)
        port = server.bind_to_random_port("tcp://127.0.0.1")
        client.curve_client_keys(public)
        client.connect(f"tcp://127.0.0.1:{port}")
        hello = record_hello(context, public)
        quiet = rate(server, client, chosen.seconds / 4)
        memory, descriptors = held()
        print(f"alone: {quiet:,.0f} messages/s, {memory:.1f} MiB, {descriptors} descriptors")
        with Swarm(port, hello, chosen.connections):
            busy = rate(server, client, chosen.seconds)
            stats = server.stats()
            print(
                f"beside {chosen.connections:,} connections: {busy:,.0f} messages/s ({busy / quiet:.0%}), {held()[0]:.1f} MiB, ",
                end="",
            )
            print(f"{stats['accepts']:,} accepted, {stats['handshake_failures']:,} handshakes failed")
        deadline = time.monotonic() + 60
        while held()[1] > descriptors and time.monotonic() < deadline:
            time.sleep(0.1)
        print(f"afterwards: {rate(server, client, 2):,.0f} messages/s, {held()[0]:.1f} MiB, {held()[1]} descriptors")


def rate(server, client, seconds):
    """Messages of 200 bytes a second, sent and received by this thread in batches."""
    batch = [b"x" * 200] * 200
    began = time.perf_counter()
    count = 0
    while (passed := time.perf_counter() - began) < seconds:
        client.send_many(batch)
        received = 0
        while received < len(batch):
            received += len(server.recv_many(len(batch) - received))
        count += received
    return count / passed


def held():
    """(MiB resident, open descriptors)"""
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * resource.getpagesize() / 2**20, len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    main()
