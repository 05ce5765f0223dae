"""REQ, REP, and the envelope they speak with DEALER and ROUTER."""

import pytest
from support import QUIET_MS, WS, bind, wait_until

import zmqpy as zmq


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc", WS])
def test_request_and_reply(connected, transport):
    rep, req = connected(zmq.REP, zmq.REQ, transport)
    for i in range(20):
        req.send(b"%d" % i)
        assert rep.recv() == b"%d" % i
        rep.send_multipart([b"reply", b"%d" % i])
        assert req.recv_multipart() == [b"reply", b"%d" % i]


def test_wrong_order(connected):
    rep, req = connected(zmq.REP, zmq.REQ)

    def refused(call):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.EFSM

    refused(lambda: req.recv())
    refused(lambda: rep.send(b""))
    req.send(b"1")
    refused(lambda: req.send(b"2"))
    refused(lambda: rep.send(b""))
    assert rep.recv() == b"1"
    refused(lambda: rep.recv())
    rep.send(b"a", zmq.SNDMORE)
    refused(lambda: rep.recv())
    rep.send(b"b")
    assert req.recv_multipart() == [b"a", b"b"], "refused calls changed nothing"


def test_replies_go_back_to_whom_asked(make):
    rep = make(zmq.REP)
    address = bind(rep)
    reqs = [make(zmq.REQ) for _ in range(5)]
    for number, req in enumerate(reqs):
        req.connect(address)
        req.send(b"%d" % number)
    for _ in reqs:
        rep.send(b"for " + rep.recv())
    assert [req.recv() for req in reqs] == [b"for %d" % n for n in range(5)]


def test_requests_are_spread_over_servers(make):
    req, reps = make(zmq.REQ), [make(zmq.REP) for _ in range(3)]
    for rep in reps:
        req.connect(bind(rep, "inproc"))
    seen = []
    for _ in range(6):
        req.send(b"x")
        (ready,) = zmq.select(reps, [], [], 10)[0]
        seen.append(ready)
        ready.send(ready.recv())
        req.recv()
    assert seen == reps * 2


def test_relaxed_and_correlated(make):
    router, req = make(zmq.ROUTER), make(zmq.REQ, req_relaxed=1, req_correlate=1)
    req.connect(bind(router))
    req.send(b"first")
    first = router.recv_multipart()
    req.send(b"second")
    second = router.recv_multipart()
    assert first[-1] == b"first" and second[-1] == b"second"
    assert len(first) == 4 and first[1] != second[1] and first[2] == b""
    router.send_multipart([second[0], first[1], b"", b"late"])
    router.send_multipart([*second[:3], b"right"])
    assert req.recv() == b"right"


def test_server_lost_while_a_reply_is_awaited(make):
    """REQ waits on (strict mode); a time-out is what a program sees, and the socket still wants to receive."""
    rep, req = make(zmq.REP), make(zmq.REQ, rcvtimeo=QUIET_MS)
    req.connect(bind(rep))
    req.send(b"x")
    rep.recv()
    rep.close()
    with pytest.raises(zmq.Again):
        req.recv()
    with pytest.raises(zmq.ZMQError) as caught:
        req.send(b"y")
    assert caught.value.errno == zmq.EFSM


def test_requester_gone_before_the_reply(make):
    rep, req = make(zmq.REP), make(zmq.REQ)
    address = bind(rep)
    req.connect(address)
    req.send(b"x")
    assert rep.recv() == b"x"
    req.close()
    rep.send(b"nobody wants this")
    other = make(zmq.REQ)
    other.connect(address)
    other.send(b"y")
    assert rep.recv() == b"y"
    rep.send(b"z")
    assert other.recv() == b"z"


def test_rep_drops_messages_without_an_envelope(connected):
    rep, dealer = connected(zmq.REP, zmq.DEALER)
    dealer.send(b"no envelope")
    dealer.send_multipart([b"hop", b"", b"request"])
    assert rep.recv() == b"request"
    rep.send(b"reply")
    assert dealer.recv_multipart() == [b"hop", b"", b"reply"]


def test_poll_follows_the_state(connected):
    rep, req = connected(zmq.REP, zmq.REQ)
    both = zmq.POLLIN | zmq.POLLOUT
    assert req.poll(0, both) == zmq.POLLOUT and rep.poll(0, both) == 0
    req.send(b"x")
    wait_until(lambda: rep.poll(0, both) == zmq.POLLIN, "REP can receive")
    assert req.poll(0, both) == 0
    rep.recv()
    assert rep.poll(0, both) == zmq.POLLOUT
    rep.send(b"y")
    wait_until(lambda: req.poll(0, both) == zmq.POLLIN, "REQ can receive")


def test_broker_by_hand(make):
    """ROUTER in front, DEALER behind: envelopes pass through a chain of sockets."""
    front, back, req, rep = make(zmq.ROUTER), make(zmq.DEALER), make(zmq.REQ), make(zmq.REP)
    req.connect(bind(front))
    rep.connect(bind(back))
    req.send(b"question")
    back.send_multipart(front.recv_multipart())
    assert rep.recv() == b"question"
    rep.send(b"answer")
    front.send_multipart(back.recv_multipart())
    assert req.recv() == b"answer"
