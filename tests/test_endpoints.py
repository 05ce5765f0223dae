"""bind, connect, unbind, disconnect: forms, context managers, random ports, and errors that name the endpoint."""

import os
import socket as posix
import tempfile

import pytest
from support import QUIET_MS, WS, bind, bind_when_free, endpoint, remove_ipc

import zmqpy as zmq


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_last_endpoint_is_what_a_peer_connects_to(make, transport):
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    address = bind(a, transport)
    if transport == "tcp":
        assert address.startswith("tcp://127.0.0.1:") and int(address.rsplit(":", 1)[1]) > 0
    b.connect(address)
    assert b.last_endpoint.decode() == address
    b.send(b"x")
    assert a.recv() == b"x"
    remove_ipc(address)


@pytest.mark.parametrize("form", [str, str.encode])
def test_endpoints_as_text_and_bytes(make, form):
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    a.bind(form(endpoint("tcp")))
    b.connect(form(a.last_endpoint.decode()))
    b.send(b"x")
    assert a.recv() == b"x"
    b.disconnect(form(a.last_endpoint.decode()))
    a.unbind(form(a.last_endpoint.decode()))


def test_wildcard_address(make):
    a, b = make(zmq.REP), make(zmq.REQ)
    a.bind("tcp://*:*")
    assert a.last_endpoint.startswith(b"tcp://0.0.0.0:")
    b.connect(a.last_endpoint.decode().replace("0.0.0.0", "localhost"))
    b.send(b"x")
    assert a.recv() == b"x"


def test_host_name_in_bind(make, own_engine):
    """The introduction's router binds to a host name; libzmq 4.3.4 is the last that refuses it."""
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    if not own_engine and zmq.zmq_version_info() < (4, 3, 5):
        with pytest.raises(zmq.ZMQError) as caught:
            a.bind("tcp://localhost:*")
        assert caught.value.errno == 19  # ENODEV
        return
    a.bind("tcp://localhost:*")
    b.connect(a.last_endpoint.decode())
    b.send(b"x")
    assert a.recv() == b"x"


def test_ipv6(make):
    try:
        with posix.socket(posix.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        ipv6 = False
    else:
        ipv6 = True
    a, b = make(zmq.PAIR, ipv6=1), make(zmq.PAIR, ipv6=1)
    if not ipv6:
        with pytest.raises(zmq.ZMQError):
            a.bind("tcp://[::1]:*")
        return
    a.bind("tcp://[::1]:*")
    assert a.last_endpoint.startswith(b"tcp://[::1]:")
    b.connect(a.last_endpoint.decode())
    b.send(b"x")
    assert a.recv() == b"x"


def test_abstract_ipc(make):
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    name = f"ipc://@zmqpy-{os.getpid()}-abstract"
    a.bind(name)
    b.connect(name)
    b.send(b"x")
    assert a.recv() == b"x"


def test_ipc_wildcard(make, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    a, b = make(zmq.PAIR), make(zmq.PAIR)
    a.bind("ipc://*")
    b.connect(a.last_endpoint.decode())
    b.send(b"x")
    assert a.recv() == b"x"


# ---- errors ----

BAD_ADDRESSES = [
    ("", zmq.EINVAL),
    ("no-transport", zmq.EINVAL),
    ("tcp://", zmq.EINVAL),
    ("://x", zmq.EINVAL),
    ("tcp://127.0.0.1", zmq.EINVAL),
    ("tcp://127.0.0.1:port", zmq.EINVAL),
    ("carrier-pigeon://x", zmq.EPROTONOSUPPORT),
    ("TCP://127.0.0.1:5", zmq.EPROTONOSUPPORT),
]


@pytest.mark.parametrize("method", ["bind", "connect"])
@pytest.mark.parametrize(("address", "number"), BAD_ADDRESSES)
def test_bad_addresses(make, method, address, number):
    socket = make(zmq.PAIR)
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(socket, method)(address)
    assert caught.value.errno == number
    assert zmq.strerror(number) in str(caught.value)
    assert repr(address) in str(caught.value), "the error names the endpoint"
    assert socket.last_endpoint == b""


def test_bind_errors_name_the_endpoint(make):
    first, second = make(zmq.PAIR), make(zmq.PAIR)
    for transport in ("tcp", "inproc"):
        address = bind(first, transport)
        with pytest.raises(zmq.ZMQError) as caught:
            second.bind(address)
        assert caught.value.errno == zmq.EADDRINUSE
        assert address in str(caught.value) and "in use" in str(caught.value)
    for address, number in (("tcp://192.0.2.1:*", zmq.EADDRNOTAVAIL), ("tcp://no.such.host.invalid:*", 19)):
        with pytest.raises(zmq.ZMQError) as caught:
            second.bind(address)
        assert caught.value.errno == number
        assert address in str(caught.value)


def test_ipc_errors(make):
    socket = make(zmq.PAIR)
    with pytest.raises(zmq.ZMQError) as caught:
        socket.bind("ipc://" + "x" * 200)
    assert caught.value.errno == 36  # ENAMETOOLONG
    assert "xxx" in str(caught.value) and str(zmq.IPC_PATH_MAX_LEN) in str(caught.value)
    with pytest.raises(zmq.ZMQError) as caught:
        socket.bind("ipc:///no/such/directory/socket")
    assert caught.value.errno == 2  # ENOENT
    assert "/no/such/directory/socket" in str(caught.value)


@pytest.mark.parametrize("method", ["bind", "connect"])
@pytest.mark.parametrize("address", [5, None, object(), ["tcp://127.0.0.1:5"]])
def test_addresses_of_a_wrong_type(make, method, address):
    with pytest.raises(TypeError):
        getattr(make(zmq.PAIR), method)(address)


@pytest.mark.parametrize("method", ["unbind", "disconnect"])
def test_endings_of_what_was_not_begun(make, method):
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make(zmq.PAIR), method)("tcp://127.0.0.1:5")
    assert caught.value.errno == 2  # ENOENT
    with pytest.raises(TypeError):
        getattr(make(zmq.PAIR), method)(5)


# ---- endings ----


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_unbind_frees_the_address(make, transport, own_engine):
    address = bind(first := make(zmq.PULL), transport)
    first.unbind(address)
    second, push = make(zmq.PULL), make(zmq.PUSH)
    bind_when_free(second, address, at_once=own_engine)
    push.connect(address)
    push.send(b"x")
    assert second.recv() == b"x"
    assert not first.poll(QUIET_MS)
    remove_ipc(address)


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_disconnect_stops_delivery(make, transport):
    pull, push = make(zmq.PULL), make(zmq.PUSH)
    address = bind(pull, transport)
    push.connect(address)
    push.send(b"x")
    assert pull.recv() == b"x"
    push.disconnect(address)
    with pytest.raises(zmq.Again):
        push.send(b"y", zmq.DONTWAIT)
    push.connect(address)
    push.send(b"z")
    assert pull.recv() == b"z"
    remove_ipc(address)


def test_one_socket_with_several_endpoints(make):
    pull, push = make(zmq.PULL), make(zmq.PUSH)
    addresses = [bind(pull, t) for t in ("tcp", "ipc", "inproc", "tcp")]
    for address in addresses:
        push.connect(address)
    for i in range(8):
        push.send(b"%d" % i)
    assert sorted(pull.recv() for _ in range(8)) == [b"%d" % i for i in range(8)]
    remove_ipc(addresses[1])


# ---- context managers ----


def test_bind_and_connect_as_context_managers(make, own_engine):
    a, b = make(zmq.PULL), make(zmq.PUSH)
    with a.bind(endpoint("tcp")) as bound:
        assert bound is a
        address = a.last_endpoint.decode()
        with b.connect(address) as dialled:
            assert dialled is b
            b.send(b"x")
            assert a.recv() == b"x"
        with pytest.raises(zmq.ZMQError) as caught:
            b.disconnect(address)
        assert caught.value.errno == 2
    bind_when_free(make(zmq.PULL), address, at_once=own_engine)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:0", pytest.param("ws://127.0.0.1:0", marks=pytest.mark.own_engine)]
)
def test_context_manager_of_a_port_that_the_system_chose(make, own_engine, address):
    a = make(zmq.PULL)
    with a.bind(address):
        chosen = a.last_endpoint.decode()
        assert not chosen.partition("://")[2].partition(":")[2].startswith("0")
    bind_when_free(make(zmq.PULL), chosen, at_once=own_engine)


def test_context_manager_ends_on_errors_too(make):
    a = make(zmq.PULL)
    with pytest.raises(ZeroDivisionError), a.bind("inproc://cm"):
        raise ZeroDivisionError
    make(zmq.PULL).bind("inproc://cm")


def test_context_manager_of_a_socket_closed_inside(make):
    a = make(zmq.PULL)
    with a.bind("inproc://cm"):
        a.close()
    assert a.closed


def test_socket_as_context_manager(context):
    with context.socket(zmq.PUSH) as socket:
        assert not socket.closed
    assert socket.closed


# ---- random ports ----


def test_bind_to_random_port(make):
    a, b = make(zmq.PULL), make(zmq.PUSH)
    port = a.bind_to_random_port("tcp://127.0.0.1")
    assert isinstance(port, int) and a.last_endpoint == b"tcp://127.0.0.1:%d" % port
    b.connect(f"tcp://127.0.0.1:{port}")
    b.send(b"x")
    assert a.recv() == b"x"


def test_bind_to_random_port_in_a_range(make):
    port = make(zmq.PULL).bind_to_random_port("tcp://127.0.0.1", min_port=20000, max_port=30000, max_tries=100)
    assert 20000 <= port < 30000


def test_no_random_port_free(make):
    taken = make(zmq.PULL).bind_to_random_port("tcp://127.0.0.1")
    with pytest.raises(zmq.ZMQBindError) as caught:
        make(zmq.PULL).bind_to_random_port("tcp://127.0.0.1", min_port=taken, max_port=taken + 1, max_tries=3)
    assert isinstance(caught.value, zmq.error.ZMQBaseError)
    assert "port" in str(caught.value)


def test_random_port_of_a_bad_address(make):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.PULL).bind_to_random_port("tcp://no.such.host.invalid", max_tries=3)
    assert caught.value.errno == 19  # ENODEV


def test_random_ports_are_different(make):
    ports = {make(zmq.PULL).bind_to_random_port("tcp://127.0.0.1") for _ in range(20)}
    assert len(ports) == 20
