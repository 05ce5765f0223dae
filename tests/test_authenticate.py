"""Context.authenticate: who is let in and under which name, where the callable runs, and that it ends with its context."""

import asyncio
import contextlib
import gc
import os
import sys
import threading

import pytest
from support import QUIET_MS, WAIT_MS, bind, run_python, wait_until

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.auth.thread import ThreadAuthenticator

pytestmark = pytest.mark.extension

CURVE = zmq.has("curve")
SERVER, CLIENT, OTHER = [zmq.curve_keypair() if CURVE else (b"", b"") for _ in range(3)]


@pytest.fixture
def unraisable(monkeypatch):
    """What sys.unraisablehook was given."""
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append((args.exc_value, args.object)))
    yield seen
    seen.clear()


@pytest.fixture
def server(make):
    """server(mechanism): a bound PULL and its address."""

    def bound(mechanism, socket=None):
        socket = socket or make(zmq.PULL)
        if mechanism == "NULL":
            socket.zap_domain = b"house"
        elif mechanism == "PLAIN":
            socket.plain_server = 1
            socket.zap_domain = b"house"
        else:
            socket.curve_server_keys(SERVER[1])
        return socket, bind(socket)

    return bound


def client(make, mechanism, address, user=b"stonehouse", password=b"secret"):
    """A PUSH that has sent one message to `address`."""
    socket = make(zmq.PUSH)
    if mechanism == "PLAIN":
        socket.plain_username, socket.plain_password = user, password
    elif mechanism == "CURVE":
        socket.curve_client_keys(SERVER[0], CLIENT)
    socket.connect(address)
    with contextlib.suppress(zmq.Again):  # one that is refused may be by now
        socket.send(b"hello", zmq.DONTWAIT)
    return socket


def user_id(socket):
    return socket.recv(copy=False).get("User-Id")


def is_refused(monitor):
    """Whether the next failure of a handshake, seen by a server, is a refusal by the handler; its status."""
    from zmqpy.utils.monitor import recv_monitor_message

    assert monitor.poll(WAIT_MS)
    return recv_monitor_message(monitor)["value"]


MECHANISMS = ["NULL", "PLAIN", *(["CURVE"] if CURVE else [])]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_is_asked(context, make, server, mechanism):
    asked = []
    context.authenticate(lambda *question: asked.append(question) or True)
    socket, address = server(mechanism)
    client(make, mechanism, address)
    expected = {"NULL": "anonymous", "PLAIN": "stonehouse", "CURVE": CLIENT[0].decode()}[mechanism]
    assert user_id(socket) == expected
    credentials = {"NULL": (), "PLAIN": ("stonehouse", "secret"), "CURVE": (CLIENT[0],)}[mechanism]
    assert asked == [("" if mechanism == "CURVE" else "house", "127.0.0.1", b"", mechanism, credentials)]


@pytest.mark.parametrize(
    ("answer", "user", "room"),
    [
        ("marie", "marie", None),
        ("zoë", "zoë", None),
        (b"bytes", "bytes", None),
        (("marie", {"X-Room": "blue", "floor": b"2"}), "marie", "blue"),
        ((True, {"X-Room": "red"}), "anonymous", "red"),
    ],
)
def test_names_and_metadata(context, make, server, answer, user, room):
    context.authenticate(lambda *_: answer)
    socket, address = server("NULL")
    client(make, "NULL", address)
    frame = socket.recv(copy=False)
    assert frame.get("User-Id") == user
    if room is not None:
        assert frame.get("X-Room") == room


@pytest.mark.parametrize("answer", [False, (False, {}), (False, {"a": "b"})])
def test_refused(context, make, server, unraisable, answer):
    context.authenticate(lambda *_: answer)
    socket, address = server("PLAIN")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    client(make, "PLAIN", address)
    assert is_refused(monitor) == 400
    assert not socket.poll(QUIET_MS)
    assert not unraisable


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, TypeError),
        (1, TypeError),
        (0, TypeError),
        ("", ValueError),
        (b"", ValueError),
        (("marie",), TypeError),
        (("marie", {"a b": "c"}), ValueError),
        (("marie", {"": "c"}), ValueError),
        (("marie", {"n" * 256: "c"}), ValueError),
        (("marie", {"a": 1}), TypeError),
        (("marie", None), AttributeError),
        (RuntimeError("no database"), RuntimeError),
        (SystemExit(3), SystemExit),
    ],
)
def test_faults_of_the_callable_refuse(context, make, server, unraisable, answer, error):
    def callback(*_):
        if isinstance(answer, BaseException):
            raise answer
        return answer

    context.authenticate(callback)
    socket, address = server("PLAIN")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    client(make, "PLAIN", address)
    assert is_refused(monitor) == 500
    assert not socket.poll(QUIET_MS)
    assert type(unraisable[0][0]) is error and unraisable[0][1] is callback
    context.authenticate(lambda *_: True)  # the handler goes on
    client(make, "PLAIN", address)
    assert user_id(socket) == "stonehouse"


def test_names_that_are_no_utf8_are_told_apart(context, make, server):
    users = {"caf\udce9": "secret"}
    context.authenticate(lambda d, a, i, m, credentials: users.get(credentials[0]) == credentials[1])
    socket, address = server("PLAIN")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    client(make, "PLAIN", address, user=b"caf\xe8")
    assert is_refused(monitor) == 400
    client(make, "PLAIN", address, user=b"caf\xe9")
    assert socket.recv() == b"hello"


def test_another_call_replaces_and_none_removes(context, make, server):
    context.authenticate(lambda *_: "first")
    socket, address = server("NULL")
    client(make, "NULL", address)
    assert user_id(socket) == "first"
    context.authenticate(lambda *_: "second")
    client(make, "NULL", address)
    assert user_id(socket) == "second"
    with pytest.raises(zmq.ZMQError) as refused:
        ThreadAuthenticator(context).start()
    assert refused.value.errno == zmq.EADDRINUSE
    context.authenticate(None)
    context.authenticate(None)
    others = ThreadAuthenticator(context)  # there is room for it at once
    others.start()
    try:
        client(make, "NULL", address)
        assert user_id(socket) == "anonymous"
        with pytest.raises(zmq.ZMQError) as refused:
            context.authenticate(lambda *_: True)
        assert refused.value.errno == zmq.EADDRINUSE
    finally:
        others.stop()


def test_contexts_that_share_one_share_the_callable(context, make, server):
    shadow = zmq.asyncio.Context(context)
    context.authenticate(lambda *_: "first")
    socket, address = server("NULL")
    shadow.authenticate(lambda *_: "by the shadow")
    client(make, "NULL", address)
    assert user_id(socket) == "by the shadow"
    del shadow  # which ends nothing
    client(make, "NULL", address)
    assert user_id(socket) == "by the shadow"
    zmq.Context.shadow(context).authenticate(None)
    ThreadAuthenticator(context).start()


def test_a_shadow_that_ends_the_context_ends_its_handler():
    context = zmq.Context()
    context.authenticate(lambda *_: True)
    zmq.Context.shadow(context).term()
    with pytest.raises(zmq.ZMQError) as refused:
        context.authenticate(lambda *_: True)
    assert refused.value.errno == zmq.EFAULT
    with pytest.raises(zmq.ZMQError):
        context.term()
    context.term()


def test_what_is_no_callable(context):
    async def coroutine(*_):
        return True

    class Called:
        async def __call__(self, *_):
            return True

    for wrong in (True, "yes", coroutine, Called()):
        with pytest.raises(TypeError):
            context.authenticate(wrong)
    with pytest.raises(TypeError):
        zmq.asyncio.Context(context).authenticate(coroutine)  # no loop runs
    ended = zmq.Context()
    ended.term()
    for callback in (None, lambda *_: True):
        with pytest.raises(zmq.ZMQError):
            ended.authenticate(callback)


def test_awaitable_without_a_loop_refuses(context, make, server, unraisable):
    async def coroutine(*_):
        return True

    context.authenticate(lambda *_: coroutine())
    socket, address = server("NULL")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    client(make, "NULL", address)
    assert is_refused(monitor) == 500
    assert isinstance(unraisable[0][0], TypeError)


# ---- its end ----


def threads():
    return [t for t in threading.enumerate() if t.name == "zmqpy authentication"]


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors in /proc")
def test_nothing_is_left(make, server):
    def use(end):
        context = zmq.Context()
        context.authenticate(lambda *_: True)
        if end == "collect":
            del context
            gc.collect()
        elif end == "replace":
            context.authenticate(lambda *_: False)
            context.term()
        elif end == "remove":
            context.authenticate(None)
            assert not threads()
            context.term()
        elif end == "shutdown":
            context.shutdown()
            wait_until(lambda: not threads(), "the handler's thread ends")
            context.term()
        else:
            getattr(context, end)()

    use("term")
    wait_until(lambda: not threads(), "the handler's thread ends")
    before = descriptors()
    for end in ("term", "destroy", "shutdown", "replace", "remove", "collect") * 3:
        if end == "collect":
            with pytest.warns(ResourceWarning):
                use(end)
        else:
            use(end)
        wait_until(lambda: not threads(), "the handler's thread ends")
    wait_until(lambda: descriptors() <= before, "all descriptors are closed")


@pytest.mark.parametrize("end", ["authenticate(None)", "term()", "authenticate(other)"])
def test_ended_by_the_callable_itself(end):
    context = zmq.Context()
    done = threading.Event()

    def callback(*_):
        if end == "term()":
            pull.close(0)
            push.close(0)
            context.term()
        else:
            context.authenticate(None if "None" in end else lambda *_: "other")
        done.set()
        return True

    context.authenticate(callback)
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    push.linger = pull.linger = 0
    pull.zap_domain = b"house"
    push.connect(bind(pull))
    assert done.wait(WAIT_MS / 1000)
    wait_until(lambda: context.closed if end == "term()" else True, "the context ends")
    context.destroy(linger=0)
    wait_until(lambda: not threads(), "the handler's thread ends")


def test_forked_child_has_none():
    run_python(
        """
        import os, zmqpy as zmq
        context = zmq.Context()
        context.authenticate(lambda *_: True)
        child = os.fork()
        if child == 0:
            own = zmq.Context()
            own.authenticate(lambda *_: "child")
            own.term()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        context.term()
        """
    )


def test_program_ends_without_care():
    run_python("import zmqpy as zmq; c = zmq.Context(); c.authenticate(lambda *_: True)")


# ---- event loops ----


def hello(context, address):
    socket = context.socket(zmq.PUSH, socket_class=zmq.Socket)
    socket.linger = 0
    socket.plain_username, socket.plain_password = b"stonehouse", b"secret"
    socket.connect(address)
    with contextlib.suppress(zmq.Again):  # one that is refused may be by now
        socket.send(b"hello", zmq.DONTWAIT)
    return socket


def plain_server(context):
    socket = context.socket(zmq.PULL)
    socket.plain_server = 1
    socket.rcvtimeo = WAIT_MS
    return socket, bind(socket)


def test_coroutines_on_asyncio(unraisable):
    """One that waits keeps nobody else waiting; each runs on the loop."""

    async def main():
        ran_in = []
        release = asyncio.Event()
        with zmq.asyncio.Context() as context:

            async def callback(domain, address, identity, mechanism, credentials):
                ran_in.append(threading.current_thread())
                if len(ran_in) == 1:
                    await release.wait()
                    return "first"
                return "second"

            context.authenticate(callback)
            socket, address = plain_server(context)
            with socket, hello(context, address):
                while not ran_in:
                    await asyncio.sleep(0.001)
                with hello(context, address):
                    assert (await socket.recv(copy=False)).get("User-Id") == "second"
                    release.set()
                    assert (await socket.recv(copy=False)).get("User-Id") == "first"
                context.authenticate(lambda *_: ran_in.append(threading.current_thread()) or "plain function")
                with hello(context, address):
                    assert (await socket.recv(copy=False)).get("User-Id") == "plain function"
        assert set(ran_in) == {threading.current_thread()}

    asyncio.run(asyncio.wait_for(main(), WAIT_MS / 1000))
    assert not unraisable


def test_coroutine_that_fails_or_is_left_behind(unraisable):
    context = zmq.asyncio.Context()
    failures = []

    async def main():
        async def fails(*_):
            failures.append(1)
            raise RuntimeError("no database")

        async def waits(*_):
            failures.append(2)
            await asyncio.Event().wait()

        socket, address = plain_server(context)
        for callback in (fails, waits):
            context.authenticate(callback)
            before = len(failures)
            with hello(context, address):
                while len(failures) == before:
                    await asyncio.sleep(0.001)
                if callback is fails:
                    while not unraisable:
                        await asyncio.sleep(0.001)
        return socket, address

    socket, address = asyncio.run(asyncio.wait_for(main(), WAIT_MS / 1000))
    assert type(unraisable[0][0]) is RuntimeError
    # The loop is closed: a refusal, and an end of the context that does not wait for it.
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    sync = zmq.Socket(monitor)
    assert sync.poll(WAIT_MS) or True
    with hello(context, address):
        wait_until(lambda: len(unraisable) > 1, "the loop that is closed is told of")
    context.destroy(linger=0)
    assert not threads()


def test_asyncio_context_without_a_loop(unraisable):
    with zmq.asyncio.Context() as context:
        context.authenticate(lambda *_: "in a thread")
        socket, address = plain_server(context)
        with socket, hello(context, address):
            assert zmq.Socket(socket).recv(copy=False).get("User-Id") == "in a thread"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend, unraisable):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    import zmqpy.anyio

    ran_in = []

    async def callback(*_):
        await anyio.sleep(0)
        ran_in.append(threading.current_thread())
        return "marie"

    async def main():
        with anyio.fail_after(WAIT_MS / 1000):
            async with zmqpy.anyio.Context() as context:
                context.authenticate(callback)
                socket, address = plain_server(context)
                with socket, hello(context, address):
                    assert (await socket.recv(copy=False)).get("User-Id") == "marie"

    anyio.run(main, backend=backend)
    assert ran_in == [threading.current_thread()]
    assert not unraisable


def test_greenlets():
    """Also under monkey patches, where a thread of Python's is none."""
    pytest.importorskip("gevent")
    done = run_python(
        """
        import sys
        from gevent import monkey
        monkey.patch_all()
        import gevent, zmqpy.green as zmq
        from gevent.event import Event
        context = zmq.Context()
        release, asked = Event(), []
        def callback(*question):
            asked.append(question)
            if len(asked) == 1:
                release.wait()
            return "first" if len(asked) == 1 or question is asked[0] else "second"
        context.authenticate(callback)
        server = context.socket(zmq.PULL)
        server.plain_server = 1
        server.rcvtimeo = 10000
        port = server.bind_to_random_port("tcp://127.0.0.1")
        def hello():
            client = context.socket(zmq.PUSH)
            client.plain_username, client.plain_password = b"a", b"b"
            client.connect(f"tcp://127.0.0.1:{port}")
            client.send(b"hello")
            return client
        one = hello()
        while not asked:
            gevent.sleep(0.001)
        two = hello()
        assert server.recv(copy=False).get("User-Id") == "second"
        release.set()
        assert server.recv(copy=False).get("User-Id") == "first"
        context.authenticate(lambda *_: "third")
        three = hello()
        assert server.recv(copy=False).get("User-Id") == "third"
        context.authenticate(None)
        from zmqpy.auth import Authenticator
        other = Authenticator(context)
        other.start()
        other.stop()
        context.authenticate(callback)
        context.destroy(linger=0)
        print("done")
        """
    )
    assert "done" in done.stdout
