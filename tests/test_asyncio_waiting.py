"""Waiting in asyncio loops: order, fairness, cancellation, time-outs, the end of sockets, contexts, loops and processes."""

import asyncio
import contextlib
import gc
import os
import random
import selectors
import sys
import threading
import time
import tracemalloc

import pytest
from loops import run_on, turns
from support import WAIT_MS, bind, run_python, start_python
from test_idle import ALLOWED, WATCHED
from test_own_loops import SENDER, background_switches

import zmqpy as zmq
import zmqpy.asyncio as zmq_asyncio

CONTEXT = zmq_asyncio.Context

#: Cancellations of each kind; ZMQPY_TEST_CANCELLATIONS=100000 for the long run.
CANCELLATIONS = int(os.environ.get("ZMQPY_TEST_CANCELLATIONS", "3000"))
LIMIT = 55 + CANCELLATIONS / 100  # seconds


# ---- order ----


def test_messages_go_to_those_who_waited_longest(run, pipeline):
    push, pull = pipeline

    async def main():
        order = []

        async def take(number):
            order.append((number, await pull.recv()))

        tasks = [asyncio.ensure_future(take(number)) for number in range(20)]
        await turns()
        for number in range(20):
            await push.send(b"%d" % number)
        await asyncio.gather(*tasks)
        assert order == [(number, b"%d" % number) for number in range(20)]

    run(main())


def test_a_call_that_could_be_served_does_not_overtake(run, pipeline):
    push, pull = pipeline

    async def main():
        first = pull.recv()
        await turns()
        push.send(b"1")
        push.send(b"2")
        while not zmq.Socket.shadow(pull).poll(0):
            time.sleep(0.001)
        second = pull.recv()  # the loop has had no turn since the messages came
        assert not second.done() or first.done()
        assert await asyncio.gather(first, second) == [b"1", b"2"]

    run(main())


def test_sends_wait_in_order(run, connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc", [("rcvhwm", 1)], [("sndhwm", 1)])

    async def main():
        sends = [push.send_multipart([b"%d" % number, b"x"]) for number in range(200)]
        assert not sends[-1].done()
        for number in range(200):
            assert await pull.recv_multipart() == [b"%d" % number, b"x"]
        await asyncio.gather(*sends)

    run(main())


# ---- fairness ----


def test_others_get_their_turn(run, context):
    """A task that always finds a message and one that always finds room, beside a timer and another socket."""

    async def main():
        progress = {"busy": 0, "sends": 0, "ticks": 0, "other": 0}
        busy, feed = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        feed.sndhwm = busy.rcvhwm = 0
        feed.connect(bind(busy, "inproc"))
        other, peer = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        other.connect(bind(peer))

        async def receive():
            while True:
                await busy.recv()
                progress["busy"] += 1

        async def send():
            while True:
                await feed.send(b"x")
                progress["sends"] += 1

        async def tick():
            while True:
                await asyncio.sleep(0.001)
                progress["ticks"] += 1

        async def answer():
            while True:
                await peer.send(await peer.recv())

        async def ask():
            while True:
                await other.send(b"x")
                await other.recv()
                progress["other"] += 1

        tasks = [asyncio.ensure_future(work()) for work in (receive, send, tick, answer, ask)]
        begun = time.monotonic()
        while min(progress.values()) < 20:
            await asyncio.sleep(0.001)
            assert time.monotonic() - begun < WAIT_MS / 1000, progress
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for socket in (busy, feed, other, peer):
            socket.close(0)

    run(main())


def test_slow_handlers_let_others_run(run, connected):
    """Some awaits that are done at once may follow each other, but not for long."""
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc")

    async def main():
        for _ in range(100):
            await push.send(b"x")
        ticks = []

        async def tick():
            while True:
                ticks.append(1)
                await asyncio.sleep(0)

        ticker = asyncio.ensure_future(tick())
        for _ in range(100):
            await pull.recv()
            end = time.monotonic() + 0.0015
            while time.monotonic() < end:
                pass
        assert len(ticks) > 5
        ticker.cancel()

    run(main())


def test_memory_does_not_climb(pipeline):
    """While a receiver is always busy, and when every wait times out."""
    push, pull = pipeline

    async def main():
        async def waits(count):
            for _ in range(count):
                pull.recv().cancel()
                pull.recv_multipart().cancel()
                pull.poll().cancel()
                try:
                    await asyncio.wait_for(pull.recv(), 0.00001)
                except asyncio.TimeoutError:
                    pass

        async def messages(count):
            for _ in range(count):
                for _ in range(100):
                    await push.send(b"x" * 100)
                for _ in range(100):
                    await pull.recv()

        for work, count in ((waits, 2000), (messages, 100)):
            await work(50)
            gc.collect()
            tracemalloc.start()
            await work(count)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            assert grown < 300_000, work

    run_on("asyncio", main(), timeout=25)


# ---- cancellation ----


def test_cancelled_receive_takes_nothing(run, pipeline):
    push, pull = pipeline

    async def main():
        cancelled = pull.recv()
        waiting = pull.recv()
        await turns()
        assert cancelled.cancel()
        await push.send(b"1")
        assert await waiting == b"1"
        task = asyncio.ensure_future(pull.recv_json())
        await turns()
        task.cancel()
        await asyncio.wait([task])
        await push.send(b"2")
        assert await pull.recv() == b"2"

    run(main())


def test_cancelled_send_sends_nothing(run, connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "inproc", [("rcvhwm", 1)], [("sndhwm", 1)])

    async def main():
        sends = [push.send(b"%d" % number) for number in range(20)]
        late = [send for send in sends if not send.done()]
        assert late
        for send in late[::2]:
            assert send.cancel()
        for number, send in enumerate(sends):
            if send in late[::2]:
                assert send.cancelled()
            else:
                assert await pull.recv() == b"%d" % number
        await asyncio.gather(*late[1::2])
        assert await pull.poll(20) == 0

    run(main())


@pytest.mark.extension
def test_message_of_a_task_that_is_cancelled_when_it_arrives(run, pipeline):
    """Between the arrival and the task's waking, where asyncio would drop the result of a future."""
    push, pull = pipeline

    async def main():
        loop = asyncio.get_running_loop()
        for number in range(200):
            received = []

            async def take(received=received):
                received.append(await pull.recv())

            task = asyncio.ensure_future(take())
            await turns()
            await push.send(b"%d" % number)
            while not zmq.Socket.shadow(pull).poll(0):
                time.sleep(0.0001)
            # In the turn that finds the descriptor readable, before and after.
            for _ in range(number % 5):
                await asyncio.sleep(0)
            loop.call_soon(task.cancel)
            await asyncio.wait([task])
            assert (received or [await pull.recv()]) == [b"%d" % number]

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout and TaskGroup are of 3.11")
def test_timeouts_and_task_groups(run, pipeline):
    push, pull = pipeline

    async def main():
        chance = random.Random(7)
        received = []

        async def take():
            while True:
                received.append(await pull.recv())

        for number in range(200):
            if number % 2:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(chance.random() * 0.0005):
                        await take()
            else:
                with contextlib.suppress(Exception):
                    async with asyncio.TaskGroup() as group:
                        group.create_task(take())
                        group.create_task(take())
                        await asyncio.sleep(chance.random() * 0.0003)
                        raise RuntimeError
            await push.send(b"%d" % number)
        while len(received) < 200:
            received.append(await asyncio.wait_for(pull.recv(), 10))
        assert received == [b"%d" % number for number in range(200)]

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are of 3.12")
def test_eager_tasks(run, pipeline):
    push, pull = pipeline

    async def take():
        return await pull.recv()

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        try:
            coroutine = asyncio.sleep(0)
            try:
                await loop.create_task(coroutine)
            except TypeError as error:
                coroutine.close()
                if "eager_start" not in str(error):
                    raise
                pytest.skip(f"this uvloop cannot make eager tasks on Python {sys.version}: {error}")
            await check()
        finally:
            loop.set_task_factory(None)

    async def check():
        tasks = [asyncio.ensure_future(pull.recv()) for _ in range(10)]
        for number in range(20):
            await push.send(b"%d" % number)
        assert await asyncio.gather(*tasks) == [b"%d" % number for number in range(10)]
        assert await asyncio.gather(*[asyncio.create_task(take()) for _ in range(10)]) == [
            b"%d" % number for number in range(10, 20)
        ]

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.Runner is of 3.11")
def test_runner(pipeline):
    push, pull = pipeline

    async def main(body):
        waiting = pull.recv()
        await push.send(body)
        return await waiting

    with asyncio.Runner() as runner:
        for number in range(3):
            assert runner.run(main(b"%d" % number)) == b"%d" % number


class Canceller:
    """Runs a coroutine in a task that is cancelled at some moment, or not at all."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    async def run(self, coroutine):
        """The result, or None if it was cancelled."""
        way = self.random.randrange(5)
        task = asyncio.ensure_future(coroutine)
        if way == 0:
            await turns(self.random.randrange(4))
        elif way == 1:
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(task.cancel)
        elif way == 2:
            try:
                return await asyncio.wait_for(task, self.random.random() * 0.0005)
            except asyncio.TimeoutError:
                return None
        elif way == 3:
            asyncio.get_running_loop().call_later(self.random.random() * 0.0003, task.cancel)
        else:
            await asyncio.sleep(self.random.random() * 0.0002)
        if way in (0, 4):
            task.cancel()
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()


PATTERNS = [
    (zmq.PULL, zmq.PUSH, "tcp"),
    (zmq.PULL, zmq.PUSH, "inproc"),
    (zmq.PAIR, zmq.PAIR, "ipc"),
    (zmq.SUB, zmq.PUB, "tcp"),
    (zmq.ROUTER, zmq.DEALER, "tcp"),
    (zmq.DEALER, zmq.ROUTER, "ipc"),
]


@pytest.mark.extension
@pytest.mark.timeout(LIMIT + 5)
@pytest.mark.parametrize(
    "pattern", PATTERNS, ids=lambda pattern: pattern[1].name + "-" + pattern[0].name + "-" + pattern[2]
)
@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_no_message_is_lost_by_cancelled_receives(context, pattern, kind):
    receiving, sending, transport = pattern
    receiver, sender = context.socket(receiving), context.socket(sending)
    receiver.rcvhwm = sender.sndhwm = 0
    if sending == zmq.ROUTER:
        receiver.routing_id = b"peer"
        sender.router_mandatory = 1
    if receiving == zmq.SUB:
        receiver.subscribe(b"")
    receiver.connect(bind(sender, transport))

    async def main():
        canceller = Canceller(os.getpid())
        received = []
        sent = 0

        async def take():
            received.append(int((await receiver.recv_multipart())[-1]))

        async def put(number):
            await sender.send_multipart([b"peer", b"%d" % number] if sending == zmq.ROUTER else [b"%d" % number])

        if sending == zmq.ROUTER:
            while True:
                try:
                    await sender.send_multipart([b"peer", b"-1"])
                    break
                except zmq.ZMQError:
                    await asyncio.sleep(0.001)
        else:  # until the subscription has arrived
            while not receiver.poll(10).done() or not receiver.poll(0).result():
                await sender.send(b"-1")
                await asyncio.sleep(0.001)
        for _ in range(CANCELLATIONS):
            for _ in range(canceller.random.choice([0, 1, 1, 1, 2])):
                await put(sent)
                sent += 1
            await canceller.run(take())
        await put(sent)
        while not received or received[-1] != sent:
            await asyncio.wait_for(take(), WAIT_MS / 1000)
        assert [number for number in received if number >= 0] == list(range(sent + 1))

    run_on(kind, main(), timeout=LIMIT)
    receiver.close(0)
    sender.close(0)


@pytest.mark.timeout(LIMIT + 5)
@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_cancelled_sends_say_whether_they_went(context, transport):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.rcvhwm = push.sndhwm = 2
    push.sndbuf = pull.rcvbuf = 4096
    push.connect(bind(pull, transport))

    async def main():
        canceller = Canceller(os.getpid())
        sent, received = [], []

        async def put(number):
            await push.send_multipart([b"%d" % number, bytes(3000)])
            sent.append(number)

        async def drain():
            while True:
                number = int((await pull.recv_multipart())[0])
                received.append(number)
                await asyncio.sleep(canceller.random.random() * 0.0002)

        drainer = asyncio.ensure_future(drain())
        for number in range(CANCELLATIONS // 2):
            await canceller.run(put(number))
        await put(-1)
        deadline = time.monotonic() + WAIT_MS / 1000
        while not received or received[-1] != -1:
            await asyncio.sleep(0.001)
            assert time.monotonic() < deadline
        assert received == sent
        drainer.cancel()
        await asyncio.wait([drainer])

    run_on("asyncio", main(), timeout=LIMIT)
    pull.close(0)
    push.close(0)


# ---- time-outs ----


def test_timeouts_of_the_socket(run, make):
    async def main():
        pull = make(zmq.PULL, rcvtimeo=20)
        push = make(zmq.PUSH, sndtimeo=20)
        dealer = make(zmq.DEALER, rcvtimeo=0, sndtimeo=0)
        bind(pull)
        for call in (
            lambda: pull.recv(),
            lambda: pull.recv_multipart(),
            lambda: pull.recv_string(),
            lambda: push.send(b"x"),
            lambda: push.send_multipart([b"x", b"y"]),
            lambda: dealer.recv(),
            lambda: dealer.send(b"x"),
        ):
            begun = time.monotonic()
            with pytest.raises(zmq.Again):
                await call()
            assert time.monotonic() - begun < 5

    run(main())


def test_time_outs_are_waited_for(run, make):
    """Those below a second too."""

    async def main():
        pull, push = make(zmq.PULL, rcvtimeo=90), make(zmq.PUSH, sndtimeo=90)
        bind(pull)
        for call in (
            pull.recv,
            pull.recv_multipart,
            lambda: pull.poll(90),
            lambda: push.send(b"x"),
            lambda: push.poll(90, zmq.POLLOUT),
        ):
            begun = time.monotonic()
            with contextlib.suppress(zmq.Again):
                assert await call() == 0
            assert time.monotonic() - begun > 0.08

    run(main())


def test_a_timeout_does_not_touch_who_is_served(run, connected):
    pull, push = connected(zmq.PULL, zmq.PUSH, "tcp", [("rcvtimeo", 1000)])

    async def main():
        waiting = pull.recv()
        await turns()
        await push.send(b"x")
        assert await waiting == b"x"
        await asyncio.sleep(1.1)
        await push.send(b"y")
        assert await pull.poll(WAIT_MS)
        assert await pull.recv() == b"y"

    run(main())


# ---- the end ----


def test_closing_cancels(run, context):
    async def main():
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        futures = [pull.recv(), pull.recv_multipart(), pull.poll(), push.send(b"x"), push.send_multipart([b"x"])]
        await turns()
        pull.close()
        push.close()
        await asyncio.wait(futures)
        assert all(future.cancelled() for future in futures)
        for call in (pull.recv, pull.poll, lambda: push.send(b"x")):
            with pytest.raises(zmq.ZMQError):
                await call()

    run(main())


@pytest.mark.extension
def test_closing_in_another_thread_cancels(run, context):
    async def main():
        pull = context.socket(zmq.PULL)
        futures = [pull.recv(), pull.poll()]
        await turns()
        threading.Thread(target=pull.close).start()
        await asyncio.wait(futures)
        assert all(future.cancelled() for future in futures)

    run(main())


@pytest.mark.extension
def test_closing_a_shadow_cancels(run, context):
    async def main():
        pull = context.socket(zmq.PULL)
        future = pull.recv()
        await turns()
        zmq.Socket.shadow(pull).close()
        await asyncio.wait([future])
        assert future.cancelled()
        pull = zmq.Context.shadow(context).socket(zmq.PULL)
        view = zmq_asyncio.Socket.from_socket(pull)
        future = view.recv()
        await turns()
        pull.close()
        await asyncio.wait([future])
        assert future.cancelled()

    run(main())


@pytest.mark.extension
def test_terminating_in_another_thread_ends_all_waits(run):
    context = zmq_asyncio.Context()

    async def main():
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        futures = [pull.recv(), pull.recv_json(), pull.poll(), push.send(b"x")]
        iteration = asyncio.ensure_future(collect(pull))
        await turns()
        thread = threading.Thread(target=context.term)
        thread.start()
        await asyncio.wait([*futures, iteration])
        for future in futures:
            assert isinstance(future.exception(), zmq.ContextTerminated)
        assert iteration.result() == []
        with pytest.raises(zmq.ContextTerminated):
            await pull.recv()
        pull.close()
        push.close()
        await asyncio.get_running_loop().run_in_executor(None, thread.join)

    run(main())


async def collect(socket):
    return [message async for message in socket]


def test_destroy_cancels(run):
    async def main():
        context = zmq_asyncio.Context()
        future = context.socket(zmq.PULL).recv()
        await turns()
        context.destroy()
        await asyncio.wait([future])
        assert future.cancelled()

    run(main())


@pytest.mark.parametrize(
    "end",
    [
        "",  # exits with the wait
        "loop.close()",
        "loop.close(); pull.close(); push.close(); context.term()",
        "pull.close(); push.close(); loop.close(); context.term()",
        "context.destroy(); loop.close()",
        "del pull, push, waiting, task; gc.collect(); loop.close()",
        "del context, pull, push, waiting; gc.collect(); task.cancel(); loop.close()",
        "loop.close(); del context, pull, push, waiting, task; gc.collect()",
    ],
)
@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_processes_that_end_with_waits(end, kind):
    """No hang, no crash, no noise but warnings of what was left open."""
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    done = run_python(f"""
        import asyncio, gc
        import zmqpy as zmq
        import zmqpy.asyncio as zmq_asyncio

        if {kind!r} == "uvloop":
            import uvloop
            loop = uvloop.new_event_loop()
        else:
            loop = asyncio.new_event_loop()
        context = zmq_asyncio.Context()
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        pull.linger = push.linger = 0
        pull.bind_to_random_port("tcp://127.0.0.1")

        async def wait():
            return [pull.recv(), pull.recv_multipart(), pull.poll(100000), push.send(b"x"), push.poll(None, zmq.POLLOUT)]

        async def forever():
            await pull.recv()

        waiting = loop.run_until_complete(wait())
        task = loop.create_task(forever())
        loop.run_until_complete(asyncio.sleep(0.001))
        {end}
        print("end", flush=True)
    """)
    assert done.stdout.strip() == "end"
    noise = [
        line
        for line in done.stderr.splitlines()
        if line
        and "ResourceWarning" not in line
        and "Task was destroyed but it is pending" not in line
        and "task: <" not in line
    ]
    assert not noise, done.stderr


def test_forked_child_leaves_the_parents_waits_alone():
    done = run_python("""
        import asyncio, os, gc
        import zmqpy as zmq
        import zmqpy.asyncio as zmq_asyncio

        async def main():
            global context, pull, push
            context = zmq_asyncio.Context()
            pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
            push.connect("tcp://127.0.0.1:%d" % pull.bind_to_random_port("tcp://127.0.0.1"))
            waiting = pull.recv()
            await asyncio.sleep(0.01)
            child = os.fork()
            if child == 0:
                pull.close()
                push.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            await push.send(b"x")
            print(await asyncio.wait_for(waiting, 10))
            context.destroy(0)

        asyncio.run(main())
    """)
    assert done.stdout.strip() == "b'x'"


# ---- nothing for nothing ----


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_idle_waits_cost_nothing(context, kind):
    async def main():
        pairs = []
        for _ in range(100):
            pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
            push.connect(bind(pull))
            await push.send(b"x")
            assert await pull.recv() == b"x"
            pairs.append((pull, push))
        waiting = [pull.recv() for pull, _ in pairs] + [pull.poll() for pull, _ in pairs]
        await asyncio.sleep(0.2)
        begun, used = time.monotonic(), time.process_time()
        await asyncio.sleep(WATCHED)
        assert (time.process_time() - used) / (time.monotonic() - begun) < ALLOWED
        assert not any(future.done() for future in waiting)
        for future in waiting:
            future.cancel()
        for pair in pairs:
            for socket in pair:
                socket.close(0)

    run_on(kind, main(), timeout=20)


def test_unread_messages_do_not_keep_a_loop_busy(run, pipeline):
    """A socket that has been waited for, and now is not, while messages come."""
    push, pull = pipeline

    async def main():
        waiting = pull.recv()
        await push.send(b"x")
        await waiting
        for _ in range(100):
            await push.send(b"x" * 1000)
        await asyncio.sleep(0.1)
        used = time.process_time()
        await asyncio.sleep(0.2)
        assert (time.process_time() - used) / 0.2 < 0.5
        for _ in range(100):
            assert await pull.recv() == b"x" * 1000

    run(main())


@pytest.mark.own_engine
@pytest.mark.attending
def test_background_threads_sleep(context):
    """Messages to a coroutine wake no thread but the loop's."""
    pull = context.socket(zmq.PULL)
    address = bind(pull)

    async def main():
        with start_python(SENDER) as sender:
            sender.stdin.write(address.encode() + b"\n")
            sender.stdin.flush()
            assert await pull.recv() == b"first"
            before = background_switches()
            sender.stdin.write(b"\n")
            sender.stdin.flush()
            for number in range(150):
                assert await pull.recv() == b"%d" % number
            switches = background_switches() - before
            assert sender.wait(10) == 0
        return switches

    # A loop that was kept from running for long is taken for one that has stopped.
    assert min(run_on("asyncio", main()) for _ in range(2)) <= 5
    pull.close(0)


@pytest.mark.own_engine
@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_a_message_wakes_the_loop_once(connected, transport):
    """The task that awaits the next one has tried when it waits again: no further turn of the loop looks for it."""
    pull, push = connected(zmq.PULL, zmq.PUSH, transport)
    sender = zmq.Socket.shadow(push)
    most = 200
    turns_of_loop = []

    class Feeding(selectors.DefaultSelector):
        def select(self, timeout=None):
            turns_of_loop.append(timeout)
            if timeout is None and feeding:
                sender.send(b"x")
            return super().select(timeout)

    feeding = False

    async def main():
        nonlocal feeding
        await push.send(b"first")
        await pull.recv()
        pull.rcvtimeo = -1
        turns_of_loop.clear()
        feeding = True
        for _ in range(most):
            assert await pull.recv() == b"x"
        feeding = False

    loop = asyncio.SelectorEventLoop(Feeding())
    try:
        loop.run_until_complete(asyncio.wait_for(main(), None))
    finally:
        loop.close()
    assert len(turns_of_loop) < 1.2 * most


def test_asynchronous_sockets_in_threads_and_signals(make):
    """Ctrl-C gets out of a loop that waits."""
    done = run_python("""
        import asyncio, os, signal, threading
        import zmqpy as zmq
        import zmqpy.asyncio as zmq_asyncio

        async def main():
            with zmq_asyncio.Context() as context, context.socket(zmq.PULL) as pull:
                pull.bind_to_random_port("tcp://127.0.0.1")
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
                await pull.recv()

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("out")
    """)
    assert done.stdout.strip() == "out"


def test_send_from_a_thread_wakes_the_loop(run, connected):
    """Over inproc, where nothing but the bell tells."""
    a, b = connected(zmq.PAIR, zmq.PAIR, "inproc")
    view = zmq.Socket.shadow(a)

    async def main():
        for number in range(200):
            waiting = b.recv()
            await turns(number % 3)
            thread = threading.Thread(target=view.send, args=(b"%d" % number,))
            thread.start()
            assert await waiting == b"%d" % number
            thread.join()

    run(main())


@pytest.mark.extension
def test_under_the_name_of_pyzmq():
    done = run_python("""
        import asyncio
        import zmqpy
        zmqpy.install_as_zmq()
        import zmq
        import zmq.asyncio
        import zmqpy.asyncio
        from zmq.asyncio import Context

        assert zmq.asyncio is zmqpy.asyncio and Context is zmqpy.asyncio.Context

        async def main():
            with zmq.asyncio.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
                push.connect("tcp://127.0.0.1:%d" % pull.bind_to_random_port("tcp://127.0.0.1"))
                await push.send(b"x")
                print(await pull.recv())

        asyncio.run(main())
    """)
    assert done.stdout.strip() == "b'x'"


@pytest.mark.extension
def test_poller_with_a_socket_that_is_closed(run, context):
    """The others are served; the closed one is reported, before or while the poll waits."""

    async def main():
        closed, pull, push = context.socket(zmq.PULL), context.socket(zmq.PULL), context.socket(zmq.PUSH)
        plain = zmq.Context.shadow(context.underlying).socket(zmq.PULL)
        push.connect(bind(pull))
        with pull, push:
            for victim in (closed, plain):
                poller = zmq_asyncio.Poller()
                poller.register(victim, zmq.POLLIN)
                poller.register(pull, zmq.POLLIN)
                waiting = asyncio.ensure_future(poller.poll(WAIT_MS))
                await turns()
                assert not waiting.done()
                victim.close()
                assert await waiting == [(victim, zmq.POLLERR)]
                assert await poller.poll(WAIT_MS) == [(victim, zmq.POLLERR)]
                poller.unregister(victim)
                await push.send(b"x")
                assert await poller.poll(WAIT_MS) == [(pull, zmq.POLLIN)]
                assert await pull.recv() == b"x"

    run(main())


# ---- nobody can come any more ----


@pytest.mark.own_engine
@pytest.mark.parametrize("form", ["send", "send_multipart", "send_many", "send_string"])
def test_a_send_that_would_wait_for_ever_says_so(run, make, form):
    """As the synchronous one: reconnecting is off and the peer has gone."""
    arguments = {"send": b"x", "send_multipart": [b"x", b"y"], "send_many": [b"x", b"y"], "send_string": "x"}

    async def main():
        server, push = make(zmq.PULL), make(zmq.PUSH, reconnect_ivl=-1, sndtimeo=-1)
        push.connect(bind(server))
        await push.send(b"first")
        assert await server.recv() == b"first"
        with push.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            server.close()
            await monitor.recv_multipart()
            push.disable_monitor()
        later = getattr(push, form)(arguments[form])
        with pytest.raises(zmq.ZMQError) as error:
            await later
        assert error.value.errno == zmq.EHOSTUNREACH
        with pytest.raises(zmq.Again):
            await getattr(push, form)(arguments[form], flags=zmq.DONTWAIT)
        # A new endpoint is a new chance.
        other = make(zmq.PULL)
        push.connect(bind(other))
        await getattr(push, form)(arguments[form])

    run(main())


@pytest.mark.own_engine
def test_sends_that_wait_already_are_told_when_nobody_can_come(run, make):
    async def main():
        server, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, reconnect_ivl=-1, sndhwm=1, sndtimeo=-1)
        push.connect(bind(server))
        # More than fits on the way: the first ones may still leave.
        sends = [push.send(bytes(1 << 20)) for _ in range(60)]
        sends += [push.send_multipart([b"behind", b"it"]), push.send(b"last")]
        await turns()
        server.close()
        results = await asyncio.gather(*sends, return_exceptions=True)
        failed = [result for result in results if result is not None]
        assert len(failed) > 2 and results[-len(failed) :] == failed
        assert {error.errno for error in failed} == {zmq.EHOSTUNREACH}

    run(main())
