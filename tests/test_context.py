"""Context: creation, options, defaults for its sockets, shadows, closing. Exits and forks are in test_lifecycle.py."""

import copy
import gc
import threading
import weakref

import pytest
from support import bind, open_descriptors, thread_count, wait_until

import zmqpy as zmq


def test_new_context_is_open_and_empty():
    context = zmq.Context()
    assert context.closed is False
    assert isinstance(context.underlying, int) and context.underlying != 0
    assert repr(context).startswith("<zmqpy.Context()") or repr(context).startswith("<zmq.Context()")
    context.term()
    assert context.closed is True
    assert context.underlying == 0
    assert repr(context).endswith("closed>")


def test_repr_counts_sockets(context):
    with context.socket(zmq.PUSH), context.socket(zmq.PULL):
        assert "2 sockets" in repr(context)


def test_io_threads_argument():
    with zmq.Context(3) as context:
        assert context.get(zmq.IO_THREADS) == 3
        assert context.io_threads == 3
    with zmq.Context(io_threads=2) as context:
        assert context.IO_THREADS == 2


def test_negative_io_threads():
    with pytest.raises(zmq.ZMQError) as caught:
        zmq.Context(-1)
    assert caught.value.errno == zmq.EINVAL


def test_no_io_thread_serves_inproc_only():
    with zmq.Context(0) as context, context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://only")
        b.connect("inproc://only")
        a.send(b"x")
        assert b.recv() == b"x"
        with pytest.raises(zmq.ZMQError) as caught:
            a.bind("tcp://127.0.0.1:*")
        assert caught.value.errno == zmq.EMTHREAD


@pytest.mark.parametrize(
    ("option", "default"),
    [
        (zmq.IO_THREADS, 1),
        (zmq.MAX_SOCKETS, 1023),
        (zmq.SOCKET_LIMIT, 65535),
        (zmq.MAX_MSGSZ, 2147483647),
        (zmq.MSG_T_SIZE, 64),
    ],
)
def test_context_option_defaults(context, option, default):
    assert context.get(option) == default


def test_set_and_get_options(context):
    context.set(zmq.MAX_SOCKETS, 77)
    assert context.get(zmq.MAX_SOCKETS) == 77
    context.max_sockets = 78
    assert context.max_sockets == 78
    assert context.MAX_SOCKETS == 78


def test_max_sockets_is_kept():
    with zmq.Context() as context:
        context.max_sockets = 1
        with context.socket(zmq.PUSH):
            with pytest.raises(zmq.ZMQError) as caught:
                context.socket(zmq.PUSH)
            assert caught.value.errno == 24  # EMFILE


def test_unknown_options(context):
    for call in (lambda: context.get(4444), lambda: context.set(4444, 1), lambda: context.set(zmq.IO_THREADS, -1)):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.EINVAL
    with pytest.raises(AttributeError, match="(?i)no_such"):
        context.no_such  # noqa: B018
    with pytest.raises(AttributeError, match="(?i)no_such"):
        context.no_such = 1


def test_socket_option_defaults_by_attribute(context):
    context.linger = 5
    context.sndhwm = 7
    assert context.linger == 5
    socket = context.socket(zmq.PUSH)
    assert (socket.linger, socket.sndhwm) == (5, 7)
    socket.close()


def test_socket_option_defaults_by_setsockopt(context):
    context.setsockopt(zmq.RCVHWM, 9)
    assert context.getsockopt(zmq.RCVHWM) == 9
    with context.socket(zmq.PULL) as socket:
        assert socket.rcvhwm == 9


def test_socket_option_default_that_is_not_set(context):
    with pytest.raises(AttributeError):
        context.linger  # noqa: B018
    with pytest.raises(KeyError):
        context.getsockopt(zmq.LINGER)


def test_socket_option_default_that_a_type_lacks_is_passed_over(context):
    context.setsockopt(zmq.SUBSCRIBE, b"")
    context.linger = 0
    with context.socket(zmq.PUSH) as push, context.socket(zmq.SUB):
        assert push.linger == 0


def test_defaults_do_not_touch_open_sockets(context):
    with context.socket(zmq.PUSH) as socket:
        before = socket.sndhwm
        context.sndhwm = before + 1
        assert socket.sndhwm == before


def test_socket_keyword_and_class(context):
    class MySocket(zmq.Socket):
        pass

    with context.socket(zmq.PUSH, socket_class=MySocket) as socket:
        assert type(socket) is MySocket
        assert socket.context is context
    with context.socket(zmq.PUSH, copy_threshold=3) as socket:
        assert socket.copy_threshold == 3


def test_subclass_makes_its_own_sockets():
    class MySocket(zmq.Socket):
        pass

    class MyContext(zmq.Context):
        _socket_class = MySocket

    with MyContext() as context, context.socket(zmq.PUSH) as socket:
        assert type(socket) is MySocket
        assert "MySocket" in repr(socket)


def test_unknown_socket_type(context):
    with pytest.raises(zmq.ZMQError) as caught:
        context.socket(99)
    assert caught.value.errno == zmq.EINVAL


def test_socket_type_must_be_an_integer(context):
    with pytest.raises(TypeError):
        context.socket("PUSH")


def test_context_manager_terminates():
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        assert not socket.closed
    assert context.closed and socket.closed


def test_term_twice_and_destroy_after_term():
    context = zmq.Context()
    context.term()
    context.term()
    context.destroy()
    context.destroy(linger=0)


def test_use_after_term():
    context = zmq.Context()
    context.term()
    with pytest.raises(zmq.ZMQError):
        context.socket(zmq.PUSH)
    for call in (lambda: context.get(zmq.IO_THREADS), lambda: context.set(zmq.IO_THREADS, 1)):
        with pytest.raises(RuntimeError):
            call()


def test_destroy_closes_sockets(context):
    other = zmq.Context()
    sockets = [other.socket(t) for t in (zmq.PUSH, zmq.PULL, zmq.REQ)]
    other.destroy()
    assert other.closed and all(s.closed for s in sockets)


def test_destroy_with_linger_drops_what_is_queued():
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect("tcp://127.0.0.1:1")  # nobody is there
    socket.send(b"lost")
    context.destroy(linger=0)
    assert context.closed


def test_term_ends_blocked_calls_in_other_threads():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.bind("tcp://127.0.0.1:*")
    result = []
    started = threading.Event()

    def receive():
        started.set()
        try:
            socket.recv()
        except zmq.ContextTerminated as error:
            result.append(error.errno)
        socket.close()

    thread = threading.Thread(target=receive)
    thread.start()
    started.wait()
    context.term()
    thread.join(10)
    assert result == [zmq.ETERM]


def test_sockets_of_a_terminated_context_say_so():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    thread = threading.Thread(target=context.term)
    thread.start()
    # The first call that notices is enough: term is under way in the other thread.
    with pytest.raises(zmq.ContextTerminated) as caught:
        socket.recv()
    assert caught.value.errno == zmq.ETERM
    for call in (lambda: socket.send(b""), lambda: socket.linger, lambda: socket.poll(0)):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
    socket.close()
    thread.join(10)
    assert not thread.is_alive() and context.closed


def test_instance_is_one_until_closed():
    first = zmq.Context.instance()
    assert zmq.Context.instance() is first
    first.term()
    second = zmq.Context.instance()
    assert second is not first and not second.closed
    second.term()


def test_instance_across_threads():
    seen = []
    gate = threading.Barrier(8)

    def ask():
        gate.wait()
        seen.append(zmq.Context.instance())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(c) for c in seen}) == 1
    seen[0].term()


def test_instance_of_a_subclass():
    class MyContext(zmq.Context):
        pass

    context = MyContext.instance()
    assert isinstance(context, zmq.Context)
    context.term()


@pytest.mark.parametrize("by", ["address", "object"])
def test_shadow_shares_the_handle(context, by):
    shadow = zmq.Context.shadow(context.underlying if by == "address" else context)
    assert shadow.underlying == context.underlying
    with context.socket(zmq.PAIR) as a, shadow.socket(zmq.PAIR) as b:
        a.bind("inproc://shared")
        b.connect("inproc://shared")
        b.send(b"x")
        assert a.recv() == b"x"
    del shadow
    gc.collect()
    assert not context.closed
    context.socket(zmq.PAIR).close()


def test_shadow_by_argument(context):
    assert zmq.Context(context).underlying == context.underlying
    assert zmq.Context(shadow=context.underlying).underlying == context.underlying


@pytest.mark.parametrize("value", ["x", 5.0])
def test_shadow_of_something_else(value):
    with pytest.raises((ValueError, TypeError)):
        zmq.Context.shadow(value)


def test_copies_are_shadows(context):
    for duplicate in (copy.copy(context), copy.deepcopy(context)):
        assert duplicate is not context
        assert duplicate.underlying == context.underlying


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_collected_context_frees_everything(clean_garbage):
    before = open_descriptors(), thread_count()
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    bind(socket)
    socket.close()
    reference = weakref.ref(context)
    del socket, context
    gc.collect()
    assert reference() is None
    wait_until(lambda: (open_descriptors(), thread_count()) <= before, "descriptors and threads released")


def test_socket_keeps_its_context_alive(clean_garbage):
    socket = zmq.Context().socket(zmq.PAIR)
    gc.collect()
    socket.bind("inproc://alive")
    assert not socket.context.closed
    socket.context.destroy(linger=0)


def test_contexts_are_separate():
    with zmq.Context() as one, zmq.Context() as two:
        assert one.underlying != two.underlying
        with one.socket(zmq.PAIR) as a, two.socket(zmq.PAIR) as b:
            a.bind("inproc://same")
            b.bind("inproc://same")
