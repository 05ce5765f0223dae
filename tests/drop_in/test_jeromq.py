"""JeroMQ, an implementation of ZMTP in Java that has nothing in common with libzmq's, as a peer over tcp."""

import os
import subprocess
from pathlib import Path

import pytest
from support import WAIT_MS

import zmqpy as zmq

pytestmark = pytest.mark.timeout(120)
HERE = Path(__file__).resolve().parent
JAR = "/usr/share/java/jeromq.jar"
MANY = 2000


@pytest.fixture
def jeromq_peer(needs, run, tmp_path):
    """jeromq_peer(endpoint, ...) starts the program at the other end of them."""
    needs("javac", "java", JAR)
    run("javac", "-d", tmp_path, "-cp", JAR, HERE / "programs" / "JeromqPeer.java", timeout=100)
    started = []

    def start(*endpoints):
        process = subprocess.Popen(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JAR}:{tmp_path}", "JeromqPeer", *endpoints],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_every_pattern(jeromq_peer, make):
    def bound(socket_type, **options):
        socket = make(socket_type, sndhwm=2 * MANY, rcvhwm=2 * MANY, **options)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        return socket, f"tcp://127.0.0.1:{port}"

    (rep, *a), (pull, *b), (push, *c), (xpub, *d) = bound(zmq.REP), bound(zmq.PULL), bound(zmq.PUSH), bound(zmq.XPUB)
    (sub, *e), (router, *f) = bound(zmq.SUB, subscribe=b"topic"), bound(zmq.ROUTER)
    peer = jeromq_peer(*a, *b, *c, *d, *e, *f)

    for i in range(50):
        question, body = rep.recv_multipart()
        assert question == b"question %d" % i
        assert body == bytes([i]) * (5000 * i)
        rep.send_multipart([question, body])

    assert [pull.recv() for _ in range(MANY)] == [b"number %d" % i for i in range(MANY)]
    for i in range(MANY):
        push.send(b"number %d" % i)

    assert xpub.recv() == b"\x01topic"
    xpub.send(b"other")
    xpub.send(b"topic and more")
    assert sub.recv() == b"topic of ours"
    sub.unsubscribe(b"topic")

    name, endpoint = router.recv_multipart()
    assert name == b"jeromq"
    router.send_multipart([name, b"known by name"])
    dealer = make(zmq.DEALER, routing_id=b"zmqpy")
    dealer.connect(endpoint.decode())
    dealer.send(b"hello")
    assert dealer.recv() == b"seen"

    output, _ = peer.communicate(timeout=WAIT_MS / 1000 + 20)
    assert peer.returncode == 0, output
