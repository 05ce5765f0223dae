"""Sending and receiving: every form of message a socket's methods take and give."""

import array
import json
import pickle

import pytest
from support import QUIET_MS, wait_readable

import zmqpy as zmq

SIZES = [0, 1, 29, 33, 34, 255, 256, 8191, 8192, 8193, 65535, 65536, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("copy", [True, False])
def test_sizes_arrive_whole(pair, size, copy):
    a, b = pair
    body = bytes(i * 31 % 251 for i in range(min(size, 4096))) * (size // 4096 + 1)
    body = body[:size]
    a.send(body, copy=copy)
    assert b.recv() == body
    b.send(body)
    frame = a.recv(copy=False)
    assert isinstance(frame, zmq.Frame) and frame.bytes == body and len(frame) == size


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"abc", id="bytes"),
        pytest.param(bytearray(b"abc"), id="bytearray"),
        pytest.param(memoryview(b"abc"), id="memoryview"),
        pytest.param(memoryview(b"xabcx")[1:4], id="slice"),
        pytest.param(array.array("B", b"abc"), id="array"),
        pytest.param(type("B", (bytes,), {})(b"abc"), id="bytes-subclass"),
    ],
)
@pytest.mark.parametrize("copy", [True, False])
def test_buffers(pair, data, copy):
    a, b = pair
    a.send(data, copy=copy)
    assert b.recv() == b"abc"
    a.send_multipart([data, data], copy=copy)
    assert b.recv_multipart() == [b"abc", b"abc"]


def test_buffers_of_wider_items(pair):
    a, b = pair
    numbers = array.array("d", [1.0, 2.5])
    a.send(numbers)
    assert b.recv() == numbers.tobytes()
    a.send(numbers, copy=False)
    assert b.recv() == numbers.tobytes()


def test_numpy_arrays(pair):
    import numpy

    a, b = pair
    matrix = numpy.arange(12.0).reshape(3, 4)
    for copy in (True, False):
        a.send(matrix, copy=copy)
        got = numpy.frombuffer(b.recv(copy=False), dtype=matrix.dtype).reshape(matrix.shape)
        assert (got == matrix).all()
    with pytest.raises((BufferError, ValueError)):
        a.send(matrix[:, ::2])


@pytest.mark.parametrize("copy", [True, False])
def test_non_contiguous_buffer(pair, copy):
    a, b = pair
    with pytest.raises(BufferError):
        a.send(memoryview(b"abcdef")[::2], copy=copy)
    assert not b.poll(QUIET_MS)


@pytest.mark.parametrize("value", [5, None, 1.5, [b"x"], object()])
def test_send_refuses_what_is_no_buffer(pair, value):
    with pytest.raises(TypeError):
        pair[0].send(value)


def test_send_refuses_str_and_says_what_to_call(pair):
    with pytest.raises(TypeError, match="send_string"):
        pair[0].send("text")


def test_send_returns_none_unless_tracked(pair):
    a = pair[0]
    assert a.send(b"x") is None
    assert a.send_multipart([b"x"]) is None
    assert a.send_string("x") is None
    assert a.send_json(1) is None
    assert a.send_pyobj(1) is None


def test_keyword_arguments(pair):
    a, b = pair
    a.send(data=b"1", flags=zmq.SNDMORE, copy=True, track=False)
    a.send(data=b"2", flags=0)
    assert b.recv(flags=0, copy=True, track=False) == b"1"
    assert b.recv(copy=False, flags=zmq.DONTWAIT).bytes == b"2"
    a.send_multipart(msg_parts=[b"3"], flags=0, copy=True, track=False)
    assert b.recv_multipart(flags=0, copy=True, track=False) == [b"3"]
    a.send_string(u="4", flags=0, copy=True, encoding="utf-8")
    assert b.recv_string(flags=0, encoding="utf-8") == "4"
    a.send_json(obj=5, flags=0)
    assert b.recv_json(flags=0) == 5
    a.send_pyobj(obj=6, flags=0, protocol=2)
    assert b.recv_pyobj(flags=0) == 6


# ---- multipart ----


@pytest.mark.parametrize("count", [1, 2, 3, 50, 200])
@pytest.mark.parametrize("copy", [True, False])
def test_multipart(pair, count, copy):
    a, b = pair
    parts = [b"%d" % i * i for i in range(count)]
    a.send_multipart(parts, copy=copy)
    assert b.recv_multipart() == parts
    a.send_multipart(parts, copy=copy)
    frames = b.recv_multipart(copy=False)
    assert [f.bytes for f in frames] == parts
    assert [f.more for f in frames] == [True] * (count - 1) + [False]


def test_multipart_takes_tuples_frames_and_mixed_buffers(pair):
    a, b = pair
    a.send_multipart((b"a", zmq.Frame(b"b"), memoryview(b"c"), bytearray(b"d")))
    assert b.recv_multipart() == [b"a", b"b", b"c", b"d"]


def test_multipart_part_by_part(pair):
    a, b = pair
    a.send(b"1", zmq.SNDMORE)
    a.send(b"2", zmq.SNDMORE)
    assert not b.poll(QUIET_MS), "a message is visible only when whole"
    a.send(b"3")
    assert b.recv() == b"1" and b.rcvmore == 1 and b.getsockopt(zmq.RCVMORE) == 1
    assert b.recv() == b"2" and b.rcvmore
    assert b.recv() == b"3" and not b.rcvmore


def test_multipart_with_sndmore_goes_on(pair):
    a, b = pair
    a.send_multipart([b"1", b"2"], flags=zmq.SNDMORE)
    a.send(b"3")
    assert b.recv_multipart() == [b"1", b"2", b"3"]


def test_recv_multipart_finishes_a_message_begun_with_recv(pair):
    a, b = pair
    a.send_multipart([b"1", b"2", b"3"])
    a.send(b"next")
    assert b.recv() == b"1"
    assert b.recv_multipart() == [b"2", b"3"]
    assert b.recv_multipart() == [b"next"]


@pytest.mark.parametrize("parts", [[b"a", 1], [b"a", None], [1], b"abc"])
def test_multipart_names_the_bad_part_and_sends_nothing(pair, parts):
    a, b = pair
    with pytest.raises(TypeError, match=r"(?i)(frame|part) [01]"):
        a.send_multipart(parts)
    assert not b.poll(QUIET_MS)
    a.send(b"fine")
    assert b.recv_multipart() == [b"fine"]


@pytest.mark.parametrize("value", [5, None])
def test_multipart_of_something_not_iterable(pair, value):
    with pytest.raises(TypeError):
        pair[0].send_multipart(value)


# ---- flags ----


def test_dontwait_with_nothing_there(pair):
    b = pair[1]
    for call in (b.recv, b.recv_multipart, b.recv_string, b.recv_json, b.recv_pyobj):
        with pytest.raises(zmq.Again) as caught:
            call(flags=zmq.DONTWAIT)
        assert caught.value.errno == zmq.EAGAIN
    with pytest.raises(zmq.Again):
        b.recv(zmq.NOBLOCK, copy=False)


def test_dontwait_without_a_peer(make):
    socket = make(zmq.PUSH)
    for call in (
        lambda: socket.send(b"", zmq.DONTWAIT),
        lambda: socket.send(b"", zmq.DONTWAIT, copy=False),
        lambda: socket.send_multipart([b"a", b"b"], zmq.DONTWAIT),
        lambda: socket.send_string("x", flags=zmq.DONTWAIT),
    ):
        with pytest.raises(zmq.Again):
            call()


def test_timeouts(make):
    import time

    socket = make(zmq.DEALER, rcvtimeo=40, sndtimeo=40)
    for call in (lambda: socket.recv(), lambda: socket.send(b"")):
        start = time.monotonic()
        with pytest.raises(zmq.Again):
            call()
        assert 0.035 <= time.monotonic() - start < 5


# ---- string, json, pickle, serialized ----


@pytest.mark.parametrize("text", ["", "text", "çπ§\U0001f40d", "\0"])
def test_strings(pair, text):
    a, b = pair
    a.send_string(text)
    assert b.recv_string() == text
    a.send_unicode(text, copy=False)
    assert b.recv_unicode() == text


def test_string_encodings(pair):
    a, b = pair
    a.send_string("é", encoding="latin-1")
    assert b.recv() == b"\xe9"
    a.send(b"\xe9")
    assert b.recv_string(encoding="latin-1") == "é"
    a.send(b"\xe9")
    with pytest.raises(UnicodeDecodeError):
        b.recv_string()
    with pytest.raises(TypeError):
        a.send_string(b"bytes")
    with pytest.raises(LookupError):
        a.send_string("x", encoding="no-such")


def test_json(pair):
    a, b = pair
    value = {"numbers": [1, 2.5, None, True], "text": "ü"}
    a.send_json(value)
    wire = b.recv()
    assert json.loads(wire) == value
    a.send(wire)
    assert b.recv_json() == value
    a.send_json({"b": 1, "a": 2}, sort_keys=True)
    assert b.recv_json(parse_int=str) == {"a": "2", "b": "1"}
    with pytest.raises(TypeError):
        a.send_json(object())
    a.send(b"{")
    with pytest.raises(ValueError):
        b.recv_json()


def test_json_in_a_multipart_message(pair):
    a, b = pair
    a.send_string("topic", flags=zmq.SNDMORE)
    a.send_json([1])
    assert b.recv_string() == "topic"
    assert b.rcvmore
    assert b.recv_json() == [1]


def test_pickled_objects(pair):
    a, b = pair
    value = {"set": {1, 2}, "class": ValueError, "bytes": b"\0"}
    a.send_pyobj(value)
    assert b.recv_pyobj() == value
    a.send_pyobj(value, protocol=2)
    wire = b.recv()
    assert wire[1] == 2 and pickle.loads(wire) == value
    a.send(b"\x80")
    with pytest.raises(pickle.UnpicklingError):
        b.recv_pyobj()
    with pytest.raises(Exception, match="(?i)pickle|local"):
        a.send_pyobj(lambda: None)


def test_serialized(pair):
    a, b = pair
    a.send_serialized({"k": [1, 2]}, lambda m: [k.encode() + bytes(v) for k, v in m.items()])
    assert b.recv_serialized(lambda parts: [p.decode("latin-1") for p in parts]) == ["k\x01\x02"]
    a.send_serialized([b"1", b"2"], lambda m: m, copy=False)
    frames = b.recv_serialized(lambda parts: parts, copy=False)
    assert [f.bytes for f in frames] == [b"1", b"2"]


def test_errors_of_serialisers_pass_through(pair):
    a, b = pair

    def fail(_):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        a.send_serialized([b""], fail)
    a.send_multipart([b"1", b"2"])
    with pytest.raises(ZeroDivisionError, match="mine"):
        b.recv_serialized(fail)
    a.send(b"next")
    assert b.recv() == b"next", "the failed message was consumed whole"


# ---- recv_into ----


def test_recv_into(pair):
    a, b = pair
    a.send(b"abc")
    buffer = bytearray(5)
    assert b.recv_into(buffer) == 3
    assert buffer == b"abc\0\0"


def test_recv_into_cuts_and_gives_the_whole_size(pair):
    a, b = pair
    a.send(b"abcdef")
    buffer = bytearray(4)
    assert b.recv_into(buffer) == 6
    assert buffer == b"abcd"
    a.send(b"abcdef")
    buffer = bytearray(4)
    assert b.recv_into(buffer, nbytes=2) == 6
    assert buffer == b"ab\0\0"
    a.send(b"next")
    assert b.recv() == b"next"


def test_recv_into_parts(pair):
    a, b = pair
    a.send_multipart([b"1", b"22"])
    buffer = memoryview(bytearray(3))
    assert b.recv_into(buffer[:1]) == 1 and b.rcvmore
    assert b.recv_into(buffer[1:]) == 2 and not b.rcvmore
    assert bytes(buffer) == b"122"


def test_recv_into_wider_items(pair):
    numbers = array.array("i", [0, 0])
    pair[0].send(array.array("i", [7, 8]))
    assert pair[1].recv_into(numbers) == 2 * numbers.itemsize
    assert list(numbers) == [7, 8]


@pytest.mark.parametrize(
    ("buffer", "kwargs", "error"),
    [
        (b"abc", {}, BufferError),
        (5, {}, TypeError),
        (bytearray(3), {"nbytes": 4}, ValueError),
        (bytearray(3), {"nbytes": -1}, ValueError),
        (memoryview(bytearray(6))[::2], {}, BufferError),
    ],
)
def test_recv_into_refuses(pair, buffer, kwargs, error):
    a, b = pair
    a.send(b"abc")
    wait_readable(b)
    with pytest.raises(error):
        b.recv_into(buffer, **kwargs)
    assert b.recv() == b"abc", "nothing was consumed"


def test_recv_into_dontwait(pair):
    with pytest.raises(zmq.Again):
        pair[1].recv_into(bytearray(3), flags=zmq.DONTWAIT)


# ---- draft arguments ----


@pytest.mark.parametrize("arguments", [{"routing_id": 1}, {"group": "g"}])
def test_routing_id_and_group_need_the_draft_interface(pair, arguments):
    """Without it the arguments are refused, not ignored; with it a PAIR sends the message all the same."""
    a, b = pair
    if zmq.DRAFT_API:
        a.send(b"x", **arguments)
        assert b.recv() == b"x"
    else:
        with pytest.raises(RuntimeError):
            a.send(b"x", **arguments)
        assert not b.poll(QUIET_MS)


@pytest.mark.parametrize("arguments", [{"routing_id": "one"}, {"group": 5}])
def test_routing_id_and_group_of_a_wrong_type(pair, arguments):
    with pytest.raises((TypeError, RuntimeError)):
        pair[0].send(b"x", **arguments)
