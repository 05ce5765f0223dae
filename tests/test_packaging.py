"""The package as it is built: its private engine, what a build says when libzmq is missing, and generated files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import run_python

import zmqpy as zmq

ROOT = Path(__file__).resolve().parent.parent


def core_directory():
    from zmqpy._core import socket

    return Path(socket.__file__).parent


def test_engine_is_private(own_engine):
    libraries = [path.name for path in core_directory().glob("libzmq*.so*")]
    assert bool(libraries) is own_engine
    assert not any(name.startswith("libzmq.so") for name in libraries)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LD_PRELOAD is Linux's")
def test_preloaded_libzmq_is_not_ours(own_engine):
    """Another libzmq whose symbols come first in the process does not get zmqpy's calls."""
    import ctypes.util

    system = ctypes.util.find_library("zmq")
    if system is None or not own_engine:
        pytest.skip("needs an installed libzmq, and zmqpy on its own engine")
    run_python(
        """
        import ctypes, zmqpy as zmq
        major, minor, patch = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        ctypes.CDLL(None).zmq_version(ctypes.byref(major), ctypes.byref(minor), ctypes.byref(patch))
        assert zmq.has("zmqpy-engine")
        with zmq.Context() as context, context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
            a.bind("tcp://127.0.0.1:*"); b.connect(a.last_endpoint); b.send(b"x")
            assert a.recv() == b"x" and a.stats()["messages_in"] == 1
        """,
        env={"LD_PRELOAD": system},
    )


def test_headers_and_library_directories(own_engine):
    (directory,) = zmq.get_library_dirs()
    assert Path(directory) == core_directory()
    assert all(Path(includes).is_dir() for includes in zmq.get_includes())
    assert any((Path(includes) / "zmq.h").exists() for includes in zmq.get_includes()) is own_engine
    assert zmq.get_libraries() == (["zmqpy_engine"] if own_engine else ["zmq"])


def configure(build, *options):
    if shutil.which("cmake") is None or not (ROOT / "CMakeLists.txt").exists():
        pytest.skip("needs cmake and the source tree")
    done = subprocess.run(
        ["cmake", "-S", ROOT, "-B", build, f"-DPython_EXECUTABLE={sys.executable}", *options],
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("header", "reason"),
    [(None, "No libzmq was found in"), ("4 2 5", "libzmq 4.2.5"), ("", "is too old")],
)
def test_missing_or_old_libzmq_is_explained(tmp_path, header, reason):
    prefix = tmp_path / "prefix"
    if header is not None:
        (prefix / "include").mkdir(parents=True)
        (prefix / "lib").mkdir()
        (prefix / "lib" / "libzmq.so").touch()
        numbers = zip(("MAJOR", "MINOR", "PATCH"), header.split())
        text = "".join(f"#define ZMQ_VERSION_{part} {number}\n" for part, number in numbers)
        (prefix / "include" / "zmq.h").write_text(text)
    status, said = configure(tmp_path / "build", "-DZMQPY_LIBZMQ=system", f"-DZMQ_PREFIX={prefix}")
    assert status != 0
    assert reason in said
    assert "apt install libzmq3-dev" in said
    assert "ZMQ_PREFIX" in said


def test_unknown_choice_of_engine_is_refused(tmp_path):
    status, said = configure(tmp_path / "build", "-DZMQPY_LIBZMQ=other")
    assert status != 0
    assert "'bundled' or 'system', not 'other'" in said


def test_option_stubs_are_up_to_date():
    script = ROOT / "tools" / "generate_option_stubs.py"
    if not script.exists():
        pytest.skip("needs the source tree")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("files", "reason"), [(("*.py", "*.pyx"), "pip install -e ."), (("*.py",), "no compiled modules")]
)
def test_package_without_compiled_modules_is_explained(tmp_path, files, reason):
    """`python -m pytest` in a clone finds the sources first; another Python finds the installed package of this one."""
    package = ROOT / "zmqpy"
    if not (package / "_core" / "errors.pyx").exists():
        pytest.skip("needs the source tree")
    for pattern in files:
        for path in package.rglob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (tmp_path / "pyproject.toml").touch()
    importing = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import zmqpy"
    # Without site, whose hook of an editable installation would find the compiled package wherever the path leads.
    command = [sys.executable, "-S", "-c", importing]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert done.returncode != 0
    assert reason in done.stderr.splitlines()[-1]
    assert str(tmp_path / "zmqpy") in done.stderr
