"""Frame: a message part that owns, borrows or exposes a buffer; and its collection wherever it happens."""

import gc
import socket
import sys
import threading
import time

import pytest
from support import bind

import zmqpy as zmq


def test_empty_frame():
    frame = zmq.Frame()
    assert len(frame) == 0 and frame.bytes == b"" and bytes(frame) == b"" and not frame.more


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("data", [b"hello", bytearray(b"hello"), memoryview(b"hello")])
def test_frame_of_a_buffer(data, copy):
    frame = zmq.Frame(data, copy=copy)
    assert frame.bytes == bytes(frame) == b"hello"
    assert frame.bytes is frame.bytes, "made once"
    assert len(frame) == 5
    assert frame.buffer.tobytes() == memoryview(frame).tobytes() == b"hello"
    view = frame.buffer
    assert frame.buffer is view
    view.release()
    assert frame.buffer.tobytes() == b"hello"
    assert "hello" in repr(frame)


@pytest.mark.parametrize("data", ["text", 5, object()])
def test_frame_of_something_else(data):
    with pytest.raises(TypeError):
        zmq.Frame(data)


def test_message_is_a_name_of_frame():
    assert zmq.Message is zmq.Frame


def test_copied_frame_is_independent():
    data = bytearray(b"hello")
    frame = zmq.Frame(data, copy=True)
    data[0] = ord("j")
    assert frame.bytes == b"hello"


def test_uncopied_frame_shares_large_buffers():
    data = bytearray(b"h" * 200_000)
    frame = zmq.Frame(data, copy=False)
    data[0] = ord("j")
    assert frame.buffer[:2].tobytes() == b"jh"


def test_received_frame_exposes_its_buffer(pair):
    a, b = pair
    a.send(b"x" * 100_000)
    frame = b.recv(copy=False)
    view = memoryview(frame)
    assert view.nbytes == 100_000 and view.format == "B" and view.contiguous
    assert view[:3] == b"xxx"
    del frame
    gc.collect()
    assert view[-1] == ord("x"), "a view keeps the message alive"


def test_frame_as_buffer_of_others(pair):
    a, b = pair
    a.send(b"[1, 2]")
    frame = b.recv(copy=False)
    assert bytearray(frame) == b"[1, 2]"
    assert b"".join([frame, b"!"]) == b"[1, 2]!"


def test_properties(connected):
    a, b = connected(zmq.DEALER, zmq.DEALER, "tcp", second_options={"routing_id": b"me"})
    b.send_multipart([b"1", b"2"])
    first, second = a.recv_multipart(copy=False)
    assert first.more is True and second.more is False
    assert first.get(zmq.MORE) == 1 and second.get(zmq.MORE) == 0
    assert first.get("Socket-Type") == "DEALER" == first["Socket-Type"]
    assert first.get("Peer-Address") == "127.0.0.1"
    assert first.get("Identity") == "me"
    with pytest.raises(zmq.ZMQError) as caught:
        first.get("No-Such")
    assert caught.value.errno == zmq.EINVAL
    assert isinstance(first.get(zmq.SRCFD), int)


def test_properties_of_routing_ids(connected):
    router, dealer = connected(zmq.ROUTER, zmq.DEALER, "tcp", second_options={"routing_id": b"me"})
    dealer.send_multipart([b"1", b"2"])
    frames = router.recv_multipart(copy=False)
    assert [frame.bytes for frame in frames] == [b"me", b"1", b"2"]
    # libzmq tells of the peer on the routing id's frame since 4.3.5.
    for frame in frames if zmq.zmq_version_info() >= (4, 3, 5) else frames[1:]:
        assert (frame.get("Socket-Type"), frame.get("Identity")) == ("DEALER", "me")
        assert frame.get("Peer-Address") == "127.0.0.1"


def test_properties_of_subscriptions(make):
    xpub, sub = make(zmq.XPUB), make(zmq.SUB)
    sub.connect(bind(xpub))
    sub.subscribe(b"topic")
    frame = xpub.recv(copy=False)
    assert (frame.bytes, frame.get("Socket-Type"), frame.get("Peer-Address")) == (b"\x01topic", "SUB", "127.0.0.1")


def test_properties_of_raw_peers(make):
    stream = make(zmq.STREAM)
    with socket.create_connection(("127.0.0.1", int(bind(stream).rpartition(":")[2]))) as peer:
        peer.sendall(b"data")
        frames = [*stream.recv_multipart(copy=False), *stream.recv_multipart(copy=False)]
    frames += stream.recv_multipart(copy=False)
    assert [frame.bytes for frame in frames[1::2]] == [b"", b"data", b""]
    assert [frame.get("Peer-Address") for frame in frames] == ["127.0.0.1"] * 6


def test_properties_of_inproc_messages(pair):
    a, b = pair
    a.send(b"x")
    with pytest.raises(zmq.ZMQError):
        b.recv(copy=False).get("Socket-Type")


def test_attributes():
    frame = zmq.Frame(b"x")
    with pytest.raises(AttributeError, match="(?i)no_such"):
        frame.no_such  # noqa: B018
    with pytest.raises(AttributeError, match="(?i)no_such"):
        frame.no_such = 1
    with pytest.raises(zmq.ZMQError):
        frame.set(zmq.MORE, 1)


def test_one_frame_sent_twice(pair):
    a, b = pair
    for frame in (zmq.Frame(b"again"), zmq.Frame(b"a" * 100_000, copy=False)):
        expected = frame.bytes
        a.send(frame)
        a.send(frame, copy=False)
        assert b.recv() == b.recv() == expected
        assert frame.bytes == expected


def test_received_frame_forwarded(pair, connected):
    a, b = pair
    c, d = connected(zmq.PAIR, zmq.PAIR, "tcp")
    for size in (5, 50_000):
        a.send_multipart([b"x" * size, b"y" * size])
        frames = b.recv_multipart(copy=False)
        c.send_multipart(frames, copy=False)
        assert d.recv_multipart() == [b"x" * size, b"y" * size]
        assert frames[0].bytes == b"x" * size


def test_frames_collected_in_other_threads(pair):
    a, b = pair
    for _ in range(200):
        a.send(b"x" * 70_000, copy=False)
        holder = [b.recv(copy=False)]
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join()
    a.send(b"fine")
    assert b.recv() == b"fine"


def test_other_threads_run_while_a_large_frame_is_freed():
    data = b"x" * (64 << 20)
    ran = []

    def wait_and_run(start):
        with start:
            ran.append(True)

    before = sys.getswitchinterval()
    for _ in range(50):
        frame = zmq.Frame(data, copy=True)
        start = threading.Lock()
        start.acquire()
        thread = threading.Thread(target=wait_and_run, args=(start,))
        thread.start()
        sys.setswitchinterval(1000)  # from now on the GIL goes to who waits for it only if it is let go
        try:
            start.release()
            deadline = time.perf_counter() + 0.005
            while time.perf_counter() < deadline:
                pass
            early = bool(ran)  # it may have asked for the GIL before
            del frame
            meanwhile = bool(ran) and not early
        finally:
            sys.setswitchinterval(before)
        thread.join()
        ran.clear()
        if meanwhile:
            break
    assert meanwhile


def test_frame_outlives_its_socket_and_context():
    context = zmq.Context()
    a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    a.bind("inproc://outlive")
    b.connect("inproc://outlive")
    a.send(b"x" * 100_000)
    frame = b.recv(copy=False)
    a.close()
    b.close()
    context.term()
    del a, b, context
    gc.collect()
    assert frame.bytes == b"x" * 100_000


def test_copy_of_a_frame(pair):
    import copy

    a, b = pair
    a.send(b"x" * 100_000)
    frame = b.recv(copy=False)
    duplicate = copy.copy(frame)
    del frame
    gc.collect()
    assert duplicate.bytes == b"x" * 100_000
