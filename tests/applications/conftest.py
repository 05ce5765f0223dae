"""Applications are run where ZMQPY_TEST_APPLICATIONS is set, each in processes of its own under `python -m zmqpy.as_zmq`."""

import importlib.util
import os
import subprocess
import sys

import pytest


def pytest_collection_modifyitems(items):
    here = os.path.dirname(os.path.abspath(__file__))
    if not os.environ.get("ZMQPY_TEST_APPLICATIONS"):
        for item in items:
            if str(item.path).startswith(here):
                item.add_marker(pytest.mark.skip(reason="ZMQPY_TEST_APPLICATIONS is not set"))


@pytest.fixture
def needs():
    """needs(module, ...) skips the test where one of them is not installed."""

    def check(*modules):
        for module in modules:
            if importlib.util.find_spec(module) is None:
                pytest.skip(f"needs {module}")

    return check


class Program:
    """A process; its output goes to a file, which a failed test shows."""

    def __init__(self, arguments, folder, environment):
        self.log = os.path.join(folder, f"log-{os.path.basename(arguments[0])}-{len(os.listdir(folder))}")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zmqpy.as_zmq", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def output(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def finish(self, timeout=90):
        """Waits for its end; its output. Fails if it does not end, or not with status 0."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"still running after {timeout} s:\n{self.output()}") from None
        assert status == 0, self.output()
        return self.output()

    def stop(self):
        """Ends the process and those it has started, which are its group."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()


@pytest.fixture
def run(tmp_path):
    """run(argument, ...) starts a program under zmqpy's alias, as `python argument ...` would."""
    started = []

    def start(*arguments, **environment):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        private = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_PLATFORM_DIRS": "1"}
        program = Program([str(argument) for argument in arguments], str(folder), {**private, **environment})
        started.append(program)
        return program

    yield start
    for program in started:
        program.stop()


@pytest.fixture
def run_code(run, tmp_path):
    """run_code(source) runs a program given as text to its end and returns its output."""

    def start(source, timeout=90, **environment):
        path = tmp_path / "program.py"
        path.write_text("import zmq\nassert zmq.Context.__module__.startswith('zmqpy'), zmq.__file__\n" + source)
        return run(path, **environment).finish(timeout)

    return start
