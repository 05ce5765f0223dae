"""Another Cython project uses zmqpy's classes and the engine's C API, under zmqpy's name and under pyzmq's."""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig

import pytest

import zmqpy as zmq

pytestmark = [
    pytest.mark.extension,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        importlib.util.find_spec("Cython") is None or shutil.which("cc") is None, reason="needs Cython and a C compiler"
    ),
]

SOURCE = """
# cython: language_level=3
from {package} cimport Context, Frame, Socket
from {package}.backend.cython.libzmq cimport ZMQ_DONTWAIT, zmq_msg_data, zmq_msg_size, zmq_recv, zmq_send
{more}

def send(Socket socket not None, bytes data):
    return zmq_send(socket.handle, <char *>data, len(data), 0)

def receive(Socket socket not None):
    cdef char buffer[64]
    cdef int size
    with nogil:
        size = zmq_recv(socket.handle, buffer, sizeof(buffer), 0)
    return buffer[:size] if size >= 0 else None

def size_of(Frame frame not None):
    return zmq_msg_size(&frame.zmq_msg), (<char *>zmq_msg_data(&frame.zmq_msg))[0]

def is_open(Context context not None):
    return context.handle != NULL

def version():
    cdef int major = 0, minor = 0, patch = 0
    libzmq.zmq_version(&major, &minor, &patch)
    return major, minor, patch

def numbers():
    return libzmq.ZMQ_PUSH, libzmq.ZMQ_DONTWAIT, libzmq.ZMQ_RCVMORE

class Mine(Socket):
    pass
"""


@pytest.fixture(params=["zmqpy", "zmq"])
def module(request, tmp_path):
    """The module above, compiled with nothing but what zmqpy says is needed."""
    name = f"uses_{request.param}"
    more = f"from {request.param} cimport libzmq"
    (tmp_path / f"{name}.pyx").write_text(SOURCE.format(package=request.param, more=more))
    includes = [option for path in zmq.get_includes() for option in ("-I", path)]
    run([sys.executable, "-m", "cython", *includes, f"{name}.pyx"], tmp_path)
    library = f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    link = [f"-L{path}" for path in zmq.get_library_dirs()] + [f"-Wl,-rpath,{path}" for path in zmq.get_library_dirs()]
    link += [f"-l{name}" for name in zmq.get_libraries()]
    headers = ["-I", sysconfig.get_paths()["include"], *includes]
    run(["cc", "-shared", "-fPIC", "-O0", "-w", *headers, f"{name}.c", "-o", library, *link], tmp_path)
    spec = importlib.util.spec_from_file_location(name, tmp_path / library)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def run(command, folder):
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_cython_module(module, connected, context):
    a, b = connected(zmq.PAIR, zmq.PAIR)
    assert module.version() == zmq.zmq_version_info()
    assert module.numbers() == (zmq.PUSH, zmq.DONTWAIT, zmq.RCVMORE)
    assert module.send(a, b"hello") == 5
    assert b.recv() == b"hello"
    b.send(b"answer")
    assert module.receive(a) == b"answer"
    assert module.size_of(zmq.Frame(b"abc")) == (3, ord("a"))
    assert module.is_open(context)
    with pytest.raises(TypeError):
        module.send(object(), b"x")
    a.close()
    assert module.send(a, b"x") == -1


def test_headers_alone(tmp_path, connected):
    """A C program that includes zmq.h gets the functions of the engine in the package."""
    program = (
        "#include <zmq.h>\nint main (void)\n{ void *c = zmq_ctx_new (); return c && zmq_ctx_term (c) == 0 ? 0 : 1; }\n"
    )
    (tmp_path / "program.c").write_text(program)
    command = ["cc", "program.c", "-o", "program"]
    for path in zmq.get_includes():
        command += ["-I", path]
    for path in zmq.get_library_dirs():
        command += [f"-L{path}", f"-Wl,-rpath,{path}"]
    run([*command, *(f"-l{name}" for name in zmq.get_libraries())], tmp_path)
    run([tmp_path / "program"], tmp_path)
