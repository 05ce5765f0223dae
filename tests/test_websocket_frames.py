"""WebSocket frames (RFC 6455) as a socket of ours takes and sends them, each case over a raw connection, on both sides.

In the manner of the Autobahn test suite, with cases of our own: framing, lengths, masks, reserved bits, opcodes, pings and
pongs, pieces, the closing handshake, limits. What the RFC makes an error must be answered with a close of the right status,
and must leave the socket as it was.
"""

import os
import random

import pytest
from rawws import (
    BINARY,
    CLOSE,
    COMMAND,
    CONTINUATION,
    GOING_AWAY,
    MORE,
    NOT_UTF8,
    PING,
    POLICY,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    UNSUPPORTED,
    RawClient,
    RawServer,
    close_payload,
    frame,
    listen,
)
from support import WAIT_MS

import zmqpy as zmq

pytestmark = pytest.mark.own_engine


class Side:
    """A PAIR of ours, and a raw peer of it that has shaken hands."""

    def __init__(self, make, role, protocol="ZWS2.0/NULL", **options):
        self.make, self.role, self.protocol = make, role, protocol
        self.socket = make(zmq.PAIR, **options)
        if role == "server":
            self.socket.bind("ws://127.0.0.1:*")
            self.raw = RawClient(self.socket.last_endpoint.decode())
        else:
            self.listener, endpoint = listen()
            self.socket.reconnect_ivl = 10
            self.socket.connect(endpoint)
            self.raw = RawServer(self.listener)
        self.raw.become("PAIR", protocol)

    def exchanges(self, body=b"still here"):
        """Both directions work."""
        self.raw.send_message(body)
        assert self.socket.recv() == body
        self.socket.send(body)
        assert self.raw.recv_message() == (0, body)
        return True

    def close(self):
        self.raw.connection.close()
        if self.role == "client":
            self.listener.close()


@pytest.fixture(params=["server", "client"])
def role(request):
    """Which side ours is."""
    return request.param


@pytest.fixture
def sides(make, role):
    opened = []

    def open_side(**options):
        opened.append(Side(make, role, **options))
        return opened[-1]

    yield open_side
    for side in opened:
        side.close()


@pytest.fixture
def side(sides):
    return sides()


# ---- lengths ----


@pytest.mark.parametrize("size", [0, 1, 33, 124, 125, 126, 127, 128, 254, 65533, 65534, 65535, 65536, 1 << 20])
def test_length(side, size):
    body = random.Random(size).randbytes(size)
    assert side.exchanges(body)


@pytest.mark.parametrize("chop", [1, 3, 997])
@pytest.mark.parametrize("size", [0, 10, 200, 70_000])
def test_chopped(side, size, chop):
    if size // chop > 1000:
        pytest.skip("too many pieces")
    body = os.urandom(size)
    bytes_ = frame(BINARY, b"\0" + body, key=b"abcd" if side.raw.masks else None)
    for at in range(0, len(bytes_), chop):
        side.raw.send_bytes(bytes_[at : at + chop])
    assert side.socket.recv() == body


def test_many_frames_in_one_segment(side):
    key = b"1234" if side.raw.masks else None
    side.raw.send_bytes(b"".join(frame(BINARY, b"\0%d" % i, key=key) for i in range(1000)))
    assert [side.socket.recv() for _ in range(1000)] == [b"%d" % i for i in range(1000)]


@pytest.mark.parametrize(("size", "length_bytes"), [(0, 2), (10, 2), (125, 2), (10, 8), (126, 8), (65535, 8)])
def test_length_that_is_longer_than_need_be(side, size, length_bytes):
    side.raw.send(BINARY, bytes(size), length_bytes=length_bytes)
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_length_of_64_bits(side):
    side.raw.send(BINARY, b"\0", length_bytes=8, length=1 << 63)
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_empty_payload(side):
    """There is no room for RFC 45's flags."""
    side.raw.send(BINARY, b"")
    assert side.raw.recv_close() == PROTOCOL_ERROR


# ---- flags ----


def test_parts_and_commands(side):
    side.raw.send_message(b"a", MORE)
    side.raw.send_message(b"\x05HELLO", COMMAND)  # unknown: ignored
    side.raw.send_message(b"b")
    assert side.socket.recv_multipart() == [b"a", b"b"]
    side.socket.send_multipart([b"c", b"d"])
    assert [side.raw.recv_message(), side.raw.recv_message()] == [(MORE, b"c"), (0, b"d")]


# ---- masks ----


def test_wrongly_masked(side):
    side.raw.send(BINARY, b"\0abc", key=None if side.raw.masks else b"abcd")
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\2\3\4"])
def test_masks(make, key):
    side = Side(make, "server")
    for size in (0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 64, 65, 100_000):
        body = os.urandom(size)
        side.raw.send(BINARY, b"\0" + body, key=key)
        assert side.socket.recv() == body
    side.close()


def test_every_mask_is_new(make):
    side = Side(make, "client")
    keys = set()
    for _ in range(100):
        side.socket.send(b"x")
    for _ in range(100):
        head = side.raw.read(8)
        assert head[:2] == b"\x82\x82"
        keys.add(head[2:6])
    assert len(keys) == 100
    side.close()


# ---- reserved bits and opcodes ----


@pytest.mark.parametrize("reserved", range(1, 8))
@pytest.mark.parametrize("opcode", [BINARY, PING, CLOSE, CONTINUATION])
def test_reserved_bits(side, reserved, opcode):
    side.raw.send(opcode, b"\0", reserved=reserved)
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_opcodes_that_there_are_not(side, opcode):
    side.raw.send(opcode, b"\0x")
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("payload", [b"", b"hello", b"\0hello", b"\xff"])
def test_text(side, payload):
    side.raw.send(TEXT, payload)
    assert side.raw.recv_close() == UNSUPPORTED


def test_messages_before_an_error_arrive(side):
    side.raw.send_message(b"good")
    side.raw.send(TEXT, b"bad")
    assert side.socket.recv() == b"good"
    assert side.raw.recv_close() == UNSUPPORTED


# ---- pings and pongs ----


@pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(125)), b"\0\0", b"\xff" * 100])
def test_ping(side, payload):
    side.raw.send(PING, payload)
    assert side.raw.recv() == (PONG, payload)
    assert side.exchanges()


def test_ping_too_long(side):
    side.raw.send(PING, bytes(126))
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frame_in_pieces(side, opcode):
    side.raw.send(opcode, b"", fin=False)
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_pings_in_a_row(side):
    for i in range(10):
        side.raw.send(PING, b"%d" % i)
    assert [side.raw.recv() for _ in range(10)] == [(PONG, b"%d" % i) for i in range(10)]


def test_ping_chopped(side):
    for byte in frame(PING, b"slow", key=b"abcd" if side.raw.masks else None):
        side.raw.send_bytes(bytes([byte]))
    assert side.raw.recv() == (PONG, b"slow")


@pytest.mark.parametrize("payload", [b"", b"unasked for"])
def test_pong_that_nobody_has_asked_for(side, payload):
    side.raw.send(PONG, payload)
    assert side.exchanges()


def test_ping_before_the_handshake_is_over(make):
    socket = make(zmq.PAIR)
    socket.bind("ws://127.0.0.1:*")
    with RawClient(socket.last_endpoint.decode()) as raw:
        raw.request()
        raw.recv_message()
        raw.send(PING, b"early")
        assert raw.recv() == (PONG, b"early")


def test_ping_is_no_part_of_a_message(side):
    side.raw.send_message(b"a", MORE)
    side.raw.send(PING, b"between")
    side.raw.send_message(b"b")
    assert side.socket.recv_multipart() == [b"a", b"b"]
    assert side.raw.recv() == (PONG, b"between")


def test_heartbeats_are_empty_pings(sides):
    side = sides(heartbeat_ivl=30, heartbeat_timeout=WAIT_MS)
    for _ in range(3):
        assert side.raw.recv() == (PING, b"")
        side.raw.send(PONG)


def test_who_does_not_answer_pings_is_dropped(sides):
    side = sides(heartbeat_ivl=30, heartbeat_timeout=100)
    opcodes = set()
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            opcodes.add(side.raw.recv()[0])
    assert opcodes <= {PING}


# ---- pieces ----


@pytest.mark.parametrize("cuts", [(1,), (0,), (3, 4), (0, 0, 1), (5, 1, 1, 1), (100, 70_000), (200_000, 1)])
def test_pieces(side, cuts):
    """A frame in pieces of these sizes, the rest last."""
    body = os.urandom(sum(cuts) + 10)
    payload = b"\1" + body
    opcode = BINARY
    for cut in cuts:
        side.raw.send(opcode, payload[:cut], fin=False)
        payload = payload[cut:]
        opcode = CONTINUATION
    side.raw.send(CONTINUATION, payload)
    side.raw.send_message(b"end")
    assert side.socket.recv_multipart() == [body, b"end"]


def test_pieces_with_pings_between(side):
    side.raw.send(BINARY, b"\0one ", fin=False)
    side.raw.send(PING, b"1")
    side.raw.send(CONTINUATION, b"two ", fin=False)
    side.raw.send(PING, b"2")
    side.raw.send(PONG, b"3")
    side.raw.send(CONTINUATION, b"three")
    assert side.socket.recv() == b"one two three"
    assert [side.raw.recv(), side.raw.recv()] == [(PONG, b"1"), (PONG, b"2")]
    assert side.exchanges()


def test_ten_thousand_empty_pieces(side):
    key = b"abcd" if side.raw.masks else None
    side.raw.send_bytes(
        frame(BINARY, b"\0a", fin=False, key=key) + frame(CONTINUATION, b"", fin=False, key=key) * 10_000
    )
    side.raw.send(CONTINUATION, b"b")
    assert side.socket.recv() == b"ab"


@pytest.mark.parametrize("fin", [True, False])
def test_piece_of_nothing(side, fin):
    side.raw.send(CONTINUATION, b"\0x", fin=fin)
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("fin", [True, False])
def test_frame_among_the_pieces_of_another(side, fin):
    side.raw.send(BINARY, b"\0x", fin=False)
    side.raw.send(BINARY, b"\0y", fin=fin)
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_pieces_of_nothing_at_all(side):
    side.raw.send(BINARY, b"", fin=False)
    side.raw.send(CONTINUATION, b"")
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_text_in_pieces(side):
    side.raw.send(TEXT, b"x", fin=False)
    assert side.raw.recv_close() == UNSUPPORTED


def test_handshake_in_pieces(make):
    socket = make(zmq.PAIR)
    socket.bind("ws://127.0.0.1:*")
    with RawClient(socket.last_endpoint.decode()) as raw:
        raw.request()
        payload = b"\2\5READY\x0bSocket-Type\0\0\0\4PAIR"
        raw.send(BINARY, payload[:3], fin=False)
        raw.send(PING, b"!")
        raw.send(CONTINUATION, payload[3:])
        raw.send_message(b"hello")
        assert socket.recv() == b"hello"
        raw.recv_message()
        assert raw.recv() == (PONG, b"!")


# ---- the end ----


@pytest.mark.parametrize("status", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
def test_close_is_answered(side, status):
    side.raw.send(CLOSE, close_payload(status))
    assert side.raw.recv_close() == status


@pytest.mark.parametrize("status", [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
def test_close_with_a_status_that_is_none(side, status):
    side.raw.send(CLOSE, close_payload(status))
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_close_without_status(side):
    side.raw.send(CLOSE)
    assert side.raw.recv_close() is None


def test_close_with_half_a_status(side):
    side.raw.send(CLOSE, b"\x03")
    assert side.raw.recv_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("reason", [b"", b"bye", "tschüß".encode(), "\U0001f600".encode(), b"x" * 123])
def test_close_with_a_reason(side, reason):
    side.raw.send(CLOSE, close_payload(1000, reason))
    assert side.raw.recv_close() == 1000


@pytest.mark.parametrize("reason", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"ok\xf4\x90\x80\x80"])
def test_close_with_a_reason_that_is_no_utf8(side, reason):
    side.raw.send(CLOSE, close_payload(1000, reason))
    assert side.raw.recv_close() == NOT_UTF8


def test_close_that_is_too_long(side):
    side.raw.send(CLOSE, close_payload(1000, b"x" * 124))
    assert side.raw.recv_close() == PROTOCOL_ERROR


def test_nothing_is_read_behind_a_close(side):
    side.raw.send_message(b"before")
    key = b"abcd" if side.raw.masks else None
    side.raw.send_bytes(
        frame(CLOSE, close_payload(1000), key=key) + frame(BINARY, b"\0behind", key=key) + frame(PING, b"x", key=key)
    )
    assert side.socket.recv() == b"before"
    opcode, payload = side.raw.recv()
    assert (opcode, payload) == (CLOSE, close_payload(1000))
    assert not side.socket.poll(60)


def test_close_among_pieces(side):
    side.raw.send(BINARY, b"\0x", fin=False)
    side.raw.send(CLOSE, close_payload(1000))
    assert side.raw.recv_close() == 1000


def test_close_before_the_handshake_is_over(make):
    socket = make(zmq.PAIR)
    socket.bind("ws://127.0.0.1:*")
    with RawClient(socket.last_endpoint.decode()) as raw:
        raw.request()
        raw.recv_message()
        raw.send(CLOSE, close_payload(1000))
        assert raw.recv_close() == 1000


@pytest.mark.parametrize("linger", [0, WAIT_MS])
def test_our_end_is_told(side, linger):
    assert side.exchanges()
    side.socket.close(linger=linger)
    assert side.raw.recv_close() == GOING_AWAY


def test_our_end_comes_behind_what_was_sent(side):
    for i in range(100):
        side.socket.send(b"%d" % i)
    side.socket.close(linger=WAIT_MS)
    assert [side.raw.recv_message() for _ in range(100)] == [(0, b"%d" % i) for i in range(100)]
    assert side.raw.recv_close() == GOING_AWAY


def test_our_end_comes_behind_what_is_slowly_read(side):
    body = os.urandom(4 << 20)
    side.socket.send(body)
    side.socket.close(linger=WAIT_MS)
    assert side.raw.recv_message() == (0, body)
    assert side.raw.recv_close() == GOING_AWAY


def test_a_client_of_ours_comes_back_after_a_close(make):
    side = Side(make, "client")
    side.raw.send(CLOSE, close_payload(GOING_AWAY))
    assert side.raw.recv_close() == GOING_AWAY
    with RawServer(side.listener) as again:
        again.become("PAIR")
        again.send_message(b"again")
        assert side.socket.recv() == b"again"
    side.close()


def test_a_tcp_end_without_a_close(side):
    side.raw.connection.close()
    if side.role == "client":
        side.raw = RawServer(side.listener)
    else:
        side.raw = RawClient(side.socket.last_endpoint.decode())
    side.raw.become("PAIR")
    assert side.exchanges()


# ---- limits ----


def test_message_at_the_limit_and_above(sides):
    side = sides(maxmsgsize=1000)
    side.raw.send_message(bytes(1000))
    assert side.socket.recv() == bytes(1000)
    side.raw.send_message(bytes(1001))
    assert side.raw.recv_close() == TOO_BIG


def test_the_limit_is_seen_at_the_header(sides):
    side = sides(maxmsgsize=1000)
    side.raw.send(BINARY, b"\0", length_bytes=8, length=1 << 40)
    assert side.raw.recv_close() == TOO_BIG


def test_pieces_at_the_limit_and_above(sides):
    side = sides(maxmsgsize=1000)
    side.raw.send(BINARY, b"\0" + bytes(500), fin=False)
    side.raw.send(CONTINUATION, bytes(500))
    assert side.socket.recv() == bytes(1000)
    side.raw.send(BINARY, b"\0" + bytes(500), fin=False)
    side.raw.send(CONTINUATION, bytes(501))
    assert side.raw.recv_close() == TOO_BIG


def test_the_limit_is_none_of_pings(sides):
    side = sides(maxmsgsize=64)
    side.raw.send(PING, bytes(125))
    assert side.raw.recv() == (PONG, bytes(125))


# ---- the handshake ----


def test_no_mechanism(sides):
    """ZWS2.0 by itself: routing ids, then messages."""
    side = sides(protocol="ZWS2.0")
    assert side.exchanges()
    side.raw.send(PING, b"p")
    assert side.raw.recv() == (PONG, b"p")


def test_no_mechanism_and_the_routing_id(make):
    router = make(zmq.ROUTER, router_mandatory=True)
    router.bind("ws://127.0.0.1:*")
    with RawClient(router.last_endpoint.decode()) as raw:
        raw.request("ZWS2.0")
        raw.send_message(b"me")
        raw.send_message(b"hello")
        assert router.recv_multipart() == [b"me", b"hello"]
        router.send_multipart([b"me", b"back"])
        assert raw.recv_message() == (0, b"")
        assert raw.recv_message() == (0, b"back")


def test_subscriptions_are_messages(make):
    publisher, subscriber = make(zmq.XPUB), make(zmq.SUB, subscribe=b"topic")
    publisher.bind("ws://127.0.0.1:*")
    with RawClient(publisher.last_endpoint.decode()) as raw:
        raw.become("SUB")
        raw.send_message(b"\1a")
        assert publisher.recv() == b"\1a"
        raw.send_message(b"\x09SUBSCRIBEb", COMMAND)
        assert publisher.recv() == b"\1b"
        publisher.send(b"b!")
        assert raw.recv_message() == (0, b"b!")
    listener, endpoint = listen()
    subscriber.connect(endpoint)
    with listener, RawServer(listener) as raw:
        raw.become("XPUB")
        assert raw.recv_message() == (0, b"\1topic")


@pytest.mark.parametrize(("payload", "status"), [(b"\2\5", POLICY), (b"\0x", POLICY), (b"\2\5ERROR\0", POLICY)])
def test_handshakes_that_fail(make, payload, status):
    socket = make(zmq.PAIR)
    socket.bind("ws://127.0.0.1:*")
    with RawClient(socket.last_endpoint.decode()) as raw:
        raw.request()
        raw.recv_message()
        raw.send(BINARY, payload)
        assert raw.recv_close() == status


# ---- whatever comes ----


def test_garbage(make):
    """Any bytes behind the upgrade: the connection ends, or waits for more; the socket goes on."""
    pull, push = make(zmq.PULL, maxmsgsize=100_000), make(zmq.PUSH)
    pull.bind("ws://127.0.0.1:*")
    chance = random.Random(6455)
    for _ in range(100):
        with RawClient(pull.last_endpoint.decode()) as raw:
            if chance.random() < 0.5:
                raw.become("PUSH")
            else:
                raw.request()
            try:
                for _ in range(chance.randrange(1, 5)):
                    raw.send_bytes(chance.randbytes(chance.randrange(1, 200)))
            except OSError:
                pass  # it has ended by now
    push.connect(pull.last_endpoint.decode())
    push.send(b"good")
    while pull.recv() != b"good":
        pass
