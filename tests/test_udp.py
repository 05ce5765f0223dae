"""udp:// in Python: RADIO and DISH, DGRAM's messages, event loops and pollers, multicast between two network namespaces."""

import asyncio
import contextlib
import os
import socket as sockets
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from support import QUIET_MS, WAIT_MS, engine_is_own, wait_until, why_no_namespaces

import zmqpy as zmq
import zmqpy.asyncio
import zmqpy.peers

pytestmark = [
    pytest.mark.skipif(not zmq.has("draft"), reason="this libzmq has no drafts"),
    pytest.mark.skipif(not engine_is_own(), reason="a system libzmq with drafts is a libzmq of its own"),
]


@pytest.fixture
def peer():
    """A udp socket of the system's, with its address as a DGRAM is told it."""
    with sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(WAIT_MS / 1000)
        yield peer


def name_of(peer):
    return b"127.0.0.1:%d" % peer.getsockname()[1]


def address_of(socket):
    """Where the socket is bound, as the system takes it."""
    host, _, port = socket.last_endpoint.decode().removeprefix("udp://").rpartition(":")
    return host, int(port)


def bound(make, kind=zmq.DGRAM, **options):
    socket = make(kind, **options)
    socket.bind("udp://127.0.0.1:*")
    return socket


def test_dgram_speaks_with_anybody(make, peer):
    dgram = bound(make)
    peer.sendto(b"hello", address_of(dgram))
    address, body = dgram.recv_multipart()
    assert (address, body) == (name_of(peer) + b"\0", b"hello")
    dgram.send_multipart([address, b"as it came"])
    assert peer.recv(100) == b"as it came"
    dgram.send_multipart([name_of(peer), b"without the zero"])
    assert peer.recvfrom(100) == (b"without the zero", address_of(dgram))
    dgram.send(name_of(peer), zmq.SNDMORE)
    dgram.send(b"part by part")
    assert peer.recv(100) == b"part by part"
    dgram.send_multipart([name_of(peer), memoryview(b"a buffer" * 500)], copy=False)
    assert peer.recv(10000) == b"a buffer" * 500
    for parts in ([b"alone"], [name_of(peer), b"two", b"three"]):
        with pytest.raises(zmq.ZMQError) as caught:
            dgram.send_multipart(parts)
        assert caught.value.errno == zmq.EINVAL


def test_two_dgrams(make):
    one, other = bound(make), bound(make)
    host, port = address_of(other)
    one.send_multipart([f"{host}:{port}".encode(), b"question"])
    address, body = other.recv_multipart()
    other.send_multipart([address, body + b" answered"])
    assert one.recv_multipart()[1] == b"question answered"
    assert one.stats()["peers"] == 1


def test_radio_and_dish(make):
    radio, dish = make(zmq.RADIO), bound(make, zmq.DISH)
    dish.join("news")
    radio.connect(dish.last_endpoint)
    radio.send(b"unheard", group="sport")
    radio.send(b"heard", group="news")
    frame = dish.recv(copy=False)
    assert (frame.bytes, frame.group) == (b"heard", "news")
    assert [peer.state for peer in radio.peers()] == [zmqpy.peers.PeerState.UP]
    radio.disconnect(dish.last_endpoint)
    radio.send(b"to nobody", group="news")
    assert not dish.poll(QUIET_MS)
    dish.unbind(dish.last_endpoint)


@pytest.mark.parametrize("kind", [zmq.PAIR, zmq.PUB, zmq.SUB, zmq.RADIO, zmq.DEALER])
def test_who_may_bind(make, kind):
    with pytest.raises(zmq.ZMQError) as caught:
        make(kind).bind("udp://127.0.0.1:*")
    assert caught.value.errno == zmq.ENOCOMPATPROTO
    assert "only DISH and DGRAM bind" in caught.value.hint


@pytest.mark.parametrize("kind", [zmq.PAIR, zmq.PUB, zmq.SUB, zmq.DISH, zmq.DGRAM])
def test_who_may_connect(make, kind):
    with pytest.raises(zmq.ZMQError) as caught:
        make(kind).connect("udp://127.0.0.1:5555")
    assert caught.value.errno == zmq.ENOCOMPATPROTO


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        ("udp://127.0.0.1", "the form is udp://127.0.0.1:5555, or udp://eth0;239.0.0.1:5555"),
        ("udp://lo;127.0.0.1:5555", "the form is udp://127.0.0.1:5555, or udp://eth0;239.0.0.1:5555"),
        ("vsock://x:1", "the form is vsock://CID:5555"),
        ("tipc://5555", "the form is tipc://{type,lower,upper}"),
    ],
)
def test_hints(make, endpoint, hint):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.DISH).bind(endpoint)
    assert caught.value.errno == zmq.EINVAL
    assert hint in caught.value.hint


def test_refused_datagrams_are_counted(make, peer):
    dish = bound(make, zmq.DISH)
    dish.join("news")
    for datagram in (b"", b"\5news", b"\4news" + bytes(9000), b"\4newslast"):
        peer.sendto(datagram, address_of(dish))
    assert dish.recv() == b"last"
    assert dish.stats()["datagrams_refused"] == 3


def test_what_cannot_be_sent_is_counted(make, peer):
    dgram = bound(make)
    for parts in ([b"nonsense", b""], [name_of(peer), bytes(8193)], [b"255.255.255.255:9", b"no permission"]):
        dgram.send_multipart(parts)
    dgram.send_multipart([name_of(peer), b"last"])
    assert peer.recv(100) == b"last"
    assert dgram.stats()["dropped_unroutable"] == 3


def test_poller_and_threads(make, peer):
    dgram, dish = bound(make), bound(make, zmq.DISH)
    dish.join("g")
    poller = zmq.Poller()
    poller.register(dgram, zmq.POLLIN)
    poller.register(dish, zmq.POLLIN)
    assert poller.poll(0) == []
    assert dgram.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    for socket, datagram in ((dgram, b"x"), (dish, b"\1gx")):
        timer = threading.Timer(QUIET_MS / 1000, peer.sendto, (datagram, address_of(socket)))
        timer.start()
        assert poller.poll(WAIT_MS) == [(socket, zmq.POLLIN)]
        assert socket.recv_multipart()[-1] == b"x"
        timer.join()


def test_a_burst_is_received_whole(make):
    sender, receiver = bound(make), bound(make, rcvbuf=1 << 20)
    host, port = address_of(receiver)
    to = f"{host}:{port}".encode()
    for start in range(0, 1000, 50):
        for number in range(start, start + 50):
            sender.send_multipart([to, b"%d" % number])
        assert [receiver.recv_multipart()[1] for _ in range(50)] == [
            b"%d" % number for number in range(start, start + 50)
        ]


def test_asyncio():
    async def main():
        context = zmq.asyncio.Context()
        with context:
            with context.socket(zmq.DGRAM) as one, context.socket(zmq.DGRAM) as other, context.socket(zmq.DISH) as dish:
                for socket in (one, other, dish):
                    socket.linger = 0
                    socket.bind("udp://127.0.0.1:*")
                dish.join("g")
                waiting = asyncio.ensure_future(other.recv_multipart())
                heard = asyncio.ensure_future(dish.recv())
                await asyncio.sleep(0)
                host, port = address_of(other)
                await one.send_multipart([f"{host}:{port}".encode(), b"question"])
                address, body = await asyncio.wait_for(waiting, WAIT_MS / 1000)
                assert body == b"question"
                for number in range(20):
                    await other.send_multipart([address, b"%d" % number])
                    assert (await asyncio.wait_for(one.recv_multipart(), WAIT_MS / 1000))[1] == b"%d" % number
                with context.socket(zmq.RADIO) as radio:
                    radio.connect(dish.last_endpoint)
                    await radio.send(b"heard", group="g")
                    assert await asyncio.wait_for(heard, WAIT_MS / 1000) == b"heard"

    asyncio.run(main())


def test_the_descriptor_wakes_a_selector(make, peer):
    import selectors

    dgram = bound(make)
    with selectors.DefaultSelector() as selector:
        selector.register(dgram.FD, selectors.EVENT_READ)
        for number in range(3):
            assert not dgram.EVENTS & zmq.POLLIN
            timer = threading.Timer(0.02, peer.sendto, (b"%d" % number, address_of(dgram)))
            timer.start()
            wait_until(lambda: selector.select(WAIT_MS / 1000) and dgram.EVENTS & zmq.POLLIN, "readable")
            assert dgram.recv_multipart()[1] == b"%d" % number
            timer.join()


def binds(socket, address):
    try:
        socket.bind(address)
    except OSError:
        return False
    return True


def test_many_sockets_come_and_go(context, make, peer):
    """What the socket holds of the system's goes with it, whoever ends first."""
    for _ in range(50):
        with context.socket(zmq.DGRAM) as socket:
            socket.linger = 0
            socket.bind("udp://127.0.0.1:*")
            socket.send_multipart([name_of(peer), b"x"])
            address = address_of(socket)
        # The port is free when close returns; but poll(2) holds what it waits for until it has returned.
        with sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as next_owner:
            if os.environ.get("ZMQ_EXT_POLLER") == "poll":
                wait_until(partial(binds, next_owner, address), "the port is free")
            else:
                next_owner.bind(address)
        assert peer.recv(10) == b"x"


# ---- multicast, between two network namespaces ----

PROGRAM = Path(__file__).with_name("multicast.py")


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_multicast_between_two_networks(family):
    if reason := why_no_namespaces():
        pytest.skip(f"needs network namespaces joined by veth: {reason}")
    with contextlib.ExitStack() as stack:
        process = subprocess.Popen(
            ["unshare", "-rn", sys.executable, str(PROGRAM), family],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert output.splitlines()[-1] == "done", output
