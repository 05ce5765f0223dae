"""The exception classes: inheritance, errno, texts, and which is raised for which error."""

import errno
import pickle

import pytest

import zmqpy as zmq
from zmqpy import error


def test_inheritance():
    assert issubclass(zmq.ZMQError, zmq.ZMQBaseError) and issubclass(zmq.ZMQBaseError, Exception)
    for name in ("Again", "ContextTerminated", "InterruptedSystemCall"):
        assert issubclass(getattr(error, name), zmq.ZMQError)
    assert issubclass(error.InterruptedSystemCall, InterruptedError)
    for name in ("ZMQBindError", "NotDone"):
        assert issubclass(getattr(zmq, name), zmq.ZMQBaseError)
        assert not issubclass(getattr(zmq, name), zmq.ZMQError)
    assert issubclass(zmq.ZMQVersionError, NotImplementedError)
    assert issubclass(error.DraftFDWarning, RuntimeWarning)


@pytest.mark.parametrize(
    "name",
    ["Again", "ContextTerminated", "NotDone", "ZMQBaseError", "ZMQBindError", "ZMQError", "ZMQVersionError"]
    + ["InterruptedSystemCall", "DraftFDWarning"],
)
def test_same_classes_in_both_places(name):
    assert getattr(zmq, name) is getattr(error, name)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EINVAL, zmq.EFSM, zmq.ETERM, zmq.ENOCOMPATPROTO])
def test_error_of_a_number(number):
    caught = zmq.ZMQError(number)
    assert caught.errno == number
    assert str(caught) == caught.strerror == zmq.strerror(number)
    assert type(caught).__name__ in repr(caught) and str(caught) in repr(caught)


def test_error_with_its_own_text():
    caught = zmq.ZMQError(errno.EINVAL, "my text")
    assert caught.errno == errno.EINVAL and str(caught) == "my text"
    caught = zmq.ZMQError(msg="only text")
    assert str(caught) == "only text"


def test_subclasses_know_their_errno():
    assert zmq.Again().errno == errno.EAGAIN
    assert zmq.ContextTerminated().errno == zmq.ETERM
    assert zmq.error.InterruptedSystemCall().errno == errno.EINTR
    assert str(zmq.Again()) == zmq.strerror(errno.EAGAIN)


def test_version_error():
    caught = zmq.ZMQVersionError("99.1.2", "Some feature")
    assert "Some feature" in str(caught) and "99.1.2" in str(caught) and zmq.zmq_version() in str(caught)
    assert caught.min_version == "99.1.2"


def test_errors_catchable_as_their_number(make):
    """The idiom of older programs: except zmq.ZMQError as e: if e.errno == zmq.EAGAIN."""
    try:
        make(zmq.PULL).recv(zmq.DONTWAIT)
    except zmq.ZMQError as caught:
        assert caught.errno == zmq.EAGAIN == errno.EAGAIN
        assert type(caught) is zmq.Again
    else:
        pytest.fail("nothing was raised")


def test_wrong_state_and_wrong_direction(make):
    req, pub, sub, push, pull = (make(t) for t in (zmq.REQ, zmq.PUB, zmq.SUB, zmq.PUSH, zmq.PULL))
    for call, number in [
        (lambda: req.recv(), zmq.EFSM),
        (lambda: pub.recv(), zmq.ENOTSUP),
        (lambda: sub.send(b""), zmq.ENOTSUP),
        (lambda: push.recv(), zmq.ENOTSUP),
        (lambda: pull.send(b""), zmq.ENOTSUP),
        (lambda: pull.send(b"", copy=False), zmq.ENOTSUP),
        (lambda: push.recv_multipart(), zmq.ENOTSUP),
    ]:
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == number
        assert type(caught.value) is zmq.ZMQError
        assert caught.value.strerror == zmq.strerror(number)
        assert str(caught.value).startswith(zmq.strerror(number))


def test_strerror():
    assert zmq.strerror(zmq.EFSM) == "Operation cannot be accomplished in current state"
    assert zmq.strerror(zmq.ETERM) == "Context was terminated"
    assert zmq.strerror(zmq.ENOCOMPATPROTO) == "The protocol is not compatible with the socket type"
    assert zmq.strerror(zmq.EMTHREAD) == "No thread available"
    assert zmq.strerror(zmq.EHOSTUNREACH) == "Host unreachable"
    assert zmq.strerror(errno.ENOENT) == "No such file or directory"


def test_zmq_errno_is_an_integer():
    assert isinstance(zmq.zmq_errno(), int)


@pytest.mark.extension
@pytest.mark.parametrize("make_error", [lambda: zmq.ZMQError(errno.EINVAL, "text"), zmq.Again, zmq.ContextTerminated])
def test_errors_survive_pickling(make_error):
    """They cross process pools, so their number and text must too."""
    original = make_error()
    again = pickle.loads(pickle.dumps(original))
    assert type(again) is type(original)
    assert (again.errno, str(again)) == (original.errno, str(original))


@pytest.mark.extension
def test_programs_may_have_a_hint_of_their_own():
    class Mine(zmq.ZMQError):
        def __init__(self, hint):
            super().__init__(errno.EINVAL)
            self.hint = hint

    mine = Mine("look here")
    assert mine.hint == "look here"
    assert str(mine).endswith(": look here")
    mine.hint = None
    assert mine.hint is None
    assert str(mine) == str(zmq.ZMQError(errno.EINVAL))
