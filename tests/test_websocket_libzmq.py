"""ws:// against a system libzmq that has it (Debian's does), both ways round: patterns, all sizes, PLAIN, CURVE, heartbeats.

That libzmq is called through ctypes: pyzmq's own has no WebSocket.
"""

import ctypes
import ctypes.util
import os

import pytest
from support import WAIT_MS

import zmqpy as zmq

pytestmark = pytest.mark.own_engine


class Libzmq:
    """The functions of it that are used here."""

    def __init__(self):
        name = ctypes.util.find_library("zmq")
        if not name:
            pytest.skip("no system libzmq")
        self.library = ctypes.CDLL(name, mode=os.RTLD_LOCAL)
        if not self.library.zmq_has(b"WS"):
            pytest.skip("the system libzmq has no WebSocket")
        pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
        for function, result, arguments in (
            ("ctx_new", pointer, []),
            ("ctx_term", ctypes.c_int, [pointer]),
            ("socket", pointer, [pointer, ctypes.c_int]),
            ("close", ctypes.c_int, [pointer]),
            ("bind", ctypes.c_int, [pointer, text]),
            ("connect", ctypes.c_int, [pointer, text]),
            ("setsockopt", ctypes.c_int, [pointer, ctypes.c_int, pointer, size]),
            ("getsockopt", ctypes.c_int, [pointer, ctypes.c_int, pointer, pointer]),
            ("send", ctypes.c_int, [pointer, text, size, ctypes.c_int]),
            ("recv", ctypes.c_int, [pointer, pointer, size, ctypes.c_int]),
        ):
            entry = getattr(self.library, "zmq_" + function)
            entry.restype, entry.argtypes = result, arguments
            setattr(self, function, entry)


class TheirSocket:
    """What these tests need of a zmqpy.Socket, over that library."""

    def __init__(self, libzmq, context, socket_type, **options):
        self.libzmq = libzmq
        self.handle = libzmq.socket(context, socket_type)
        for name, value in {"linger": 0, "rcvtimeo": WAIT_MS, "sndtimeo": WAIT_MS, **options}.items():
            data = ctypes.c_int(value) if isinstance(value, int) else ctypes.create_string_buffer(value, len(value))
            number = getattr(zmq, name.upper())
            assert libzmq.setsockopt(self.handle, number, ctypes.byref(data), ctypes.sizeof(data)) == 0, name

    def bind(self, endpoint):
        assert self.libzmq.bind(self.handle, endpoint.encode()) == 0

    def connect(self, endpoint):
        assert self.libzmq.connect(self.handle, endpoint.encode()) == 0

    @property
    def last_endpoint(self):
        buffer, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        assert self.libzmq.getsockopt(self.handle, zmq.LAST_ENDPOINT, buffer, ctypes.byref(size)) == 0
        return buffer.value

    def send_multipart(self, parts):
        for at, part in enumerate(parts):
            more = zmq.SNDMORE if at < len(parts) - 1 else 0
            assert self.libzmq.send(self.handle, part, len(part), more) == len(part)

    def recv_multipart(self):
        buffer, parts = ctypes.create_string_buffer(1 << 20), []
        more, size = ctypes.c_int(1), ctypes.c_size_t(4)
        while more.value:
            count = self.libzmq.recv(self.handle, buffer, len(buffer), 0)
            assert count >= 0, "nothing came"
            parts.append(buffer.raw[:count])
            self.libzmq.getsockopt(self.handle, zmq.RCVMORE, ctypes.byref(more), ctypes.byref(size))
        return parts


@pytest.fixture(params=["ours binds", "theirs binds"])
def pair(request, make):
    """pair(first, second, first_options, second_options): two sockets, the first one bound; one of them is theirs."""
    libzmq = Libzmq()
    context = libzmq.ctx_new()
    opened = []

    def their_socket(*arguments, **options):
        opened.append(TheirSocket(libzmq, context, *arguments, **options))
        return opened[-1]

    def connect_pair(first, second, first_options=(), second_options=()):
        makers = (make, their_socket) if request.param == "ours binds" else (their_socket, make)
        a, b = makers[0](first, **dict(first_options)), makers[1](second, **dict(second_options))
        a.bind("ws://127.0.0.1:*/path")
        b.connect(a.last_endpoint.decode())
        return a, b

    yield connect_pair
    for socket in opened:
        libzmq.close(socket.handle)
    libzmq.ctx_term(context)


@pytest.mark.parametrize("size", [0, 1, 33, 123, 124, 125, 126, 4096, 65_533, 65_534, 65_535, 65_536, 300_000])
def test_sizes(pair, size):
    rep, req = pair(zmq.REP, zmq.REQ)
    parts = [os.urandom(size), b"", os.urandom(size)]
    req.send_multipart(parts)
    assert rep.recv_multipart() == parts
    rep.send_multipart(parts[::-1])
    assert req.recv_multipart() == parts[::-1]


def test_routing_ids(pair):
    router, dealer = pair(zmq.ROUTER, zmq.DEALER, {}, {"routing_id": b"me"})
    dealer.send_multipart([b"1", b"2"])
    assert router.recv_multipart() == [b"me", b"1", b"2"]
    router.send_multipart([b"me", b"back"])
    assert dealer.recv_multipart() == [b"back"]


def keys():
    public, secret = zmq.curve_keypair()
    own_public, own_secret = zmq.curve_keypair()
    server = {"curve_server": 1, "curve_secretkey": secret}
    return server, {"curve_serverkey": public, "curve_publickey": own_public, "curve_secretkey": own_secret}


@pytest.mark.parametrize("curve", [False, True])
def test_subscriptions(pair, curve):
    server, client = keys() if curve else ({}, {})
    xpub, sub = pair(zmq.XPUB, zmq.SUB, server, {**client, "subscribe": b"topic"})
    assert xpub.recv_multipart() == [b"\1topic"]
    xpub.send_multipart([b"other"])
    xpub.send_multipart([b"topic", b"x" * 1000])
    assert sub.recv_multipart() == [b"topic", b"x" * 1000]


def test_curve(pair):
    a, b = pair(zmq.PAIR, zmq.PAIR, *keys())
    for parts in ([b"short"], [b"", b"x" * 100_000]):
        a.send_multipart(parts)
        assert b.recv_multipart() == parts
        b.send_multipart(parts)
        assert a.recv_multipart() == parts


def test_heartbeats(pair):
    options = {"heartbeat_ivl": 20, "heartbeat_timeout": WAIT_MS}
    a, b = pair(zmq.PAIR, zmq.PAIR, options, options)
    for i in range(50):
        a.send_multipart([b"%d" % i])
        assert b.recv_multipart() == [b"%d" % i]
        b.send_multipart([b"%d" % i])
        assert a.recv_multipart() == [b"%d" % i]
