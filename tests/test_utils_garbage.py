"""zmqpy.utils.garbage: objects stay until their key comes, in every process and after a stop."""

import struct
import threading
import weakref

import pytest
from support import WAIT_MS, run_python, wait_until

import zmqpy as zmq
from zmqpy.utils import garbage


class Thing:
    pass


@pytest.fixture
def collector():
    context = zmq.Context()
    made = garbage.GarbageCollector(context)
    yield made
    made.stop()
    context.destroy(linger=0)


def release(collector, key):
    with collector.context.socket(zmq.PUSH) as push:
        push.connect(collector.url)
        push.send(struct.pack("@Q", key))


def test_names():
    assert isinstance(garbage.gc, garbage.GarbageCollector)
    assert garbage.gcref._fields == ("obj", "event")
    assert issubclass(garbage.GarbageCollectorThread, threading.Thread)


def test_object_is_kept_until_its_key_comes(collector):
    assert not collector.is_alive()
    thing, event = Thing(), threading.Event()
    gone = weakref.ref(thing)
    key = collector.store(thing, event)
    other = collector.store(thing)
    assert collector.is_alive() and collector.thread.daemon
    assert collector.refs[key] == (thing, event) and collector.refs[other] == (thing, None)
    del thing
    release(collector, other)
    wait_until(lambda: other not in collector.refs, "the second reference to go")
    assert gone() is not None
    release(collector, key)
    assert event.wait(WAIT_MS / 1000)
    assert gone() is None and not collector.refs


@pytest.mark.extension
def test_other_messages_are_ignored(collector):
    event = threading.Event()
    key = collector.store(Thing(), event)
    with collector.context.socket(zmq.PUSH) as push:
        push.connect(collector.url)
        for message in (b"x", struct.pack("@Q", 1), b"more than eight", struct.pack("@Q", key)):
            push.send(message)
    assert event.wait(WAIT_MS / 1000)


def test_stop_and_again(collector):
    collector.stop()
    collector.store(Thing())
    collector.stop()
    assert not collector.is_alive() and not collector.refs
    event = threading.Event()
    key = collector.store(Thing(), event)
    assert collector.is_alive()
    release(collector, key)
    assert event.wait(WAIT_MS / 1000)


def test_exit_with_something_stored():
    run_python("from zmqpy.utils.garbage import gc\ngc.store(object())")


def test_forked_child_starts_its_own():
    run_python(
        """
        import os, struct, sys, threading
        import zmqpy as zmq
        from zmqpy.utils.garbage import gc
        gc.store(object())
        child = os.fork()
        if child == 0:
            assert not gc.is_alive()
            event = threading.Event()
            key = gc.store(object(), event)
            push = gc.context.socket(zmq.PUSH)
            push.connect(gc.url)
            push.send(struct.pack("@Q", key))
            os._exit(0 if event.wait(10) else 1)
        assert os.waitpid(child, 0)[1] == 0
        gc.stop()
        """
    )
