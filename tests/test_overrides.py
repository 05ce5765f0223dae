"""What a subclass, a socket or a patched class has instead of Socket's methods takes effect in all that go through them.

All of it holds on pyzmq as well, but for what carries the mark `extension`. Where a method goes, and how it is called, is what
pyzmq was seen to do.
"""

from unittest import mock

import pytest

import zmqpy as zmq


class Recording(zmq.Socket):
    """Notes the calls of its methods, and leaves the work to those of Socket."""

    calls = None

    def note(self, name, args, kwargs):
        if self.calls is not None:
            self.calls.append((name, args, kwargs))


def recorded(name):
    plain = getattr(zmq.Socket, name)

    def method(self, *args, **kwargs):
        self.note(name, args, kwargs)
        return plain(self, *args, **kwargs)

    return method


RECORDED = ["send", "recv", "get", "set", "getsockopt", "setsockopt", "bind", "close", "_get_attr_opt", "_set_attr_opt"]
for _name in RECORDED:
    setattr(Recording, _name, recorded(_name))


@pytest.fixture
def recording(context):
    """A Recording socket and a plain one that it is connected to."""
    with context.socket(zmq.PAIR, socket_class=Recording) as socket, context.socket(zmq.PAIR) as peer:
        socket.bind("inproc://recording")
        peer.connect("inproc://recording")
        socket.rcvtimeo = peer.rcvtimeo = 10_000
        socket.calls = []
        yield socket, peer


COPY = {"copy": True, "track": False}
MULTIPART = [("send", (b"a", zmq.SNDMORE), COPY), ("send", (b"b", 0), COPY)]


@pytest.mark.parametrize(
    ("call", "calls"),
    [
        (lambda s: zmq.Socket.send_multipart(s, [b"a", b"b"]), MULTIPART),
        (lambda s: s.send_serialized("ab", lambda _: [b"a", b"b"]), MULTIPART),
        (lambda s: s.send_string("a"), [("send", (b"a",), {"flags": 0, "copy": True})]),
        (lambda s: s.send_json(1), [("send", (b"1",), {"flags": 0})]),
        (lambda s: s.send_pyobj(1, protocol=0), [("send", (b"I1\n.",), {"flags": 0})]),
        (lambda s: s.linger, [("_get_attr_opt", ("LINGER", zmq.LINGER), {}), ("get", (zmq.LINGER,), {})]),
        (lambda s: s.LINGER, [("_get_attr_opt", ("LINGER", zmq.LINGER), {}), ("get", (zmq.LINGER,), {})]),
        (
            lambda s: setattr(s, "linger", 5),
            [("_set_attr_opt", ("LINGER", zmq.LINGER, 5), {}), ("set", (zmq.LINGER, 5), {})],
        ),
        (lambda s: s.get_hwm(), [("get", (zmq.SNDHWM,), {})]),
        (lambda s: s.set_string(zmq.IDENTITY, "i"), [("set", (zmq.IDENTITY, b"i"), {})]),
        (lambda s: s.fileno(), [("_get_attr_opt", ("FD", zmq.FD), {}), ("get", (zmq.FD,), {})]),
        (lambda s: s.__exit__(None, None, None), [("close", (), {})]),
    ],
)
def test_what_a_method_goes_through(recording, call, calls):
    call(recording[0])
    assert recording[0].calls == calls


def test_what_receiving_goes_through(recording):
    socket, peer = recording
    recv, more = ("recv", (0,), COPY), ("getsockopt", (zmq.RCVMORE,), {})
    peer.send_multipart([b"a", b"b"])
    assert zmq.Socket.recv_multipart(socket) == [b"a", b"b"]
    assert socket.calls == [recv, more, recv, more]
    for call, calls in [
        (lambda s: s.recv_serialized(list), [recv, more]),
        (lambda s: s.recv_string(), [("recv", (), {"flags": 0})]),
        (lambda s: s.recv_json(), [("recv", (0,), {})]),
    ]:
        socket.calls.clear()
        peer.send(b"1")
        call(socket)
        assert socket.calls == calls


def test_hwm_goes_through_its_options(recording):
    recording[0].set_hwm(7)
    assert [call for call in recording[0].calls if call[0] == "set"] == [
        ("set", (option, 7), {}) for option in (zmq.SNDHWM, zmq.RCVHWM)
    ]


def test_binding_to_a_random_port_goes_through_bind(recording):
    recording[0].bind_to_random_port("tcp://127.0.0.1")
    assert recording[0].calls[0] == ("bind", ("tcp://127.0.0.1:*",), {})


def test_what_destroying_a_context_goes_through():
    """Also for a close that takes no arguments."""
    context = zmq.Context()
    calls = []

    class Own(zmq.Socket):
        def close(self):
            calls.append("close")
            super().close()

        def setsockopt(self, option, value):
            calls.append((option, value))
            super().setsockopt(option, value)

    socket = context.socket(zmq.PAIR, socket_class=Own)
    context.destroy(linger=3)
    assert socket.closed
    assert calls == [(zmq.LINGER, 3), "close"]


def test_multipart_of_an_override_that_calls_the_base(context):
    """As eventlet and others do: their send waits in their own way, their send_multipart takes a lock and calls the base's."""
    sent, received = [], []

    class Green(zmq.Socket):
        def send(self, data, flags=0, copy=True, track=False, **kwargs):
            sent.append(data)
            return super().send(data, flags | zmq.DONTWAIT, copy, track, **kwargs)

        def send_multipart(self, parts, flags=0, copy=True, track=False):
            return zmq.Socket.send_multipart(self, parts, flags, copy, track)

        def recv(self, flags=0, copy=True, track=False):
            part = super().recv(flags | zmq.DONTWAIT, copy, track)
            received.append(part)
            return part

        def recv_multipart(self, flags=0, copy=True, track=False):
            return zmq.Socket.recv_multipart(self, flags, copy, track)

    with context.socket(zmq.PAIR, socket_class=Green) as a, context.socket(zmq.PAIR, socket_class=Green) as b:
        a.bind("inproc://green")
        b.connect("inproc://green")
        a.send_multipart([b"1", b"2"])
        assert b.recv_multipart() == sent == received == [b"1", b"2"]
        a.send_serialized([b"3"], list)
        assert b.recv_serialized(list) == [b"3"]
        with pytest.raises(zmq.Again):  # and does not wait for ever
            b.recv_multipart()


@pytest.fixture
def marker(context):
    """Two connected plain sockets that have sent already, and what marks the parts that go through it."""
    with context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://marker")
        b.connect("inproc://marker")
        a.rcvtimeo = b.rcvtimeo = 10_000
        a.send_multipart([b"plain", b"plain"])
        assert b.recv_multipart() == [b"plain", b"plain"]
        yield a, b


def marking_send(socket):
    plain = socket.send
    return lambda data, *args, **kwargs: plain(b"<" + data, *args, **kwargs)


def assigned(socket, method):
    socket.send = method


def put_into_the_dict(socket, method):
    socket.__dict__["send"] = method


def put_by_vars(socket, method):
    vars(socket).update(send=method)


def replaced_dict(socket, method):
    socket.__dict__ = dict(socket.__dict__, send=method)


@pytest.mark.parametrize("put", [assigned, put_into_the_dict, put_by_vars, replaced_dict])
def test_a_send_of_the_socket_itself(marker, put):
    a, b = marker
    put(a, marking_send(a))
    a.send_multipart([b"1", b"2"])
    assert b.recv_multipart() == [b"<1", b"<2"]
    b.send_multipart([b"another", b"one"])
    assert a.recv_multipart() == [b"another", b"one"]
    del a.send
    a.send_multipart([b"1", b"2"])
    assert b.recv_multipart() == [b"1", b"2"]


def test_a_send_assigned_past_the_class(context):
    class Own(zmq.Socket):
        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)

    with context.socket(zmq.PAIR, socket_class=Own) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://past")
        b.connect("inproc://past")
        a.send_multipart([b"0"])
        a.send = marking_send(a)
        a.anything = 5
        a.send_multipart([b"1"])
        assert [b.recv_multipart(), b.recv_multipart()] == [[b"0"], [b"<1"]]
        assert a.anything == 5


def test_a_recv_of_the_socket_itself(marker):
    a, b = marker
    plain = b.recv
    with mock.patch.object(b, "recv", lambda *args, **kwargs: plain(*args, **kwargs) + b">"):
        a.send_multipart([b"1", b"2"])
        assert b.recv_multipart() == [b"1>", b"2>"]
    a.send_multipart([b"1", b"2"])
    assert b.recv_multipart() == [b"1", b"2"]


def test_a_patched_class(marker):
    a, b = marker
    plain = zmq.Socket.send

    def send(self, data, *args, **kwargs):
        return plain(self, b"<" + data, *args, **kwargs)

    for _ in range(3):
        with mock.patch.object(zmq.Socket, "send", send):
            a.send_multipart([b"1", b"2"])
            assert b.recv_multipart() == [b"<1", b"<2"]
        a.send_multipart([b"1", b"2"])
        assert b.recv_multipart() == [b"1", b"2"]


def test_a_subclass_that_is_patched_later(context):
    class Late(zmq.Socket):
        pass

    with context.socket(zmq.PAIR, socket_class=Late) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://late")
        b.connect("inproc://late")
        a.send_multipart([b"1"])
        Late.send = lambda self, data, *args, **kwargs: zmq.Socket.send(self, b"<" + data, *args, **kwargs)
        a.send_multipart([b"2"])
        assert [b.recv(), b.recv()] == [b"1", b"<2"]


def test_a_getattribute_that_gives_another_send(context):
    class Own(zmq.Socket):
        def __getattribute__(self, name):
            found = super().__getattribute__(name)
            return (lambda data, *args, **kwargs: found(b"<" + data, *args, **kwargs)) if name == "send" else found

    with context.socket(zmq.PAIR, socket_class=Own) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://getattribute")
        b.connect("inproc://getattribute")
        a.send_multipart([b"1", b"2"])
        assert b.recv_multipart() == [b"<1", b"<2"]


def test_what_an_overridden_send_returns(context):
    class Own(zmq.Socket):
        def send(self, data, *args, **kwargs):
            super().send(data, *args, **kwargs)
            return len(data)

    with context.socket(zmq.PAIR, socket_class=Own) as a:
        a.bind("inproc://returns")
        with context.socket(zmq.PAIR) as b:
            b.connect("inproc://returns")
            assert a.send_multipart([b"1", b"234"]) == 3
            assert a.send_string("12") == 2


@pytest.mark.extension
def test_batches_go_through_overridden_methods(recording):
    socket, peer = recording
    assert socket.send_many([b"1", [b"2", b"3"], "4"]) == 3
    assert [peer.recv_multipart() for _ in range(3)] == [[b"1"], [b"2", b"3"], [b"4"]]
    assert [call[1][0] for call in socket.calls] == [b"1", b"2", b"3", b"4"]
    socket.calls.clear()
    peer.send_many([b"1", [b"2", b"3"], b"4", b"5"])
    assert socket.recv_many(3) == [b"1", [b"2", b"3"], b"4"]
    assert next(socket) == b"5"
    assert sum(call[0] == "recv" for call in socket.calls) == 5
    with pytest.raises(zmq.Again):
        socket.recv_many(flags=zmq.DONTWAIT)


@pytest.mark.extension
def test_batches_go_through_an_overridden_multipart(context):
    class Own(zmq.Socket):
        def recv_multipart(self, *args, **kwargs):
            return [b"own", *super().recv_multipart(*args, **kwargs)]

        def send_multipart(self, parts, *args, **kwargs):
            return super().send_multipart([*parts, b"own"], *args, **kwargs)

    with context.socket(zmq.PAIR, socket_class=Own) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://batches")
        b.connect("inproc://batches")
        a.send_many([b"1", [b"2"]])
        assert b.recv_many() == [b"1", [b"2", b"own"]]
        b.send_many([b"1", b"2"])
        assert a.recv_many() == [[b"own", b"1"], [b"own", b"2"]]


def test_polling_goes_through_the_poller_class(marker):
    a, b = marker
    polled = []

    class Poller(zmq.Poller):
        def poll(self, timeout=None):
            polled.append(timeout)
            return super().poll(timeout)

    class Own(zmq.Socket):
        _poller_class = Poller

    a.send(b"x")
    shadow = Own.shadow(b)
    assert shadow.poll(10_000) == zmq.POLLIN
    assert shadow.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    assert polled == [10_000, 0]
    assert b.poll(0) == zmq.POLLIN and len(polled) == 2


def test_polling_goes_through_a_patched_poller(marker):
    b = marker[1]
    assert b.poll(0) == 0
    plain = zmq.Poller.poll
    with mock.patch.object(zmq.Poller, "poll", lambda self, timeout=None: [*plain(self, timeout), (b, 7)]):
        assert b.poll(0) == 7
    assert b.poll(0) == 0


def test_attributes_of_a_zerorpc_style_socket(context):
    """What gevent sockets of old did: an __init__ of their own, state in __dict__, getsockopt that notices changes of state."""
    changes = []

    class Own(zmq.Socket):
        def __init__(self, context, socket_type):
            super().__init__(context, socket_type)
            self.__dict__["_readable"] = "event"
            self.__dict__["_descriptor"] = self.getsockopt(zmq.FD)

        def _on_state_changed(self, event=None):
            events = self.getsockopt(zmq.EVENTS)
            changes.append(events)

        def getsockopt(self, option):
            value = super().getsockopt(option)
            if option == zmq.RCVMORE:
                self._on_state_changed()
            return value

        def close(self):
            changes.append("closed")
            super().close()

    with context.socket(zmq.PAIR, socket_class=Own) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://zerorpc")
        b.connect("inproc://zerorpc")
        assert a._readable == "event" and a._descriptor == a.fd
        b.send_multipart([b"1", b"2"])
        assert a.recv_multipart() == [b"1", b"2"]
    assert len(changes) == 3 and changes[-1] == "closed"
