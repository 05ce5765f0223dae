"""What `import zmqpy` imports: it is paid for by every process. And what is there after it, without a further import.

Modules are counted, not milliseconds; benchmarks/run.py's case `import` has those.
"""

import pickle
import subprocess
import sys

import pytest
from support import TESTS, run_python

import zmqpy as zmq

pytestmark = pytest.mark.extension

#: Of the standard library, on any Python that is supported. Those beside it that they themselves import are theirs to change.
STANDARD = {
    "__future__", "_ast_unparse", "_weakrefset", "abc", "annotationlib", "ast", "atexit", "collections", "contextlib", "copyreg", "enum",
    "errno", "functools", "genericpath", "itertools", "keyword", "operator", "os", "posixpath", "ntpath", "re", "reprlib", "sre_compile",
    "sre_constants", "sre_parse", "stat", "sys", "threading", "types", "typing", "warnings", "weakref",
}  # fmt: skip

#: Of zmqpy.
OWN = {
    "zmqpy", "additions", "constants", "context", "error", "frame", "poll", "socket", "tracker", "utils", "utils.interop",
    "utils.jsonapi", "version", "_core", "_core.attributes", "_core.batch", "_core.context", "_core.endpoints", "_core.errors",
    "_core.frame", "_core.handle", "_core.messages", "_core.options", "_core.overrides", "_core.parts", "_core.poller", "_core.socket",
    "_core.transfer", "_core.wait",
}  # fmt: skip

NEW_MODULES = """
import sys
from importlib.util import find_spec
find_spec(sys.argv[1])  # an editable installation's finder imports what it needs
before = set(sys.modules)
__import__(sys.argv[1])
print(*sorted(set(sys.modules) - before))
"""


def imported_by(name):
    """In a Python that has imported nothing else: without the preamble of run_python."""
    # Not where pytest was started: a checkout's uncompiled package would be found first.
    done = subprocess.run(
        [sys.executable, "-c", NEW_MODULES, name], capture_output=True, text=True, timeout=20, cwd=TESTS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_nothing_heavy():
    modules = imported_by("zmqpy")
    own = {name.removeprefix("zmqpy.") for name in modules if name.partition(".")[0] == "zmqpy"}
    others = {name.partition(".")[0] for name in modules} - {"zmqpy", "cython_runtime"}
    assert own == OWN
    assert not {name for name in others if not name.startswith("_")} - STANDARD


def test_no_more_than_pyzmq_does():
    pytest.importorskip("zmq")
    assert len(imported_by("zmqpy")) < len(imported_by("zmq"))


def test_what_is_reached_by_attributes():
    """Modules and names that are there with pyzmq after `import zmq`."""
    run_python(
        """
        import zmqpy as zmq
        assert zmq.utils.jsonapi.jsonmod.dumps([1]) == "[1]"
        for path in (
            "backend.cython.monitored_queue backend.select.public_api constants.SocketType error.ZMQError sugar.attrsettr.AttributeSetter "
            "sugar.context.Context sugar.socket.Socket sugar.poll.Poller sugar.frame.Frame sugar.stopwatch.Stopwatch sugar.device "
            "sugar.tracker.MessageTracker sugar.version.pyzmq_version utils.interop.cast_int_addr Stopwatch device proxy proxy_steerable "
            "curve_keypair curve_public get_includes get_library_dirs install_as_zmq diagnose asyncio.Context"
        ).split():
            thing = zmq
            for name in path.split("."):
                thing = getattr(thing, name)
        """
    )


def test_names_that_are_imported_later_are_listed():
    found = run_python(
        """
        import zmqpy
        assert {"curve_keypair", "backend", "sugar", "Stopwatch", "install_as_zmq"} <= set(dir(zmqpy))
        for name in zmqpy.__all__:
            getattr(zmqpy, name)
        assert zmqpy.curve_keypair is vars(zmqpy)["curve_keypair"]
        from zmqpy import *
        print(device, proxy, sugar.__name__)
        try:
            zmqpy.no_such_name
        except AttributeError as error:
            print(error)
        """
    ).stdout
    assert "module 'zmqpy' has no attribute 'no_such_name'" in found


def test_first_use_in_many_threads_at_once():
    run_python(
        """
        import threading
        import zmqpy as zmq
        begin, found = threading.Barrier(8), []
        def use():
            begin.wait()
            found.append((zmq.curve_keypair, zmq.backend, zmq.Stopwatch, zmq.utils.jsonapi.dumps({}), zmq.sugar.socket))
        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(found) == 8 and len({tuple(map(id, each[:3])) for each in found}) == 1
        """
    )


def test_first_use_in_a_forked_child():
    run_python(
        """
        import os
        import zmqpy as zmq
        pid = os.fork()
        if pid == 0:
            with zmq.Context() as context, context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
                a.bind_to_random_port("tcp://127.0.0.1", 20000, 60000)
                b.connect(a.last_endpoint)
                a.send_pyobj({1})
                b.send_json([2])
                zmq.curve_keypair()
                os._exit(not (b.recv_pyobj() == {1} and a.recv_json() == [2]))
        assert os.waitpid(pid, 0)[1] == 0
        """
    )


def test_first_use_while_the_interpreter_ends():
    """By callbacks of atexit, by threads that outlive the main one, and by objects that go when modules are cleared."""
    done = run_python(
        """
        import atexit, sys, threading
        import zmqpy as zmq
        context = zmq.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.bind("inproc://a")
        b.connect("inproc://a")
        def last():
            a.send_pyobj({1})
            assert b.recv_pyobj() == {1}
            try:
                context.term(timeout=10)
            except zmq.Again as error:
                print("not ended:", str(error).count("is not closed"))
            a.close(), b.close()
        atexit.register(last)
        class Late:
            def __del__(self):
                a.close(), b.close()
                if not zmq.has("zmqpy-engine"):
                    return  # a limit of time takes a thread there, and none begins any more
                try:
                    context.term(timeout=1000)
                except Exception as error:
                    sys.stderr.write(repr(error))
        late = Late()
        """
    )
    assert "not ended: 2" in done.stdout
    assert not done.stderr


def test_the_protocol_is_pickles_own():
    assert zmq.socket.DEFAULT_PROTOCOL == pickle.DEFAULT_PROTOCOL
