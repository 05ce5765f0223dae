"""Objects as messages: pickle with buffers out of band, SignedPickle, MessagePack."""

import pickle

import pytest
from support import run_python

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.serialize import BadSignature, SignedPickle

pytestmark = pytest.mark.extension

KEY = bytes(range(32))


def big():
    return {"name": "x", "data": pickle.PickleBuffer(bytearray(b"0123456789" * 10_000)), "more": [1, 2]}


# ---- pickle 5 ----


@pytest.mark.parametrize("copy", [False, True])
def test_buffers_travel_as_parts(pair, copy):
    a, b = pair
    a.send_pyobj(big(), buffers=True, copy=copy)
    got = b.recv_pyobj(buffers=True)
    assert got["name"] == "x" and got["more"] == [1, 2]
    view = memoryview(got["data"])
    assert bytes(view) == b"0123456789" * 10_000
    assert not view.readonly
    a.send_pyobj(big(), buffers=True)
    assert [len(part) for part in b.recv_multipart()][1:] == [100_000]


def test_objects_without_buffers(pair):
    a, b = pair
    a.send_pyobj([1, "two"], buffers=True)
    assert b.recv_pyobj(buffers=True) == [1, "two"]
    a.send_pyobj([1, "two"], buffers=True)
    assert b.recv_pyobj() == [1, "two"]
    a.send_pyobj([1, "two"])
    assert b.recv_pyobj(buffers=True) == [1, "two"]


def test_no_copy_of_an_array(pair):
    numpy = pytest.importorskip("numpy")
    a, b = pair
    sent = numpy.arange(100_000)
    tracker = a.send_pyobj({"array": sent}, buffers=True, track=True)
    sent[3] = -1
    got = b.recv_pyobj(buffers=True)["array"]
    assert got[3] == -1, "the very memory arrives"
    got[4] = -2
    assert sent[4] == -2
    del got
    tracker.wait(10)


def test_asyncio(run):
    async def main():
        context = zmqpy.asyncio.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.bind("inproc://objects")
        b.connect("inproc://objects")
        waiting = b.recv_pyobj(buffers=True)
        await a.send_pyobj(big(), buffers=True)
        assert (await waiting)["more"] == [1, 2]
        signed = SignedPickle(KEY)
        await a.send_serialized(big(), signed.dumps)
        assert (await b.recv_serialized(signed.loads))["name"] == "x"
        context.destroy(linger=0)

    run(main())


# ---- signed ----


@pytest.mark.parametrize("copy", [False, True])
def test_signed_pickle(pair, copy):
    a, b = pair
    signed = SignedPickle(KEY)
    a.send_serialized(big(), signed.dumps, copy=copy)
    got = b.recv_serialized(signed.loads, copy=copy)
    assert bytes(got["data"]) == b"0123456789" * 10_000


class Trap:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def changed(parts):
    """Every way to change a message a little."""
    for index, part in enumerate(parts):
        for position in {0, len(part) // 2, len(part) - 1}:
            other = bytearray(part)
            other[position] ^= 1
            yield [*parts[:index], bytes(other), *parts[index + 1 :]]
        yield [*parts[:index], *parts[index + 1 :]]
        yield [*parts[:index], part, part, *parts[index + 1 :]]
    yield [parts[0], parts[1] + parts[2]]
    yield [parts[0], parts[1], parts[2][:5], parts[2][5:]]
    yield []
    yield [b""]


def test_nothing_unsigned_is_unpickled():
    signed = SignedPickle(KEY)
    parts = [bytes(part) for part in signed.dumps([Trap(), pickle.PickleBuffer(b"0123456789")])]
    assert len(parts) == 3
    for message in changed(parts):
        with pytest.raises(BadSignature):
            signed.loads(message)
    for other in (SignedPickle(KEY[::-1]), SignedPickle(KEY, b"other")):
        with pytest.raises(BadSignature):
            other.loads(parts)


def test_keys():
    with pytest.raises(ValueError, match="16 bytes"):
        SignedPickle(b"short")
    with pytest.raises(TypeError):
        SignedPickle("text that is long enough")
    assert "001f" not in repr(SignedPickle(KEY))
    assert "\\x01" not in repr(SignedPickle(KEY))


# ---- MessagePack ----


def test_msgpack(pair):
    pytest.importorskip("msgpack")
    a, b = pair
    sent = {"a": [1, 2.5, None, True], "b": b"bytes", "c": "täxt"}
    a.send_msgpack(sent)
    assert b.recv_msgpack() == sent


def test_types_need_msgspec(pair):
    a, b = pair
    try:
        import msgspec
    except ImportError:
        pytest.importorskip("msgpack")
        a.send_msgpack([1])
        with pytest.raises(ImportError, match="msgspec"):
            b.recv_msgpack(type=list[int])
        return
    a.send_msgpack([1, 2])
    assert b.recv_msgpack(type=list[int]) == [1, 2]
    a.send_msgpack(["x"])
    with pytest.raises(msgspec.ValidationError):
        b.recv_msgpack(type=list[int])


def test_neither_is_installed():
    run_python(
        """
        import sys
        sys.modules["msgpack"] = sys.modules["msgspec"] = sys.modules["msgspec.msgpack"] = None
        import zmqpy as zmq
        with zmq.Context() as context, context.socket(zmq.PAIR) as a:
            try:
                a.send_msgpack(1)
            except ImportError as error:
                assert "zmqpy[msgpack]" in str(error)
            else:
                raise AssertionError
        """
    )
