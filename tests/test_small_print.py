"""Details of pyzmq's interface that programs rely on and that belong to no larger topic. All of it holds on pyzmq as well."""

import copy
import gc
import os

import pytest
from support import bind

import zmqpy as zmq


@pytest.mark.parametrize("spelling", ["subscribe", "SUBSCRIBE"])
def test_topics_are_assigned_as_str_or_bytes(connected, spelling):
    pub, sub = connected(zmq.XPUB, zmq.SUB, second_options={"subscribe": b"first"})
    setattr(sub, spelling, "tópic")
    setattr(sub, "un" + spelling if spelling.islower() else "UN" + spelling, "tópic")
    assert [pub.recv() for _ in range(3)] == [b"\x01first", b"\x01" + "tópic".encode(), b"\x00" + "tópic".encode()]


def test_other_options_are_not_str(make):
    with pytest.raises(TypeError):
        make(zmq.SUB).set(zmq.SUBSCRIBE, "topic")
    with pytest.raises(TypeError):
        make(zmq.DEALER).identity = "me"


@pytest.mark.parametrize("call", ["zmq_poll", "select", "Poller"])
def test_polling_an_object_gives_its_descriptor(call):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        writer.write(b"x")
        if call == "select":
            assert zmq.select([reader], [writer], [], 1) == ([reading], [writing], [])
            return
        if call == "zmq_poll":
            ready = zmq.zmq_poll([(reader, zmq.POLLIN)], 1000)
        else:
            poller = zmq.Poller()
            poller.register(reader, zmq.POLLIN)
            ready = poller.poll(1000)
        assert ready == [(reading, zmq.POLLIN)]


def test_select_names_each_socket_once(pair):
    a, _ = pair
    assert zmq.select([a, a], [a, a], [a], 0) == ([], [a], [])


def test_message_options_are_attributes_of_a_frame(pair):
    a, b = pair
    a.send_multipart([b"x", b"y"])
    first, last = b.recv_multipart(copy=False)
    assert (first.MORE, last.MORE) == (1, 0)
    assert first.shared == first.SHARED == first.get(zmq.SHARED)
    assert not hasattr(zmq.Frame(b"x"), "srcfd") and not hasattr(zmq.Frame(b"x"), "SRCFD")


@pytest.mark.parametrize(
    "make_shadow",
    [lambda socket: zmq.Socket.shadow(socket.underlying), zmq.Socket.shadow, copy.copy, zmq.Socket],
    ids=["address", "socket", "copy", "constructor"],
)
def test_closing_a_shadow_closes_its_socket(make, make_shadow):
    socket = make(zmq.PULL)
    address = bind(socket)
    shadow = make_shadow(socket)
    other = copy.copy(socket)
    shadow.close(linger=0)
    assert shadow.closed and socket.closed and other.closed
    socket.close()
    other.close()
    del other, address
    gc.collect()


def test_closing_a_stale_shadow_closes_nothing_else(context):
    """The engine may give a new socket the address of one that was closed."""
    for _ in range(20):
        first = context.socket(zmq.PAIR)
        shadow = zmq.Socket.shadow(first)
        first.close()
        assert shadow.closed
        second = context.socket(zmq.PAIR)
        shadow.close()
        assert not second.closed
        second.close()


def test_shadows_of_contexts_have_no_defaults(context):
    context.linger = 5
    for shadow in (zmq.Context.shadow(context), zmq.Context(context), copy.copy(context)):
        assert shadow.sockopts == {}


def test_close_takes_a_float(context):
    socket = context.socket(zmq.PAIR)
    socket.close(linger=0.0)
    assert socket.closed


def test_repr_of_a_subclass_has_its_module(context):
    class Mine(zmq.Socket):
        pass

    with Mine(context, zmq.PAIR) as socket:
        assert repr(socket).startswith(f"<{__name__}.Mine(zmq.PAIR) at 0x")


def test_tracking_wants_tracked_frames(pair):
    a, b = pair
    with pytest.raises(ValueError):
        a.send_multipart([zmq.Frame(b"y"), b"x"], copy=False, track=True)
    with pytest.raises(ValueError):
        a.send(zmq.Frame(b"y"), track=True)
    assert b.poll(0) == 0, "nothing was sent"
    assert isinstance(a.send(zmq.Frame(b"y", track=True), track=True), zmq.MessageTracker)
    assert b.recv() == b"y"


@pytest.mark.extension
def test_tracker_of_a_message_watches_all_parts(connected):
    """pyzmq's watches the last part only."""
    push, pull = connected(zmq.PUSH, zmq.PULL, "inproc")
    large = b"x" * 100_000
    tracker = push.send_multipart([large, b"small"], copy=False, track=True)
    frames = pull.recv_multipart(copy=False)
    assert not tracker.done
    assert frames.pop(0).bytes == large
    tracker.wait(10)


@pytest.mark.parametrize("call", ["bind", "connect"])
def test_closed_socket_names_the_address(context, call):
    socket = context.socket(zmq.PAIR)
    socket.close()
    with pytest.raises(zmq.ZMQError, match="inproc://nobody") as caught:
        getattr(socket, call)("inproc://nobody")
    assert caught.value.errno == zmq.ENOTSOCK
