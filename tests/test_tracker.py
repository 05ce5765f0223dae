"""MessageTracker tells the truth: done when, and only when, the engine no longer needs the buffer."""

import gc
import sys
import threading
import time
import weakref

import pytest
from support import WS, bind, wait_until

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


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
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


SIZES = {"small": 10, "large": 100_000}
OBJECTS = {
    "bytes": lambda size: b"x" * size,
    "bytearray": bytearray,
    "memoryview": lambda size: memoryview(bytearray(size)),
    "tracked frame": lambda size: zmq.Frame(bytearray(size), copy=False, track=True),
    "tracked copied frame": lambda size: zmq.Frame(bytearray(size), copy=True, track=True),
    "frame": lambda size: zmq.Frame(bytearray(size), copy=False),
    "copied frame": lambda size: zmq.Frame(bytearray(size), copy=True),
}


@pytest.mark.parametrize("parts", [0, 1, 2], ids=["send", "one part", "two parts"])
@pytest.mark.parametrize("track", [True, False], ids=["track", "untracked"])
@pytest.mark.parametrize("copy", [True, False], ids=["copy", "in place"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", OBJECTS)
def test_what_a_send_returns(pair, kind, size, copy, track, parts):
    """A Frame's tracker whenever it has one; else one that was asked for, or the finished one of what is too small to be lent."""
    a, b = pair
    part = OBJECTS[kind](SIZES[size])
    lent = size == "large" and not copy and kind in ("bytes", "bytearray", "memoryview")
    own = getattr(part, "tracker", None)

    def send(part):
        if parts == 0:
            return a.send(part, copy=copy, track=track)
        return a.send_multipart([b"first", part][-parts:], copy=copy, track=track)

    if track and "frame" in kind and own is None:
        with pytest.raises(ValueError, match="(?i)track"):
            send(part)
        if parts == 2 and zmq.__name__ == "zmq":
            return  # the first part is sent already
        a.send(b"nothing before")
        assert b.recv() == b"nothing before"
        return
    tracker = send(part)
    if own is not None:
        assert tracker is own
    elif not copy and "frame" not in kind and (track or size == "small"):
        assert isinstance(tracker, zmq.MessageTracker) and tracker.done == (not lent)
    else:
        assert tracker is None
    assert len(b.recv_multipart()[-1]) == SIZES[size]
    del part
    if tracker is not None:
        tracker.wait(10)
        assert tracker.done


@pytest.fixture
def streaming(connected, request):
    """A PUSH whose messages a thread reads over ipc."""
    pull, push = connected(zmq.PULL, zmq.PUSH, "ipc")

    def read():
        while pull.recv() != b"end":
            pass

    thread = threading.Thread(target=read)
    thread.start()
    yield push
    push.send(b"end")
    thread.join(10)


def test_done_means_that_the_buffer_can_change(streaming, fast_switching):
    for _ in range(1500):
        buffer = bytearray(90_000)
        tracker = streaming.send(buffer, copy=False, track=True)
        tracker.wait(10)
        assert tracker.done
        buffer.extend(b"x")


def test_done_in_one_thread_while_another_gives_back(streaming, fast_switching, run_threads):
    """Two threads look at the same trackers, and one of them sends, which gives back what it finds as well."""
    trackers = []
    sent = threading.Event()

    def send():
        for _ in range(700):
            buffer = bytearray(90_000)
            tracker = streaming.send(buffer, copy=False, track=True)
            trackers.append((buffer, tracker))
        sent.set()

    def look():
        seen = 0
        while not sent.is_set() or seen < len(trackers):
            if seen == len(trackers):
                time.sleep(0.0005)
                continue
            buffer, tracker = trackers[seen]
            if seen % 2:
                tracker.wait(10)
            else:
                wait_until(lambda tracker=tracker: tracker.done, "the tracker is done")
            buffer.extend(b"x")
            seen += 1

    run_threads(send, look)


def test_many_wait_for_one(pair, run_threads):
    a, b = pair
    buffer = bytearray(BIG)
    tracker = a.send(buffer, copy=False, track=True)

    def wait():
        tracker.wait(10)
        assert tracker.done
        memoryview(buffer).release()

    run_threads(wait, wait, wait, lambda: (time.sleep(0.02), b.recv()))
    buffer.extend(b"x")


class Slow:
    """A buffer's owner whose end takes until `go` is set, and lets other threads run meanwhile."""

    def __init__(self, ending, go):
        self.ending, self.go = ending, go

    def __del__(self):
        self.ending.set()
        self.go.wait(10)


def test_waiting_for_what_another_thread_gives_back(pair):
    """It is not done before the buffer's owner has ended, in whichever thread that is, and all who wait hear of it."""

    class Data(bytearray):
        pass

    a, b = pair
    ending, go = threading.Event(), threading.Event()
    data = Data(BIG)
    data.slow = Slow(ending, go)
    tracker = a.send(data, copy=False, track=True)
    del data
    giving = threading.Thread(target=lambda: (b.recv(), tracker.done))
    giving.start()
    assert ending.wait(10)
    if zmq.__name__ == "zmqpy":
        assert not tracker.done
        with pytest.raises(zmq.NotDone):
            tracker.wait(0.02)
    waiters = [threading.Thread(target=tracker.wait, args=(10,)) for _ in range(3)]
    for thread in waiters:
        thread.start()
    go.set()
    for thread in [giving, *waiters]:
        thread.join(10)
        assert not thread.is_alive()
    assert tracker.done


def test_a_destructor_may_wait_for_another_buffer(pair):
    """Buffers are given back one at a time."""
    a, b = pair
    done = []

    class Waiting:
        def __del__(self):
            second.wait(5)
            done.append(second.done)

    class Data(bytearray):
        pass

    data = Data(BIG)
    data.owner = Waiting()
    first = a.send(data, copy=False, track=True)
    second = a.send(bytearray(BIG), copy=False, track=True)
    del data
    frames = [b.recv(copy=False), b.recv(copy=False)]
    frames.clear()
    first.wait(10)
    assert done == [True]
