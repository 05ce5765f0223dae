"""The type stubs: a sample program passes mypy, mistakes are found, and the package says that it is typed."""

import os
import re
import subprocess
import sys

import pytest
from support import TESTS

import zmqpy as zmq

pytestmark = pytest.mark.extension


def mypy(tmp_path_factory, name, *options):
    cache = tmp_path_factory.getbasetemp() / "mypy"
    return subprocess.run(
        [sys.executable, "-m", "mypy", f"--cache-dir={cache}", "--config-file=", *options, os.path.join(TESTS, name)],
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.getbasetemp(),
        timeout=110,
    )


@pytest.mark.timeout(120)
def test_sample_program_passes(tmp_path_factory):
    done = mypy(tmp_path_factory, "typed_sample.py", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(120)
def test_mistakes_are_found(tmp_path_factory):
    done = mypy(tmp_path_factory, "typed_wrong.py", "--check-untyped-defs")
    with open(os.path.join(TESTS, "typed_wrong.py")) as file:
        expected = {n for n, line in enumerate(file, 1) if line.rstrip().endswith("# error")}
    found = {int(m.group(1)) for m in re.finditer(r"typed_wrong\.py:(\d+): error", done.stdout)}
    assert found == expected, done.stdout


def test_package_is_typed():
    assert os.path.exists(os.path.join(os.path.dirname(zmq.__file__), "py.typed"))
