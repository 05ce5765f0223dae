"""With no descriptor left every call gives a clear EMFILE, nothing aborts, and the process goes on when some are free.

Upstream's libzmq aborts the process in many of these moments, so what may meet that runs on our engine only.
"""

import textwrap

import pytest
from support import run_python

LIMITED = """
    import errno, os, resource, sys, zmqpy as zmq
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    spare = []
    def use_up(leave=0):
        try:
            while True:
                spare.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            assert error.errno == errno.EMFILE
        for _ in range(leave):
            os.close(spare.pop())
    def free():
        while spare:
            os.close(spare.pop())
    def quiet(socket):
        try:
            assert socket.poll(300) == 0
        except zmq.ZMQError as error:
            assert error.errno == errno.EMFILE
    def works():
        with zmq.Context() as context, context.socket(zmq.REP) as rep, context.socket(zmq.REQ) as req:
            req.linger = rep.linger = 0
            rep.rcvtimeo = req.rcvtimeo = 8000
            rep.bind("tcp://127.0.0.1:*")
            req.connect(rep.last_endpoint)
            req.send(b"x"); assert rep.recv() == b"x"
            rep.send(b"y"); assert req.recv() == b"y"
    """


def run_limited(source):
    return run_python(textwrap.dedent(LIMITED) + textwrap.dedent(source) + "\nprint('done')\n").stdout == "done\n"


@pytest.mark.own_engine
@pytest.mark.parametrize("leave", range(8))
def test_new_sockets(leave):
    """From none left to a few: whichever step fails says so with EMFILE and leaves nothing behind."""
    assert run_limited(
        f"""
        works()
        use_up({leave})
        before = len(spare)
        try:
            context = zmq.Context()
        except zmq.ZMQError as error:
            assert error.errno == errno.EMFILE, error
            context = None
        sockets = []
        if context:
            try:
                while len(sockets) < 40:
                    sockets.append(context.socket(zmq.PULL))
                    sockets[-1].fileno()
                    sockets[-1].bind("tcp://127.0.0.1:*")
            except zmq.ZMQError as error:
                assert error.errno == errno.EMFILE, error
                assert "open files" in str(error)
            else:
                raise AssertionError("40 listeners without a descriptor?")
            for socket in sockets:
                socket.close(linger=0)
            context.term()
        free()
        works()
        """
    )


@pytest.mark.own_engine
def test_accepting_goes_on_when_descriptors_are_free_again():
    assert run_limited(
        """
        context = zmq.Context()
        rep = context.socket(zmq.REP)
        rep.rcvtimeo = 8000
        rep.bind("tcp://127.0.0.1:*")
        address = rep.last_endpoint
        host, port = address.decode()[6:].split(":")
        use_up()
        pid = os.fork()
        if pid == 0:
            # A child with descriptors of its own: connects while the parent has none.
            free()
            with zmq.Context() as own, own.socket(zmq.REQ) as req:
                req.linger = 0
                req.rcvtimeo = 15000
                req.reconnect_ivl = 20
                req.connect(address)
                req.send(b"hello")
                ok = req.recv() == b"hello"
            os._exit(0 if ok else 1)
        quiet(rep)
        free()
        rep.rcvtimeo = 15000
        rep.send(rep.recv())
        assert os.waitpid(pid, 0)[1] == 0
        rep.close(); context.term()
        """
    )


@pytest.mark.own_engine
def test_connecting_goes_on_when_descriptors_are_free_again():
    assert run_limited(
        """
        context = zmq.Context()
        rep, req = context.socket(zmq.REP), context.socket(zmq.REQ)
        rep.rcvtimeo = req.rcvtimeo = 8000
        rep.bind("tcp://127.0.0.1:*")
        req.reconnect_ivl = 20
        use_up()
        try:
            req.connect(rep.last_endpoint)
        except zmq.ZMQError as error:
            assert error.errno == errno.EMFILE
            free()
            req.connect(rep.last_endpoint)
        else:
            quiet(rep)
            free()
        req.send(b"x")
        rep.send(rep.recv())
        assert req.recv() == b"x"
        rep.close(); req.close(); context.term()
        """
    )


def test_socket_limit_of_the_context():
    assert run_limited(
        """
        with zmq.Context() as context:
            context.max_sockets = 3
            sockets = [context.socket(zmq.PULL) for _ in range(3)]
            try:
                context.socket(zmq.PULL)
            except zmq.ZMQError as error:
                assert error.errno == errno.EMFILE
            else:
                raise AssertionError
            for socket in sockets:
                socket.close()
        works()
        """
    )
