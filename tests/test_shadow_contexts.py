"""Shadows of contexts: whoever ends one ends the context for all, and what each of them says then. As with pyzmq, run over it too."""

import contextlib
import copy
import gc
import threading
import warnings

import pytest
from support import WAIT_MS, run_python

import zmqpy as zmq
import zmqpy.asyncio as zmq_asyncio

SHADOWS = {
    "shadow": zmq.Context.shadow,
    "argument": zmq.Context,
    "address": lambda context: zmq.Context.shadow(context.underlying),
    "shadow of a shadow": lambda context: zmq.Context.shadow(zmq.Context.shadow(context)),
    "copy": copy.copy,
    "asyncio": zmq_asyncio.Context.shadow,
    "asyncio by address": lambda context: zmq_asyncio.Context.shadow(context.underlying),
}


def leave(context):
    with context:
        pass


ENDS = {
    "term": lambda context: context.term(),
    "destroy": lambda context: context.destroy(),
    "destroy with linger": lambda context: context.destroy(linger=0),
    "with": leave,
}


@pytest.fixture
def context():
    context = zmq.Context()
    yield context
    for _ in range(2):  # if somebody else has ended it, once says so
        with contextlib.suppress(zmq.ZMQError):
            context.destroy(linger=0)


@pytest.fixture(params=SHADOWS)
def shadow(request, context):
    return SHADOWS[request.param](context)


@pytest.fixture(params=ENDS)
def end(request):
    return ENDS[request.param]


def errno_of(call, *args):
    with pytest.raises(zmq.ZMQError) as caught:
        call(*args)
    return caught.value.errno


def expect_closed(context):
    """It was ended by this object."""
    assert context.closed and not context.underlying and "closed" in repr(context)
    assert errno_of(context.socket, zmq.PAIR) == zmq.ENOTSUP
    with pytest.raises(RuntimeError):
        context.get(zmq.IO_THREADS)
    with pytest.raises(RuntimeError):
        context.set(zmq.IO_THREADS, 1)
    assert context.term() is None
    assert context.destroy() is None


def expect_lost(context, end=zmq.Context.term):
    """Somebody else ended it: it is not closed until `end` has said so, once, and has been called again."""
    assert not context.closed and context.underlying
    assert "closed" not in repr(context)
    assert errno_of(context.socket, zmq.PAIR) == zmq.EFAULT
    assert errno_of(zmq.Socket, context, zmq.PAIR) == zmq.EFAULT
    assert errno_of(context.get, zmq.IO_THREADS) == zmq.EFAULT
    assert errno_of(context.set, zmq.IO_THREADS, 1) == zmq.EFAULT
    assert not hasattr(context, "io_threads")
    context.linger = 0
    assert context.linger == 0
    assert errno_of(zmq.Context.shadow(context).socket, zmq.PAIR) == zmq.EFAULT
    assert dir(context)
    assert errno_of(end, context) == zmq.EFAULT
    assert not context.closed
    assert errno_of(context.socket, zmq.PAIR) == zmq.EFAULT
    end(context)
    expect_closed(context)


def test_ending_a_shadow_ends_the_context(context, shadow, end):
    end(shadow)
    expect_closed(shadow)
    expect_lost(context)


def test_ending_the_context_ends_its_shadows(context, shadow, end):
    end(context)
    expect_closed(context)
    expect_lost(shadow)


def test_ending_what_somebody_else_has_ended(context, shadow, end):
    shadow.term()
    expect_lost(context, end)


def test_ending_one_of_two_shadows(context, shadow):
    other = zmq.Context.shadow(context)
    shadow.term()
    expect_lost(other)
    expect_lost(context)


def test_a_collected_shadow_ends_nothing(context, shadow):
    socket = shadow.socket(zmq.PAIR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shadow.__del__()
        del shadow
        gc.collect()
    socket.bind("inproc://kept")
    with context.socket(zmq.PAIR) as other:
        other.connect("inproc://kept")
    socket.close()
    assert not context.closed
    context.term()
    expect_closed(context)


@pytest.mark.extension  # pyzmq's tries to end itself when it is collected, which is an error that nobody can catch
def test_the_context_lives_as_long_as_a_shadow_of_it():
    context = zmq.Context()
    shadow = zmq.Context.shadow(context)
    del context
    gc.collect()
    shadow.socket(zmq.PAIR).close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        shadow.term()
        expect_closed(shadow)
        del shadow
        gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_collected_context_ends_its_shadow_by_address():
    context = zmq.Context()
    shadow = zmq.Context.shadow(context.underlying)
    del context
    gc.collect()
    expect_lost(shadow)


@pytest.mark.parametrize("ends", ["shadow", "context"])
def test_term_waits_for_the_sockets_of_all(context, ends):
    shadow = zmq.Context.shadow(context)
    ending, other = (shadow, context) if ends == "shadow" else (context, shadow)
    closed, left = ending.socket(zmq.PAIR), other.socket(zmq.PAIR)
    ended = threading.Event()

    def destroy():
        ending.destroy(linger=0)
        ended.set()

    thread = threading.Thread(target=destroy)
    thread.start()
    try:
        with pytest.raises(zmq.ContextTerminated):
            left.recv()
        assert closed.closed and not left.closed and not ended.is_set()
        assert not ending.closed and not other.closed
        assert errno_of(other.socket, zmq.PAIR) == zmq.ETERM
    finally:
        left.close()
        thread.join(WAIT_MS / 1000)
    assert ended.is_set() and ending.closed
    expect_lost(other)


@pytest.mark.extension  # with pyzmq a thread uses freed memory
@pytest.mark.parametrize("second", ["itself", "shadow"])
def test_both_end_it_at_once(context, second):
    shadow = context if second == "itself" else zmq.Context.shadow(context)
    socket = context.socket(zmq.PAIR)
    results = []

    def end(ending):
        try:
            ending.term()
            results.append(0)
        except zmq.ZMQError as error:
            results.append(error.errno)

    threads = [threading.Thread(target=end, args=(each,)) for each in (context, shadow)]
    for thread in threads:
        thread.start()
    with pytest.raises(zmq.ContextTerminated):
        socket.recv()
    socket.close()
    for thread in threads:
        thread.join(WAIT_MS / 1000)
        assert not thread.is_alive()
    assert sorted(results) == ([0, 0] if second == "itself" else [0, zmq.EFAULT])


def test_leaving_a_with_of_a_context_that_has_ended(context):
    with pytest.raises(zmq.ZMQError) as caught, context:
        zmq.Context.shadow(context).term()
    assert caught.value.errno == zmq.EFAULT
    context.term()
    expect_closed(context)


def test_instance_that_a_shadow_has_ended():
    run_python(
        """
        import zmqpy as zmq
        first = zmq.Context.instance()
        zmq.Context.shadow(first).term()
        assert zmq.Context.instance() is first
        try:
            first.term()
        except zmq.ZMQError as error:
            assert error.errno == zmq.EFAULT
        else:
            raise AssertionError
        first.term()
        second = zmq.Context.instance()
        assert second is not first
        second.socket(zmq.PAIR).close()
        second.term()
        """
    )


def test_what_is_left_open_is_warned_of(context):
    shadow = zmq.Context.shadow(context)
    left = shadow.socket(zmq.PAIR)
    with pytest.warns(ResourceWarning, match="^Destroying context with unclosed socket"):
        leave(shadow)
    assert left.closed
    context = zmq.Context()
    zmq.Context.shadow(context).term()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.suppress(zmq.ZMQError):  # pyzmq's raises
            context.__del__()
    assert [warning for warning in caught if str(warning.message).startswith("Unclosed context")]
    with contextlib.suppress(zmq.ZMQError):
        context.term()
    context.term()


def test_a_shadow_of_an_ended_context_is_a_new_one(context):
    """There is no address that it could have."""
    context.term()
    with zmq.Context.shadow(context) as new:
        new.socket(zmq.PAIR).close()
    expect_closed(context)
