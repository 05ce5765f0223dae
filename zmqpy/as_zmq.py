"""Runs a program written for pyzmq on zmqpy, its child processes included.

    python -m zmqpy.as_zmq script.py arguments ...
    python -m zmqpy.as_zmq -m module arguments ...
    python -m zmqpy.as_zmq -c "code" arguments ...
    python -m zmqpy.as_zmq --status      what `import zmq` gives, here and in every new Python of this installation
    python -m zmqpy.as_zmq --install     every new Python of this installation: writes a .pth file among its packages
    python -m zmqpy.as_zmq --uninstall   removes it

ZMQPY_AS_ZMQ=0 in the environment lets a Python start without the alias, whatever was installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import runpy
import subprocess
import sys
import sysconfig

import zmqpy
from zmqpy.install import _STARTUP, inherit

_PTH = "zmqpy_as_zmq.pth"


def _pth_path() -> str:
    return os.path.join(sysconfig.get_paths()["purelib"], _PTH)


def _pth_line() -> str:
    """What the .pth file says: one line, which `site` executes."""
    bootstrap = os.path.join(_STARTUP, "bootstrap.py")
    return (
        f"import os, sys; p = {bootstrap!r}; "
        "os.environ.get('ZMQPY_AS_ZMQ') != '0' and os.path.exists(p) and "
        "__import__('runpy').run_path(p, run_name='_zmqpy_bootstrap')['install']()\n"
    )


def _new_python_gives() -> str:
    """What `import zmq` gives in a new process with this one's environment."""
    program = "import zmq; print(zmq.__name__, zmq.pyzmq_version(), zmq.__file__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().rpartition("\n")[2] or "nothing"


def _installed_pyzmq() -> str:
    """The pyzmq among the installed packages, whoever answers for it."""
    for distribution in importlib.metadata.distributions():
        if (distribution.metadata["Name"] or "").lower() == "pyzmq":
            return f"{distribution.version}, left unused where the alias is in force"
    return "not installed"


def status() -> str:
    """What is in force, as text."""
    engine = "zmqpy's own engine" if zmqpy.has("zmqpy-engine") else "a libzmq of the system"
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return "\n".join(
        [
            f"zmqpy {zmqpy.version.__version__} on {engine}, API {zmqpy.zmq_version()}, as pyzmq {zmqpy.pyzmq_version()}",
            f"pyzmq:                     {_installed_pyzmq()}",
            f"import zmq in a new Python: {_new_python_gives()}",
            f"inherited by PYTHONPATH:   {'yes' if _STARTUP in path else 'no'}",
            f"{_PTH}:         {_pth_path() if os.path.exists(_pth_path()) else 'no'}",
            f"ZMQPY_AS_ZMQ:              {os.environ.get('ZMQPY_AS_ZMQ', 'not set')}",
        ]
    )


def _run(arguments: list[str]) -> None:
    """Runs a program as `python` with these arguments does."""
    kind, rest = arguments[0], arguments[1:]
    if kind in ("-m", "-c") and not rest:
        sys.exit(f"as_zmq: {kind} needs an argument")
    if kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        main = sys.modules["__main__"].__dict__
        for name in [name for name in main if not name.startswith("__")]:
            del main[name]
        main.update(__spec__=None, __file__=None)
        exec(compile(rest[0], "<string>", "exec"), main)
        return
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(kind))  # it was the current folder, as for every -m
    runpy.run_path(kind, run_name="__main__")


def main(arguments: list[str] | None = None) -> None:
    """The program."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
    elif arguments[0] == "--status":
        print(status())
    elif arguments[0] == "--install":
        with open(_pth_path(), "w", encoding="utf-8") as file:
            file.write(_pth_line())
        print(f"wrote {_pth_path()}")
    elif arguments[0] == "--uninstall":
        if os.path.exists(_pth_path()):
            os.unlink(_pth_path())
            print(f"removed {_pth_path()}")
    elif arguments[0].startswith("-") and arguments[0] not in ("-m", "-c"):
        sys.exit(f"as_zmq: no option {arguments[0]}; see --help")
    else:
        zmqpy.install_as_zmq()
        inherit()
        _run(arguments)


if __name__ == "__main__":
    main()
