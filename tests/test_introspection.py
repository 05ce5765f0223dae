"""What dir() lists can be read or raises AttributeError, as everything that looks at objects expects: mock, inspect, debuggers."""

import inspect
from unittest import mock

import pytest

import zmqpy as zmq
import zmqpy.asyncio

OBJECTS = {
    "context": lambda context: context,
    "socket": lambda context: context.socket(zmq.SUB),
    "frame": lambda context: zmq.Frame(b"x"),
    "poller": lambda context: zmq.Poller(),
    "tracker": lambda context: zmq.MessageTracker(),
    "asyncio context": lambda context: zmqpy.asyncio.Context(context),
    "asyncio socket": lambda context: zmqpy.asyncio.Context(context).socket(zmq.SUB),
    "asyncio poller": lambda context: zmqpy.asyncio.Poller(),
}


def check(thing):
    for name in dir(thing):
        try:
            getattr(thing, name)
        except AttributeError:
            pass
    for name in dir(type(thing)):
        try:
            getattr(type(thing), name)
        except AttributeError:
            pass
    inspect.getmembers(thing)
    for spec in (thing, type(thing)):
        for kind in (mock.Mock, mock.MagicMock):
            assert isinstance(kind(spec=spec), type(thing))
        mock.create_autospec(spec)


@pytest.mark.extension
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", OBJECTS)
def test_what_dir_lists(context, kind):
    thing = OBJECTS[kind](context)
    try:
        check(thing)
    finally:
        if "socket" in kind:
            thing.close()
    if "socket" in kind:
        check(thing)
        assert "linger" not in dir(thing) and {"send", "close", "subscribe"} <= set(dir(thing))


def test_the_options_are_listed(context):
    with context.socket(zmq.SUB) as socket:
        assert {"LINGER", "send", "hwm"} <= set(dir(socket))


@pytest.mark.extension
def test_a_terminated_context():
    context = zmq.Context()
    assert {"IO_THREADS", "socket"} <= set(dir(context))
    context.term()
    check(context)
    assert "IO_THREADS" not in dir(context) and "socket" in dir(context)


@pytest.mark.parametrize("by", ["address", "object"])
def test_socket_of_a_shadow_whose_context_has_ended(by):
    context = zmq.Context()
    shadow = zmq.Context.shadow(context if by == "object" else context.underlying)
    context.term()
    for ended, errno in ((context, zmq.ENOTSUP), (shadow, zmq.EFAULT)):
        with pytest.raises(zmq.ZMQError) as caught:
            ended.socket(zmq.PAIR)
        assert caught.value.errno == errno
