"""MessageTracker tells the truth: done when, and only when, the engine no longer needs the buffer."""

import gc
import sys
import threading
import time
import weakref

import pytest
from support import bind, wait_until

import zmqpy as zmq

BIG = 1 << 20


def test_tracker_of_nothing_is_done():
    tracker = zmq.MessageTracker()
    assert tracker.done is True
    assert tracker.wait() is None


@pytest.mark.parametrize("value", [5, b"x", None])
def test_tracker_of_something_else(value):
    with pytest.raises(TypeError):
        zmq.MessageTracker(value)


def test_tracker_needs_tracked_frames(pair):
    with pytest.raises(ValueError, match="(?i)track"):
        zmq.MessageTracker(zmq.Frame(b"x"))
    with pytest.raises(ValueError, match="(?i)track"):
        pair[0].send(zmq.Frame(b"x"), copy=False, track=True)


def test_copied_frames_are_done_at_once():
    frame = zmq.Frame(b"x", track=True)
    assert frame.tracker.done


def test_frame_is_not_done_while_it_lives():
    frame = zmq.Frame(bytearray(BIG), copy=False, track=True)
    tracker = frame.tracker
    assert not tracker.done
    with pytest.raises(zmq.NotDone):
        tracker.wait(timeout=0.02)
    del frame
    gc.collect()
    tracker.wait(5)
    assert tracker.done


def test_untracked_send_of_a_copy_gives_none(pair):
    assert pair[0].send(b"x", track=False) is None


def test_wait_times_out_in_seconds(make):
    push = make(zmq.PUSH)
    push.connect("tcp://127.0.0.1:1")
    tracker = push.send(bytearray(BIG), copy=False, track=True)
    assert isinstance(tracker, zmq.MessageTracker)
    start = time.monotonic()
    with pytest.raises(zmq.NotDone):
        tracker.wait(0.05)
    assert 0.045 <= time.monotonic() - start < 5
    with pytest.raises(zmq.NotDone):
        tracker.wait(timeout=0)
    assert not tracker.done
    push.close(linger=0)
    tracker.wait(5)
    assert tracker.done, "dropped messages release their buffers"


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_done_after_delivery(connected, transport):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    buffer = bytearray(b"x" * BIG)
    tracker = push.send(buffer, copy=False, track=True)
    assert pull.recv() == b"x" * BIG
    tracker.wait(5)
    assert tracker.done


def test_inproc_buffer_lives_until_the_receiver_lets_go(pair):
    a, b = pair
    buffer = bytearray(b"x" * BIG)
    tracker = a.send(buffer, copy=False, track=True)
    frame = b.recv(copy=False)
    assert frame.buffer[0] == ord("x")
    buffer[0] = ord("y")
    assert frame.buffer[0] == ord("y"), "no copy was made"
    assert not tracker.done
    del frame
    gc.collect()
    tracker.wait(5)


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_buffer_is_exported_while_it_is_used(make, transport):
    """A bytearray handed over without copying cannot be resized, and can be again when it is done."""
    pull, push = make(zmq.PULL), make(zmq.PUSH)
    address = bind(pull, transport)
    push.connect(address)
    buffer = bytearray(b"x" * BIG)
    tracker = push.send(buffer, copy=False, track=True)
    received = pull.recv()
    tracker.wait(5)

    def resizable():
        try:
            buffer.append(0)
        except BufferError:
            return False
        return True

    wait_until(resizable, "the buffer is released", 5)
    assert received == b"x" * BIG


def test_sent_objects_are_released(connected):
    class Data(bytearray):
        pass

    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    data = Data(b"x" * BIG)
    reference = weakref.ref(data)
    push.send(data, copy=False)
    del data
    assert len(pull.recv()) == BIG

    def released():
        push.get(zmq.EVENTS)  # any call may be the one that drops released buffers
        gc.collect()
        return reference() is None

    wait_until(released, "the sent object is released", 5)


def test_references_do_not_leak(connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp")
    data = b"x" * 100_000
    before = sys.getrefcount(data)
    for _ in range(50):
        push.send(data, copy=False)
        pull.recv()
    wait_until(lambda: (push.get(zmq.EVENTS), sys.getrefcount(data) == before)[1], "references dropped", 5)


def test_multipart_tracker(pair):
    a, b = pair
    parts = [bytearray(BIG), b"small", bytearray(BIG)]
    tracker = a.send_multipart(parts, copy=False, track=True)
    frames = b.recv_multipart(copy=False)
    assert not tracker.done
    del frames
    gc.collect()
    tracker.wait(5)


def test_tracked_frames_and_combined_trackers(pair):
    a, b = pair
    one = zmq.Frame(bytearray(BIG), copy=False, track=True)
    two = zmq.Frame(bytearray(BIG), copy=False, track=True)
    both = zmq.MessageTracker(one, two.tracker)
    assert not both.done
    a.send(one, copy=False, track=True)
    del one
    got = b.recv(copy=False)
    del got, two
    gc.collect()
    both.wait(5)
    assert both.done and zmq.MessageTracker(both).done


def test_small_messages_are_copied_below_the_threshold(pair):
    a, b = pair
    assert a.copy_threshold == zmq.COPY_THRESHOLD == 65536
    buffer = bytearray(b"small")
    tracker = a.send(buffer, copy=False, track=True)
    buffer[0] = ord("S")
    assert b.recv() == b"small"
    assert tracker.done
    a.copy_threshold = 0
    buffer = bytearray(b"small" * 100)
    tracker = a.send(buffer, copy=False, track=True)
    assert not tracker.done
    b.recv()
    tracker.wait(5)


def test_wait_in_another_thread(pair):
    a, b = pair
    tracker = a.send(bytearray(BIG), copy=False, track=True)
    done = threading.Event()

    def wait():
        tracker.wait(10)
        done.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not done.wait(0.02)
    b.recv()
    assert done.wait(10)
    thread.join()


def test_received_tracker(pair):
    a, b = pair
    a.send(b"x")
    frame = b.recv(copy=False, track=True)
    assert frame.bytes == b"x"
    assert frame.tracker is None or isinstance(frame.tracker, zmq.MessageTracker)
