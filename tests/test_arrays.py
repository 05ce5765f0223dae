"""send_array and recv_array: every kind of elements and layout, with and without numpy, without copies; and what is no array."""

import array
import gc
import json
import sys

import pytest
from support import run_python, wait_until

import zmqpy as zmq
import zmqpy.asyncio

pytestmark = pytest.mark.extension

numpy = pytest.importorskip("numpy")

DTYPES = ["?", "i1", "u1", "<i2", ">i4", "u8", "f2", "f4", "<f8", "c8", "c16", "S5", "U3", "M8[ns]", "m8[s]"]


def same(got, sent):
    assert got.dtype == sent.dtype
    assert got.shape == sent.shape
    assert numpy.array_equal(got, sent)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (4, 0, 2), (2, 3, 4)])
def test_types_and_shapes(pair, dtype, shape):
    a, b = pair
    sent = numpy.arange(int(numpy.prod(shape))).reshape(shape).astype(dtype)
    a.send_array(sent)
    same(b.recv_array(), sent)


def test_structures(pair):
    a, b = pair
    dtype = numpy.dtype([("x", "<i4"), ("y", "f8", (2, 2)), ("z", [("r", "u1"), ("s", "S3")])])
    sent = numpy.zeros(3, dtype)
    sent["x"] = [1, 2, 3]
    sent["z"]["s"] = b"abc"
    a.send_array(sent)
    same(b.recv_array(), sent)


@pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "transposed"])
def test_layouts(pair, layout):
    a, b = pair
    base = numpy.arange(24.0).reshape(4, 6)
    sent = {
        "fortran": numpy.asfortranarray(base),
        "strided": base[::2, ::3],
        "reversed": base[::-1],
        "transposed": base.T,
    }[layout]
    a.send_array(sent)
    got = b.recv_array()
    same(got, sent)
    if layout in ("fortran", "transposed"):
        assert got.flags.f_contiguous


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_no_copies(connected, transport):
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    sent = numpy.arange(1_000_000)
    tracker = push.send_array(sent, track=True)
    got = pull.recv_array()
    same(got, sent)
    assert got.flags.writeable
    got[0] = 5
    assert isinstance(got.base, object) and not got.flags.owndata
    if transport == "inproc":
        assert sent[0] == 5, "the very memory arrives"
    del got
    tracker.wait(10)


def test_other_buffers(pair):
    a, b = pair
    for sent, dtype in ((array.array("d", [1, 2]), "f8"), (b"abc", "u1"), (memoryview(bytearray(b"xy")), "u1")):
        a.send_array(sent)
        got = b.recv_array()
        assert got.dtype == dtype
        assert list(got) == list(sent)
    a.send_array(memoryview(b"abcdef")[::2])
    assert b.recv_array().tobytes() == b"ace"


class Tensor:
    """Offers its memory by __dlpack__ alone."""

    def __init__(self, values, device=1):
        self.values = values
        self.device = device

    def __dlpack_device__(self):
        return (self.device, 0)

    def __dlpack__(self, **kwargs):
        return self.values.__dlpack__()


@pytest.mark.parametrize("dtype", ["i4", "u1", "f4", "f8", "c16", "?"])
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0, 2)])
def test_tensors(pair, dtype, shape):
    a, b = pair
    sent = numpy.ones(shape, dtype)
    a.send_array(Tensor(sent))
    same(b.recv_array(), sent)


def test_a_tensor_is_sent_from_where_it_lies(pair):
    a, b = pair
    values = numpy.arange(100_000)
    references = sys.getrefcount(values)
    a.send_array(Tensor(values))
    values[7] = -1
    got = b.recv_array()
    assert got[7] == -1
    del got
    wait_until(lambda: (gc.collect(), sys.getrefcount(values) <= references)[1], "the tensor is let go")


def test_tensors_that_cannot_be_sent(pair):
    a, _ = pair
    with pytest.raises(TypeError, match="CPU"):
        a.send_array(Tensor(numpy.ones(3), device=2))
    with pytest.raises(TypeError, match="contiguous"):
        a.send_array(Tensor(numpy.ones((4, 4))[:, ::2]))


def test_what_is_no_array(pair):
    a, _ = pair
    for thing in (5, "text", [1, 2], None):
        with pytest.raises(TypeError):
            a.send_array(thing)
    with pytest.raises(TypeError, match="send_pyobj"):
        a.send_array(numpy.array([{}]))
    with pytest.raises(TypeError, match="dates"):
        a.send_array(numpy.zeros(2, [("when", "M8[s]"), ("what", "i4")]))


def header(**fields):
    return json.dumps({"dtype": "<i4", "shape": [2], **fields}).encode()


@pytest.mark.parametrize(
    "message",
    [
        [b"x"],
        [b"", b""],
        [b"\xff", b""],
        [b"5", b""],
        [b"[" * 100_000, b""],
        [b"{}", b""],
        [header(), b"1234567"],
        [header(shape=[-1]), b"1234"],
        [header(shape=[1.0]), b"1234"],
        [header(shape=[True]), b"1234"],
        [header(shape="2"), b"1234"],
        [header(shape=[1] * 40), b"1234"],
        [header(shape=[2**40, 2**40]), b"1234"],
        [header(order="X"), b"12345678"],
        [header(dtype="O"), b"12345678"],
        [header(dtype=[["a", "O"]]), b"12345678"],
        [header(dtype="no such"), b"12345678"],
        [header(dtype=[["a"]]), b"12345678"],
        [header(dtype="V0"), b""],
        [header(dtype={"a": 1}), b"12345678"],
        [header(), b"12345678", b""],
        [header(shape=[0, 2**70]), b""],
        [header(dtype=[["a", "i4", [2**70]]]), b""],
        [header(dtype="V" + "9" * 20), b""],
        [header(dtype="M8[s/0]"), b"12345678" * 2],  # of which numpy dies
        [header(dtype=[["a", "M8[s/0]"]]), b"12345678" * 2],
        [header(dtype=[["a", [["b", "<M8[s/0]"]]]]), b"12345678" * 2],
        [header(dtype="i4,M8[s/0]"), b"12345678" * 2],
        [b'{"shape":[2],"dtype":' + b'[["a",' * 1500 + b'"i4"' + b"]]" * 1500 + b"}", b"12345678"],
        [b'{"shape":[2],"dtype":' + b"[" * 900 + b"]" * 900 + b"}", b"12345678"],
        [b'{"shape":[2],"dtype":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", b"12345678"],
    ],
)
def test_messages_of_strangers(pair, message):
    a, b = pair
    a.send_multipart(message)
    with pytest.raises(ValueError):
        b.recv_array()


@pytest.mark.parametrize("error", [RecursionError, OverflowError, MemoryError])
def test_whatever_a_header_brings_about_is_a_value_error(pair, monkeypatch, error):
    """Which headers do depends on the versions of Python and numpy, and on how deep the caller is."""

    def fails(*args):
        raise error

    monkeypatch.setattr("zmqpy.arrays._check_size", fails)
    a, b = pair
    a.send_array(numpy.ones(3))
    with pytest.raises(ValueError, match="header"):
        b.recv_array()


def test_dates(pair):
    a, b = pair
    sent = numpy.array(["2020-01-01", "2021-02-03"], "M8[D]")
    for each in (sent, sent.astype("M8[25s]"), sent.astype("m8[us]"), sent.astype(">M8[ns]")):
        a.send_array(each)
        same(b.recv_array(), each)


def test_the_recipe_of_pyzmqs_guide(pair):
    """Its functions and these understand each other."""
    a, b = pair
    sent = numpy.arange(6.0).reshape(2, 3)
    a.send_json({"dtype": str(sent.dtype), "shape": sent.shape}, zmq.SNDMORE)
    a.send(sent, copy=False)
    same(b.recv_array(), sent)
    a.send_array(sent)
    fields = b.recv_json()
    same(numpy.frombuffer(b.recv(copy=False), dtype=fields["dtype"]).reshape(fields["shape"]), sent)


def test_without_numpy():
    run_python(
        """
        import sys, array
        sys.modules["numpy"] = None
        import zmqpy as zmq
        with zmq.Context() as context, context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
            a.bind("inproc://x")
            b.connect("inproc://x")
            a.send_array(array.array("i", [1, 2, 3]))
            got = b.recv_array()
            assert type(got) is memoryview and got.tolist() == [1, 2, 3] and got.format == "i"
            a.send_array(memoryview(bytes(range(6))).cast("B", (2, 3)))
            got = b.recv_array()
            assert got.tolist() == [[0, 1, 2], [3, 4, 5]]
            got[0, 0] = 9
            for dtype in (">i4", "c8", "S3", "O"):
                a.send_multipart(['{"dtype": "%s", "shape": [1]}' % dtype, b"1234"])
                try:
                    b.recv_array()
                except ValueError as error:
                    assert "numpy" in str(error)
                else:
                    raise AssertionError(dtype)
        """
    )


def test_asyncio(run):
    async def main():
        context = zmqpy.asyncio.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.bind("inproc://arrays")
        b.connect("inproc://arrays")
        waiting = b.recv_array()
        await a.send_array(numpy.arange(3))
        assert list(await waiting) == [0, 1, 2]
        context.destroy(linger=0)

    run(main())
