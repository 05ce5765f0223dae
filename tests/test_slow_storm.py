"""Many honest peers that shake hands slowly and all at once are let in; many that never do leave the process its descriptors."""

import pytest
import rawzmtp
from support import bind, start_python
from swarm import raise_limit

import zmqpy as zmq

pytestmark = pytest.mark.timeout(120)

PEERS = 1300


def test_a_slow_storm_is_let_in(make):
    """As over a line with a long delay: each has greeted, and says the rest only after all the others have come, and more than the least
    time of one in a crowd is over."""
    raise_limit(2 * PEERS)
    pull = make(zmq.PULL, backlog=PEERS)
    address = bind(pull)
    peers = []
    try:
        for _ in range(PEERS):
            peers.append(rawzmtp.dial(address))
            peers[-1].sendall(rawzmtp.GREETING)
        assert not pull.poll(500)
        for number, peer in enumerate(peers):
            peer.sendall(rawzmtp.ready("PUSH") + rawzmtp.frame(b"%d" % number))
        assert sorted(int(pull.recv()) for _ in peers) == list(range(PEERS))
    finally:
        for peer in peers:
            peer.close()


@pytest.mark.own_engine
def test_half_open_connections_leave_descriptors():
    """A process that may have 200 descriptors: stalled connections get 100 of them, and it can open files, and be reached."""
    server = start_python(
        """
        import os, resource, sys, zmqpy as zmq
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
        context = zmq.Context()
        pull = context.socket(zmq.PULL)
        pull.rcvtimeo, pull.linger, pull.backlog = 20000, 0, 300
        pull.bind("tcp://127.0.0.1:*")
        print(pull.last_endpoint.decode() if isinstance(pull.last_endpoint, bytes) else pull.last_endpoint, flush=True)
        sys.stdin.readline()
        assert not pull.poll(200)
        before = len(os.listdir("/proc/self/fd"))
        files = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
        print(before, flush=True)
        assert pull.recv() == b"late"
        print("done", flush=True)
        """,
        text=True,
    )
    with server:
        address = server.stdout.readline().strip()
        stalled = [rawzmtp.dial(address) for _ in range(180)]
        try:
            server.stdin.write("\n")
            server.stdin.flush()
            assert 100 < int(server.stdout.readline()) < 130
            with zmq.Context() as context, context.socket(zmq.PUSH) as late:
                late.linger = 10_000
                late.connect(address)
                late.send(b"late")
            assert server.stdout.readline() == "done\n"
            assert server.wait(10) == 0
        finally:
            for peer in stalled:
                peer.close()
            server.kill()
