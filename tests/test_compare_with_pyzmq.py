"""Every public module, name, signature, default and docstring of the installed pyzmq is zmqpy's too, or listed with its reason."""

import importlib.util
import os
import subprocess
import sys

import pytest
from support import TESTS, run_python

TOOL = os.path.join(os.path.dirname(TESTS), "tools", "compare_with_pyzmq.py")
PYZMQ = "27.3"  # the release whose interface is kept

pytestmark = [
    pytest.mark.extension,
    pytest.mark.skipif(not os.path.exists(TOOL), reason="needs the source tree"),
]


def test_nothing_differs_without_a_reason():
    if not run_python("import zmq; print(zmq.pyzmq_version())").stdout.startswith(PYZMQ):
        pytest.skip(f"needs pyzmq {PYZMQ}")
    done = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True, timeout=25, cwd=TESTS)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("compare_with_pyzmq", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_comparison_sees_differences(tool):
    """What is given by hand, so that a comparison that looks at nothing does not pass."""

    class Theirs:
        """Documented."""

        def method(self, a, b=1, *, c=2):
            """Documented."""

        gone = 1

    class Ours:
        def method(self, a, b=2):
            pass

    found = tool.compare("x", Theirs, Ours)
    assert {line.partition("(")[0] for line in found} == {
        "base x is no Theirs",
        "docstring x",
        "docstring x.method",
        "missing x.gone",
        "signature x.method",
    }
    assert tool.compare("x", 1, 2) == ["value x: 1 -> 2"]
    assert tool.compare("x", Theirs, 5) == ["kind x"]
    assert tool.accepts(["a", "b=1", "more=None"], ["a", "b=1"])
    assert not tool.accepts(["a", "b=1", "more"], ["a", "b=1"])
    assert not tool.accepts(["a"], ["a", "b=1"])
