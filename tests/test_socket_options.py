"""Socket options: by get and set, by attribute, as strings; their types and errors; defaults of every readable one."""

import pytest
from support import bind

import zmqpy as zmq

#: Options every socket has, their defaults (a PAIR socket's) and another accepted value; spec: zmq_setsockopt(3).
INTEGERS = [
    ("AFFINITY", 0, 1),
    ("BACKLOG", 100, 5),
    ("CONNECT_TIMEOUT", 0, 250),
    ("HANDSHAKE_IVL", 30000, 0),
    ("HEARTBEAT_IVL", 0, 1000),
    ("HEARTBEAT_TTL", 0, 1200),
    ("IMMEDIATE", 0, 1),
    ("INVERT_MATCHING", 0, 1),
    ("IPV6", 0, 1),
    ("LINGER", -1, 20),
    ("MAXMSGSIZE", -1, 1 << 40),
    ("MULTICAST_HOPS", 1, 3),
    ("RATE", 100, 7),
    ("RCVBUF", -1, 9999),
    ("RCVHWM", 1000, 0),
    ("RCVTIMEO", -1, 77),
    ("RECONNECT_IVL", 100, -1),
    ("RECONNECT_IVL_MAX", 0, 500),
    ("RECOVERY_IVL", 10000, 1),
    ("SNDBUF", -1, 9999),
    ("SNDHWM", 1000, 3),
    ("SNDTIMEO", -1, 77),
    ("TCP_KEEPALIVE", -1, 1),
    ("TCP_KEEPALIVE_CNT", -1, 4),
    ("TCP_KEEPALIVE_IDLE", -1, 4),
    ("TCP_KEEPALIVE_INTVL", -1, 4),
    ("TCP_MAXRT", 0, 400),
    ("TOS", 0, 40),
    ("CONFLATE", 0, 1),
    ("MULTICAST_MAXTPDU", 1500, 1400),
]


@pytest.fixture
def socket(context):
    with context.socket(zmq.PAIR) as opened:
        yield opened


@pytest.mark.parametrize(("name", "default", "other"), INTEGERS)
def test_integer_option(socket, name, default, other):
    option = getattr(zmq, name)
    assert socket.get(option) == default
    assert getattr(socket, name.lower()) == default
    socket.set(option, other)
    assert socket.getsockopt(option) == other
    setattr(socket, name.lower(), default)
    assert getattr(socket, name) == default
    setattr(socket, name, other)
    assert socket.get(int(option)) == other


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (zmq.LINGER, -2),
        (zmq.SNDHWM, -1),
        (zmq.RCVTIMEO, -2),
        (zmq.IMMEDIATE, 2),
        (zmq.TCP_KEEPALIVE, 2),
        (zmq.RATE, 0),
        (zmq.HEARTBEAT_TTL, 6553600),
        (zmq.ROUTING_ID, b""),
        (zmq.ROUTING_ID, b"x" * 256),
        (zmq.RCVMORE, 1),
        (zmq.TYPE, 1),
        (zmq.SUBSCRIBE, b""),
        (zmq.REQ_RELAXED, 1),
        (12345, 1),
    ],
)
def test_refused_values_change_nothing(socket, option, value):
    with pytest.raises(zmq.ZMQError) as caught:
        socket.set(option, value)
    assert caught.value.errno == zmq.EINVAL
    assert socket.linger == -1 and socket.sndhwm == 1000 and socket.routing_id == b""


def test_unreadable_and_unknown_options(socket):
    for option in (zmq.SUBSCRIBE, zmq.ROUTER_MANDATORY, 12345):
        with pytest.raises(zmq.ZMQError) as caught:
            socket.get(option)
        assert caught.value.errno == zmq.EINVAL


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (zmq.LINGER, "1"),
        (zmq.LINGER, b"1"),
        (zmq.LINGER, 1.5),
        (zmq.LINGER, None),
        (zmq.ROUTING_ID, "text"),
        (zmq.ROUTING_ID, 5),
    ],
)
def test_values_of_a_wrong_type(socket, option, value):
    with pytest.raises(TypeError):
        socket.setsockopt(option, value)


def test_text_points_to_setsockopt_string(socket):
    with pytest.raises(TypeError, match="set(sockopt)?_string"):
        socket.setsockopt(zmq.ROUTING_ID, "text")


@pytest.mark.parametrize("value", [1 << 31, 1 << 40, -(1 << 40)])
def test_values_that_do_not_fit(socket, value):
    with pytest.raises((OverflowError, zmq.ZMQError)):
        socket.set(zmq.LINGER, value)
    assert socket.linger == -1


def test_large_values_of_64_bit_options(socket):
    socket.maxmsgsize = (1 << 63) - 1
    assert socket.maxmsgsize == (1 << 63) - 1
    socket.affinity = (1 << 63) - 1
    assert socket.affinity == (1 << 63) - 1


def test_booleans_and_enums_are_integers(socket):
    socket.ipv6 = True
    assert socket.ipv6 == 1
    socket.set(zmq.IPV6, False)
    assert socket.ipv6 == 0


def test_bytes_option(socket):
    socket.identity = b"abc\0\xff"
    assert socket.identity == socket.routing_id == socket.IDENTITY == b"abc\0\xff"
    socket.set(zmq.ROUTING_ID, b"\0x")
    assert socket.getsockopt(zmq.IDENTITY) == b"\0x"


def test_string_forms(socket):
    socket.setsockopt_string(zmq.ROUTING_ID, "nämé")
    assert socket.getsockopt_string(zmq.ROUTING_ID) == "nämé"
    socket.set_string(zmq.ROUTING_ID, "é", encoding="latin-1")
    assert socket.get_string(zmq.ROUTING_ID, encoding="latin-1") == "é"
    assert socket.routing_id == b"\xe9"
    socket.setsockopt_unicode(zmq.ROUTING_ID, "x")
    assert socket.getsockopt_unicode(zmq.ROUTING_ID) == "x"
    with pytest.raises(TypeError):
        socket.setsockopt_string(zmq.ROUTING_ID, b"bytes")
    with pytest.raises(TypeError):
        socket.getsockopt_string(zmq.LINGER)
    with pytest.raises(TypeError):
        socket.set_string(zmq.LINGER, "3")


def test_text_options_come_without_a_trailing_nul(socket):
    assert socket.last_endpoint in (b"",)
    socket.bind("inproc://name")
    assert socket.last_endpoint == b"inproc://name"
    assert socket.getsockopt_string(zmq.LAST_ENDPOINT) == "inproc://name"


def test_unknown_attributes(socket):
    with pytest.raises(AttributeError, match="(?i)no_such_thing"):
        socket.no_such_thing  # noqa: B018
    with pytest.raises(AttributeError, match="(?i)no_such_thing"):
        socket.no_such_thing = 1
    assert not hasattr(socket, "no_such_thing")
    with pytest.raises(zmq.ZMQError) as caught:
        socket.rcvmore = 1
    assert caught.value.errno == zmq.EINVAL


def test_methods_and_subclass_attributes_come_before_options(context):
    class MySocket(zmq.Socket):
        note = None

    with context.socket(zmq.PAIR, socket_class=MySocket) as socket:
        socket.note = "mine"
        assert socket.note == "mine"
        assert callable(socket.subscribe)


@pytest.mark.filterwarnings("ignore:Socket.socket_type:DeprecationWarning")
@pytest.mark.parametrize("name", [t.name for t in zmq.SocketType if t <= zmq.STREAM])
def test_type(context, name):
    with context.socket(getattr(zmq, name)) as socket:
        assert socket.type == socket.socket_type == getattr(zmq, name)
        assert isinstance(socket.type, zmq.SocketType)
        assert f"zmq.{name}" in repr(socket) or name in repr(socket)
        assert socket.linger == (0 if name in ("SUB", "XSUB") else -1)
        assert socket.rcvmore == 0


def test_events(pair):
    a, b = pair
    assert b.events == zmq.POLLOUT
    a.send(b"x")
    assert b.poll(5000)
    assert b.get(zmq.EVENTS) == zmq.POLLIN | zmq.POLLOUT
    b.recv()
    assert b.events == zmq.POLLOUT


def test_high_water_marks(socket):
    assert socket.hwm == socket.get_hwm() == 1000
    socket.hwm = 5
    assert (socket.sndhwm, socket.rcvhwm) == (5, 5)
    socket.set_hwm(6)
    assert (socket.sndhwm, socket.rcvhwm, socket.hwm) == (6, 6, 6)


def test_fileno_is_the_fd_option(socket):
    descriptor = socket.fileno()
    assert isinstance(descriptor, int) and descriptor >= 0
    assert descriptor == socket.fd == socket.FD == socket.getsockopt(zmq.FD)


def test_subscribe_methods(make):
    sub = make(zmq.SUB)
    sub.subscribe("text")
    sub.subscribe(b"bytes")
    sub.unsubscribe("text")
    sub.unsubscribe(b"bytes")
    sub.setsockopt(zmq.SUBSCRIBE, b"")
    sub.setsockopt_string(zmq.UNSUBSCRIBE, "")
    push = make(zmq.PUSH)
    with pytest.raises(zmq.ZMQError) as caught:
        push.subscribe(b"x")
    assert caught.value.errno == zmq.EINVAL


def test_subscribe_by_attribute(make):
    """Older programs write sock.SUBSCRIBE = b"topic"."""
    sub, pub = make(zmq.SUB), make(zmq.XPUB)
    sub.SUBSCRIBE = b"t"
    sub.connect(bind(pub, "inproc"))
    assert pub.recv() == b"\x01t"


def test_join_and_leave_belong_to_draft_types(socket):
    for call in (socket.join, socket.leave):
        with pytest.raises((zmq.ZMQError, RuntimeError)):
            call("group")


@pytest.mark.parametrize("option", ["plain_username", "zap_domain", "socks_proxy"])
def test_text_options(socket, option):
    setattr(socket, option, b"value")
    assert getattr(socket, option) == b"value"


def test_plain_options_choose_the_mechanism(socket):
    assert socket.mechanism == zmq.NULL
    socket.plain_username = b"u"
    assert socket.mechanism == zmq.PLAIN
    socket.plain_server = 1
    assert socket.get(zmq.PLAIN_SERVER) == 1


def test_ipv6_default_of_the_context():
    with zmq.Context() as context:
        context.set(zmq.IPV6, 1)
        with context.socket(zmq.PAIR) as socket:
            assert socket.ipv6 == 1


def test_blocky_default_of_the_context():
    with zmq.Context() as context:
        context.set(zmq.BLOCKY, 0)
        with context.socket(zmq.PUSH) as socket:
            assert socket.linger == 0
