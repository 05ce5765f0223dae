"""Buffers that are sent without a copy are let go soon after the engine is done with them, whatever the program does meanwhile."""

import os
import threading
import weakref

import pytest
from support import endpoint, run_python

import zmqpy as zmq


class Buffer(bytearray):
    """What can be watched."""


READER = """
    import zmqpy as zmq

    with zmq.Context() as context, context.socket(zmq.PULL) as pull:
        pull.bind({address!r})
        for _ in range({count}):
            pull.recv()
"""


def lend(push: zmq.Socket, size: int = 1_000_000) -> threading.Event:
    """Sends a buffer without a copy; the event is set when nobody holds it any more."""
    buffer, gone = Buffer(size), threading.Event()
    weakref.finalize(buffer, gone.set)
    push.send(buffer, copy=False)
    return gone


def test_a_buffer_is_let_go_while_every_thread_of_the_program_sleeps(context):
    """Nobody makes a call of ours, and the main thread runs no Python."""
    with context.socket(zmq.PUSH) as push:
        address = endpoint("ipc")
        push.connect(address)
        lent = [lend(push) for _ in range(20)]
        reader = threading.Thread(target=run_python, args=(READER.format(address=address, count=20),))
        reader.start()
        for gone in lent:
            assert gone.wait(30)
        reader.join()


PROGRAM = """
    import os, sys, threading, weakref
    import zmqpy as zmq

    class Buffer(bytearray):
        pass

    def switches():
        total = 0
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/status") as file:
                total += sum(int(line.split()[1]) for line in file if "ctxt" in line)
        return total

    def lend_and_wait():
        with zmq.Context() as context, context.socket(zmq.PUSH) as push, context.socket(zmq.PULL) as pull:
            push.bind("inproc://here")
            pull.connect("inproc://here")
            buffer, gone = Buffer(100_000), threading.Event()
            weakref.finalize(buffer, gone.set)
            push.send(buffer, copy=False)
            del buffer
            frame = pull.recv(copy=False)
            threading.Thread(target=lambda frame: None, args=(frame,)).start()
            del frame
            return gone.wait(10)
"""


def test_a_forked_child_lets_go_too():
    program = (
        PROGRAM
        + """
    assert lend_and_wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if lend_and_wait() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert lend_and_wait()
    print("done")
    """
    )
    assert run_python(program).stdout == "done\n"


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux's /proc")
def test_nothing_wakes_up_once_all_is_given_back():
    program = (
        PROGRAM
        + """
    assert lend_and_wait()
    threading.Event().wait(0.1)
    before = switches()
    threading.Event().wait(0.5)
    print(switches() - before)
    """
    )
    assert int(run_python(program).stdout) < 12


def test_a_program_may_end_with_buffers_lent():
    """To a queue that nobody reads, and released only while the interpreter goes down."""
    program = """
        import zmqpy as zmq

        context = zmq.Context()
        push = context.socket(zmq.PUSH)
        push.linger = 0
        push.connect("tcp://127.0.0.1:9")
        for _ in range(100):
            push.send(bytearray(100_000), copy=False)
        print("done")
    """
    assert run_python(program).stdout == "done\n"
