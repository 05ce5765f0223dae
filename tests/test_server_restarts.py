"""Messages to servers that are processes and go away: what is sent after one has ended, the next one on that endpoint gets.

Upstream's libzmq hears of an end in a thread of its own, some time later, and loses a few.
"""

import time

import pytest
from support import WAIT_MS, WS, endpoint, remove_ipc, start_python

import zmqpy as zmq

pytestmark = [pytest.mark.own_engine, pytest.mark.timeout(120)]

SERVER = """
    import os
    import zmqpy as zmq
    socket = zmq.Context().socket({socket_type})
    socket.rcvtimeo = {wait}
    socket.bind({address!r})
    print(socket.last_endpoint.decode(), flush=True)
    for _ in range({count}):
        message = socket.recv()
        print(len(message), message[:20].decode(), flush=True)
        if socket.socket_type == zmq.REP:
            socket.send(b"reply")
    sys.stdin.read()  # until the client wants it to end
    os._exit(0)
"""


class Server:
    """A server process that receives so many messages and then ends, without a word to anybody, when it is told to."""

    def __init__(self, socket_type, address, count):
        self._process = start_python(
            SERVER.format(socket_type=int(socket_type), wait=WAIT_MS, address=address, count=count), text=True
        )
        (self.address,) = self.line()

    def line(self):
        return self._process.stdout.readline().split()

    def end(self):
        _, errors = self._process.communicate(timeout=WAIT_MS / 1000)
        assert self._process.returncode == 0, errors


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
@pytest.mark.parametrize("types", [(zmq.PUSH, zmq.PULL), (zmq.REQ, zmq.REP)], ids=["push", "req"])
def test_what_is_sent_after_a_server_has_ended_the_next_one_gets(make, types, transport):
    mine, its = types
    socket = make(mine, reconnect_ivl=10)
    server = Server(its, endpoint(transport), 2)
    address = server.address
    try:
        socket.connect(address)
        for size in (1, 1_000_000):
            for pause in (0, 0.002):
                for _ in range(2):  # the second: the connection is in use
                    socket.send(b"first")
                    assert server.line() == ["5", "first"]
                    if mine == zmq.REQ:
                        assert socket.recv() == b"reply"
                server.end()
                time.sleep(pause)
                socket.send(b"x" * size, zmq.DONTWAIT)
                server = Server(its, address, 3)
                assert server.line() == [str(size), "x" * min(size, 20)]
                if mine == zmq.REQ:
                    assert socket.recv() == b"reply"
        for _ in range(2):
            socket.send(b"last")
            if mine == zmq.REQ:
                socket.recv()
        server.end()
    finally:
        remove_ipc(address)
