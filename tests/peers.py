"""The suite's side of pyzmq_server.py: one process of real pyzmq whose sockets look local.

    socket = peer.open("REP", linger=0)
    socket.bind("tcp://127.0.0.1:*")
    socket.recv_multipart()

Each call is a round trip over a pipe; a call whose method fails in the process raises PeerError with its text. Calls are
bounded: the process's sockets have time-outs, and a process that does not answer is killed.
"""

import os
import pickle
import select
import struct
import subprocess
import sys
import time

ANSWER_S = 25


class PeerError(Exception):
    """A method failed in the pyzmq process; the text is 'Class: message'."""


class PyzmqPeer:
    def __init__(self):
        environment = {k: v for k, v in os.environ.items() if k != "ZMQPY_TEST_MODULE"}
        server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pyzmq_server.py")
        self._process = subprocess.Popen(
            [sys.executable, server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def open(self, type_name, **options):
        """Opens a socket there; returns an object with the socket's methods."""
        return PeerSocket(self, self.request("open", type_name, options))

    def version(self):
        return self.request("version")

    def stop(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def request(self, operation, *arguments):
        data = pickle.dumps((operation, arguments), protocol=4)
        self._process.stdin.write(struct.pack(">I", len(data)) + data)
        self._process.stdin.flush()
        deadline = time.monotonic() + ANSWER_S
        size = struct.unpack(">I", self._read(4, deadline))[0]
        status, value = pickle.loads(self._read(size, deadline))
        if status == "error":
            raise PeerError(value)
        return value

    def _read(self, size, deadline):
        descriptor = self._process.stdout.fileno()
        data = bytearray()
        while len(data) < size:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                self._process.kill()
                raise AssertionError("the pyzmq process does not answer")
            # The descriptor itself is read, past the file object's buffer, which therefore always stays empty.
            chunk = os.read(descriptor, min(1 << 20, size - len(data)))
            if not chunk:
                raise AssertionError("the pyzmq process has gone")
            data += chunk
        return bytes(data)


class PeerSocket:
    """A socket in the pyzmq process: its methods by name, `get(name)` for an attribute, `close()`."""

    def __init__(self, peer, number):
        self._peer = peer
        self._number = number

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args, **kwargs):
            return self._peer.request("method", self._number, name, args, kwargs)

        return call

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def get(self, name):
        return self._peer.request("attribute", self._number, name)

    def bound(self, endpoint):
        """Binds, and returns the endpoint to connect to."""
        self.bind(endpoint)
        return self.get("last_endpoint").decode()

    def monitor(self, events):
        """A monitor of the socket: an object with `event()`, which waits for (event, value, endpoint), and `close()`."""
        return PeerMonitor(self._peer, self._peer.request("monitor", self._number, int(events)))

    def close(self):
        self._peer.request("close", self._number)


class PeerMonitor(PeerSocket):
    def event(self):
        return self._peer.request("event", self._number)
