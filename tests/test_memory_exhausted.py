"""Receiving when the interpreter runs out of memory: nothing that was taken from the engine is lost."""

import errno

import pytest

import zmqpy as zmq

_testcapi = pytest.importorskip("_testcapi", reason="this Python has no way to fail allocations")

MANY = 1000


def messages_of(shape):
    single = [b"message %d" % number for number in range(140)]  # more than one call of the engine takes
    if shape == "single":
        return single
    several = [[b"part %d" % part for part in range(1, parts)] for parts in (3, 5, 150)]
    return [*single[:20], *several, *single[20:30]]


def without_memory(call, after, for_good):
    """What `call` returns, or nothing if it raises MemoryError, when the allocation after so many fails, and perhaps all others."""
    _testcapi.set_nomemory(after, 0 if for_good else after + 1)
    try:
        return call()
    except MemoryError:
        return []
    finally:
        _testcapi.remove_mem_hooks()


def receive_all(socket, limit):
    received = []
    while True:
        try:
            batch = socket.recv_many(limit, zmq.DONTWAIT)
        except zmq.Again:
            return received
        assert 1 <= len(batch) <= limit
        received += batch


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("limit", [MANY, 7])
@pytest.mark.parametrize("shape", ["single", "several"])
def test_recv_many_loses_nothing(connected, shape, limit, for_good):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")
    messages = messages_of(shape)
    fewer = set()
    for after in range(2000):
        assert push.send_many(messages) == len(messages)
        received = without_memory(lambda: pull.recv_many(MANY, zmq.DONTWAIT), after, for_good)
        fewer.add(len(received))
        assert received == messages[: len(received)]
        assert received + receive_all(pull, limit) == messages
        if len(received) == len(messages):
            break
    assert min(fewer) == 0 and max(fewer) == len(messages) and len(fewer) > 20


def test_recv_many_goes_on_without_memory(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")
    messages = messages_of("several")
    push.send_many(messages)
    received = []
    for after in range(2000):
        received += without_memory(lambda: pull.recv_many(MANY, zmq.DONTWAIT), after % 250, True)
        if len(received) == len(messages):
            break
    assert received == messages


def test_iteration_loses_nothing(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")
    for after in range(100):
        push.send_many([b"1", b"2"])
        first = without_memory(lambda: next(pull), after, True)
        assert (first or next(pull)) == b"1"
        assert next(pull) == b"2"
    assert first


def test_what_was_kept_ends_with_the_socket(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")
    messages = messages_of("single")
    push.send_many(messages)
    for after in range(2000):
        received = without_memory(lambda: pull.recv_many(MANY, zmq.DONTWAIT), after, True)
        if received:
            break
    assert len(received) < len(messages)
    pull.close()
    with pytest.raises(zmq.ZMQError) as caught:
        pull.recv_many(MANY, zmq.DONTWAIT)
    assert caught.value.errno == errno.ENOTSOCK
