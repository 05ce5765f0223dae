"""What errors say besides what pyzmq's say: same class, errno, strerror and beginning of the text."""

import copy
import errno
import os
import pickle
import re
import socket as sockets
import threading

import pytest
from support import QUIET_MS, WAIT_MS, bind, endpoint, run_python, start_python

import zmqpy as zmq
import zmqpy.asyncio

pytestmark = pytest.mark.extension


def fails(number, call):
    """The error of a call, which is what pyzmq's is as far as programs can compare."""
    with pytest.raises(zmq.ZMQError) as caught:
        call()
    error = caught.value
    assert error.errno == number
    assert str(error).startswith(zmq.strerror(number))
    assert str(error) == f"{error.strerror}: {error.hint}" if error.hint else error.strerror
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), again.errno, str(again)) == (type(error), error.errno, str(error))
    return error


# ---- REQ and REP ----


def test_whose_turn_it_is(connected):
    rep, req = connected(zmq.REP, zmq.REQ)
    assert "sent no request" in fails(zmq.EFSM, req.recv).hint
    assert "no request to reply to" in fails(zmq.EFSM, lambda: rep.send(b"x")).hint
    req.send(b"x")
    error = fails(zmq.EFSM, lambda: req.send(b"y"))
    assert type(error) is zmq.ZMQError
    assert error.strerror == zmq.strerror(zmq.EFSM)
    assert "receive the reply" in error.hint
    rep.recv()
    assert "send the reply" in fails(zmq.EFSM, rep.recv).hint
    for call in (
        lambda: req.send_multipart([b"1", b"2"]),
        lambda: req.send_many([b"1"]),
        lambda: req.send(bytearray(1)),
    ):
        assert "receive the reply" in fails(zmq.EFSM, call).hint
    assert "send the reply" in fails(zmq.EFSM, rep.recv_multipart).hint


def test_whose_turn_it_is_in_asyncio(run):
    async def main():
        with zmqpy.asyncio.Context() as context, context.socket(zmq.REQ) as req:
            req.linger = 0
            req.connect(endpoint("inproc"))
            await req.send(b"x")
            with pytest.raises(zmq.ZMQError, match="receive the reply"):
                await req.send(b"y")

    run(main())


# ---- endpoints ----


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("tcp//127.0.0.1:5555", "transport, :// and an address: tcp://127.0.0.1:5555"),
        ("127.0.0.1:5555", "transport, :// and an address"),
        ("tpc://127.0.0.1:5555", "did you mean tcp://127.0.0.1:5555?"),
        ("TCP://127.0.0.1:5555", "did you mean tcp://127.0.0.1:5555?"),
        ("icp:///tmp/x", "did you mean ipc:///tmp/x?"),
        ("inprc://x", "did you mean inproc://x?"),
        ("http://127.0.0.1:5555", "there is no transport 'http' here"),
        ("tcp://127.0.0.1", "the port is missing: tcp://127.0.0.1:5555"),
        ("tcp://", "the port is missing: tcp://127.0.0.1:5555"),
        ("tcp://127.0.0.1:", "the port is missing: tcp://127.0.0.1:5555"),
        ("tcp://127.0.0.1:http", "the port is a number, not 'http'"),
        ("tcp://127.0.0.1:70000", "ports end at 65535"),
        ("tcp://127.0.0.1:5555/path", "nothing comes behind the port: tcp://127.0.0.1:5555"),
    ],
)
def test_misspelt_endpoints(make, address, hint):
    socket = make(zmq.PULL)
    for call in (socket.bind, socket.connect):
        try:
            call(address)
        except zmq.ZMQError as error:
            number = error.errno
        else:
            continue  # libzmq takes some of them
        if number == errno.EADDRINUSE:
            continue  # taken as well, and the port is another program's
        error = fails(number, lambda call=call: call(address))
        assert f"(addr={address!r})" in error.strerror
        assert hint in error.hint


def test_connecting_to_a_wildcard(make):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.PUSH).connect("tcp://*:5555")
    assert "only bind takes *" in caught.value.hint


def test_an_address_of_another_machine(make):
    with pytest.raises(zmq.ZMQError) as caught:
        make(zmq.PULL).bind("tcp://192.0.2.1:5555")
    assert "no interface of this machine" in caught.value.hint


# ---- who listens ----


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="needs /proc")


@needs_proc
def test_who_listens_is_this_process(make):
    address = bind(make(zmq.PULL))
    assert fails(zmq.EADDRINUSE, lambda: make(zmq.PULL).bind(address)).hint == "this process listens there already"


@needs_proc
def test_who_listens_is_another_process(make):
    child = start_python(
        """
        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        input()
        """
    )
    try:
        port = int(child.stdout.readline())
        hint = fails(zmq.EADDRINUSE, lambda: make(zmq.PULL).bind(f"tcp://127.0.0.1:{port}")).hint
        assert re.fullmatch(rf"process {child.pid} \(.{{1,15}}\) listens there", hint), hint
    finally:
        child.communicate(b"\n", timeout=WAIT_MS / 1000)


@needs_proc
@pytest.mark.own_engine
def test_who_listens_at_a_path(make, tmp_path):
    path = str(tmp_path / "taken")
    with sockets.socket(sockets.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        assert (
            fails(zmq.EADDRINUSE, lambda: make(zmq.PULL).bind(f"ipc://{path}")).hint
            == "this process listens there already"
        )


def test_a_name_that_is_taken(make):
    address = bind(make(zmq.PULL), "inproc")
    assert "another socket of this context" in fails(zmq.EADDRINUSE, lambda: make(zmq.PULL).bind(address)).hint


# ---- full queues ----


@pytest.mark.own_engine
@pytest.mark.parametrize("timeout", [0, QUIET_MS])
def test_who_has_no_room(make, timeout):
    pull, push = make(zmq.PULL, rcvhwm=1), make(zmq.PUSH, sndhwm=1, sndtimeo=timeout)
    error = fails(zmq.EAGAIN, lambda: push.send(b"x"))
    assert type(error) is zmq.Again
    assert error.hint == "there is no peer to send to: nothing is connected"
    address = bind(pull)
    pull.unbind(address)
    push.connect(address)
    push.send(b"x")
    for call in (push.send, lambda body: push.send_multipart([body, body]), lambda body: push.send_many([body])):
        hint = fails(zmq.EAGAIN, lambda call=call: call(b"x")).hint
        assert hint == f"no peer has room now: {address}: connecting, 1 message unsent"


def test_receiving_says_no_more_than_pyzmq_does(make):
    error = fails(zmq.EAGAIN, lambda: make(zmq.PULL).recv(zmq.DONTWAIT))
    assert str(error) == zmq.strerror(zmq.EAGAIN)
    assert str(zmq.Again()) == zmq.strerror(zmq.EAGAIN)
    assert zmq.Again().hint == ""


@pytest.mark.own_engine
def test_an_error_does_not_keep_its_socket(context):
    push = context.socket(zmq.PUSH)
    try:
        push.send(b"x", zmq.DONTWAIT)
    except zmq.Again as error:
        kept = error.with_traceback(None)
    push.close()
    assert isinstance(kept.hint, str)


@pytest.mark.own_engine
def test_asyncio_says_it_as_well(run):
    async def main():
        with zmqpy.asyncio.Context() as context, context.socket(zmq.PUSH) as push:
            push.sndtimeo = 5
            for flags in (0, zmq.DONTWAIT):
                with pytest.raises(zmq.Again, match="nothing is connected"):
                    await push.send(b"x", flags)

    run(main())


# ---- contexts ----


@pytest.mark.parametrize("how", ["term(timeout=100)", "shutdown()"])
@pytest.mark.parametrize("debugging", [True, False])
def test_who_has_terminated_the_context(how, debugging):
    done = run_python(
        f"""
        import threading, zmqpy as zmq
        context = zmq.Context()
        socket = context.socket(zmq.PULL)

        def end_of_all():
            try:
                context.{how}
            except zmq.Again:
                pass

        thread = threading.Thread(target=end_of_all)
        thread.start()
        try:
            socket.recv()
        except zmq.ContextTerminated as error:
            print(error)
            print(error.strerror)
        thread.join()
        socket.close()
        context.term()
        """,
        *(["-X", "dev"] if debugging else []),
    )
    text, strerror = done.stdout.splitlines()
    assert strerror == "Context was terminated"
    if debugging:
        assert re.fullmatch(r"Context was terminated: by <string>:\d+ in end_of_all", text), text
    else:
        assert text == strerror


def test_errors_of_threads_travel(make):
    """An error that one thread has raised is read in another one."""
    push = make(zmq.PUSH)
    errors = []

    def send():
        try:
            push.send(b"x", zmq.DONTWAIT)
        except zmq.Again as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert str(errors[0]).startswith(zmq.strerror(zmq.EAGAIN))
