"""Programs and bindings that others wrote for libzmq, run on ours from where `cmake --install` put it: ZMQPY_DROP_IN is that prefix.

Without it all are skipped, and each where its packages are not installed. Every program must say by itself which libzmq it runs
on: ours is 4.3.5, Debian's, which would be taken if ours were not found, is another version.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items):
    if not os.environ.get("ZMQPY_DROP_IN"):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="ZMQPY_DROP_IN is not set"))


@pytest.fixture(scope="session")
def version():
    """What our library says it is."""
    return "4.3.5"


@pytest.fixture(scope="session")
def prefix():
    """Where our libzmq.so.5 is installed."""
    found = Path(os.environ["ZMQPY_DROP_IN"]).resolve()
    assert list(found.glob("lib*/**/libzmq.so.5")), f"no libzmq.so.5 below {found}"
    return found


@pytest.fixture(scope="session")
def environment(prefix):
    """What makes a program find our libzmq before any other, and the tools of a build ours alone."""
    folder = next(prefix.glob("lib*/**/libzmq.so.5")).parent
    return {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder),
        "PKG_CONFIG_PATH": str(folder / "pkgconfig"),
        "CMAKE_PREFIX_PATH": str(prefix),
    }


@pytest.fixture
def needs():
    """needs(name, ...): skips the test where one of these programs or files is not installed."""

    def check(*names):
        for name in names:
            if not (Path(name).exists() if name.startswith("/") else shutil.which(name)):
                pytest.skip(f"needs {name}")

    return check


@pytest.fixture
def run(environment, tmp_path):
    """run(argument, ...) runs a program to its end in an empty folder and returns what it printed; it must end well."""

    def start(*arguments, timeout=60, **more):
        try:
            finished = subprocess.run(
                [str(argument) for argument in arguments],
                cwd=tmp_path,
                env={**environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"still running after {timeout} s:\n{error.output!r}") from None
        assert finished.returncode == 0, f"status {finished.returncode}:\n{finished.stdout}"
        return finished.stdout

    return start


@pytest.fixture
def program(run, tmp_path):
    """program(source, package, ...) builds a C or C++ program over these packages of pkg-config and returns its path."""

    def build(source, *packages):
        target = tmp_path / Path(source).stem
        flags = run("pkg-config", "--cflags", "--libs", *packages).split()
        compiler = ["g++", "-std=c++17", "-DZMQ_BUILD_DRAFT_API"] if source.endswith("cpp") else ["gcc"]
        run(*compiler, "-O1", HERE / "programs" / source, *flags, "-lpthread", "-o", target, timeout=120)
        return target

    return build
