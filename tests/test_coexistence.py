"""One process imports zmqpy and pyzmq and loads Debian's libzmq, and uses all three, also with each other."""

import ctypes.util
import sys

import pytest
from support import run_python

import zmqpy as zmq

THREE = """
    import ctypes
    {imports}
    system = ctypes.CDLL({system!r}) if {system!r} else None

    def exchange(a, b):
        a.send(b"one"); assert b.recv() == b"one"
        b.send(b"two"); assert a.recv() == b"two"

    mine, theirs = zmqpy.Context(), zmq.Context()
    a, b = mine.socket(zmqpy.PAIR), theirs.socket(zmq.PAIR)
    port = a.bind_to_random_port("tcp://127.0.0.1")
    b.connect(f"tcp://127.0.0.1:{{port}}")
    exchange(a, b)
    c, d = mine.socket(zmqpy.PAIR), mine.socket(zmqpy.PAIR)
    c.bind("inproc://same"); d.connect("inproc://same")
    e, f = theirs.socket(zmq.PAIR), theirs.socket(zmq.PAIR)
    e.bind("inproc://same"); f.connect("inproc://same")
    exchange(c, d); exchange(e, f)

    if system:
        system.zmq_ctx_new.restype = system.zmq_socket.restype = ctypes.c_void_p
        for function in (system.zmq_close, system.zmq_ctx_term):
            function.argtypes = [ctypes.c_void_p]
        system.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
        system.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        system.zmq_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
        system.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
        version = [ctypes.c_int() for _ in range(3)]
        system.zmq_version(*map(ctypes.byref, version))
        server = mine.socket(zmqpy.REP)
        port = server.bind_to_random_port("tcp://127.0.0.1")
        context = system.zmq_ctx_new()
        socket = system.zmq_socket(context, 3)
        assert system.zmq_connect(socket, b"tcp://127.0.0.1:%d" % port) == 0
        assert system.zmq_send(socket, b"from C", 6, 0) == 6
        assert server.recv() == b"from C"
        server.send(b"to C")
        buffer = ctypes.create_string_buffer(16)
        assert system.zmq_recv(socket, buffer, 16, 0) == 4 and buffer.value == b"to C"
        system.zmq_close(socket)
        system.zmq_ctx_term(context)
        server.close()
        print("system", ".".join(str(n.value) for n in version))
    for thing in (a, b, c, d, e, f):
        thing.close()
    mine.term(); theirs.term()
    print("done")
    """


@pytest.mark.parametrize("imports", ["import zmqpy, zmq", "import zmq, zmqpy"], ids=["zmqpy-first", "pyzmq-first"])
def test_three_libraries_in_one_process(imports):
    system = ctypes.util.find_library("zmq") or ""
    done = run_python(THREE.format(imports=imports, system=system))
    assert done.stdout.endswith("done\n")
    assert ("system" in done.stdout) == bool(system)


@pytest.mark.extension
def test_loading_the_system_library_first_and_globally():
    """With its symbols made global, zmqpy must still use its own engine's."""
    system = ctypes.util.find_library("zmq")
    done = run_python(
        f"""
        import ctypes
        if {system!r}:
            ctypes.CDLL({system!r}, mode=ctypes.RTLD_GLOBAL)
        import support, zmqpy
        print(zmqpy.zmq_version(), support.engine_is_own())
        """
    )
    own = run_python("import support, zmqpy; print(zmqpy.zmq_version(), support.engine_is_own())")
    assert done.stdout == own.stdout


def test_module_names_are_apart():
    if zmq.__name__ == "zmq":
        assert sys.modules["zmqpy"] is zmq
    else:
        run_python(
            """
            import sys, zmqpy
            assert "zmq" not in sys.modules
            import zmq
            assert zmq is not zmqpy and zmq.Context is not zmqpy.Context
            assert not issubclass(zmqpy.Socket, zmq.Socket)
            try:
                zmqpy.Context().socket(zmqpy.PAIR).recv(zmqpy.DONTWAIT)
            except zmq.ZMQError:
                raise AssertionError
            except zmqpy.Again:
                pass
            """,
            "-W", "ignore",
        )  # fmt: skip
