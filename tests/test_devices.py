"""zmqpy.devices: what a device is told before it starts, where it runs, how it ends, and what monitored queues add."""

import multiprocessing
import signal
import threading

import pytest
from support import WAIT_MS, bind, run_python, wait_until

import zmqpy as zmq
from zmqpy import devices

EVERY = [
    devices.Device,
    devices.ThreadDevice,
    devices.ProcessDevice,
    devices.Proxy,
    devices.ThreadProxy,
    devices.ProcessProxy,
    devices.ProxySteerable,
    devices.ThreadProxySteerable,
    devices.ProcessProxySteerable,
    devices.MonitoredQueue,
    devices.ThreadMonitoredQueue,
    devices.ProcessMonitoredQueue,
]


class RecordingContext:
    """A context whose sockets only note what they are told."""

    def __init__(self):
        self.calls = []
        self.made = 0

    def socket(self, socket_type):
        self.made += 1
        self.calls.append(("socket", socket_type))
        return RecordingSocket(self.calls, self.made)


class RecordingSocket:
    def __init__(self, calls, number):
        self.calls = calls
        self.number = number

    def __getattr__(self, name):
        return lambda *args: self.calls.append((self.number, name, *args))


@pytest.fixture
def thread_device(context):
    """thread_device(device) starts a thread device on the test's context; it must end with that context."""
    started = []

    def start(device):
        device.context_factory = lambda: context
        device.start()
        started.append(device)
        return device

    yield start
    for socket in list(context._sockets):  # the test's; the device closes its own
        if not any(socket in device._sockets for device in started):
            socket.close(linger=0)
    context.term()
    for device in started:
        device.join(10)
        assert device.done and not device.launcher.is_alive()


def make_device(cls, *types):
    return cls(*types) if issubclass(cls, devices.proxydevice.ProxyBase) else cls(zmq.QUEUE, *types)


@pytest.mark.parametrize("cls", EVERY[:3])
def test_types_must_be_given(cls):
    with pytest.raises(TypeError, match="in_type"):
        cls(zmq.QUEUE)
    with pytest.raises(TypeError, match="in_type"):
        cls(zmq.QUEUE, None, zmq.PULL)
    with pytest.raises(TypeError, match="out_type"):
        cls(zmq.QUEUE, zmq.PULL)


@pytest.mark.parametrize("cls", EVERY)
def test_class_hierarchy(cls):
    device = make_device(cls, zmq.PULL, zmq.PUSH)
    assert isinstance(device, devices.Device)
    assert device.daemon is True and device.done is False
    where = cls.__name__[: -len("Device")] if cls.__name__.endswith("Device") else cls.__name__
    if where.startswith("Thread"):
        assert isinstance(device, devices.ThreadDevice) and device._launch_class is threading.Thread
    elif where.startswith("Process"):
        assert isinstance(device, devices.ProcessDevice) and device._launch_class is multiprocessing.Process
        assert device.context_factory is zmq.Context
    else:
        assert device.context_factory == zmq.Context.instance


def test_order_of_settings():
    """Options come before endpoints and bindings before connections, whatever the order of the calls."""
    device = devices.ProxySteerable(zmq.PULL, zmq.PUSH, zmq.PUB, zmq.PAIR)
    context = RecordingContext()
    device.context_factory = lambda: context
    for side in ("ctrl", "mon", "out", "in"):
        getattr(device, f"connect_{side}")(f"connect-{side}")
        getattr(device, f"bind_{side}")(f"bind-{side}")
        getattr(device, f"setsockopt_{side}")(zmq.LINGER, 0)
    device._setup_sockets()
    assert context.calls == [
        ("socket", zmq.PULL),
        ("socket", zmq.PUSH),
        (1, "setsockopt", zmq.LINGER, 0),
        (2, "setsockopt", zmq.LINGER, 0),
        (1, "bind", "bind-in"),
        (2, "bind", "bind-out"),
        (1, "connect", "connect-in"),
        (2, "connect", "connect-out"),
        ("socket", zmq.PUB),
        (3, "setsockopt", zmq.LINGER, 0),
        (3, "bind", "bind-mon"),
        (3, "connect", "connect-mon"),
        ("socket", zmq.PAIR),
        (4, "setsockopt", zmq.LINGER, 0),
        (4, "bind", "bind-ctrl"),
        (4, "connect", "connect-ctrl"),
    ]


def test_random_ports_differ_and_are_bound(thread_device, make):
    device = devices.ThreadProxySteerable(zmq.PULL, zmq.PUSH, zmq.PUB, zmq.PAIR)
    ports = [
        device.bind_in_to_random_port("tcp://127.0.0.1"),
        device.bind_out_to_random_port("tcp://127.0.0.1"),
        device.bind_mon_to_random_port("tcp://127.0.0.1"),
        device.bind_ctrl_to_random_port("tcp://127.0.0.1"),
    ]
    assert len(set(ports)) == 4
    thread_device(device)
    push, pull, control = make(zmq.PUSH), make(zmq.PULL), make(zmq.PAIR)
    for socket, port in ((push, ports[0]), (pull, ports[1]), (control, ports[3])):
        socket.connect(f"tcp://127.0.0.1:{port}")
    push.send(b"x")
    assert pull.recv() == b"x"
    control.send(b"TERMINATE")
    device.join(10)
    assert device.done


def test_random_port_of_a_range():
    device = devices.Device(zmq.QUEUE, zmq.PULL, zmq.PUSH)
    port = device.bind_in_to_random_port("tcp://127.0.0.1", min_port=20_000, max_port=30_000)
    assert 20_000 <= port < 30_000
    with pytest.raises(ValueError):
        device.bind_in_to_random_port("inproc://none")


@pytest.mark.parametrize("kind", ["ThreadDevice", "ThreadProxy", "ThreadMonitoredQueue"])
def test_thread_device_forwards(thread_device, make, kind):
    device = make_device(getattr(devices, kind), zmq.ROUTER, zmq.DEALER)
    front = device.bind_in_to_random_port("tcp://127.0.0.1")
    back = device.bind_out_to_random_port("tcp://127.0.0.1")
    thread_device(device)
    client, server = make(zmq.REQ), make(zmq.REP)
    client.connect(f"tcp://127.0.0.1:{front}")
    server.connect(f"tcp://127.0.0.1:{back}")
    client.send_multipart([b"a", b"b"])
    assert server.recv_multipart() == [b"a", b"b"]
    server.send(b"c")
    assert client.recv() == b"c"


def test_one_socket_as_both_sides(thread_device, make):
    device = devices.ThreadDevice(zmq.QUEUE, zmq.REP, -1)
    port = device.bind_in_to_random_port("tcp://127.0.0.1")
    thread_device(device)
    client = make(zmq.REQ)
    client.connect(f"tcp://127.0.0.1:{port}")
    for text in (b"echo", b"again"):
        client.send(text)
        assert client.recv() == text


@pytest.mark.parametrize("kind", ["ProcessDevice", "ProcessMonitoredQueue"])
def test_process_device_forwards(make, kind):
    device = make_device(getattr(devices, kind), zmq.PULL, zmq.PUSH)
    device.setsockopt_out(zmq.LINGER, 0)
    front = device.bind_in_to_random_port("tcp://127.0.0.1")
    back = device.bind_out_to_random_port("tcp://127.0.0.1")
    device.start()
    try:
        push, pull = make(zmq.PUSH), make(zmq.PULL)
        push.connect(f"tcp://127.0.0.1:{front}")
        pull.connect(f"tcp://127.0.0.1:{back}")
        push.send_multipart([b"x", b"y"])
        assert pull.recv_multipart() == [b"x", b"y"]
        device.join(0)
        assert device.launcher.is_alive() and device.launcher.daemon and not device.done
    finally:
        device.launcher.terminate()
        device.join(10)
    assert not device.launcher.is_alive()


def test_process_device_in_a_spawned_process():
    """The device is pickled on its way there."""
    run_python(
        """
        import multiprocessing, sys
        import zmqpy as zmq
        from zmqpy import devices

        if __name__ == "__main__":
            device = devices.ProcessProxy(zmq.PULL, zmq.PUSH)
            device._launch_class = multiprocessing.get_context("spawn").Process
            front = device.bind_in_to_random_port("tcp://127.0.0.1")
            back = device.bind_out_to_random_port("tcp://127.0.0.1")
            device.start()
            with zmq.Context() as context, context.socket(zmq.PUSH) as push, context.socket(zmq.PULL) as pull:
                push.connect(f"tcp://127.0.0.1:{front}")
                pull.connect(f"tcp://127.0.0.1:{back}")
                pull.rcvtimeo = 15_000
                push.send(b"x")
                assert pull.recv() == b"x"
            device.launcher.terminate()
            device.join(10)
        """,
    )


def test_errors_of_starting_are_raised(context):
    device = devices.Device(zmq.QUEUE, zmq.PULL, zmq.PUSH)
    device.context_factory = lambda: context
    device.bind_in("nothing://")
    with pytest.raises(zmq.ZMQError):
        device.start()
    assert device.done


def test_join_in_the_same_thread_waits():
    device = devices.Device(zmq.QUEUE, zmq.PULL, zmq.PUSH)
    device.join(0.01)
    device.done = True
    device.join()


# ---- monitored_queue ----


@pytest.fixture
def queue(context, make, connected):
    """queue(in pair, out pair, ...): a monitored queue in a thread; the clients' sockets and the monitor's reader."""
    threads, theirs = [], []

    def start(ins, outs, *prefixes, mon=(zmq.PUSH, zmq.PULL)):
        sides = [connected(*types) for types in (ins, outs, mon) if types]
        mine = [side[0] for side in sides]
        for socket in mine:
            socket.rcvtimeo = socket.sndtimeo = -1
        if outs is None:
            mine.insert(1, mine[0])

        def run():
            with pytest.raises(zmq.ContextTerminated):
                devices.monitored_queue(*mine, *prefixes)
            for socket in mine:
                socket.close(linger=0)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        theirs.extend(side[1] for side in sides)
        return theirs

    yield start
    for socket in theirs:
        socket.close(linger=0)
    context.term()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "the queue did not end with its context"


PAIRS = (zmq.PAIR, zmq.PAIR)


@pytest.mark.parametrize(("prefixes", "front", "back"), [((), b"in", b"out"), ((b"", b"<-"), b"", b"<-")])
def test_monitor_is_told_the_way(queue, prefixes, front, back):
    a, b, monitor = queue(PAIRS, PAIRS, *prefixes)
    a.send_multipart([b"one", b"two"])
    assert b.recv_multipart() == [b"one", b"two"]
    assert monitor.recv_multipart() == [front, b"one", b"two"]
    b.send(b"three")
    assert a.recv_multipart() == [b"three"]
    assert monitor.recv_multipart() == [back, b"three"]


@pytest.mark.parametrize("parts", [[b""], [b"x" * 100_000] * 3, [b"%d" % n for n in range(200)]], ids=len)
def test_whole_messages_pass(queue, parts):
    a, b, monitor = queue(PAIRS, PAIRS)
    for _ in range(3):
        a.send_multipart(parts)
    for _ in range(3):
        assert b.recv_multipart() == parts
        assert monitor.recv_multipart() == [b"in", *parts]


def test_many_messages_keep_their_order(queue):
    a, b, monitor = queue(PAIRS, PAIRS)
    for round_ in range(5):
        numbers = [b"%d" % (round_ * 500 + n) for n in range(500)]
        for number in numbers:
            a.send(number)
        assert [b.recv() for _ in numbers] == numbers
        assert [monitor.recv_multipart()[1] for _ in numbers] == numbers


def test_broker_with_monitor(queue):
    client, server, monitor = queue((zmq.ROUTER, zmq.REQ), (zmq.DEALER, zmq.REP))
    client.send(b"question")
    assert server.recv() == b"question"
    server.send(b"answer")
    assert client.recv() == b"answer"
    way, peer, empty, question = monitor.recv_multipart()
    assert (way, empty, question) == (b"in", b"", b"question")
    assert monitor.recv_multipart() == [b"out", peer, b"", b"answer"]


def test_between_routers_the_second_part_is_the_address(context, make, run_threads):
    front, back, mon = make(zmq.ROUTER), make(zmq.ROUTER), make(zmq.PUSH)
    a, b, monitor = make(zmq.DEALER, routing_id=b"A"), make(zmq.DEALER, routing_id=b"B"), make(zmq.PULL)
    for mine, theirs in ((front, a), (back, b), (mon, monitor)):
        theirs.connect(bind(mine, "inproc"))
        mine.rcvtimeo = -1

    def serve():
        with pytest.raises(zmq.ContextTerminated):
            devices.monitored_queue(front, back, mon)
        for socket in (front, back, mon):
            socket.close(linger=0)

    def use():
        a.send_multipart([b"B", b"hello", b"you"])
        assert b.recv_multipart() == [b"A", b"hello", b"you"]
        assert monitor.recv_multipart() == [b"in", b"B", b"A", b"hello", b"you"]
        b.send_multipart([b"A", b"yes"])
        assert a.recv_multipart() == [b"B", b"yes"]
        assert monitor.recv_multipart() == [b"out", b"A", b"B", b"yes"]
        for socket in (a, b, monitor):
            socket.close(linger=0)
        context.term()

    run_threads(serve, use)


def test_one_socket_in_both_places(queue):
    a, monitor = queue(PAIRS, None)
    a.send(b"x")
    assert a.recv() == b"x"
    assert monitor.recv_multipart() == [b"in", b"x"]


def test_queue_waits_for_a_slow_receiver(context, make, run_threads):
    """Nothing is lost when the far side is full, and the queue still ends with its context."""
    ins, outs, mon = make(zmq.PULL), make(zmq.PUSH, sndhwm=1), make(zmq.PUB)
    push, pull = make(zmq.PUSH), make(zmq.PULL, rcvhwm=1)
    push.connect(bind(ins, "inproc"))
    pull.connect(bind(outs, "inproc"))
    bind(mon, "inproc")
    outs.sndtimeo = ins.rcvtimeo = -1

    def serve():
        with pytest.raises(zmq.ContextTerminated):
            devices.monitored_queue(ins, outs, mon)
        for socket in (ins, outs, mon):
            socket.close(linger=0)

    def use():
        for number in range(20):
            push.send(b"%d" % number)
        assert [pull.recv() for _ in range(10)] == [b"%d" % number for number in range(10)]
        push.close(linger=0)
        pull.close(linger=0)
        context.term()

    run_threads(serve, use)


def test_sndtimeo_of_the_far_side_ends_the_queue(connected, make):
    ins, a = connected(*PAIRS)
    outs, mon = make(zmq.PUSH, sndtimeo=20), make(zmq.PUB)
    a.send(b"for nobody")
    with pytest.raises(zmq.Again):
        devices.monitored_queue(ins, outs, mon)


def test_arguments_of_monitored_queue(make):
    a, b, c = make(zmq.PAIR), make(zmq.PAIR), make(zmq.PAIR)
    for wrong in ((a, b, None), (a, 5, c), (None, b, c), (a, b, c, "in"), (a, b, c, b"in", 5), (a, b)):
        with pytest.raises(TypeError):
            devices.monitored_queue(*wrong)
    for socket in (a, b, c):
        socket.close()
    with pytest.raises(zmq.ZMQError) as caught:
        devices.monitored_queue(a, b, c)
    assert caught.value.errno == zmq.ENOTSOCK


@pytest.mark.parametrize("blocked", ["polling", "sending"])
def test_interrupt_ends_the_queue(blocked):
    """Ctrl-C in the main thread, while the queue waits for messages and while it waits to send one."""
    done = run_python(
        f"""
        import os, signal, threading
        import zmqpy as zmq
        from zmqpy import devices
        signal.signal(signal.SIGUSR1, lambda *_: None)
        with zmq.Context() as context:
            context.linger = 0
            a, b, mon, client = (context.socket(t) for t in (zmq.PAIR, zmq.PUSH, zmq.PUB, zmq.PAIR))
            a.bind("inproc://a")
            client.connect("inproc://a")
            if {blocked!r} == "sending":
                client.send(b"for nobody")

            def strike(times=[0]):
                times[0] += 1
                os.kill(os.getpid(), signal.SIGUSR1 if times[0] < 3 else signal.SIGINT)
                if times[0] < 3:
                    threading.Timer(0.1, strike).start()

            threading.Timer(0.2, strike).start()
            try:
                devices.monitored_queue(a, b, mon)
            except KeyboardInterrupt:
                print("interrupted")
            for socket in (a, b, mon, client):
                socket.close()
        """
    )
    assert done.stdout.split() == ["interrupted"]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX threads")
def test_other_threads_run_while_a_queue_does(queue):
    queue(PAIRS, PAIRS)
    turns = []
    thread = threading.Thread(target=turns.append, args=(1,))
    thread.start()
    thread.join(WAIT_MS / 1000)
    wait_until(lambda: turns, "another thread's turn")
