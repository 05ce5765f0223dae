"""The module itself: names, versions, capabilities, z85 and other utilities."""

import os
import re

import pytest
from support import run_python

import zmqpy as zmq
from zmqpy.utils import jsonapi, strtypes, z85
from zmqpy.utils.interop import cast_int_addr

NAMES = """
    Context Socket Frame Message MessageTracker Poller Stopwatch select proxy proxy_steerable device has zmq_poll
    zmq_version zmq_version_info pyzmq_version pyzmq_version_info strerror zmq_errno get_includes get_library_dirs
    Again ContextTerminated InterruptedSystemCall NotDone ZMQBaseError ZMQBindError ZMQError ZMQVersionError DraftFDWarning
    ContextOption DeviceType Errno Event Flag MessageOption NormMode PollEvent ReconnectStop RouterNotify
    SecurityMechanism SocketOption SocketType COPY_THRESHOLD IPC_PATH_MAX_LEN DRAFT_API PYZMQ_DRAFT_API
    curve_keypair curve_public constants error utils SyncContext SyncSocket
    __version__ __revision__
""".split()


@pytest.mark.parametrize("name", NAMES)
def test_public_name(name):
    assert hasattr(zmq, name)


def test_star_import():
    names = {}
    exec("from zmqpy import *", names)
    for name in ("Context", "Socket", "Poller", "REQ", "SUBSCRIBE", "ZMQError", "Again", "proxy", "select", "device"):
        assert name in names


@pytest.mark.parametrize("name", ["auth.asyncio", "auth.thread", "utils.monitor"])
def test_what_else_an_import_makes_reachable(name):
    """Programs written for pyzmq do without `import zmq.asyncio` after one of these."""
    run_python(f"""
        import zmqpy as zmq
        import zmqpy.{name}
        zmq.asyncio.Context().term()
        assert not hasattr(zmq, "nonsense")
    """)


def test_versions():
    info = zmq.zmq_version_info()
    assert isinstance(info, tuple) and info >= (4, 3, 0)
    assert zmq.zmq_version() == ".".join(map(str, info))
    assert re.match(r"\d+\.\d+", zmq.__version__)
    assert isinstance(zmq.pyzmq_version(), str)
    assert zmq.pyzmq_version_info()[:2] == tuple(int(n) for n in zmq.pyzmq_version().split(".")[:2])
    assert zmq.pyzmq_version_info() >= (25,), "programs ask pyzmq's version for its interface"


def test_has():
    assert zmq.has("ipc") is True
    for name in ("tcp", "no-such-thing", ""):
        assert zmq.has(name) is False
    with pytest.raises(TypeError):
        zmq.has(5)
    with pytest.raises(TypeError):
        zmq.has(None)


def test_curve_keys():
    """Where the engine has no cryptography it says so; has("curve") promises more, the mechanism."""
    try:
        public, secret = zmq.curve_keypair()
    except zmq.ZMQError as error:
        assert error.errno == zmq.ENOTSUP
        assert not zmq.has("curve")
    else:
        assert len(public) == len(secret) == 40 and public != secret
        assert zmq.curve_public(secret) == public


def test_draft_is_told_truthfully(context):
    """has("draft"), DRAFT_API and the draft socket types go together."""
    assert bool(zmq.DRAFT_API) == zmq.has("draft")
    if zmq.has("draft"):
        for name in ("SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER"):
            context.socket(getattr(zmq, name)).close()


def test_include_directories():
    includes = zmq.get_includes()
    assert isinstance(includes, list) and all(os.path.isdir(path) for path in includes)
    assert isinstance(zmq.get_library_dirs(), list)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_stopwatch():
    watch = zmq.Stopwatch()
    watch.start()
    assert watch.stop() >= 0


def test_generic_in_annotations():
    """Programs annotate with zmq.Socket[bytes] and zmq.Context[zmq.Socket[bytes]], evaluated at run time."""
    assert zmq.Socket[bytes] is not None
    assert zmq.Context[zmq.Socket[bytes]] is not None


# ---- z85, RFC 32 ----

RFC_BYTES = b"\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b"
#: The second test case of RFC 32: a 32-byte key.
KEY = bytes.fromhex("8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7")


def test_z85_of_the_rfc():
    assert z85.encode(RFC_BYTES) == b"HelloWorld"
    assert z85.decode(b"HelloWorld") == z85.decode("HelloWorld") == RFC_BYTES
    assert z85.encode(KEY) == b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
    assert z85.decode(z85.encode(KEY)) == KEY
    assert z85.encode(b"") == z85.decode(b"") == b""


@pytest.mark.parametrize("data", [b"abc", b"abcde"])
def test_z85_refuses_lengths_to_encode(data):
    with pytest.raises(ValueError, match="4"):
        z85.encode(data)


@pytest.mark.parametrize("text", [b"abc", "abcdef"])
def test_z85_refuses_lengths_to_decode(text):
    with pytest.raises(ValueError, match="5"):
        z85.decode(text)


@pytest.mark.parametrize("text", [b"   ~~", b"#####", "Hell\xf6"])
def test_z85_refuses_text(text):
    with pytest.raises(Exception) as caught:
        z85.decode(text)
    assert not isinstance(caught.value, (SystemError, AssertionError))


# ---- small utilities that programs import ----


def test_jsonapi():
    assert jsonapi.loads(jsonapi.dumps({"a": [1, "ü"]})) == {"a": [1, "ü"]}
    assert isinstance(jsonapi.dumps(1), bytes)
    assert jsonapi.loads(b"[1]") == jsonapi.loads("[1]") == [1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_strtypes():
    assert strtypes.asbytes("ü") == strtypes.cast_bytes("ü") == strtypes.b("ü") == "ü".encode()
    assert strtypes.cast_unicode("ü".encode()) == strtypes.u("ü") == "ü"
    assert strtypes.cast_bytes("ü", "latin-1") == b"\xfc"
    with pytest.raises(TypeError):
        strtypes.cast_bytes(5)


def test_cast_int_addr():
    assert cast_int_addr(5) == 5
    with pytest.raises(ValueError):
        cast_int_addr("x")
