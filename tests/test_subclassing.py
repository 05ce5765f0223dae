"""Classes made from Socket, Context and Poller, as programs written for pyzmq make them: what goes through their own methods.

All of it holds on pyzmq as well. State and weak references of subclasses are test_socket_close.py's.
"""

import copy
import os
import pickle

import pytest

import zmqpy as zmq


class Marking(zmq.Socket):
    """Marks every part that goes out and every part that comes in."""

    def send(self, data, *args, **kwargs):
        return super().send(b"<" + data, *args, **kwargs)

    def recv(self, *args, **kwargs):
        part = super().recv(*args, **kwargs)
        return (part if isinstance(part, bytes) else part.bytes) + b">"


@pytest.fixture
def marked(context):
    """A Marking socket and the plain one that it is connected to."""
    with context.socket(zmq.PAIR, socket_class=Marking) as socket, context.socket(zmq.PAIR) as peer:
        socket.bind("inproc://marked")
        peer.connect("inproc://marked")
        yield socket, peer


def test_multipart_goes_through_an_overridden_send(marked):
    socket, peer = marked
    assert socket.send_multipart([b"a", b"b"]) is None
    assert peer.recv_multipart() == [b"<a", b"<b"]
    socket.send_serialized([b"c"], lambda parts: parts)
    assert peer.recv_multipart() == [b"<c"]


def test_multipart_goes_through_an_overridden_recv(marked):
    socket, peer = marked
    peer.send_multipart([b"a", b"b"])
    assert socket.recv_multipart() == [b"a>", b"b>"]
    peer.send_multipart([b"c", b"d"])
    assert socket.recv_multipart(copy=False) == [b"c>", b"d>"]
    peer.send_multipart([b"e"])
    assert socket.recv_serialized(lambda parts: parts) == [b"e>"]
    with pytest.raises(zmq.Again):
        socket.recv_multipart(zmq.DONTWAIT)


def test_flags_of_a_multipart_by_parts(marked):
    socket, peer = marked
    socket.send_multipart([b"a", b"b"], zmq.SNDMORE | zmq.DONTWAIT)
    socket.send(b"c")
    assert peer.recv_multipart() == [b"<a", b"<b", b"<c"]


@pytest.mark.parametrize("parts", [[b"a", 5], [b"a", None], "text"], ids=repr)
def test_wrong_parts_send_nothing_by_parts_either(marked, parts):
    socket, peer = marked
    with pytest.raises(TypeError):
        socket.send_multipart(parts)
    socket.send(b"next")
    assert peer.recv_multipart() == [b"<next"]


def test_no_parts_by_parts(marked):
    with pytest.raises((IndexError, ValueError)):
        marked[0].send_multipart([])


def test_tracker_of_a_multipart_by_parts(context):
    class Plain(zmq.Socket):
        def send(self, *args, **kwargs):
            return super().send(*args, **kwargs)

    with context.socket(zmq.PAIR, socket_class=Plain) as socket, context.socket(zmq.PAIR) as peer:
        socket.bind("inproc://tracked")
        peer.connect("inproc://tracked")
        tracker = socket.send_multipart([b"x" * 100_000, b"y" * 100_000], copy=False, track=True)
        assert [len(part) for part in peer.recv_multipart()] == [100_000, 100_000]
        tracker.wait(10)
        assert tracker.done


@pytest.mark.extension
def test_text_among_the_parts_by_parts(marked):
    socket, peer = marked
    socket.send_multipart([b"a", "ü"])
    assert peer.recv_multipart() == [b"<a", b"<" + "ü".encode()]


def test_own_multipart_is_kept():
    class Own(Marking):
        def send_multipart(self, *args, **kwargs):
            return "mine"

    class Heir(Own):
        def send(self, *args, **kwargs):
            return None

    assert Own.send_multipart(None) == Heir.send_multipart(None) == "mine"


def test_own_multipart_of_a_later_base_is_kept():
    class Own(zmq.Socket):
        def send_multipart(self, *args, **kwargs):
            return "mine"

        @classmethod
        def recv_multipart(cls, *args, **kwargs):
            return cls.__name__

    class Both(Marking, Own):
        pass

    assert Both.send_multipart(None) == "mine"
    assert Both.recv_multipart() == "Both"


def test_multipart_of_a_class_that_takes_the_plain_send_again(context):
    class Plain(Marking):
        send = zmq.Socket.send

    with context.socket(zmq.PAIR, socket_class=Plain) as socket, context.socket(zmq.PAIR) as peer:
        socket.bind("inproc://plain")
        peer.connect("inproc://plain")
        socket.send_multipart([b"a", b"b"])
        assert peer.recv_multipart() == [b"a", b"b"]
        peer.send_multipart([b"c", b"d"])
        assert socket.recv_multipart() == [b"c>", b"d>"]
    assert Plain.send_multipart is zmq.Socket.send_multipart


def test_without_overrides_nothing_is_put_in_between():
    class Same(zmq.Socket):
        pass

    assert Same.send_multipart is zmq.Socket.send_multipart and Same.recv_multipart is zmq.Socket.recv_multipart


def test_a_poller_is_copied(context):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0) as writer, context.socket(zmq.PAIR) as socket:
        poller = zmq.Poller()
        poller.register(reading, zmq.POLLIN)
        poller.register(socket, zmq.POLLIN)
        twin = copy.copy(poller)
        writer.write(b"x")
        assert twin.poll(1000) == [(reading, zmq.POLLIN)] and socket in twin
        poller.unregister(socket)
        assert pickle.loads(pickle.dumps(poller)).sockets == [(reading, zmq.POLLIN)]


def test_copy_of_a_subclass_of_poller():
    class Named(zmq.Poller):
        def __init__(self, name):
            super().__init__()
            self.name = name

    assert copy.copy(Named("n")).name == "n"


def test_zmq_poll_wants_pairs(context):
    """A Socket in place of a pair is not taken apart: iterating over one receives."""
    with context.socket(zmq.PAIR) as socket, context.socket(zmq.PAIR) as peer:
        socket.bind("inproc://pairs")
        peer.connect("inproc://pairs")
        peer.send(b"one")
        peer.send(b"two")
        with pytest.raises(TypeError):
            zmq.zmq_poll([socket], 0)
        assert socket.recv() == b"one"


def test_context_option_that_is_minus_one(context):
    """-1 is its value, not an error."""
    assert context.get(zmq.THREAD_SCHED_POLICY) == -1
    with pytest.raises(zmq.ZMQError) as caught:
        context.get(12345)
    assert caught.value.errno == zmq.EINVAL


@pytest.mark.extension
def test_context_option_that_is_minus_one_after_an_error(context):
    """pyzmq takes the errno of the earlier call for that of this one."""
    with pytest.raises(zmq.ZMQError):
        context.get(12345)
    assert context.get(zmq.THREAD_SCHED_POLICY) == -1
