"""The Cython layer: one module a C handle of libzmq. Everything public is reached through `zmqpy`."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

if find_spec("zmqpy._core.errors") is None:
    _here = Path(__file__).parent.parent
    _uncompiled = (_here / "_core" / "errors.pyx").exists() and (_here.parent / "pyproject.toml").exists()
    raise ImportError(
        f"zmqpy at {_here} is the source tree, in which nothing is compiled: "
        "start Python in another folder to import the installed zmqpy, or install this one with `pip install -e .`"
        if _uncompiled
        else f"zmqpy at {_here} has no compiled modules for this Python: install it with it, `python -m pip install zmqpy`"
    )

try:
    import_module("zmqpy._core.errors")  # the first of the compiled ones
except ImportError as _error:
    if "interpreter" not in str(_error):
        raise
    raise ImportError(
        "zmqpy works in one interpreter of a process, the first that imports it, and this is another one (PEP 734): "
        "use sockets there, or in a process of their own"
    ) from _error
