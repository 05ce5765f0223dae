"""The Cython layer: one module a C handle of libzmq. Everything public is reached through `zmqpy`."""

try:
    import zmqpy._core.errors  # noqa: F401  (the first of the compiled ones)
except ModuleNotFoundError as _error:
    if _error.name != "zmqpy._core.errors":
        raise
    from pathlib import Path

    _here = Path(__file__).parent.parent
    _uncompiled = (_here / "_core" / "errors.pyx").exists() and (_here.parent / "pyproject.toml").exists()
    raise ImportError(
        f"zmqpy at {_here} is the source tree, in which nothing is compiled: "
        "start Python in another folder to import the installed zmqpy, or install this one with `pip install -e .`"
        if _uncompiled
        else f"zmqpy at {_here} has no compiled modules for this Python: install it with it, `python -m pip install zmqpy`"
    ) from None
except ImportError as _error:
    if "interpreter" not in str(_error):
        raise
    raise ImportError(
        "zmqpy works in one interpreter of a process, the first that imports it, and this is another one (PEP 734): "
        "use sockets there, or in a process of their own"
    ) from _error
