"""PUB, SUB, XPUB, XSUB: matching, subscription messages, and what slow or late subscribers get."""

import pytest
from support import QUIET_MS, WS, bind, bind_when_free, wait_until

import zmqpy as zmq


def subscribed(make, topics, transport="inproc", publisher=zmq.XPUB, **options):
    """A publisher and a SUB subscribed to the topics, whose subscriptions have arrived."""
    pub, sub = make(publisher, **options), make(zmq.SUB)
    for topic in topics:
        sub.subscribe(topic)
    sub.connect(bind(pub, transport))
    for topic in topics:
        assert pub.recv() == b"\x01" + topic
    return pub, sub


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_topics_are_prefixes(make, transport):
    pub, sub = subscribed(make, [b"news", b"w"], transport)
    for message in (b"new", b"news", b"newsroom", b"weather", b"", b"other", b"w"):
        pub.send(message)
    assert [sub.recv() for _ in range(4)] == [b"news", b"newsroom", b"weather", b"w"]
    assert not sub.poll(QUIET_MS)


def test_the_first_part_decides(make):
    pub, sub = subscribed(make, [b"a"])
    pub.send_multipart([b"b", b"a"])
    pub.send_multipart([b"a", b"b", b""])
    assert sub.recv_multipart() == [b"a", b"b", b""]
    assert not sub.poll(QUIET_MS)


def test_empty_topic_matches_everything(make):
    pub, sub = subscribed(make, [b""])
    pub.send(b"")
    pub.send(b"\0\xff")
    assert sub.recv() == b"" and sub.recv() == b"\0\xff"


def test_no_subscription_no_messages(make):
    pub, deaf, sub = make(zmq.XPUB), make(zmq.SUB), make(zmq.SUB)
    address = bind(pub)
    deaf.connect(address)
    sub.subscribe(b"")
    sub.connect(address)
    assert pub.recv() == b"\x01"
    pub.send(b"x")
    assert sub.recv() == b"x"
    assert not deaf.poll(QUIET_MS)


def test_unsubscribe(make):
    pub, sub = subscribed(make, [b"a", b"b"])
    sub.unsubscribe(b"a")
    assert pub.recv() == b"\x00a"
    pub.send(b"a1")
    pub.send(b"b1")
    assert sub.recv() == b"b1"
    sub.unsubscribe(b"never subscribed")
    assert not pub.poll(QUIET_MS)


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_many_subscribers(make, transport):
    pub = make(zmq.XPUB, xpub_verbose=1)
    address = bind(pub, transport)
    subs = [make(zmq.SUB) for _ in range(16)]
    for number, sub in enumerate(subs):
        sub.subscribe(b"all")
        sub.subscribe(b"%02d" % number)
        sub.connect(address)
    for _ in range(32):
        pub.recv()
    pub.send(b"all")
    for number in range(16):
        pub.send(b"%02d" % number)
    for number, sub in enumerate(subs):
        assert sub.recv() == b"all" and sub.recv() == b"%02d" % number
        assert not sub.poll(0)


def test_subscriber_of_many_publishers(make):
    pubs, sub = [make(zmq.XPUB) for _ in range(3)], make(zmq.SUB)
    sub.subscribe(b"")
    for pub in pubs:
        sub.connect(bind(pub))
    for number, pub in enumerate(pubs):
        assert pub.recv() == b"\x01"
        pub.send(b"%d" % number)
    assert sorted(sub.recv() for _ in pubs) == [b"0", b"1", b"2"]


def test_slow_subscribers_lose_whole_messages_and_pub_never_blocks(make):
    pub, sub = make(zmq.XPUB, sndhwm=5), make(zmq.SUB, rcvhwm=5)
    sub.subscribe(b"")
    sub.connect(bind(pub, "inproc"))
    assert pub.recv() == b"\x01"
    for i in range(200):
        pub.send_multipart([b"%d" % i, b"second"], zmq.DONTWAIT)
    got = []
    while sub.poll(QUIET_MS):
        first, second = sub.recv_multipart()
        assert second == b"second"
        got.append(int(first))
    assert 5 <= len(got) < 200 and got == list(range(len(got)))
    pub.send_multipart([b"later", b"second"])
    assert sub.recv_multipart() == [b"later", b"second"]


def test_nodrop(make):
    pub, sub = subscribed(make, [b""], sndhwm=5, xpub_nodrop=1)
    sent = 0
    with pytest.raises(zmq.Again):
        while True:
            pub.send(b"%d" % sent, zmq.DONTWAIT)
            sent += 1
    assert sent >= 5
    assert [sub.recv() for _ in range(sent)] == [b"%d" % i for i in range(sent)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, [b"\x01t", b"\x00t"]),
        ({"xpub_verbose": 1}, [b"\x01t", b"\x01t", b"\x00t"]),
        ({"xpub_verboser": 1}, [b"\x01t", b"\x01t", b"\x00t", b"\x00t"]),
    ],
)
def test_what_xpub_is_told(make, options, told):
    pub, one, two = make(zmq.XPUB, **options), make(zmq.SUB), make(zmq.SUB)
    address = bind(pub, "inproc")
    one.connect(address)
    two.connect(address)
    got = []
    for step in (one.subscribe, two.subscribe, one.unsubscribe, two.unsubscribe):
        step(b"t")
        while pub.poll(QUIET_MS):
            got.append(pub.recv())
    assert got == told


def test_xsub_sends_subscriptions_and_messages(connected):
    xpub, xsub = connected(zmq.XPUB, zmq.XSUB, "tcp")
    xsub.send(b"\x01t")
    assert xpub.recv() == b"\x01t"
    xsub.send(b"upstream")
    assert xpub.recv() == b"upstream"
    xpub.send(b"topic")
    assert xsub.recv() == b"topic"
    xsub.send(b"\x00t")
    assert xpub.recv() == b"\x00t"


def test_xpub_manual(make):
    pub, sub = make(zmq.XPUB, xpub_manual=1), make(zmq.SUB)
    sub.connect(bind(pub, "inproc"))
    sub.subscribe(b"A")
    assert pub.recv() == b"\x01A"
    pub.setsockopt(zmq.SUBSCRIBE, b"B")
    sub.subscribe(b"B")
    assert pub.recv() == b"\x01B"
    pub.send(b"A")
    pub.send(b"B")
    assert sub.recv() == b"B"


def test_welcome_message(make):
    pub, sub = make(zmq.XPUB, xpub_welcome_msg=b"welcome"), make(zmq.SUB)
    sub.subscribe(b"w")
    sub.connect(bind(pub))
    assert pub.recv() == b"\x01w"
    assert sub.recv() == b"welcome"


def test_conflate_keeps_the_newest(make):
    pub, sub = make(zmq.XPUB), make(zmq.SUB, conflate=1)
    sub.subscribe(b"")
    sub.connect(bind(pub, "inproc"))
    assert pub.recv() == b"\x01"
    for i in range(50):
        pub.send(b"%d" % i)
    assert sub.recv() == b"49"
    assert not sub.poll(QUIET_MS)


def test_invert_matching(make):
    pub, sub = make(zmq.XPUB, invert_matching=1), make(zmq.SUB, invert_matching=1)
    sub.subscribe(b"a")
    sub.connect(bind(pub, "inproc"))
    assert pub.recv() == b"\x01a"
    pub.send(b"a1")
    pub.send(b"b1")
    assert sub.recv() == b"b1"


def test_subscriptions_survive_a_reconnect(make, own_engine):
    first, sub = make(zmq.XPUB), make(zmq.SUB, reconnect_ivl=10)
    address = bind(first)
    sub.subscribe(b"t")
    sub.connect(address)
    assert first.recv() == b"\x01t"
    first.close()
    second = make(zmq.XPUB)
    bind_when_free(second, address, at_once=own_engine)
    wait_until(lambda: (sub.poll(0), second.poll(5))[1], "the subscription arrives again")
    assert second.recv() == b"\x01t"
    second.send(b"t!")
    assert sub.recv() == b"t!"


def test_publisher_may_connect_and_subscriber_bind(make):
    sub, pub = make(zmq.SUB), make(zmq.XPUB)
    sub.subscribe(b"")
    pub.connect(bind(sub))
    wait_until(lambda: (sub.poll(0), pub.poll(5))[1], "the subscription arrives")
    assert pub.recv() == b"\x01"
    pub.send(b"x")
    assert sub.recv() == b"x"
