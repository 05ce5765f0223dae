"""zmqpy under pyzmq's name: programs run by `python -m zmqpy.as_zmq`, their children, and what asks for pyzmq's version."""

import os
import subprocess
import sys

import pytest
from support import TESTS, run_python

import zmqpy as zmq

pytestmark = pytest.mark.extension

WHICH = "import zmq; print(zmq.Context.__module__.partition('.')[0])"


def as_zmq(*arguments, check=True, cwd=TESTS, **environment):
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ZMQPY_AS_ZMQ")}
    done = subprocess.run(
        [sys.executable, "-m", "zmqpy.as_zmq", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**env, **environment},
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def lines(*arguments, **options):
    return as_zmq(*arguments, **options).stdout.splitlines()


def test_script_with_arguments(tmp_path):
    (tmp_path / "beside.py").write_text("name = 'beside'")
    script = tmp_path / "script.py"
    script.write_text(f"{WHICH}\nimport sys, beside\nprint(sys.argv[1:], __name__, beside.name)\nprint(__file__)")
    assert lines(str(script), "-x", "y") == ["zmqpy", "['-x', 'y'] __main__ beside", str(script)]


def test_module_with_arguments(tmp_path):
    (tmp_path / "program.py").write_text(f"{WHICH}\nimport sys\nprint(sys.argv[1:], __name__, __spec__.name)")
    assert lines("-m", "program", "-x", cwd=tmp_path) == ["zmqpy", "['-x'] __main__ program"]


def test_code():
    assert lines("-c", f"{WHICH}; import sys; print(sys.argv, __name__)", "a") == ["zmqpy", "['-c', 'a'] __main__"]


def test_modules_of_zmq_that_run():
    assert "CURVE" in as_zmq("-m", "zmq.curve_keygen", "--help").stdout
    assert "zmq_pub_url" in as_zmq("-m", "zmq.log", "--help").stdout


def test_exit_status_and_mistakes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit(7)")
    assert as_zmq(str(script), check=False).returncode == 7
    for wrong in (["-m"], ["-x"], [str(tmp_path / "nothing.py")]):
        assert as_zmq(*wrong, check=False).returncode != 0
    assert "--status" in as_zmq().stdout


CHILDREN = """
import multiprocessing, os, subprocess, sys

def which(queue):
    import zmq
    queue.put(zmq.Context.__module__.partition(".")[0])

if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        process = context.Process(target=which, args=(queue,))
        process.start()
        print(method, queue.get())
        process.join()
    code = "import zmq; print('subprocess', zmq.Context.__module__.partition('.')[0])"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
"""


def test_children_inherit(tmp_path):
    script = tmp_path / "children.py"
    script.write_text(CHILDREN)
    found = lines(str(script))
    assert found[-1] == "subprocess zmqpy" and len(found) > 1
    assert all(line.endswith(" zmqpy") for line in found), found


def test_children_of_a_program_that_installs_it_itself(tmp_path):
    script = tmp_path / "children.py"
    script.write_text(f"import zmqpy\nzmqpy.install_as_zmq(children=True)\n{CHILDREN}")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, cwd=TESTS)
    assert "subprocess zmqpy" in done.stdout, done.stderr


def startup_folder():
    from zmqpy import install

    return install._STARTUP


def python(code, *options, cwd=TESTS, **environment):
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ZMQPY_AS_ZMQ")}
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=cwd,
        env={**env, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_startup_costs_nothing_until_zmq_is_imported(tmp_path):
    code = "import sys; print('zmqpy' in sys.modules); import zmq.error; print('zmqpy' in sys.modules, zmq.__file__ is not None)"
    assert python(code, PYTHONPATH=startup_folder()) == ["False", "True", "True"]
    assert python(WHICH, PYTHONPATH=startup_folder()) == ["zmqpy"]


def test_startup_can_be_switched_off():
    assert python(WHICH, PYTHONPATH=startup_folder(), ZMQPY_AS_ZMQ="0") == python(WHICH) == ["zmq"]


def test_other_sitecustomize_runs_too(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.seen = __name__")
    path = os.pathsep.join([startup_folder(), str(tmp_path)])
    code = f"{WHICH}; import sys; print(sys.seen)"
    assert python(code, PYTHONPATH=path) == ["zmqpy", "sitecustomize"]


def test_python_without_zmqpy_is_left_alone(tmp_path):
    """Another Python that inherits the path: here one without site-packages."""
    (tmp_path / "zmq.py").write_text("class Context: pass\nContext.__module__ = 'other'")
    path = os.pathsep.join([startup_folder(), str(tmp_path)])
    bootstrap = f"import runpy; runpy.run_path({os.path.join(startup_folder(), 'bootstrap.py')!r})['install']()"
    assert python(f"{bootstrap}; {WHICH}", "-S", PYTHONPATH=path, ZMQPY_AS_ZMQ="0") == ["other"]


def test_every_submodule_has_both_names():
    run_python(
        """
        import importlib, pkgutil, sys, warnings
        import zmqpy
        warnings.simplefilter("ignore", DeprecationWarning)
        zmqpy.install_as_zmq()
        import zmq
        seen = []
        for module in pkgutil.walk_packages(zmqpy.__path__, "zmqpy."):
            if "_core" in module.name or "_startup" in module.name or module.name.endswith("__main__"):
                continue
            alias = "zmq" + module.name[len("zmqpy"):]
            try:
                mine = importlib.import_module(alias)
            except ModuleNotFoundError as error:
                assert (error.name or "").partition(".")[0] not in ("zmq", "zmqpy"), (alias, error)
                continue  # an optional package is missing
            assert mine is importlib.import_module(module.name), alias
            seen.append(alias)
        assert {"zmq.auth.thread", "zmq.devices", "zmq.log.handlers", "zmq.utils.garbage"} <= set(seen)
        """
    )


def test_version_of_the_distribution():
    code = (
        "import importlib.metadata as m, zmqpy; own = zmqpy.__version__; zmqpy.install_as_zmq(); import zmq; "
        "print(m.version('pyzmq'), m.version('PyZMQ'), m.metadata('pyzmq')['Name'], zmq.__version__, "
        "zmqpy.version.__version__ == own, zmq.pyzmq_version_info() >= (25,))"
    )
    version = zmq.pyzmq_version()
    assert python(code) == [version, version, "pyzmq", version, "True", "True"]
    assert python("import importlib.metadata as m; print(m.version('pyzmq'))", PYTHONPATH=startup_folder()) == [version]
    listing = "import importlib.metadata as m, zmqpy; zmqpy.install_as_zmq(); print(len(list(m.distributions())) > 0)"
    assert python(listing) == ["True"]


def test_status(tmp_path):
    here = as_zmq("--status").stdout
    assert zmq.pyzmq_version() in here and "zmq_as_zmq.pth" not in here
    assert "import zmq in a new Python: zmq " in here and "PYTHONPATH:   no" in here
    inside = as_zmq("--status", PYTHONPATH=startup_folder()).stdout
    assert "import zmq in a new Python: zmqpy" in inside and "PYTHONPATH:   yes" in inside


def test_pth_file(tmp_path):
    """What --install writes, in a folder that `site` is told to treat as site-packages."""
    from zmqpy import as_zmq as module

    (tmp_path / "zmqpy_as_zmq.pth").write_text(module._pth_line())
    code = f"import site; site.addsitedir({str(tmp_path)!r}); {WHICH}"
    assert python(code) == ["zmqpy"]
    assert python(code, ZMQPY_AS_ZMQ="0") == ["zmq"]


def test_install_and_uninstall(tmp_path, monkeypatch, capsys):
    from zmqpy import as_zmq as module

    monkeypatch.setattr(module.sysconfig, "get_paths", lambda: {"purelib": str(tmp_path)})
    module.main(["--install"])
    assert (tmp_path / "zmqpy_as_zmq.pth").read_text() == module._pth_line()
    module.main(["--uninstall"])
    module.main(["--uninstall"])
    assert not list(tmp_path.iterdir())
