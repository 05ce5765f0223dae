"""A program that mypy checks strictly against zmqpy's stubs (test_typing.py); it is never run."""

from __future__ import annotations

import asyncio

import zmqpy as zmq
import zmqpy.asyncio
from zmqpy.decorators import context, socket
from zmqpy.utils import z85
from zmqpy.utils.monitor import parse_monitor_message, recv_monitor_message


def request(ctx: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> bytes:
    with ctx.socket(zmq.REQ) as req:
        req.linger = 0
        req.setsockopt(zmq.RCVTIMEO, 100)
        req.connect(endpoint)
        req.send(b"x", flags=zmq.SNDMORE)
        req.send_string("text")
        parts: list[bytes] = req.recv_multipart()
        frame: zmq.Frame = req.recv(copy=False)
        more: bool = frame.more
        body: bytes = req.recv()
        text: str = req.recv_string()
        if more or text:
            return parts[0] + frame.bytes
        return body


def sharing(push: zmq.Socket[bytes]) -> bool:
    tracker = push.send(bytearray(5), copy=False, track=True)
    if tracker is None:
        return False
    tracker.wait(timeout=1.0)
    return tracker.done


def beyond_pyzmq(socket: zmq.Socket[bytes], other: zmqpy.asyncio.Socket) -> list[bytes]:
    up: int = socket.wait_connected(2, timeout=100)
    state: int = socket.events & zmq.POLLIN
    names: list[str] = [event.name for event in socket.events(zmq.EVENT_ALL, timeout=up + state)]
    queued: list[int] = [peer.queued_out for peer in socket.peers()]
    print(names, queued, socket.stats()["dropped_full"], socket.context.stats(), zmq.diagnose("json"))

    async def later() -> list[bytes]:
        await other.wait_subscribers(b"", 1, timeout=10)
        async for event in other.events():
            print(event.time, event.reason)
        reply: list[bytes] = await other.request([b"x"], timeout=10, retries=1)
        return reply

    reply: list[bytes] = socket.request(b"x")
    return reply + asyncio.run(later())


def polling(first: zmq.Socket[bytes], second: zmq.Socket[bytes]) -> int:
    poller = zmq.Poller()
    poller.register(first, zmq.POLLIN)
    poller.register(second, zmq.POLLIN | zmq.POLLOUT)
    count = len(dict(poller.poll(timeout=100)))
    readable, writable, _ = zmq.select([first], [second], [], 0.1)
    return count + len(readable) + len(writable) + first.poll(10, zmq.POLLIN)


def watching(watched: zmq.Socket[bytes]) -> bytes:
    monitor = watched.get_monitor_socket()
    event = parse_monitor_message([b"x" * 6, b""])
    print(event["event"], event["value"], recv_monitor_message(monitor))
    return event["endpoint"]


def errors() -> int | None:
    try:
        # For pyright an unparametrized class leaves unknown what kind of sockets its instance makes.
        zmq.Context.instance().socket(zmq.PULL).bind("nonsense")  # pyright: ignore[reportUnknownMemberType]
    except zmq.Again as again:
        return again.errno
    except zmq.ZMQError as error:
        return error.errno
    return None


@context()
@socket(zmq.PUB)
def decorated(ctx: zmq.Context[zmq.Socket[bytes]], pub: zmq.Socket[bytes]) -> None:
    pub.bind_to_random_port("tcp://127.0.0.1")


def odds_and_ends(sock: zmq.Socket[bytes]) -> tuple[str, tuple[int, ...], bool, bytes]:
    sock.subscribe("topic")
    number: int = sock.bind_to_random_port("tcp://*")
    kind: zmq.SocketType = zmq.SocketType.PUB
    print(number, kind, sock.closed, sock.fileno(), sock.get_hwm())
    return zmq.zmq_version(), zmq.zmq_version_info(), zmq.has("ipc"), z85.encode(b"abcd")


async def in_a_loop(ctx: zmq.asyncio.Context) -> list[bytes]:
    dealer = ctx.socket(zmq.DEALER)
    sent: asyncio.Future[zmq.MessageTracker | None] = dealer.send(b"x")
    await sent
    text: str = await dealer.recv_string()
    frame = await dealer.recv(copy=False)
    print(text, frame.bytes, await dealer.poll(10))
    async for message in dealer:
        print(message)
    parts = await dealer.recv_multipart()
    return [await dealer.recv(), *parts]
