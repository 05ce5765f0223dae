"""Runs when a Python starts that has this folder on its path (`zmqpy.as_zmq` sees to that for child processes): makes `import zmq`
give zmqpy, then runs the sitecustomize that would have run without this one.

Nothing of zmqpy is imported before something imports zmq. A Python in which zmqpy is not installed is left alone.
"""

import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType

_HERE = os.path.dirname(os.path.abspath(__file__))


def _load(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run_the_other() -> None:
    """The next sitecustomize on the path, under that name."""
    elsewhere = [folder for folder in sys.path if os.path.abspath(folder or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("ZMQPY_AS_ZMQ") != "0":
    _load("_zmqpy_bootstrap", os.path.join(_HERE, "bootstrap.py")).install()
_run_the_other()
