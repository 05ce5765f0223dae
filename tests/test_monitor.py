"""Socket monitors at the Python level: which events come in which order, and how they are parsed."""

import pytest
from support import QUIET_MS, WAIT_MS, WS, bind, bind_when_free, endpoint, remove_ipc

import zmqpy as zmq
from zmqpy.utils.monitor import parse_monitor_message, recv_monitor_message


@pytest.fixture
def monitored(make):
    """monitored(type): a socket and its monitor, both closed after the test."""
    opened = []

    def start(socket_type, events=zmq.EVENT_ALL, **options):
        socket = make(socket_type, **options)
        monitor = socket.get_monitor_socket(events)
        monitor.rcvtimeo = WAIT_MS
        opened.append((socket, monitor))
        return socket, monitor

    yield start
    for socket, monitor in opened:
        if not socket.closed:
            socket.disable_monitor()
        monitor.close(linger=0)


def events_until(monitor, last):
    """The events up to the awaited one, CONNECT_DELAYED left out (whether a connect completes at once is chance)."""
    seen = []
    while True:
        event = recv_monitor_message(monitor)
        if event["event"] != zmq.EVENT_CONNECT_DELAYED:
            seen.append(event["event"])
        if event["event"] == last:
            return seen


@pytest.mark.parametrize("transport", ["tcp", "ipc", WS])
def test_events_of_both_ends(monitored, transport, own_engine):
    server, server_monitor = monitored(zmq.REP)
    client, client_monitor = monitored(zmq.REQ)
    address = bind(server, transport)
    client.connect(address)
    assert events_until(client_monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED) == [
        zmq.EVENT_CONNECTED,
        zmq.EVENT_HANDSHAKE_SUCCEEDED,
    ]
    assert events_until(server_monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED) == [
        zmq.EVENT_LISTENING,
        zmq.EVENT_ACCEPTED,
        zmq.EVENT_HANDSHAKE_SUCCEEDED,
    ]
    client.close()
    assert events_until(server_monitor, zmq.EVENT_DISCONNECTED) == [zmq.EVENT_DISCONNECTED]
    server.close()
    assert events_until(server_monitor, zmq.EVENT_MONITOR_STOPPED) == [zmq.EVENT_CLOSED, zmq.EVENT_MONITOR_STOPPED]
    remove_ipc(address)


def test_event_contents(monitored):
    server, monitor = monitored(zmq.REP)
    address = bind(server)
    event = recv_monitor_message(monitor)
    assert event["event"] == zmq.EVENT_LISTENING and isinstance(event["event"], zmq.Event)
    assert event["value"] > 0
    assert event["endpoint"] == address.encode()


def test_selected_events_only(monitored, make):
    server, monitor = monitored(zmq.REP, zmq.EVENT_ACCEPTED)
    make(zmq.REQ).connect(bind(server))
    assert recv_monitor_message(monitor)["event"] == zmq.EVENT_ACCEPTED
    with pytest.raises(zmq.Again):
        recv_monitor_message(monitor, zmq.DONTWAIT)
    assert not monitor.poll(QUIET_MS)


def test_bind_failure(monitored, make):
    address = bind(make(zmq.PULL))
    socket, monitor = monitored(zmq.PULL, zmq.EVENT_BIND_FAILED)
    with pytest.raises(zmq.ZMQError):
        socket.bind(address)
    event = recv_monitor_message(monitor)
    assert event["event"] == zmq.EVENT_BIND_FAILED and event["value"] == zmq.EADDRINUSE


def test_retries_until_the_server_is_there(monitored, make, own_engine):
    probe = make(zmq.REP)
    address = bind(probe)
    probe.unbind(address)
    client, monitor = monitored(zmq.REQ, reconnect_ivl=20)
    client.connect(address)
    assert events_until(monitor, zmq.EVENT_CONNECT_RETRIED) == [zmq.EVENT_CLOSED, zmq.EVENT_CONNECT_RETRIED]
    bind_when_free(server := make(zmq.REP), address, at_once=False)
    assert zmq.EVENT_CONNECTED in events_until(monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)
    client.send(b"x")
    assert server.recv() == b"x"


def test_server_goes_and_comes_back(monitored, make, own_engine):
    server = make(zmq.PULL)
    address = bind(server)
    client, monitor = monitored(zmq.PUSH, reconnect_ivl=20)
    client.connect(address)
    events_until(monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)
    server.close()
    assert events_until(monitor, zmq.EVENT_CONNECT_RETRIED)[:1] == [zmq.EVENT_DISCONNECTED]
    again = make(zmq.PULL)
    bind_when_free(again, address, at_once=own_engine)
    events_until(monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)
    client.send(b"x")
    assert again.recv() == b"x"


def test_incompatible_types(monitored):
    server, server_monitor = monitored(zmq.REP)
    client, client_monitor = monitored(zmq.PULL)
    client.connect(bind(server))
    assert zmq.EVENT_HANDSHAKE_SUCCEEDED not in events_until(client_monitor, zmq.EVENT_DISCONNECTED)
    assert zmq.EVENT_HANDSHAKE_SUCCEEDED not in events_until(server_monitor, zmq.EVENT_DISCONNECTED)


def test_disable_monitor(monitored):
    server, monitor = monitored(zmq.REP)
    server.disable_monitor()
    assert recv_monitor_message(monitor)["event"] == zmq.EVENT_MONITOR_STOPPED
    bind(server)
    assert not monitor.poll(QUIET_MS)


def test_get_monitor_socket_again(monitored):
    server, monitor = monitored(zmq.REP)
    assert server.get_monitor_socket() is monitor
    assert monitor.type == zmq.PAIR


def test_monitor_with_an_address_of_ones_own(make):
    server, watcher = make(zmq.REP), make(zmq.PAIR)
    server.monitor("inproc://mine", zmq.EVENT_LISTENING)
    watcher.connect("inproc://mine")
    bind(server)
    assert recv_monitor_message(watcher)["event"] == zmq.EVENT_LISTENING
    server.monitor(None, 0)


@pytest.mark.parametrize(
    ("address", "number"), [("tcp://127.0.0.1:5555", zmq.EPROTONOSUPPORT), ("nonsense", zmq.EINVAL)]
)
def test_bad_monitor_addresses(make, address, number):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.REP).monitor(address, zmq.EVENT_ALL)
    assert caught.value.errno == number


def test_monitor_address_of_a_wrong_type(make):
    with pytest.raises(TypeError):
        make(zmq.REP).monitor(5, zmq.EVENT_ALL)


def test_parsing():
    assert parse_monitor_message([b"\x20\x00\x07\x00\x00\x00", b"tcp://x"]) == {
        "event": zmq.EVENT_ACCEPTED,
        "value": 7,
        "endpoint": b"tcp://x",
    }


@pytest.mark.parametrize("parts", [[], [b"\x20\x00\x07\x00\x00\x00"], [b"short", b"tcp://x"], [b"x" * 6] * 3])
def test_parsing_of_something_else(parts):
    with pytest.raises(RuntimeError):
        parse_monitor_message(parts)


@pytest.mark.own_engine
def test_monitor_that_nobody_reads_does_not_block(context):
    """Upstream's bind hangs on its LISTENING event while no consumer is connected; ours keeps or drops events."""
    socket = context.socket(zmq.REP)
    socket.monitor("inproc://unread", zmq.EVENT_ALL)
    for _ in range(50):
        socket.bind(endpoint("tcp"))
        socket.unbind(socket.last_endpoint)
    socket.close()


@pytest.mark.own_engine
def test_an_endpoint_has_one_name(monitored, make):
    server = make(zmq.PULL)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    client, monitor = monitored(zmq.PUSH, reconnect_ivl=5)
    client.connect(f"tcp://localhost:{port}")
    names = {client.last_endpoint.rstrip(b"\0")}

    def check_until(last):
        while (event := recv_monitor_message(monitor))["event"] != last:
            assert {event["endpoint"]} == names
        assert {event["endpoint"]} == names

    check_until(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    server.close()
    check_until(zmq.EVENT_CLOSED)
    bind_when_free(make(zmq.PULL), f"tcp://127.0.0.1:{port}", at_once=True)
    check_until(zmq.EVENT_HANDSHAKE_SUCCEEDED)


@pytest.mark.own_engine
def test_sending_to_a_peer_that_is_gone_for_good(monitored, make):
    server = make(zmq.PULL)
    client, monitor = monitored(zmq.PUSH, reconnect_ivl=-1)
    client.connect(bind(server))
    events_until(monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)
    server.close()
    events_until(monitor, zmq.EVENT_DISCONNECTED)
    client.sndtimeo = -1
    for send in (
        client.send,
        lambda body: client.send_multipart([body, body]),
        lambda body: client.send(body, copy=False),
    ):
        with pytest.raises(zmq.ZMQError) as error:
            send(b"x" * 100_000)
        assert error.value.errno == zmq.EHOSTUNREACH
    with pytest.raises(zmq.Again):
        client.send(b"x", zmq.DONTWAIT)
