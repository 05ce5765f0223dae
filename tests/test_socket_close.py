"""Closing sockets, use after close, linger, shadows and identity of socket objects."""

import copy
import gc
import pickle
import time
import weakref

import pytest
from support import WS, bind

import zmqpy as zmq


def test_close_is_repeatable(context):
    socket = context.socket(zmq.PUSH)
    assert socket.closed is False
    socket.close()
    socket.close()
    socket.close(linger=0)
    assert socket.closed is True
    assert repr(socket).endswith("closed>")


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.send(b"x"),
        lambda s: s.send(b"x", copy=False),
        lambda s: s.send_multipart([b"x"]),
        lambda s: s.send_string("x"),
        lambda s: s.recv(),
        lambda s: s.recv(copy=False),
        lambda s: s.recv_multipart(),
        lambda s: s.recv_into(bytearray(1)),
        lambda s: s.bind("inproc://x"),
        lambda s: s.connect("inproc://x"),
        lambda s: s.linger,
        lambda s: setattr(s, "linger", 0),
        lambda s: s.get(zmq.LINGER),
        lambda s: s.fileno(),
        lambda s: s.events,
        lambda s: s.poll(0),
        lambda s: s.get_monitor_socket(),
        lambda s: s.bind_to_random_port("tcp://127.0.0.1"),
    ],
)
def test_use_after_close(context, call):
    socket = context.socket(zmq.PAIR)
    socket.close()
    with pytest.raises(zmq.ZMQError) as caught:
        call(socket)
    assert caught.value.errno in (zmq.ENOTSOCK, zmq.ENOTSUP)


def test_harmless_after_close(context):
    socket = context.socket(zmq.PAIR)
    socket.close()
    assert socket.type == zmq.PAIR
    assert socket.context is context
    assert not socket.underlying
    assert isinstance(hash(socket), int)
    assert socket == socket


def test_closed_socket_in_a_poller(context):
    socket = context.socket(zmq.PULL)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    socket.close()
    poller.unregister(socket)
    assert poller.poll(0) == []


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_close_delivers_what_was_sent(connected, transport):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport, second_options={"linger": 10_000})
    for i in range(100):
        push.send(b"%d" % i)
    push.close()
    assert [pull.recv() for _ in range(100)] == [b"%d" % i for i in range(100)]


def test_linger_zero_lets_term_return():
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect("tcp://127.0.0.1:1")
    push.send(b"undeliverable")
    push.close(linger=0)
    start = time.monotonic()
    context.term()
    assert time.monotonic() - start < 5


def test_linger_limits_term():
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect("tcp://127.0.0.1:1")
    push.send(b"undeliverable")
    push.close(linger=150)
    start = time.monotonic()
    context.term()
    assert 0.12 <= time.monotonic() - start < 5


def test_close_refuses_a_linger_that_is_no_integer(context):
    socket = context.socket(zmq.PUSH)
    with pytest.raises(TypeError):
        socket.close(linger="soon")
    socket.close()


def test_collected_socket_closes(context):
    socket = context.socket(zmq.PULL)
    address = bind(socket)
    reference = weakref.ref(socket)
    with pytest.warns(ResourceWarning):
        del socket
        gc.collect()
    assert reference() is None
    other = context.socket(zmq.PULL)
    deadline = time.monotonic() + 5
    while True:
        try:
            other.bind(address)
            break
        except zmq.ZMQError:
            assert time.monotonic() < deadline
    other.close()


def test_shadow_socket(pair):
    a, b = pair
    shadow = zmq.Socket.shadow(a.underlying)
    assert shadow.underlying == a.underlying
    assert shadow.type == zmq.PAIR
    shadow.send(b"through the shadow")
    assert b.recv() == b"through the shadow"
    b.send(b"back")
    assert zmq.Socket.shadow(a).recv() == b"back"
    del shadow
    gc.collect()
    a.send(b"still open")
    assert b.recv() == b"still open"


def test_shadow_of_something_else():
    with pytest.raises((ValueError, TypeError)):
        zmq.Socket.shadow("x")


def test_copies_of_sockets_are_shadows(pair):
    a, b = pair
    for duplicate in (copy.copy(a), copy.deepcopy(a)):
        assert duplicate.underlying == a.underlying
        duplicate.send(b"x")
        assert b.recv() == b"x"


@pytest.mark.parametrize("what", ["socket", "context", "frame"])
def test_handles_cannot_be_pickled(context, pair, what):
    with pytest.raises(TypeError):
        pickle.dumps({"socket": pair[0], "context": context, "frame": zmq.Frame(b"x")}[what])


def test_sockets_are_keys(pair):
    a, b = pair
    keys = {a: 1, b: 2}
    keys[a] = 3
    assert len(keys) == 2 and keys[a] == 3
    assert a != b
    assert a in [b, a]


def test_sockets_made_directly(context):
    with zmq.Socket(context, zmq.PULL) as socket:
        assert socket.type == zmq.PULL and socket.context is context
    with pytest.raises(TypeError):
        zmq.Socket()
    with pytest.raises(TypeError):
        zmq.Socket("context", zmq.PULL)


def test_weak_references_and_subclass_state(context):
    class Counting(zmq.Socket):
        count = 0

        def send(self, data, *args, **kwargs):
            self.count += 1
            return super().send(data, *args, **kwargs)

    with context.socket(zmq.PAIR, socket_class=Counting) as a, context.socket(zmq.PAIR) as b:
        assert weakref.ref(a)() is a
        a.bind("inproc://c")
        b.connect("inproc://c")
        a.send(b"x")
        a.send_string("y")
        assert b.recv() == b"x" and b.recv() == b"y"
        assert a.count == 2, "an overridden send is used by the conveniences"
