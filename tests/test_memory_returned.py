"""A backlog's memory goes back to the system: when its socket and context end, and soon after it was read, however that is done.

A few megabytes stay: code that was used, and, while there is a context, buffers for the next messages. What inproc queued goes back
early only where the context has a thread, that is, has used another transport.
"""

from textwrap import dedent

import pytest
from support import WS, endpoint, run_python

pytestmark = [pytest.mark.own_engine, pytest.mark.timeout(80)]

TOOLS = """
    import asyncio
    import subprocess
    import sys
    import threading
    import time
    import zmqpy as zmq
    import zmqpy.asyncio

    COUNT = 300_000

    def megabytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    # What is above `start` once it is below `limit`, or after a long wait.
    def soon_below(start, limit):
        deadline = time.monotonic() + 20
        while megabytes() > start + limit and time.monotonic() < deadline:
            time.sleep(0.01)
        return megabytes() - start

    def send(socket):
        for _ in range(30):
            socket.send_many([bytes(100)] * (COUNT // 30))

    def send_messages(socket):
        for _ in range(COUNT):
            socket.send(zmq.Frame(bytes(100)), copy=False)

    def read(socket):
        for _ in range(COUNT):
            socket.recv()

    def read_messages(socket):
        for _ in range(COUNT):
            socket.recv(copy=False)

    def read_many(socket):
        left = COUNT
        while left > 0:
            left -= len(socket.recv_many(left))

    def read_polling(socket):
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        left = COUNT
        while left > 0:
            assert poller.poll(10_000)
            try:
                while left > 0:
                    socket.recv(zmq.DONTWAIT)
                    left -= 1
            except zmq.Again:
                pass

    def read_in_loop(socket):
        async def receive():
            awaitable = zmqpy.asyncio.Socket.shadow(socket.underlying)
            for _ in range(COUNT):
                await awaitable.recv()
        asyncio.run(receive())

    def in_thread(function):
        def run(socket):
            thread = threading.Thread(target=function, args=(socket,))
            thread.start()
            thread.join()
        return run

    context = zmq.Context()
    push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.sndhwm = pull.rcvhwm = push.linger = 0
"""

DROPPED = """
    push.connect({address!r}.replace("*", "9"))
    before = megabytes()
    send(push)
    full = megabytes()
    push.close()
    pull.close()
    context.term()
    print(full - before, megabytes() - before, 12)
"""

READ = """
    place = {address!r}
    waker = context.socket(zmq.PUSH)
    waker.bind("tcp://127.0.0.1:*")
    pull.bind(place)
    push.connect(pull.last_endpoint)
    push.send(b"first")
    pull.recv()
    for _ in range(1000):  # what reading takes for good
        push.send(b"few")
        pull.recv()
    before = megabytes()
    {send}(push)
    full = megabytes()
    {read}(pull)
    print(full - before, soon_below(before, 10), 10)
    push.close()
    pull.close()
    waker.close()
    context.term()
    print(full - before, megabytes() - before, 10)
"""

# The other process reads when it is told to. Either has a part of the backlog.
READER = """
    pull.connect(sys.argv[1])
    before = megabytes()
    input()
    full = megabytes()
    read(pull)
    print(full - before, soon_below(before, 10), flush=True)
    input()
"""

SENDER = """
    push.bind({address!r})
    reader = subprocess.Popen([sys.executable, "-c", {reader!r}, push.last_endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    push.send(b"first")
    before = megabytes()
    send(push)
    full = megabytes()
    reader.stdin.write(b"read\\n")
    reader.stdin.flush()
    took, left = map(float, reader.stdout.readline().split())
    took += full - before
    print(took, left, 10)
    print(took, soon_below(before, 10), 10)
    reader.communicate(b"end\\n")
"""

# No queue of these is large.
MANY_CLIENTS = """
    place = {address!r}
    router = context.socket(zmq.ROUTER)
    router.rcvhwm = 0
    router.bind(place)
    clients = [context.socket(zmq.DEALER) for _ in range(80)]
    for client in clients:
        client.sndhwm = 0
        client.connect(router.last_endpoint)
        client.send(b"first")
    for _ in clients:
        router.recv_multipart()
    before = megabytes()
    for client in clients:
        client.send_many([bytes(100)] * 4000)
    full = megabytes()
    for _ in range(80 * 4000):
        router.recv_multipart()
    for client in clients:
        client.close()
    router.close()
    push.close()
    pull.close()
    print(full - before, soon_below(before, 12), 12)
"""


def check(program, transport, **parts):
    """Every line that it prints: what the backlog took, what stays of that, and how much may stay, in megabytes."""
    output = run_python(dedent(TOOLS) + dedent(program.format(address=endpoint(transport), **parts)), timeout=70).stdout
    assert output
    for line in output.splitlines():
        most, left, limit = map(float, line.split())
        assert most > 20, "no backlog to speak of"
        assert left < limit, output


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_a_backlog_that_is_dropped_leaves_nothing_behind(transport):
    check(DROPPED, transport)


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_a_backlog_leaves_nothing_behind_when_it_is_read(transport):
    check(READ, transport, send="send", read="read")


@pytest.mark.parametrize(
    "read", ["read_messages", "read_many", "read_polling", "read_in_loop", "in_thread(read)", "in_thread(read_many)"]
)
def test_a_backlog_leaves_nothing_behind_however_it_is_read(read):
    check(READ, "tcp", send="send", read=read)


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
@pytest.mark.parametrize("send", ["send_messages", "in_thread(send)", "in_thread(send_messages)"])
def test_a_backlog_leaves_nothing_behind_however_it_is_sent(send, transport):
    check(READ, transport, send=send, read="in_thread(read)")


def test_a_backlog_leaves_nothing_behind_in_two_processes():
    check(SENDER, "tcp", reader=dedent(TOOLS) + dedent(READER))


def test_many_small_backlogs_leave_nothing_behind_when_their_sockets_end():
    check(MANY_CLIENTS, "ipc")
