"""Socket.events and Context.events: what happens to connections, for threads, asyncio, anyio and gevent, on both engines."""

import asyncio
import errno
import pickle
import threading
import time
import weakref

import pytest
from rawzmtp import dial
from support import QUIET_MS, WAIT_MS, bind, endpoint, wait_until

import zmqpy as zmq
import zmqpy.asyncio

pytestmark = pytest.mark.extension


def next_of(events, *wanted):
    """The next event of one of these kinds."""
    for event in events:
        if event.event in wanted:
            return event
    raise AssertionError(f"ended without {wanted}")


# ---- the option of the same name ----


def test_the_option_is_still_there(pair):
    a, b = pair
    assert a.events == a.EVENTS == zmq.POLLOUT
    assert isinstance(a.events, int)
    assert a.events & zmq.POLLOUT
    b.send(b"x")
    assert a.events == zmq.POLLIN | zmq.POLLOUT
    assert repr(a.events) == str(a.events) == "3"
    assert pickle.loads(pickle.dumps(a.events)) == 3
    with pytest.raises(zmq.ZMQError):
        a.events = 5


# ---- one socket ----


def test_events_of_a_socket(make):
    server, client = make(zmq.PULL), make(zmq.PUSH)
    with server.events(timeout=WAIT_MS) as accepted, client.events(timeout=WAIT_MS) as connected:
        before = time.monotonic()
        address = bind(server)
        listening = next(accepted)
        assert (listening.event, listening.name, listening.local) == (zmq.Event.LISTENING, "listening", address)
        assert listening.socket is server
        assert listening.socket_type == "PULL"
        assert before - 0.1 <= listening.time <= time.monotonic() + 0.1
        client.connect(address)
        assert next_of(connected, zmq.EVENT_CONNECTED).remote == address
        assert next_of(accepted, zmq.EVENT_ACCEPTED).local == address
        assert next_of(connected, zmq.EVENT_HANDSHAKE_SUCCEEDED).socket is client
        assert next_of(accepted, zmq.EVENT_HANDSHAKE_SUCCEEDED).name == "handshake_succeeded"
        client.close()
        assert next_of(accepted, zmq.EVENT_DISCONNECTED).socket is server
        assert all(event.socket is client for event in connected)
        server.close()
        assert all(event.event != zmq.EVENT_MONITOR_STOPPED for event in accepted)


@pytest.mark.own_engine
def test_events_say_who_it_was(make, context):
    context.authenticate(lambda domain, address, identity, mechanism, credentials: "the user")
    server, client = make(zmq.ROUTER, plain_server=1), make(zmq.DEALER, routing_id=b"somebody")
    client.plain_username, client.plain_password = b"name", b"word"
    address = bind(server)
    with server.events(timeout=WAIT_MS) as events:
        client.connect(address)
        event = next_of(events, zmq.EVENT_HANDSHAKE_SUCCEEDED)
        assert (event.routing_id, event.mechanism, event.user_id) == (b"somebody", "PLAIN", "the user")
        assert event.local == address
        assert event.remote.startswith("tcp://127.0.0.1:")
        assert "handshake_succeeded" in str(event)
        assert "user the user" in str(event)
        client.disconnect(address)
        event = next_of(events, zmq.EVENT_DISCONNECTED)
        assert event.reason == "the peer has ended the connection"
        assert event.routing_id == b"somebody"


@pytest.mark.own_engine
def test_reasons(make, context):
    server = make(zmq.PULL, plain_server=1, handshake_ivl=50)
    context.authenticate(lambda *question: False)
    address = bind(server)
    client = make(zmq.PUSH, plain_username=b"name", plain_password=b"word", reconnect_ivl=10)
    with server.events(timeout=WAIT_MS) as here, client.events(timeout=WAIT_MS) as there:
        client.connect(address)
        assert next_of(here, zmq.EVENT_HANDSHAKE_FAILED_AUTH).reason == "ZAP's handler answered 400"
        client.close()
        list(there)
        with dial(address):
            while next_of(here, zmq.EVENT_DISCONNECTED).reason != "the handshake took too long":
                pass
    other = make(zmq.PUSH, reconnect_ivl=10)
    server.unbind(address)
    with other.events(zmq.EVENT_CONNECT_RETRIED, timeout=WAIT_MS) as events:
        other.connect(address)
        assert next(events).reason.startswith("again in 1")
    with server.events(timeout=WAIT_MS) as events:
        with pytest.raises(zmq.ZMQError):
            server.bind("tcp://192.0.2.1:1")
        event = next(events)
        assert (event.event, event.local) == (zmq.EVENT_BIND_FAILED, "tcp://192.0.2.1:1")
        assert event.reason == zmq.strerror(event.value)


def test_only_the_events_asked_for(make):
    server = make(zmq.PULL)
    with server.events(zmq.EVENT_ACCEPTED, timeout=QUIET_MS) as events:
        bind(server)
        with pytest.raises(zmq.Again):
            next(events)


@pytest.mark.own_engine
def test_several_readers_beside_a_monitor(make):
    server = make(zmq.PULL)
    monitor = server.get_monitor_socket()
    with server.events(timeout=WAIT_MS) as one, server.events(timeout=WAIT_MS) as other:
        bind(server)
        assert next(one).event == next(other).event == zmq.EVENT_LISTENING
        assert monitor.poll(WAIT_MS)


def test_one_monitor_a_socket_with_another_libzmq(make, own_engine):
    if own_engine:
        return
    server = make(zmq.PULL)
    server.get_monitor_socket()
    with pytest.raises(zmq.ZMQError) as caught:
        server.events()
    assert caught.value.errno == errno.EBUSY


def test_closing_ends_a_wait(make, own_engine):
    if not own_engine:
        return  # there no socket may be closed under another thread's call
    server = make(zmq.PULL)
    events = server.events()
    got = []
    thread = threading.Thread(target=lambda: got.extend(events))
    thread.start()
    bind(server)
    wait_until(lambda: got, "an event")
    server.close()
    thread.join(WAIT_MS / 1000)
    assert not thread.is_alive()
    assert got[0].event == zmq.EVENT_LISTENING
    events.close()


def test_a_closed_socket_has_no_events(make):
    server = make(zmq.PULL)
    server.close()
    with pytest.raises(zmq.ZMQError):
        server.events()


def test_readers_do_not_keep_the_context():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    events = socket.events()
    socket.close()
    context.term(timeout=WAIT_MS)
    assert list(events) == []


def test_a_reader_that_nobody_wants_goes(make, context):
    server = make(zmq.PULL)
    before = len(context._sockets)
    events = server.events()
    assert len(context._sockets) == before + 1
    del events
    wait_until(lambda: len(context._sockets) == before, "the reader is closed")


# ---- a whole context ----


@pytest.mark.own_engine
def test_events_of_a_context(context, make):
    early = make(zmq.PULL)
    with context.events(timeout=WAIT_MS) as events:
        address = bind(early)
        assert next(events).socket is early
        late = make(zmq.PUSH)
        late.connect(address)
        sockets = {next_of(events, zmq.EVENT_HANDSHAKE_SUCCEEDED).socket for _ in range(2)}
        assert sockets == {early, late}
        other = zmqpy.asyncio.Context(context).socket(zmq.PULL)
        other.bind(endpoint("tcp"))
        assert next_of(events, zmq.EVENT_LISTENING).socket is other
        other.close()


@pytest.mark.own_engine
def test_events_of_a_context_end_with_it(run_threads):
    context = zmq.Context()
    got = []
    events = context.events()
    socket = context.socket(zmq.PULL)

    def read():
        got.extend(event.event for event in events)

    def end():
        bind(socket)
        wait_until(lambda: got, "an event")
        socket.close()
        context.term(timeout=WAIT_MS)

    run_threads(read, end)
    assert got[0] == zmq.EVENT_LISTENING


@pytest.mark.own_engine
def test_readers_come_and_go_while_sockets_are_made(context, make):
    """As other threads have them do: one comes while those that are there are looked at."""
    from zmqpy import events as module

    came = []
    other = make(zmq.PUSH)

    class Reader:
        underlying = 0

        @property
        def socket(self):
            came.append(other.events())
            return self

    with context.events(timeout=WAIT_MS) as events:
        reader = Reader()
        module._open[context.underlying].add(reader)
        try:
            bind(make(zmq.PULL))
        finally:
            module._open[context.underlying].discard(reader)
        assert came
        assert next(events).event == zmq.EVENT_LISTENING
    for each in came:
        each.close()


@pytest.mark.own_engine
def test_a_socket_is_watched_once(context, make):
    from zmqpy.events import watch_also

    with context.events(timeout=WAIT_MS) as events:
        socket = make(zmq.PULL)
        watch_also(events, socket)
        bind(socket)
        socket.close()
        assert [next(events).event, next(events).event] == [zmq.EVENT_LISTENING, zmq.EVENT_CLOSED]


@pytest.mark.own_engine
def test_late_events_of_a_socket_whose_address_another_has_now(context, monkeypatch):
    """A reader that is slow hears of the end of the first when the second is watched already."""
    from zmqpy import events as module

    with context.events(timeout=WAIT_MS) as events:
        socket = context.socket(zmq.PULL)
        address = socket.underlying
        before = events._sources[address][3] - 1

        def told(event, when):
            monkeypatch.setattr(module.facts, "event_head", lambda frame: (event, 0, when, address, 0))
            return events.made_of([b""] * 6)

        late = told(zmq.EVENT_CLOSED, before)
        assert late.socket is None and late.socket_type == ""
        assert told(zmq.EVENT_MONITOR_STOPPED, before) is None
        monkeypatch.undo()
        bind(socket)
        assert next_of(events, zmq.EVENT_LISTENING).socket is socket
        told(zmq.EVENT_MONITOR_STOPPED, time.monotonic_ns())
        assert address not in events._sources
        monkeypatch.undo()
        socket.close()


@pytest.mark.own_engine
def test_a_context_that_has_ended_has_no_events():
    context = zmq.Context()
    context.term()
    with pytest.raises(Exception) as expected:
        context.stats()
    with pytest.raises(type(expected.value)) as caught:
        context.events()
    assert str(caught.value) == str(expected.value)


@pytest.mark.own_engine
def test_sockets_of_a_watched_context_are_collected(context):
    with context.events(timeout=WAIT_MS) as events:
        with context.socket(zmq.PULL) as socket:
            bind(socket)
            assert next(events).event == zmq.EVENT_LISTENING
        gone = weakref.ref(socket)
        del socket
        wait_until(lambda: gone() is None, "the socket is collected")
        assert len(context._sockets) == 1  # the reader's


def test_no_context_wide_events_with_another_libzmq(context, own_engine):
    if not own_engine:
        with pytest.raises(zmq.ZMQNotSupported):
            context.events()


# ---- event loops ----


def test_asyncio(run):
    async def main():
        context = zmqpy.asyncio.Context()
        server = context.socket(zmq.PULL)
        async with server.events() as events:
            server.bind(endpoint("tcp"))
            event = await events.__anext__()
            assert (event.event, event.socket) == (zmq.EVENT_LISTENING, server)
            server.close()
            assert all([event.socket is server async for event in events])
        context.destroy(linger=0)

    run(main())


@pytest.mark.own_engine
def test_asyncio_context(run):
    async def main():
        context = zmqpy.asyncio.Context()
        got = []

        async def read():
            async for event in context.events():
                got.append(event.name)

        reader = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        server.bind(endpoint("tcp"))
        client.connect(server.last_endpoint.decode())
        while got.count("handshake_succeeded") < 2:
            await asyncio.sleep(0.001)
        server.close()
        client.close()
        context.term(timeout=WAIT_MS)
        await reader

    run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqpy.anyio import Context

    async def main():
        async with Context() as context:
            with context.socket(zmq.PULL) as server:
                async with server.events() as events:
                    server.bind(endpoint("tcp"))
                    with anyio.fail_after(WAIT_MS / 1000):
                        assert (await events.__anext__()).event == zmq.EVENT_LISTENING

    anyio.run(main, backend=backend)


def test_gevent():
    pytest.importorskip("gevent")
    from zmqpy.green import Context

    context = Context()
    server = context.socket(zmq.PULL)
    with server.events(timeout=WAIT_MS) as events:
        server.bind(endpoint("tcp"))
        assert next(events).event == zmq.EVENT_LISTENING
    context.destroy(linger=0)
