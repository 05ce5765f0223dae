"""Ends: unclosed sockets and contexts are warned about, exits never hang, forked children are safe."""

import gc
import warnings

import pytest
from support import run_python

import zmqpy as zmq


def messages(caught, category=ResourceWarning):
    return [str(w.message) for w in caught if issubclass(w.category, category)]


def test_unclosed_socket_is_warned_about(context):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        socket = context.socket(zmq.PUSH)
        del socket
        gc.collect()
    assert any("unclosed socket" in m.lower() for m in messages(caught)), messages(caught)


def test_unclosed_context_is_warned_about():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        context = zmq.Context()
        del context
        gc.collect()
    assert any("unclosed context" in m.lower() for m in messages(caught)), messages(caught)


def test_context_manager_warns_of_open_sockets():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with zmq.Context() as context:
            socket = context.socket(zmq.PUSH)
    assert socket.closed
    assert any("unclosed socket" in m.lower() for m in messages(caught)), messages(caught)


def test_closed_things_are_not_warned_about():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with zmq.Context() as context, context.socket(zmq.PUSH):
            pass
        other = zmq.Context()
        other.socket(zmq.PULL)
        gc.collect()
        shadow = zmq.Context.shadow(other)
        del shadow
        gc.collect()
        del caught[:]
        other.destroy()
        del other
        gc.collect()
    assert messages(caught) == []


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param("", id="module-globals"),
        pytest.param("del context", id="context-first"),
        pytest.param("del a, b", id="sockets-first"),
        pytest.param("cycle = [a, b, context]; cycle.append(cycle); del a, b, context, cycle", id="cycle"),
        pytest.param("sys.exit(0)", id="sys-exit"),
        pytest.param("context.destroy(linger=0)", id="destroyed"),
        pytest.param("import atexit; atexit.register(lambda: b.recv(zmq.DONTWAIT))", id="used-in-atexit"),
    ],
)
def test_exit_with_open_sockets_does_not_hang(ending):
    done = run_python(
        f"""
        import sys, zmqpy as zmq
        context = zmq.Context()
        a, b = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        port = b.bind_to_random_port("tcp://127.0.0.1")
        a.connect(f"tcp://127.0.0.1:{{port}}")
        a.send(b"x")
        assert b.recv() == b"x"
        a.send(b"y")
        b.poll(5000)
        print("done", flush=True)
        {ending}
        """,
        timeout=15,
    )
    assert done.stdout == "done\n"


def test_exit_with_the_global_instance_open():
    done = run_python(
        """
        import zmqpy as zmq
        socket = zmq.Context.instance().socket(zmq.REP)
        socket.bind("tcp://127.0.0.1:*")
        print("done")
        """
    )
    assert done.stdout == "done\n"


def test_exit_while_another_thread_is_blocked():
    """A daemon thread inside recv does not stop the interpreter from leaving."""
    done = run_python(
        """
        import threading, time, zmqpy as zmq
        socket = zmq.Context.instance().socket(zmq.PULL)
        socket.bind("tcp://127.0.0.1:*")
        started = threading.Event()
        def receive():
            started.set()
            socket.recv()
        threading.Thread(target=receive, daemon=True).start()
        started.wait()
        print("done", flush=True)
        """,
    )
    assert done.stdout == "done\n"


def test_exit_warns_under_dev_mode_and_stays_quiet_without():
    source = """
        import zmqpy as zmq
        context = zmq.Context()
        socket = context.socket(zmq.PULL)
        """
    assert "unclosed" in run_python(source, "-X", "dev").stderr.lower()
    assert run_python(source).stderr == ""


def test_garbage_collection_at_exit_with_zero_copy_frames():
    done = run_python(
        """
        import zmqpy as zmq
        context = zmq.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.bind("inproc://x"); b.connect("inproc://x")
        kept = bytearray(1 << 20)
        for _ in range(5):
            a.send(kept, copy=False)
        frames = [b.recv(copy=False) for _ in range(3)]
        print("done")
        """
    )
    assert done.stdout == "done\n"


FORK = """
    import os, signal, sys, zmqpy as zmq
    signal.alarm(15)
    context = zmq.Context.instance()
    a, b = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    port = b.bind_to_random_port("tcp://127.0.0.1")
    a.connect(f"tcp://127.0.0.1:{{port}}")
    a.send(b"before")
    assert b.recv() == b"before"
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        {child}
        sys.exit(7)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 7, status
    a.send(b"after")
    assert b.poll(5000)
    assert b.recv() == b"after"
    a.close(); b.close(); context.term()
    print("parent done")
    """


@pytest.mark.parametrize(
    "child",
    [
        pytest.param("pass", id="exits"),
        pytest.param("del a, b, context; import gc; gc.collect()", id="collects"),
        pytest.param("assert zmq.Context.instance() is not context", id="instance-is-new"),
        pytest.param(
            "own = zmq.Context.instance(); c = own.socket(zmq.PUSH); c.connect(f'tcp://127.0.0.1:{port}');"
            " c.linger = 0; c.close(); own.term()",
            id="own-context",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork(child):
    source = FORK.format(child=child).replace("os.waitstatus_to_exitcode(status)", "(status >> 8)")
    assert run_python(source).stdout.endswith("parent done\n")


def test_forked_child_talks_to_its_parent():
    done = run_python(
        """
        import os, signal, zmqpy as zmq
        signal.alarm(15)
        context = zmq.Context()
        b = context.socket(zmq.PULL)
        port = b.bind_to_random_port("tcp://127.0.0.1")
        pid = os.fork()
        if pid == 0:
            with zmq.Context() as own, own.socket(zmq.PUSH) as a:
                a.connect(f"tcp://127.0.0.1:{port}")
                a.send(b"from the child")
            os._exit(0)
        print(b.recv().decode())
        os.waitpid(pid, 0)
        b.close(); context.term()
        """
    )
    assert done.stdout == "from the child\n"


def test_multiprocessing_fork_and_spawn(tmp_path):
    script = tmp_path / "spawned.py"
    from support import program

    script.write_text(
        program(
            """
            import multiprocessing, zmqpy as zmq
            def child(port):
                with zmq.Context() as context, context.socket(zmq.REQ) as s:
                    s.connect(f"tcp://127.0.0.1:{port}")
                    s.send(b"hello")
                    s.recv()
            if __name__ == "__main__":
                context = zmq.Context()
                server = context.socket(zmq.REP)
                port = server.bind_to_random_port("tcp://127.0.0.1")
                for method in ("fork", "spawn"):
                    process = multiprocessing.get_context(method).Process(target=child, args=(port,))
                    process.start()
                    print(method, server.recv().decode())
                    server.send(b"")
                    process.join()
                    assert process.exitcode == 0
                server.close(); context.term()
            """
        )
    )
    done = run_python(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert done.stdout == "fork hello\nspawn hello\n"
